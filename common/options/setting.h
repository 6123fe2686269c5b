#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.h"
#include "common/base/strings.h"

// Settings that are given as a flag or an environment variable. A program lists its settings once, each bound
// to the variable it fills; the variable's value at that moment is the default. Flag name, environment name,
// default, parsing, validation and help text all come from that list. spec: lifecycle §2.2

namespace karpenter::options {

// The value of an environment variable, or nothing when it is not set.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

// Where a text came from: the command line is stricter about booleans.
enum class Source : std::uint8_t { kFlag, kEnvironment };

// What happens when a value is well-formed but not allowed.
enum class OnInvalid : std::uint8_t {
  kStop,     // parsing ends at once
  kCollect,  // reported together with all others of this kind
};

// One setting. Refers to the variable it fills, which must outlive it.
struct Setting {
  std::string flag = {};          // without dashes
  std::string help = {};          // one sentence
  std::string default_text = {};  // for the help text
  bool is_switch = false;         // the bare flag means true
  bool empty_is_unset = true;     // an empty environment variable counts as not set
  OnInvalid on_invalid = OnInvalid::kStop;
  // Stores the value, or says what kind of value is wanted ("an integer").
  std::function<std::optional<std::string>(std::string_view text, Source source)> set = {};
  // After everything is stored: what is wrong with the value, if anything.
  std::function<std::optional<std::string>()> check = [] { return std::nullopt; };

  // `metrics-port` -> `METRICS_PORT`.
  [[nodiscard]] std::string environment_name() const;
  [[nodiscard]] Setting collected() && {
    on_invalid = OnInvalid::kCollect;
    return std::move(*this);
  }
};

[[nodiscard]] Setting text(std::string flag, std::string& target, std::string help);
// A text that must not stay empty.
[[nodiscard]] Setting required_text(std::string flag, std::string& target, std::string help);
[[nodiscard]] Setting boolean(std::string flag, bool& target, std::string help);
// Comma separated, blanks around elements and empty elements dropped.
[[nodiscard]] Setting list(std::string flag, std::vector<std::string>& target, std::string help);
[[nodiscard]] Setting duration(std::string flag, std::chrono::nanoseconds& target,
                               std::chrono::nanoseconds min, std::string help);
[[nodiscard]] Setting number(std::string flag, double& target, double min, std::string help);

template <std::signed_integral Int>
[[nodiscard]] Setting integer(std::string flag, Int& target, Int min, Int max, std::string help) {
  Setting setting{.flag = std::move(flag), .help = std::move(help), .default_text = std::to_string(target)};
  setting.set = [&target](std::string_view value, Source) -> std::optional<std::string> {
    const auto parsed = base::parse_int64(value);
    if (!parsed || !std::in_range<Int>(*parsed)) return "an integer";
    target = static_cast<Int>(*parsed);
    return std::nullopt;
  };
  setting.check = [&target, min, max]() -> std::optional<std::string> {
    if (target >= min && target <= max) return std::nullopt;
    const std::string at_least = "must be at least " + std::to_string(min);
    return max == std::numeric_limits<Int>::max() ? at_least
                                                  : at_least + " and at most " + std::to_string(max);
  };
  return setting;
}

// One of a few words; the first entry whose value equals the target is the default.
template <class Enum>
[[nodiscard]] Setting choice(std::string flag, Enum& target, std::vector<std::pair<std::string, Enum>> words,
                             std::string help) {
  Setting setting{.flag = std::move(flag), .help = std::move(help)};
  std::string wanted = "one of";
  for (const auto& [word, value] : words) {
    if (value == target && setting.default_text.empty()) setting.default_text = word;
    wanted += " " + (word.empty() ? "\"\"" : word);
  }
  setting.set = [&target, words = std::move(words), wanted](std::string_view text,
                                                            Source) -> std::optional<std::string> {
    for (const auto& [word, value] : words) {
      if (word != text) continue;
      target = value;
      return std::nullopt;
    }
    return wanted;
  };
  return setting;
}

// The words of the command line and of the environment for a boolean; nothing when `text` is none of them.
[[nodiscard]] std::optional<bool> parse_bool(std::string_view text, Source source);

// Fills the variables of `settings`: a flag beats the environment, which beats the default; of a repeated
// flag the last counts. `args` are the arguments without the program name. kInvalid, with the setting and the
// value, for an unknown flag, an argument that is no flag, and a value that is malformed or not allowed.
base::Status apply(std::span<const Setting> settings, std::span<const std::string> args,
                   const Environment& environment);

// What a user asked for instead of running.
enum class Question : std::uint8_t { kHelp, kVersion };
[[nodiscard]] std::optional<Question> find_question(
    std::span<const std::string> args);  // --help, -h, --version

// Flags with environment variable, default and meaning, in the order of the list. `intro` comes first.
[[nodiscard]] std::string help_text(std::string_view intro, std::span<const Setting> settings);

}  // namespace karpenter::options
