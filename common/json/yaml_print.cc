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

// The length of the character at `at` when YAML does not take it as it is outside of an escape, else 0:
// controls but the line break, NEL, the separators of lines and paragraphs (which some readers take for line
// breaks), the byte order mark and non-characters.
std::size_t special_at(std::string_view text, std::size_t at) {
  const auto c = static_cast<unsigned char>(text[at]);
  if (c < 0x80) return (c < 0x20 && c != '\n') || c == 0x7F ? 1 : 0;
  const auto rest = text.substr(at);
  if (c == 0xC2 && rest.size() > 1 && static_cast<unsigned char>(rest[1]) < 0xA0) return 2;
  for (const std::string_view special :
       {"\xE2\x80\xA8", "\xE2\x80\xA9", "\xEF\xBB\xBF", "\xEF\xBF\xBE", "\xEF\xBF\xBF"}) {
    if (rest.starts_with(special)) return special.size();
  }
  return 0;
}

bool has_special(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (special_at(text, i) > 0) return true;
  }
  return false;
}

// Double-quoted: JSON's text with an escape for what JSON takes as it is and YAML does not.
std::string quoted(std::string_view text) {
  const std::string json = Value::of(text).dump();
  std::string out;
  for (std::size_t i = 0; i < json.size();) {
    const auto length = special_at(json, i);
    if (length == 0) {
      out += json[i++];
      continue;
    }
    constexpr std::string_view kHex = "0123456789abcdef";
    unsigned code = static_cast<unsigned char>(json[i]);
    if (length == 2) code = static_cast<unsigned char>(json[i + 1]);
    if (length == 3) {
      code = (code & 0x0FU) << 12U | (static_cast<unsigned char>(json[i + 1]) & 0x3FU) << 6U |
             (static_cast<unsigned char>(json[i + 2]) & 0x3FU);
    }
    out += "\\u";
    for (const unsigned shift : {12U, 8U, 4U, 0U}) out += kHex[(code >> shift) & 0xFU];
    i += length;
  }
  return out;
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
  return text.find('\n') == std::string_view::npos && !has_special(text);
}

// Text of several lines reads best as a literal block, where that is exact.
bool is_block(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || text.front() == ' ' || text.front() == '\n') return false;
  if (has_special(text)) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ' && (i + 1 == text.size() || text[i + 1] == '\n')) return false;
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
    out += is_plain(key) ? std::string(key) : quoted(key);
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
  if (text) {
    out += is_plain(*text) ? std::string(*text) : quoted(*text);
  } else {
    out += v.dump();  // JSON is YAML: numbers, bools, null, {} and []
  }
  out += '\n';
}

}  // namespace

std::string to_yaml(View value) {
  // Block text needs something to be indented against.
  if (const auto text = value.string()) return (is_plain(*text) ? std::string(*text) : quoted(*text)) + "\n";
  Printer printer;
  if (value.exists()) printer.value(value, value.is_array() ? 2 : 0, false);
  // The line break after a key does not belong to the root.
  if (value.size() > 0) printer.out.erase(0, 1);
  return printer.out;
}

}  // namespace karpenter::json
