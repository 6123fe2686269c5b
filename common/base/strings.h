#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// String and number helpers that std lacks. All pure, all ASCII-only where case matters.

namespace karpenter::base {

[[nodiscard]] std::vector<std::string> split(std::string_view text,
                                             char separator);  // "a,,b" -> a, "", b; "" -> ""
[[nodiscard]] std::string join(std::span<const std::string> parts, std::string_view separator);
[[nodiscard]] std::string_view trim(std::string_view text);  // blanks, tabs, CR, LF at both ends
[[nodiscard]] std::string to_lower(std::string_view text);
[[nodiscard]] bool equals_ignore_case(std::string_view a, std::string_view b);
[[nodiscard]] std::string replace_all(std::string text, std::string_view from, std::string_view to);

// The whole text must be the number: no blanks, no sign '+', no overflow.
[[nodiscard]] std::optional<std::int64_t> parse_int64(std::string_view text);
[[nodiscard]] std::optional<double> parse_double(std::string_view text);  // never NaN or infinity

[[nodiscard]] std::string hex_encode(std::string_view bytes);
[[nodiscard]] std::string base64_encode(std::string_view bytes);
[[nodiscard]] std::optional<std::string> base64_decode(
    std::string_view text);  // padding required, whitespace ignored
// RFC 3986: everything but unreserved characters (and '/' if `keep_slash`) becomes %XX.
enum class Slash : std::uint8_t { kEncode, kKeep };
[[nodiscard]] std::string percent_encode(std::string_view text, Slash slash = Slash::kEncode);
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);  // also '+' -> ' '

// The candidate with the smallest edit distance to `word`, if that is at most a third of its length; ties by
// order.
[[nodiscard]] std::optional<std::string_view> nearest_word(std::string_view word,
                                                           std::span<const std::string_view> candidates);

}  // namespace karpenter::base
