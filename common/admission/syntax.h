#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

// Kubernetes syntactic helpers and the label rules of the API. spec: api §7.2-§7.5, §10.5

namespace karpenter::admission {

// Why `text` is no label value or qualified name, or nullopt when it is one.
[[nodiscard]] std::optional<std::string> label_value_fault(std::string_view text);
[[nodiscard]] std::optional<std::string> qualified_name_fault(std::string_view text);
// RFC 1035 label, as object names of the older kinds.
[[nodiscard]] bool is_dns1035_label(std::string_view text);

// Text before the first '/', or "".
[[nodiscard]] std::string_view domain_of(std::string_view key);

// Which generation of the API a rule belongs to.
enum class Era : std::uint8_t { kAlpha, kBeta, kV1 };

// The restriction text of a label key at that era, or nullopt when it may be used. spec: api §7.4 (v1), §10.5
// (older)
[[nodiscard]] std::optional<std::string> restriction(std::string_view key, Era era);

// The stable key of a deprecated alias, else the key itself. spec: api §7.5
[[nodiscard]] std::string_view normalised_key(std::string_view key);

// ` (did you mean "x"?)` when `key` is near one of the labels well known at that era, else "".
[[nodiscard]] std::string suggest_label(std::string_view key, Era era);

inline constexpr std::array<std::string_view, 6> kAliasFamilies{"al2",         "al2023",      "bottlerocket",
                                                                "windows2019", "windows2022", "windows2025"};
inline constexpr std::array<std::string_view, 6> kEvictionSignals{"memory.available",   "nodefs.available",
                                                                  "nodefs.inodesFree",  "imagefs.available",
                                                                  "imagefs.inodesFree", "pid.available"};
inline constexpr std::array<std::string_view, 4> kReservable{"cpu", "memory", "ephemeral-storage", "pid"};

// At most `bytes` of `text`, cut between characters.
[[nodiscard]] std::string shortened(std::string text, std::size_t bytes);
[[nodiscard]] bool is_one_of(std::string_view word, std::span<const std::string_view> words);
// A text of the user as part of a message.
[[nodiscard]] std::string shown(std::string_view text);
// JSON text of a string: quotes and escapes; at most 256 bytes.
[[nodiscard]] std::string quoted(std::string_view text);

}  // namespace karpenter::admission
