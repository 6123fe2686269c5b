#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <new>
#include <system_error>
#include <utility>
#include <vector>

#include "common/json/document.h"
#include "common/json/json.h"

namespace karpenter::json {
namespace {

// Where and why reading stopped.
struct Problem {
  const char* at = nullptr;
  const char* reason = nullptr;
};

base::Error malformed(std::string_view text, const Problem& problem) {
  return base::invalid("malformed JSON")
      .add("offset", std::to_string(problem.at - text.data() + 1))
      .add("reason", problem.reason);
}

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Bytes of a string that need no second look.
constexpr auto kPlainText = [] {
  std::array<bool, 256> plain{};
  for (std::size_t i = 0x20; i < 0x80; ++i) plain[i] = i != '"' && i != '\\';
  return plain;
}();

class Parser {
 public:
  Parser(std::string_view text, std::size_t max_depth, Arena& arena)
      : text_(text),
        at_(text.data()),
        end_(text.data() + text.size()),
        max_depth_(max_depth),
        arena_(arena) {}

  // False: problem() or too_deep() says why.
  bool document(Node& to) {
    skip_blanks();
    if (!value(to)) return false;
    skip_blanks();
    return at_ == end_ || fail("nothing may follow the document");
  }
  bool string(std::string_view& to);  // after the opening quote; owned by the arena
  [[nodiscard]] const Problem& problem() const { return problem_; }
  [[nodiscard]] std::optional<std::size_t> too_deep() const { return too_deep_; }
  [[nodiscard]] const char* at() const { return at_; }

 private:
  struct Entry {
    std::string_view key;
    Node value;
  };

  bool fail(const char* reason) {
    problem_ = {.at = at_, .reason = reason};
    return false;
  }
  void skip_blanks() {
    while (at_ != end_ && is_blank(*at_)) ++at_;
  }
  bool word(std::string_view rest, Node value, Node& to);
  bool value(Node& to);
  bool open();
  bool array(Node& to);
  bool object(Node& to);
  bool member();
  void finish_object(std::size_t base, Node& to);
  bool number(Node& to);
  bool real(const char* start, Node& to);
  bool slow_string(const char* start, std::string_view& to);
  bool escape(std::string& out);
  bool unicode(std::string& out);
  bool hex4(unsigned& code);

