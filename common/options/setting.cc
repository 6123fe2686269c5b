#include "common/options/setting.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include "common/base/duration.h"

namespace karpenter::options {
namespace {

using Given = std::map<std::string, std::string, std::less<>>;  // flag name -> text

std::string_view without_dashes(std::string_view argument) {
  argument.remove_prefix(argument.starts_with("--") ? 2 : 1);
  return argument;
}

base::Error unknown_flag(std::span<const Setting> settings, std::string_view name) {
  std::vector<std::string_view> names;
  for (const Setting& setting : settings) names.push_back(setting.flag);
  base::Error error = base::invalid("unknown flag").add("flag", "--" + std::string(name));
  const auto nearest = base::nearest_word(name, names);
  if (nearest) error.add("nearest", "--" + std::string(*nearest));
  return error;
}

base::Result<Given> read_flags(std::span<const Setting> settings, std::span<const std::string> args) {
  Given given;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (!args[i].starts_with('-') || args[i] == "-" || args[i] == "--") {
      return base::invalid("unexpected argument").add("argument", args[i]);
    }
    const std::string_view body = without_dashes(args[i]);
    const std::size_t equals = body.find('=');
    const std::string name(body.substr(0, equals));
    const auto setting = std::ranges::find(settings, name, &Setting::flag);
    if (setting == settings.end()) return unknown_flag(settings, name);
    if (equals != std::string_view::npos) {
      given[name] = body.substr(equals + 1);
    } else if (setting->is_switch) {
      given[name] = "true";
    } else if (i + 1 < args.size()) {
      given[name] = args[++i];
    } else {
      return base::invalid("flag needs a value").add("flag", "--" + name);
    }
  }
  return given;
}

base::Status store(const Setting& setting, const Given& given, const Environment& environment) {
  const auto flag = given.find(setting.flag);
  const std::string variable = setting.environment_name();
  const std::optional<std::string> text = flag != given.end() ? flag->second : environment(variable);
  const Source source = flag != given.end() ? Source::kFlag : Source::kEnvironment;
  if (!text || (text->empty() && source == Source::kEnvironment && setting.empty_is_unset)) return base::ok();
  const auto wanted = setting.set(*text, source);
  if (!wanted) return base::ok();
  base::Error error = base::invalid("malformed value");
  if (source == Source::kFlag) {
    error.add("flag", "--" + setting.flag);
  } else {
    error.add("environment", variable);
  }
  return error.add("value", *text).add("want", *wanted);
}

base::Status check_all(std::span<const Setting> settings) {
  base::Error collected = base::invalid("setting not allowed");
  for (const Setting& setting : settings) {
    const auto problem = setting.check();
    if (!problem) continue;
    collected.add("--" + setting.flag, *problem);
    if (setting.on_invalid == OnInvalid::kStop) {
      return base::invalid("setting not allowed").add("--" + setting.flag, *problem);
    }
  }
  return collected.with.empty() ? base::ok() : base::Status(std::move(collected));
}

}  // namespace

