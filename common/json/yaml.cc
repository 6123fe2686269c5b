#include "common/json/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <sstream>
#include <utility>

#include "common/base/strings.h"

namespace karpenter::json {
namespace {

constexpr std::size_t kMaxDepth = 200;

// Without aliases a text has at most one node a byte; aliases may multiply that, but not without end.
std::size_t max_nodes(std::string_view text) { return 10'000 + 10 * text.size(); }

struct Converter {
  std::size_t nodes_left;

  base::Status convert(const YAML::Node& from, Ref to, std::size_t depth);
  base::Status convert_map(const YAML::Node& from, Ref to, std::size_t depth);
};

base::Error at(base::Error error, const YAML::Mark& mark) {
  if (mark.is_null()) return error;
  return std::move(error)
      .add("line", std::to_string(mark.line + 1))
      .add("column", std::to_string(mark.column + 1));
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

std::optional<std::int64_t> based_integer(std::string_view digits, unsigned base) {
  if (digits.empty() || digits.size() > 15) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : digits) {
    const auto lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const int digit = std::isdigit(static_cast<unsigned char>(c)) != 0 ? c - '0' : lower - 'a' + 10;
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 || digit >= static_cast<int>(base))
      return std::nullopt;
    value = value * base + digit;
  }
  return value;
}

std::optional<std::int64_t> yaml_integer(std::string_view text) {
  const std::string_view bare = text.starts_with('+') || text.starts_with('-') ? text.substr(1) : text;
  if (bare.empty() || std::isdigit(static_cast<unsigned char>(bare[0])) == 0) return std::nullopt;
  if (bare.starts_with("0x")) return based_integer(bare.substr(2), 16);
  if (bare.starts_with("0o")) return based_integer(bare.substr(2), 8);
  return base::parse_int64(text.starts_with('+') ? bare : text);
}

// A float of the core schema: digits around one point, or an exponent; never a bare word such as "nan" or
// "e3".
std::optional<double> yaml_float(std::string_view text) {
  const std::string_view bare = text.starts_with('+') || text.starts_with('-') ? text.substr(1) : text;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const bool starts =
      !bare.empty() && (is_digit(bare[0]) || (bare[0] == '.' && bare.size() > 1 && is_digit(bare[1])));
  if (!starts || bare.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return std::nullopt;
  std::string number(text.starts_with('+') ? bare : text);
  if (number.starts_with('.')) number.insert(0, "0");
  if (number.starts_with("-.")) number.insert(1, "0");
  return base::parse_double(number);
}

void set_scalar(const YAML::Node& from, Ref to) {
  const std::string& text = from.Scalar();
  const std::string& tag = from.Tag();
  if (tag == "!" || tag == "tag:yaml.org,2002:str") return to.set(text);  // quoted, or said to be text
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return to.set(nullptr);
  if (is_one_of(text, {"true", "True", "TRUE"})) return to.set(true);
  if (is_one_of(text, {"false", "False", "FALSE"})) return to.set(false);
  if (const auto whole = yaml_integer(text)) return to.set(*whole);
  if (const auto real = yaml_float(text)) return to.set(*real);
  to.set(text);
}

base::Status Converter::convert(const YAML::Node& from, Ref to, std::size_t depth) {
  if (nodes_left-- == 0) return at(base::invalid("YAML document too large"), from.Mark());
  if (depth > kMaxDepth) return at(base::invalid("YAML nested too deeply"), from.Mark());
  switch (from.Type()) {
    case YAML::NodeType::Scalar:
      set_scalar(from, to);
      break;
    case YAML::NodeType::Sequence:
      to.set_array();
      for (const auto& item : from) RETURN_IF_ERROR(convert(item, to.push_back(), depth + 1));
      break;
    case YAML::NodeType::Map:
      return convert_map(from, to, depth);
    default:
      to.set(nullptr);
  }
  return base::ok();
}

base::Status Converter::convert_map(const YAML::Node& from, Ref to, std::size_t depth) {
  to.set_object();
  std::set<std::string> own;
  for (const auto& entry : from) {
    if (!entry.first.IsScalar()) return at(base::invalid("a YAML key must be a scalar"), entry.first.Mark());
    const std::string& key = entry.first.Scalar();
    if (key == "<<" && entry.first.Tag() != "!") continue;
    if (!own.insert(key).second) {
      return at(base::invalid("duplicate YAML key").add("key", key), entry.first.Mark());
    }
    RETURN_IF_ERROR(convert(entry.second, to[key], depth + 1));
  }
  for (const auto& entry : from) {
    if (entry.first.Scalar() != "<<" || entry.first.Tag() == "!") continue;
    // Own keys win over merged ones, earlier merged maps over later ones.
    Value merged;
    RETURN_IF_ERROR(convert(entry.second, merged.ref(), depth + 1));
    const auto maps = merged.view().is_array() ? merged.view().items() : std::vector<View>{merged.view()};
    for (const View map : maps) {
      if (!map.is_object()) return at(base::invalid("a YAML merge key needs maps"), entry.first.Mark());
      for (const auto& [key, value] : map.members()) {
        if (!to.view()[key].exists()) to[key].set(value);
      }
    }
  }
  return base::ok();
}

// Which document (counted from 1) a line (counted from 0) belongs to.
std::size_t document_of_line(std::string_view text, int line) {
  std::size_t document = 1;
  bool content = false;
  for (int at_line = 0; at_line <= line && !text.empty(); ++at_line) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view row = text.substr(0, end);
    if (row.starts_with("---")) {
      if (content) ++document;
      content = true;
    } else if (!base::trim(row).empty() && !row.starts_with('#')) {
      content = true;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return document;
}

// Hears a text without keeping it.
class Listener final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
  }
  void OnMapEnd() override {}
};

// yaml-cpp makes documents without end of a token that it does not expect between them (`&a ,]`).
void refuse_endless(std::string_view text) {
  std::istringstream stream{std::string(text)};
  YAML::Parser parser(stream);
  Listener listener;
  for (std::size_t documents = 0; parser.HandleNextDocument(listener); ++documents) {
    if (documents > text.size()) throw YAML::ParserException(YAML::Mark::null_mark(), "unexpected token");
  }
}

}  // namespace

base::Result<std::vector<Value>> parse_yaml(std::string_view text) {
  std::vector<YAML::Node> documents;
  try {
    refuse_endless(text);
    documents = YAML::LoadAll(std::string(text));
  } catch (const YAML::Exception& e) {
    auto error = base::invalid("malformed YAML").add("reason", e.msg);
    if (!e.mark.is_null()) error.add("document", std::to_string(document_of_line(text, e.mark.line)));
    return at(std::move(error), e.mark);
  }
  std::vector<Value> out;
  std::size_t number = 0;
  for (const auto& document : documents) {
    ++number;
    Value value;
    Converter converter{.nodes_left = max_nodes(text)};
    auto status = converter.convert(document, value.ref(), 0);
    if (!status) return std::move(status).error().add("document", std::to_string(number));
    if (!value.view().is_null()) out.push_back(std::move(value));
  }
  return out;
}

}  // namespace karpenter::json
