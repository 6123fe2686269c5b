#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include "common/json/document.h"

namespace karpenter::json {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Whether a byte stands for itself in a JSON string.
constexpr auto kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t i = 0x20; i < 0x80; ++i) plain[i] = i != '"' && i != '\\';
  return plain;
}();

void print_escape(unsigned char c, std::string& out) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  static constexpr std::string_view kNamed = "\"\\\b\f\n\r\t";
  if (const auto at = kNamed.find(static_cast<char>(c)); at != std::string_view::npos) {
    out += '\\';
    out += "\"\\bfnrt"[at];
    return;
  }
  out += "\\u00";
  out += kHex[c >> 4U];
  out += kHex[c & 15U];
}

void print_string(std::string_view text, std::string& out) {
  out += '"';
  std::size_t i = 0;
  while (i < text.size()) {
    const std::size_t start = i;
    while (i < text.size() && kPlain[static_cast<unsigned char>(text[i])]) ++i;
    out.append(text.substr(start, i - start));
    if (i == text.size()) break;
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      print_escape(c, out);
      ++i;
      continue;
    }
    std::size_t bad = 0;
    const std::size_t length = utf8_length(text.substr(i), &bad);
    out.append(length > 0 ? text.substr(i, length) : kReplacement);
    i += length > 0 ? length : bad;
  }
  out += '"';
}

template <class Number>
void print_integer(Number value, std::string& out) {
  std::array<char, 24> text{};
  out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr);
}

// Shortest digits that read back the same; plain notation from 1e-4 up to 15 digits, and always with a point
// or an exponent.
void print_double(double value, std::string& out) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  std::array<char, 40> text{};
  const auto* end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific).ptr;
  std::string_view all(text.data(), static_cast<std::size_t>(end - text.data()));
  if (all.starts_with('-')) {
    out += '-';
    all.remove_prefix(1);
  }
  const auto mark = all.find('e');
  int exponent = 0;
  const auto* first = all.data() + mark + (all[mark + 1] == '+' ? 2 : 1);
  std::from_chars(first, all.data() + all.size(), exponent);
  std::string digits(all.substr(0, 1));
  if (mark > 2) digits += all.substr(2, mark - 2);
  const int count = static_cast<int>(digits.size());
  const int point = exponent + 1;  // digits before the point
  if (count <= point && point <= 15) {
    out.append(digits).append(static_cast<std::size_t>(point - count), '0').append(".0");
  } else if (0 < point && point <= 15) {
    out.append(digits, 0, static_cast<std::size_t>(point)) += '.';
    out.append(digits, static_cast<std::size_t>(point));
  } else if (-4 < point && point <= 0) {
    out.append("0.").append(static_cast<std::size_t>(-point), '0').append(digits);
  } else {
    out.append(all);
  }
}

void new_line(int indent, int depth, std::string& out) {
  if (indent < 0) return;
  out += '\n';
  out.append(static_cast<std::size_t>(indent) * static_cast<std::size_t>(depth), ' ');
}

void print_at(const Node& node, int indent, int depth, std::string& out) {
  switch (node.kind) {
    case NodeKind::kNull:
      out += "null";
      break;
    case NodeKind::kBool:
      out += node.boolean ? "true" : "false";
      break;
    case NodeKind::kInt:
      print_integer(node.integer, out);
      break;
    case NodeKind::kUnsigned:
      print_integer(node.big, out);
      break;
    case NodeKind::kDouble:
      print_double(node.real, out);
      break;
    case NodeKind::kString:
      print_string(text_of(node), out);
      break;
    case NodeKind::kArray:
      out += '[';
      for (std::size_t i = 0; i < node.size; ++i) {
        if (i > 0) out += ',';
        new_line(indent, depth + 1, out);
        print_at(node.items[i], indent, depth + 1, out);
      }
      if (node.size > 0) new_line(indent, depth, out);
      out += ']';
      break;
    case NodeKind::kObject:
      out += '{';
      for (std::size_t i = 0; i < node.size; ++i) {
        if (i > 0) out += ',';
        new_line(indent, depth + 1, out);
        print_string(node.members[i].key, out);
        out += indent < 0 ? ":" : ": ";
        print_at(*node.members[i].value, indent, depth + 1, out);
      }
      if (node.size > 0) new_line(indent, depth, out);
      out += '}';
      break;
  }
}

}  // namespace

void print(const Node& node, int indent, std::string& out) { print_at(node, indent, 0, out); }

}  // namespace karpenter::json
