#include "webhook/offline/arguments.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/base/strings.h"

namespace karpenter::webhook::offline {
namespace {

std::string words_text(const Flag& flag) {
  const std::vector<std::string> words(flag.words.begin(), flag.words.end());
  return base::join(words, "|");
}

base::Status store(const Flag& flag, std::string value) {
  if (flag.list != nullptr) {
    flag.list->push_back(std::move(value));
    return base::ok();
  }
  if (!flag.words.empty() && std::ranges::find(flag.words, value) == flag.words.end()) {
    return base::invalid(std::string(flag.name) + " must be one of " + words_text(flag)).add("value", value);
  }
  *flag.text = std::move(value);
  return base::ok();
}

}  // namespace

base::Status read_arguments(std::span<const std::string> args, std::span<const Flag> flags,
                            std::vector<std::string>& files) {
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string& arg = args[i];
    if (arg == "-" || !arg.starts_with('-')) {
      files.push_back(arg);
      continue;
    }
    const auto equals = arg.find('=');
    const std::string name = arg.substr(0, equals);
    const auto flag = std::ranges::find_if(flags, [&](const Flag& f) {
      return f.name == name || (!f.short_name.empty() && f.short_name == name);
    });
    if (flag == flags.end()) return base::invalid("unknown flag").add("flag", arg);
    if (flag->is_set != nullptr) {
      if (equals != std::string::npos) return base::invalid("the flag takes no value").add("flag", arg);
      *flag->is_set = true;
      continue;
    }
    if (equals == std::string::npos && i + 1 == args.size()) {
      return base::invalid("the flag needs a value").add("flag", arg);
    }
    RETURN_IF_ERROR(store(*flag, equals == std::string::npos ? args[++i] : arg.substr(equals + 1)));
  }
  return base::ok();
}

std::string flags_help(std::span<const Flag> flags) {
  std::string out;
  for (const auto& flag : flags) {
    std::string left = "  ";
    if (!flag.short_name.empty()) left.append(flag.short_name).append(", ");
    left += flag.name;
    if (!flag.words.empty()) left += " " + words_text(flag);
    if (left.size() < 32) left.resize(32, ' ');
    out += left + " " + std::string(flag.help) + "\n";
  }
  return out;
}

}  // namespace karpenter::webhook::offline
