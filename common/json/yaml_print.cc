#include <algorithm>
#include <array>
#include <cctype>

#include "common/base/strings.h"
#include "common/json/yaml.h"

namespace karpenter::json {
namespace {

// Words that some YAML version reads as a bool or null.
bool is_reserved_word(std::string_view text) {
  static constexpr std::array<std::string_view, 12> kWords = {"true", "false", "yes",  "no", "on",   "off",
                                                              "y",    "n",     "null", "~",  ".nan", "<<"};
  const std::string lower = base::to_lower(text);
  return std::find(kWords.begin(), kWords.end(), lower) != kWords.end();
}

// Anything that begins like a number, a date, a base-60 or a special float might be read as one.
bool looks_numeric(std::string_view text) {
  const auto bare = text.substr(text.starts_with('+') || text.starts_with('-') ? 1 : 0);
  if (bare.empty()) return true;
  const auto digit_or_point = [](char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.';
  };
  if (!digit_or_point(bare[0])) return false;
  return bare.find_first_not_of("0123456789.eE+-_:xXoOabcdfABCDFinfINFtTzZ ") == std::string_view::npos;
}

bool is_plain(std::string_view text) {
  if (text.empty() || is_reserved_word(text) || looks_numeric(text)) return false;
  if (text.front() == ' ' || text.back() == ' ' || text.back() == ':') return false;
  static constexpr std::string_view kIndicators = "-?:,[]{}#&*!|>'\"%@`";
  const bool dashed =
      (text[0] == '-' || text[0] == '?' || text[0] == ':') && text.size() > 1 && text[1] != ' ';
  if (kIndicators.find(text[0]) != std::string_view::npos && !dashed) return false;
  if (text.starts_with("---") || text.find(": ") != std::string_view::npos ||
      text.find(" #") != std::string_view::npos) {
    return false;
  }
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; });
}

// Text of several lines reads best as a literal block, where that is exact.
bool is_block(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || text.front() == ' ' || text.front() == '\n') return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 && c != '\n') return false;
    if (c == ' ' && (i + 1 == text.size() || text[i + 1] == '\n')) return false;
  }
  return true;
}

class Printer {
 public:
  std::string out;

  // Prints what follows `key:` or `- `. `indent` is the column of the children of a container.
  void value(View v, std::size_t indent, bool in_list);

 private:
  void members(View v, std::size_t indent, bool first_inline);
  void items(View v, std::size_t indent, bool first_inline);
  void scalar(View v, std::size_t indent);
  void block(std::string_view text, std::size_t indent);
  void pad(std::size_t indent) { out.append(indent, ' '); }
};

void Printer::value(View v, std::size_t indent, bool in_list) {
  const bool container = (v.is_object() || v.is_array()) && v.size() > 0;
  if (!container) {
    scalar(v, indent);
  } else if (v.is_object()) {
    if (!in_list) out += '\n';
    members(v, indent, in_list);
  } else {
    // A list under a key starts at the column of the key, as kubectl prints it.
    if (!in_list) out += '\n';
    items(v, in_list ? indent : indent - 2, in_list);
  }
}

void Printer::members(View v, std::size_t indent, bool first_inline) {
  bool first = true;
  for (const auto& [key, member] : v.members()) {
    if (!first || !first_inline) pad(indent);
    first = false;
    out += is_plain(key) ? std::string(key) : Value::of(key).dump();
    out += ':';
    if (member.size() == 0) out += ' ';
    value(member, indent + 2, false);
  }
}

void Printer::items(View v, std::size_t indent, bool first_inline) {
  bool first = true;
  for (const View item : v.items()) {
    if (!first || !first_inline) pad(indent);
    first = false;
    out += "- ";
    value(item, indent + 2, true);
  }
}

void Printer::block(std::string_view text, std::size_t indent) {
  out += text.back() == '\n' ? (text.ends_with("\n\n") ? "|+\n" : "|\n") : "|-\n";
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    if (end > 0) pad(indent);
    out += text.substr(0, end);
    out += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void Printer::scalar(View v, std::size_t indent) {
  const auto text = v.string();
  if (text && is_block(*text)) return block(*text, indent);
  if (text && is_plain(*text)) {
    out += *text;
  } else {
    out += v.dump();  // JSON is YAML: numbers, bools, null, {} and [] and double-quoted text
  }
  out += '\n';
}

}  // namespace

std::string to_yaml(View value) {
  Printer printer;
  if (value.exists()) printer.value(value, value.is_array() ? 2 : 0, false);
  // The line break after a key does not belong to the root.
  if (value.size() > 0) printer.out.erase(0, 1);
  return printer.out;
}

}  // namespace karpenter::json