  std::string_view text_;
  const char* at_;
  const char* end_;
  std::size_t max_depth_;
  Arena& arena_;
  std::size_t depth_ = 0;
  std::vector<Node> items_;     // of the arrays that are open
  std::vector<Entry> entries_;  // of the objects that are open
  Problem problem_;
  std::optional<std::size_t> too_deep_;
};

bool Parser::word(std::string_view rest, Node value, Node& to) {
  for (const char c : rest) {
    ++at_;
    if (at_ == end_ || *at_ != c) return fail("unknown word");
  }
  ++at_;
  to = value;
  return true;
}

bool Parser::value(Node& to) {
  if (at_ == end_) return fail("unexpected end");
  Node constant;
  switch (*at_) {
    case '{':
      return object(to);
    case '[':
      return array(to);
    case '"': {
      ++at_;
      std::string_view text;
      if (!string(text)) return false;
      to.kind = NodeKind::kString;
      to.size = static_cast<std::uint32_t>(text.size());
      to.text = text.data();
      return true;
    }
    case 't':
    case 'f':
      constant.kind = NodeKind::kBool;
      constant.boolean = *at_ == 't';
      return word(constant.boolean ? "rue" : "alse", constant, to);
    case 'n':
      return word("ull", constant, to);
    default:
      return number(to);
  }
}

// Everything that walks a document recursively relies on this limit.
bool Parser::open() {
  if (++depth_ <= max_depth_) {
    ++at_;
    skip_blanks();
    return true;
  }
  too_deep_ = static_cast<std::size_t>(at_ - text_.data());
  return false;
}

bool Parser::array(Node& to) {
  if (!open()) return false;
  const std::size_t base = items_.size();
  if (at_ != end_ && *at_ == ']') {
    ++at_;
  } else {
    for (;;) {
      Node item;
      if (!value(item)) return false;
      items_.push_back(item);
      skip_blanks();
      if (at_ == end_ || (*at_ != ',' && *at_ != ']')) return fail("expected ',' or ']'");
      if (*at_++ == ']') break;
      skip_blanks();
    }
  }
  --depth_;
  const std::size_t count = items_.size() - base;
  to.kind = NodeKind::kArray;
  to.size = to.capacity = static_cast<std::uint32_t>(count);
  to.items = arena_.make<Node>(count);
  std::uninitialized_copy_n(items_.begin() + static_cast<std::ptrdiff_t>(base), count, to.items);
  items_.resize(base);
  return true;
}

bool Parser::member() {
  if (at_ == end_ || *at_ != '"') return fail("expected a key");
  ++at_;
  Entry entry;
  if (!string(entry.key)) return false;
  skip_blanks();
  if (at_ == end_ || *at_ != ':') return fail("expected ':'");
  ++at_;
  skip_blanks();
  if (!value(entry.value)) return false;
  entries_.push_back(entry);
  return true;
}

bool Parser::object(Node& to) {
  if (!open()) return false;
  const std::size_t base = entries_.size();
  if (at_ != end_ && *at_ == '}') {
    ++at_;
  } else {
    for (;;) {
      if (!member()) return false;
      skip_blanks();
      if (at_ == end_ || (*at_ != ',' && *at_ != '}')) return fail("expected ',' or '}'");
      if (*at_++ == '}') break;
      skip_blanks();
    }
  }
  --depth_;
  finish_object(base, to);
  entries_.resize(base);
  return true;
}

// Sorts the members; of equal keys the last wins.
void Parser::finish_object(std::size_t base, Node& to) {
  const auto first = entries_.begin() + static_cast<std::ptrdiff_t>(base);
  const auto ordered = [](const Entry& a, const Entry& b) { return a.key < b.key; };
  if (!std::is_sorted(first, entries_.end(), ordered)) std::stable_sort(first, entries_.end(), ordered);
  const std::size_t count = entries_.size() - base;
  to.kind = NodeKind::kObject;
  to.capacity = static_cast<std::uint32_t>(count);
  to.members = arena_.make<Member>(count);
  Node* values = arena_.make<Node>(count);
  std::uint32_t size = 0;
  for (auto entry = first; entry != entries_.end(); ++entry) {
    if (size > 0 && to.members[size - 1].key == entry->key) --size;
    new (values + size) Node(entry->value);
    new (to.members + size) Member{.key = entry->key, .value = values + size};
    ++size;
  }
  to.size = size;
}

bool Parser::number(Node& to) {
  const char* start = at_;
  const bool negative = *at_ == '-';
  if (negative) ++at_;
  if (at_ == end_ || !is_digit(*at_)) return fail("expected a value");
  const char* digits = at_;
  std::uint64_t whole = 0;
  while (at_ != end_ && is_digit(*at_)) whole = whole * 10 + static_cast<std::uint64_t>(*at_++ - '0');
  if (*digits == '0' && at_ - digits > 1) {
    at_ = digits + 1;
    return fail("a number begins with a needless 0");
  }
  const bool fraction = at_ != end_ && (*at_ == '.' || *at_ == 'e' || *at_ == 'E');
  if (fraction || at_ - digits > 18) return real(start, to);
  to.kind = NodeKind::kInt;
  to.integer = negative ? -static_cast<std::int64_t>(whole) : static_cast<std::int64_t>(whole);
  return true;
}

// Numbers with a fraction or an exponent, and long integers: those that fit stay exact.
bool Parser::real(const char* start, Node& to) {
  const auto digits = [this] {
    if (at_ == end_ || !is_digit(*at_)) return fail("expected a digit");
    while (at_ != end_ && is_digit(*at_)) ++at_;
    return true;
  };
  bool whole = true;
  if (at_ != end_ && *at_ == '.') {
    whole = false;
    ++at_;
    if (!digits()) return false;
  }
  if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
    whole = false;
    ++at_;
    if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    if (!digits()) return false;
  }
  if (whole) {
    to.kind = NodeKind::kInt;
    if (std::from_chars(start, at_, to.integer).ec == std::errc()) return true;
    to.kind = NodeKind::kUnsigned;
    if (*start != '-' && std::from_chars(start, at_, to.big).ec == std::errc()) return true;
  }
  to.kind = NodeKind::kDouble;
  if (std::from_chars(start, at_, to.real).ec == std::errc()) return true;
  to.real = std::strtod(std::string(start, at_).c_str(), nullptr);  // tells tiny from huge
  return std::isfinite(to.real) || fail("number out of range");
}

bool Parser::string(std::string_view& to) {
  const char* start = at_;
  while (at_ != end_ && kPlainText[static_cast<unsigned char>(*at_)]) ++at_;
  if (at_ == end_ || *at_ != '"') return slow_string(start, to);
  to = arena_.copy({start, static_cast<std::size_t>(at_ - start)});
  ++at_;
  return true;
}

// With escapes or beyond ASCII.
bool Parser::slow_string(const char* start, std::string_view& to) {
  std::string out(start, at_);
  for (;;) {
    if (at_ == end_) return fail("string without end");
    const char c = *at_;
    if (c == '"') break;
    if (c == '\\') {
      if (!escape(out)) return false;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      return fail("control character in a string");
    } else {
      std::size_t bad = 0;
      const auto length = utf8_length({at_, static_cast<std::size_t>(end_ - at_)}, &bad);
      if (length == 0) return fail("string is not UTF-8");
      out.append(at_, length);
      at_ += length;
    }
  }
  ++at_;
  to = arena_.copy(out);
  return true;
}

bool Parser::escape(std::string& out) {
  ++at_;
  if (at_ == end_) return fail("string without end");
  static constexpr std::string_view kNames = "\"\\/bfnrt";
  const auto index = kNames.find(*at_);
  if (index != std::string_view::npos) {
    out += "\"\\/\b\f\n\r\t"[index];
    ++at_;
    return true;
  }
  return *at_ == 'u' ? unicode(out) : fail("unknown escape in a string");
}

bool Parser::hex4(unsigned& code) {
  code = 0;
  for (int i = 0; i < 4; ++i) {
    ++at_;
    const char c = at_ == end_ ? '\0' : *at_;
    const char lower = static_cast<char>(c | 0x20);
    if (is_digit(c)) {
      code = code * 16 + static_cast<unsigned>(c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      code = code * 16 + static_cast<unsigned>(lower - 'a') + 10;
    } else {
      return fail("expected four hex digits");
    }
  }
  return true;
}

// At the 'u'; afterwards behind the escape.
bool Parser::unicode(std::string& out) {
  unsigned code = 0;
  if (!hex4(code)) return false;
  ++at_;
  if (code >= 0xD800 && code <= 0xDBFF) {
    if (at_ == end_ || *at_ != '\\') return fail("half of a surrogate pair");
    ++at_;
    if (at_ == end_ || *at_ != 'u') return fail("half of a surrogate pair");
    unsigned low = 0;
    if (!hex4(low)) return false;
    if (low < 0xDC00 || low > 0xDFFF) return fail("half of a surrogate pair");
    ++at_;
    code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
  } else if (code >= 0xDC00 && code <= 0xDFFF) {
    return fail("half of a surrogate pair");
  }
  const auto put = [&out](unsigned byte) { out += static_cast<char>(byte); };
  const auto put_tail = [&](unsigned shift) { put(0x80U | ((code >> shift) & 0x3FU)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0U | (code >> 6U));
    put_tail(0);
  } else if (code < 0x10000) {
    put(0xE0U | (code >> 12U));
    put_tail(6);
    put_tail(0);
  } else {
    put(0xF0U | (code >> 18U));
    put_tail(12);
    put_tail(6);
    put_tail(0);
  }
  return true;
}

// ---- splitting

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text), at_(text.data()), end_(text.data() + text.size()) {}

