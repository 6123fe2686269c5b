#pragma once

#include <cstdio>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/options/setting.h"

namespace karpenter::options {

// What every main() of ours does before it starts: answers --help and --version, and turns a bad setting into
// one clear line on stderr and exit code 2. Returns the exit code, or nullopt to go on; `parse` keeps what it
// read.
[[nodiscard]] inline std::optional<int> answer_or_parse(std::string_view program,
                                                        std::span<const std::string> args,
                                                        const std::function<std::string()>& help,
                                                        const std::function<base::Status()>& parse) {
  const std::string name(program);
  if (const auto question = find_question(args)) {
    const std::string text = *question == Question::kHelp ? help() : name + " " KARPENTER_VERSION "\n";
    std::fputs(text.c_str(), stdout);
    return 0;
  }
  if (const auto status = parse(); !status) {
    std::fprintf(stderr, "%s: %s\n", name.c_str(), status.error().text().c_str());
    return 2;
  }
  return std::nullopt;
}

}  // namespace karpenter::options
