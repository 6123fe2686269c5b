#include "webhook/offline/documents.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "common/base/strings.h"
#include "common/json/yaml.h"

namespace karpenter::webhook::offline {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxDocument = std::size_t{64} << 20U;
constexpr std::size_t kReadSize = std::size_t{64} << 10U;
constexpr std::size_t kMaxNesting = 20;  // of lists in lists

bool is_separator(std::string_view line) {
  return line.starts_with("---") &&
         (line.size() == 3 || std::string_view(" \t\r\n").find(line[3]) != std::string_view::npos);
}

// What makes a document: anything but comments, directives and blank lines.
bool has_content(std::string_view line) {
  if (is_separator(line)) line.remove_prefix(3);
  const auto text = base::trim(line);
  return !text.empty() && !text.starts_with('#') && !line.starts_with('%') && !line.starts_with("...");
}

// Finds the end of a JSON object in text that arrives in pieces.
class ObjectEnd {
 public:
  // The offset behind the brace that closes the object, if it is in `piece`.
  std::optional<std::size_t> find(std::string_view piece) {
    for (std::size_t i = 0; i < piece.size(); ++i) {
      if (feed(piece[i])) return i + 1;
    }
    return std::nullopt;
  }

 private:
  bool feed(char c) {
    if (std::exchange(escaped_, false)) return false;
    if (in_string_) {
      escaped_ = c == '\\';
      if (c == '"') in_string_ = false;
      return false;
    }
    if (c == '"') in_string_ = true;
    if (c == '{') ++depth_;
    return c == '}' && --depth_ == 0;
  }

  std::size_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
};

// Line numbers of an error count from the start of the file, not of the document.
base::Error in_file(base::Error error, const Document& document) {
  std::erase_if(error.with, [](const auto& entry) { return entry.first == "document"; });
  for (auto& [key, value] : error.with) {
    const auto line = key == "line" ? base::parse_int64(value) : std::nullopt;
    if (line) value = std::to_string(static_cast<std::size_t>(*line) + document.first_line - 1);
  }
  return error;
}

void flatten_into(json::View value, const std::string& prefix, std::size_t depth, std::vector<Located>& out) {
  const bool is_list = value["kind"].string_or("").ends_with("List") && value["items"].is_array();
  if (!is_list || depth > kMaxNesting) {
    out.push_back({.object = value, .prefix = prefix});
    return;
  }
  const auto items = value["items"].items();
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string here = prefix + (prefix.empty() ? "items[" : ".items[") + std::to_string(i) + "]";
    flatten_into(items[i], here, depth + 1, out);
  }
}

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

base::Status read_file(const std::string& name, std::FILE* file,
                       const std::function<void(const std::string&, const Document&)>& visit) {
  DocumentReader reader(file);
  while (true) {
    ASSIGN_OR_RETURN(const auto document, reader.next());
    if (!document) return base::ok();
    visit(name, *document);
  }
}

base::Status read_name(const std::string& name, const Streams& streams,
                       const std::function<void(const std::string&, const Document&)>& visit) {
  if (name == "-") return read_file(name, streams.in, visit);
  const std::unique_ptr<std::FILE, Close> file(std::fopen(name.c_str(), "rbe"));
  if (!file) return base::not_found(std::strerror(errno));
  return read_file(name, file.get(), visit);
}

}  // namespace

std::optional<std::string> DocumentReader::take_line() {
  if (pending_) return std::exchange(pending_, std::nullopt);
  std::string line;
  while (line.size() <= kMaxDocument && !line.ends_with('\n')) {
    if (buffer_.empty()) {
      buffer_.resize(kReadSize);
      buffer_.resize(std::fread(buffer_.data(), 1, buffer_.size(), file_));
      if (buffer_.empty()) break;
    }
    const auto end = buffer_.find('\n', used_);
    const auto stop = end == std::string::npos ? buffer_.size() : end + 1;
    line.append(buffer_, used_, stop - used_);
    used_ = stop;
    if (used_ == buffer_.size()) {
      buffer_.clear();
      used_ = 0;
    }
  }
  if (line.empty()) return std::nullopt;
  ++lines_;
  return line;
}

base::Result<std::optional<Document>> DocumentReader::next() {
  Document out;
  bool content = false;
  bool may_be_json = false;
  ObjectEnd object_end;
  while (auto line = take_line()) {
    if (is_separator(*line) && content) {
      pending_ = std::move(line);
      break;
    }
    if (out.text.empty()) out.first_line = lines_;
    if (!content && has_content(*line)) {
      content = true;
      may_be_json = base::trim(*line).starts_with('{');
    }
    const auto end = may_be_json ? object_end.find(*line) : std::nullopt;
    out.text += end ? line->substr(0, *end) : *line;
    if (out.text.size() > kMaxDocument) return base::invalid("a document of more than 64 MiB");
    if (!end) continue;
    // A brace inside of YAML text may look like the end.
    may_be_json = false;
    if (!json::parse(out.text)) {
      out.text += line->substr(*end);
    } else if (!base::trim(line->substr(*end)).empty()) {
      pending_ = line->substr(*end);
      break;
    } else {
      break;
    }
  }
  if (std::ferror(file_) != 0) return base::make_error(base::Code::kUnavailable, "cannot be read");
  if (!content) return std::optional<Document>();
  out.number = ++documents_;
  return std::optional<Document>(std::move(out));
}

base::Result<std::vector<json::Value>> parse_document(const Document& document) {
  if (base::trim(document.text).starts_with('{')) {
    if (auto value = json::parse(document.text)) {
      std::vector<json::Value> out;
      out.push_back(std::move(value).value());
      return out;
    }
  }
  auto values = json::parse_yaml(document.text);
  if (!values) return in_file(std::move(values).error(), document);
  return values;
}

std::vector<Located> flatten(json::View document) {
  std::vector<Located> out;
  flatten_into(document, "", 0, out);
  return out;
}

base::Result<std::vector<std::string>> expand(const std::string& name) {
  std::error_code error;
  if (name == "-") return std::vector<std::string>{name};
  const auto status = fs::status(name, error);
  if (error || !fs::exists(status)) return base::not_found("no such file or folder");
  if (!fs::is_directory(status)) return std::vector<std::string>{name};
  std::vector<std::string> out;
  fs::recursive_directory_iterator walk(name, error);
  for (; !error && walk != fs::recursive_directory_iterator(); walk.increment(error)) {
    const auto extension = walk->path().extension();
    const bool wanted = extension == ".yaml" || extension == ".yml" || extension == ".json";
    if (std::error_code ignored; wanted && walk->is_regular_file(ignored))
      out.push_back(walk->path().string());
  }
  if (error) return base::make_error(base::Code::kUnavailable, error.message());
  std::ranges::sort(out);
  return out;
}

bool for_each_document(const std::vector<std::string>& names, const Streams& streams,
                       const std::function<void(const std::string&, const Document&)>& visit) {
  bool all = true;
  const auto complain = [&](const std::string& name, const base::Error& error) {
    streams.err(name + ": " + error.text() + "\n");
    all = false;
  };
  for (const auto& name : names) {
    const auto files = expand(name);
    if (!files) complain(name, files.error());
    if (!files) continue;
    for (const auto& file : *files) {
      if (const auto status = read_name(file, streams, visit); !status) complain(file, status.error());
    }
  }
  return all;
}

}  // namespace karpenter::webhook::offline