  // Calls `entry()` at each entry between the brackets.
  template <class Entry>
  base::Status split(char open, char close, const Entry& entry) {
    skip_blanks();
    if (!take(open)) return fail(open == '{' ? "expected an object" : "expected an array");
    skip_blanks();
    if (!take(close)) {
      for (;;) {
        skip_blanks();
        if (!entry()) return std::move(error_).value_or(base::invalid("malformed JSON"));
        skip_blanks();
        if (take(close)) break;
        if (!take(',')) return fail("expected ',' or a closing bracket");
      }
    }
    skip_blanks();
    return at_ == end_ ? base::ok() : base::Status(fail("nothing may follow the document"));
  }

  bool key(std::string& to) {
    if (!take('"')) return refuse("expected a key");
    Arena arena;
    Parser parser({at_, static_cast<std::size_t>(end_ - at_)}, 1, arena);
    std::string_view text;
    if (!parser.string(text)) {
      at_ = parser.problem().at;
      return refuse(parser.problem().reason);
    }
    at_ = parser.at();
    to = text;
    skip_blanks();
    if (!take(':')) return refuse("expected ':'");
    skip_blanks();
    return true;
  }

  // Passes over one value, of which only strings and brackets are looked at.
  bool value(std::string_view& to) {
    const char* start = at_;
    std::size_t depth = 0;
    for (; at_ != end_; ++at_) {
      const char c = *at_;
      if (c == '"' && !skip_string()) return refuse("string without end");
      if (c == '[' || c == '{') ++depth;
      if (c == ']' || c == '}') {
        if (depth == 0) break;
        --depth;
      }
      if (depth == 0 && (c == ',' || is_blank(c))) break;
    }
    if (depth > 0) return refuse("unexpected end");
    to = {start, static_cast<std::size_t>(at_ - start)};
    return !to.empty() || refuse("expected a value");
  }