std::string Setting::environment_name() const {
  std::string name = flag;
  for (char& c : name) {
    if (c == '-') c = '_';
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return name;
}

std::optional<bool> parse_bool(std::string_view text, Source source) {
  if (text == "true") return true;
  if (text == "false") return false;
  if (source == Source::kFlag) return std::nullopt;
  constexpr std::array<std::string_view, 5> kTrue{"1", "t", "T", "TRUE", "True"};
  constexpr std::array<std::string_view, 5> kFalse{"0", "f", "F", "FALSE", "False"};
  if (std::ranges::find(kTrue, text) != kTrue.end()) return true;
  if (std::ranges::find(kFalse, text) != kFalse.end()) return false;
  return std::nullopt;
}

Setting text(std::string flag, std::string& target, std::string help) {
  Setting setting{
      .flag = std::move(flag), .help = std::move(help), .default_text = target, .empty_is_unset = false};
  setting.set = [&target](std::string_view value, Source) -> std::optional<std::string> {
    target = value;
    return std::nullopt;
  };
  return setting;
}

Setting required_text(std::string flag, std::string& target, std::string help) {
  Setting setting = text(std::move(flag), target, std::move(help));
  setting.check = [&target, name = setting.environment_name()]() -> std::optional<std::string> {
    if (!target.empty()) return std::nullopt;
    return "required, as flag or as environment variable " + name;
  };
  return setting;
}

Setting boolean(std::string flag, bool& target, std::string help) {
  Setting setting{.flag = std::move(flag),
                  .help = std::move(help),
                  .default_text = target ? "true" : "false",
                  .is_switch = true};
  setting.set = [&target](std::string_view value, Source source) -> std::optional<std::string> {
    const auto parsed = parse_bool(value, source);
    if (!parsed) return "true or false";
    target = *parsed;
    return std::nullopt;
  };
  return setting;
}

Setting list(std::string flag, std::vector<std::string>& target, std::string help) {
  Setting setting{.flag = std::move(flag), .help = std::move(help), .default_text = base::join(target, ",")};
  setting.set = [&target](std::string_view value, Source) -> std::optional<std::string> {
    target.clear();
    for (const std::string& part : base::split(value, ',')) {
      if (!base::trim(part).empty()) target.emplace_back(base::trim(part));
    }
    if (target.empty()) return "a comma separated list";
    return std::nullopt;
  };
  return setting;
}

Setting duration(std::string flag, std::chrono::nanoseconds& target, std::chrono::nanoseconds min,
                 std::string help) {
  Setting setting{
      .flag = std::move(flag), .help = std::move(help), .default_text = base::format_duration(target)};
  setting.set = [&target](std::string_view value, Source) -> std::optional<std::string> {
    const auto parsed = base::parse_duration(value);
    if (!parsed) return "a duration such as 1m30s";
    target = *parsed;
    return std::nullopt;
  };
  setting.check = [&target, min]() -> std::optional<std::string> {
    if (target >= min) return std::nullopt;
    return "must be at least " + base::format_duration(min);
  };
  return setting;
}

Setting number(std::string flag, double& target, double min, std::string help) {
  const auto print = [](double value) {
    std::array<char, 32> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%g", value);
    return std::string(buffer.data());
  };
  Setting setting{.flag = std::move(flag), .help = std::move(help), .default_text = print(target)};
  setting.set = [&target](std::string_view value, Source) -> std::optional<std::string> {
    const auto parsed = base::parse_double(value);
    if (!parsed) return "a number";
    target = *parsed;
    return std::nullopt;
  };
  setting.check = [&target, min, print]() -> std::optional<std::string> {
    if (target >= min) return std::nullopt;
    return "must be at least " + print(min);
  };
  return setting;
}

base::Status apply(std::span<const Setting> settings, std::span<const std::string> args,
                   const Environment& environment) {
  ASSIGN_OR_RETURN(const Given given, read_flags(settings, args));
  for (const Setting& setting : settings) RETURN_IF_ERROR(store(setting, given, environment));
  return check_all(settings);
}

std::optional<Question> find_question(std::span<const std::string> args) {
  for (const std::string& argument : args) {
    if (argument == "--help" || argument == "-help" || argument == "-h") return Question::kHelp;
    if (argument == "--version" || argument == "-version") return Question::kVersion;
  }
  return std::nullopt;
}

std::string help_text(std::string_view intro, std::span<const Setting> settings) {
  std::string out(intro);
  out += "\n\nEvery setting is a flag or an environment variable; the flag wins.\n";
  for (const Setting& setting : settings) {
    out +=
        "\n  --" + setting.flag + (setting.is_switch ? "" : "=<value>") + "   " + setting.environment_name();
    if (!setting.default_text.empty()) out += "   (default " + setting.default_text + ")";
    out += "\n      " + setting.help + "\n";
  }
  out += "\n  --help      this text\n  --version   the version\n";
  return out;
}

}  // namespace karpenter::options
