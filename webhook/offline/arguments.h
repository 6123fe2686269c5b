#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace karpenter::webhook::offline {

// A flag of an offline command and the variable it fills; exactly one of the targets is set.
struct Flag {
  std::string_view name;             // "--output"
  std::string_view short_name = {};  // "-o"; "" = none
  std::string_view help;
  std::string* text = nullptr;
  std::vector<std::string_view> words = {};  // what `text` may be; empty: anything
  std::vector<std::string>* list = nullptr;  // may be repeated
  bool* is_set = nullptr;                    // takes no value
};

// Fills the variables of `flags`: `--flag value`, `--flag=value`, `-f value`. Arguments that are no flags go
// to `files`. kInvalid for an unknown flag, a missing value and a word that is not allowed.
base::Status read_arguments(std::span<const std::string> args, std::span<const Flag> flags,
                            std::vector<std::string>& files);

// One line a flag.
[[nodiscard]] std::string flags_help(std::span<const Flag> flags);

}  // namespace karpenter::webhook::offline