 private:
  base::Error fail(const char* reason) { return malformed(text_, {.at = at_, .reason = reason}); }
  bool refuse(const char* reason) {
    error_ = fail(reason);
    return false;
  }
  void skip_blanks() {
    while (at_ != end_ && is_blank(*at_)) ++at_;
  }
  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool skip_string() {  // to the closing quote
    for (++at_; at_ != end_; ++at_) {
      if (*at_ == '"') return true;
      if (*at_ == '\\' && ++at_ == end_) return false;
    }
    return false;
  }

  std::string_view text_;
  const char* at_;
  const char* end_;
  std::optional<base::Error> error_;
};

}  // namespace

base::Result<Value> parse(std::string_view text, std::size_t max_depth, std::size_t max_bytes) {
  if (text.size() > std::min<std::size_t>(max_bytes, std::numeric_limits<std::uint32_t>::max())) {
    return base::invalid("JSON document too large").add("bytes", std::to_string(text.size()));
  }
  auto document = std::make_unique<Document>();
  document->arena.expect(2 * text.size());
  Parser parser(text, max_depth, document->arena);
  if (parser.document(document->root)) return Value(std::move(document));
  if (const auto offset = parser.too_deep()) {
    return base::invalid("JSON nested too deeply").add("offset", std::to_string(*offset));
  }
  return malformed(text, parser.problem());
}

base::Result<std::vector<std::pair<std::string, std::string_view>>> split_object(std::string_view text) {
  std::vector<std::pair<std::string, std::string_view>> out;
  Splitter splitter(text);
  RETURN_IF_ERROR(splitter.split('{', '}', [&] {
    auto& [key, value] = out.emplace_back();
    return splitter.key(key) && splitter.value(value);
  }));
  return out;
}

base::Result<std::vector<std::string_view>> split_array(std::string_view text) {
  std::vector<std::string_view> out;
  Splitter splitter(text);
  RETURN_IF_ERROR(splitter.split('[', ']', [&] { return splitter.value(out.emplace_back()); }));
  return out;
}

}  // namespace karpenter::json
