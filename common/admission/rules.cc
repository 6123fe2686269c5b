#include "common/admission/rules.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "common/base/strings.h"
#include "common/model/labels.h"

namespace karpenter::admission {
namespace {

namespace labels = model::labels;

constexpr std::array<std::string_view, 8> kOperators{"In", "NotIn", "Exists", "DoesNotExist",
                                                     "Gt", "Lt",    "Gte",    "Lte"};

std::span<const std::string_view> operators(Era era) {
  return std::span(kOperators).first(era == Era::kV1 ? 8 : 6);
}

bool is_comparison(std::string_view op) { return op == "Gt" || op == "Lt" || op == "Gte" || op == "Lte"; }

bool has_comparable_value(const model::NodeSelectorRequirement& requirement) {
  if (requirement.values.size() != 1) return false;
  std::string_view text = requirement.values.front();
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto number = base::parse_int64(text);
  return number && *number >= 0;
}

std::string spaced(std::span<const std::string_view> words) {
  std::string out = "[";
  for (const auto word : words) out.append(out.size() == 1 ? "" : " ").append(word);
  return out + "]";
}

// JSON text of a list of strings; at most 256 bytes.
std::string quoted_list(std::span<const std::string> words) {
  std::string out = "[";
  for (const auto& word : words) out.append(out.size() == 1 ? "" : ",").append(quoted(word));
  return shortened(out + "]", 256);
}

std::string bracketed(std::span<const std::string> words) {
  std::string out = "[";
  for (const auto& word : words) out.append(out.size() == 1 ? "" : " ").append(word);
  return out + "]";
}

// spec: api §7.7
std::vector<std::string_view> known_values(std::string_view key) {
  if (key == labels::kCapacityType) return {labels::kOnDemand, labels::kReserved, labels::kSpot};
  if (key == "karpenter.k8s.aws/instance-tenancy") return {"dedicated", "default"};
  return {};
}

void check_known_values(const model::NodeSelectorRequirement& requirement, const std::string& path,
                        Violations& out) {
  const auto known = known_values(normalised_key(requirement.key));
  if (known.empty() || requirement.op != "In") return;
  const auto valid = std::ranges::count_if(requirement.values, [&](const std::string& value) {
    return std::ranges::find(known, value) != known.end();
  });
  const std::string got = bracketed(requirement.values);
  if (valid == 0) {
    add(out, path + ".values", ViolationKind::kInvalid, quoted_list(requirement.values),
        "no valid values found in " + got + " for " + requirement.key +
            ", expected one of: " + spaced(known) + ", got: " + got);
  } else if (requirement.min_values && valid < *requirement.min_values) {
    add(out, path + ".values", ViolationKind::kInvalid, quoted_list(requirement.values),
        "not enough valid values found in " + got + " for " + requirement.key + ", expected at least " +
            std::to_string(*requirement.min_values) + " valid values from: " + spaced(known) +
            ", got: " + std::to_string(valid));
  }
}

void check_operator(const model::NodeSelectorRequirement& requirement, const std::string& path, Era era,
                    Violations& out) {
  const auto known = operators(era);
  if (std::ranges::find(known, requirement.op) != known.end()) return;
  const auto near = base::nearest_word(requirement.op, known);
  add(out, path + ".operator", ViolationKind::kNotSupported, quoted(requirement.op),
      "key " + requirement.key + " has an unsupported operator " + requirement.op + " not in " +
          spaced(known) + (near ? " (did you mean \"" + std::string(*near) + "\"?)" : ""));
}

void check_key(const model::NodeSelectorRequirement& requirement, const std::string& path, Era era,
               Violations& out) {
  const auto key = normalised_key(requirement.key);
  const auto refuse = [&](const std::string& text) {
    add(out, path + ".key", ViolationKind::kInvalid, quoted(requirement.key), text);
  };
  if (era == Era::kV1 && requirement.key == labels::kNodePool) {
    refuse("label \"karpenter.sh/nodepool\" is restricted");  // NP-C13; NodeClaims may
  } else if (const auto fault = domain_fault(requirement.key); fault && era == Era::kV1) {
    refuse(*fault);
  } else if (const auto text = restriction(key, era)) {
    refuse(*text + suggest_label(key));
  }
  if (const auto fault = qualified_name_fault(key)) {
    add(out, path + ".key", ViolationKind::kInvalid, quoted(requirement.key),
        "key " + std::string(key) + " is not a qualified name, " + *fault);
  }
}

void check_values(const model::NodeSelectorRequirement& requirement, const std::string& path,
                  Violations& out) {
  for (std::size_t i = 0; i < requirement.values.size(); ++i) {
    if (const auto fault = label_value_fault(requirement.values[i])) {
      add(out, at(path + ".values", i), ViolationKind::kInvalid, quoted(requirement.values[i]),
          "invalid value " + requirement.values[i] + " for key " + requirement.key + ", " + *fault);
    }
  }
}

// §7.1 rules 6-8; at v1 in the words of NP-C9…C11, which say the same.
void check_count(const model::NodeSelectorRequirement& requirement, const std::string& path, Era era,
                 Violations& out) {
  const bool is_v1 = era == Era::kV1;
  const std::string old_head = "key " + requirement.key + " with operator " + requirement.op;
  if (requirement.op == "In" && requirement.values.empty()) {
    add(out, path + ".values", ViolationKind::kRequired, "",
        is_v1 ? "requirements with operator 'In' must have a value defined"
              : old_head + " must have a value defined");
  }
  if (is_comparison(requirement.op) && !has_comparable_value(requirement)) {
    add(out, path + ".values", ViolationKind::kInvalid, quoted_list(requirement.values),
        is_v1 ? "requirements operator 'Gt', 'Lt', 'Gte', or 'Lte' must have a single positive integer value"
              : old_head + " must have a single positive integer value");
  }
  if (requirement.op == "In" && requirement.min_values &&
      static_cast<std::int64_t>(requirement.values.size()) < *requirement.min_values) {
    add(out, path + ".minValues", ViolationKind::kInvalid, std::to_string(*requirement.min_values),
        is_v1 ? "requirements with 'minValues' must have at least that many values specified in the 'values' "
                "field"
              : old_head + " must have at least minimum number of values defined in 'values' field");
  }
}

void check_taint(const model::Taint& taint, const std::string& path, Violations& out) {
  if (const auto fault = qualified_name_fault(taint.key)) {
    add(out, path + ".key", ViolationKind::kInvalid, quoted(taint.key), *fault);
  }
  if (!taint.value.empty()) {
    if (const auto fault = qualified_name_fault(taint.value)) {
      add(out, path + ".value", ViolationKind::kInvalid, quoted(taint.value), *fault);
    }
  }
  constexpr std::array<std::string_view, 4> kEffects{"", "NoExecute", "NoSchedule", "PreferNoSchedule"};
  if (std::ranges::find(kEffects, taint.effect) == kEffects.end()) {
    const auto near = base::nearest_word(taint.effect, kEffects);
    add(out, path + ".effect", ViolationKind::kNotSupported, quoted(taint.effect),
        "invalid taint effect" +
            (near && !near->empty() ? " (did you mean \"" + std::string(*near) + "\"?)" : ""));
  }
}

// ---- cron

struct CronField {
  int lowest;
  int highest;
  std::span<const std::string_view> names;  // the first stands for `lowest`
};
constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kDays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

std::optional<int> cron_number(std::string_view text, const CronField& field) {
  const auto lower = base::to_lower(text);
  const auto it = std::ranges::find(field.names, lower);
  if (it != field.names.end()) return field.lowest + static_cast<int>(it - field.names.begin());
  const auto number = base::parse_int64(text);
  if (!number || *number < field.lowest || *number > field.highest) return std::nullopt;
  return static_cast<int>(*number);
}

bool is_cron_range(std::string_view text, const CronField& field) {
  const auto halves = base::split(text, '/');
  if (halves.size() > 2) return false;
  if (halves.size() == 2) {
    const auto step = base::parse_int64(halves[1]);
    if (!step || *step <= 0) return false;
  }
  if (halves[0] == "*" || halves[0] == "?") return true;
  const auto ends = base::split(halves[0], '-');
  if (ends.size() > 2) return false;
  const auto first = cron_number(ends[0], field);
  const auto last = cron_number(ends.back(), field);
  return first && last && *first <= *last;
}

}  // namespace

void add(Violations& out, std::string path, ViolationKind kind, std::string value, std::string message) {
  out.push_back(
      {.path = std::move(path), .message = std::move(message), .kind = kind, .value = std::move(value)});
}

Violations finished(Violations out) {
  std::ranges::sort(out);
  const auto repeated = std::ranges::unique(out);
  out.erase(repeated.begin(), repeated.end());
  if (out.size() > 100) out.resize(100);
  return out;
}

std::string at(std::string_view list, std::size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

std::string member(std::string_view map, std::string_view key) {
  return std::string(map) + "[" + std::string(key) + "]";
}

void check_requirements(std::span<const model::NodeSelectorRequirement> requirements, std::string_view path,
                        Era era, Violations& out) {
  for (std::size_t i = 0; i < requirements.size(); ++i) {
    const std::string here = at(path, i);
    check_operator(requirements[i], here, era, out);
    check_key(requirements[i], here, era, out);
    check_values(requirements[i], here, out);
    check_count(requirements[i], here, era, out);
    if (era == Era::kV1) check_known_values(requirements[i], here, out);
  }
}

void check_requirement_values(std::span<const model::NodeSelectorRequirement> requirements,
                              std::string_view path, Violations& out) {
  for (std::size_t i = 0; i < requirements.size(); ++i)
    check_count(requirements[i], at(path, i), Era::kV1, out);
}

std::optional<std::string> domain_fault(std::string_view key) {
  const auto domain = domain_of(key);
  if (domain.ends_with("karpenter.sh") && key != labels::kCapacityType && key != labels::kNodePool) {
    return "label domain \"karpenter.sh\" is restricted";
  }
  if (key == labels::kHostname) return "label \"kubernetes.io/hostname\" is restricted";
  const bool listed =
      key == labels::kNodeClass || std::ranges::find(labels::kProvider, key) != labels::kProvider.end();
  if (!domain.ends_with("karpenter.k8s.aws") || listed) return std::nullopt;
  return "label domain \"karpenter.k8s.aws\" is restricted" + suggest_label(key);
}

void check_labels(const model::StringMap& values, std::string_view path, Era era, std::string_view own_label,
                  Violations& out) {
  for (const auto& [key, value] : values) {
    const std::string here = member(path, key);
    const auto cel = era == Era::kV1 ? domain_fault(key) : std::nullopt;
    if (key == own_label && era == Era::kV1) {
      add(out, here, ViolationKind::kInvalid, quoted(key), "label \"" + key + "\" is restricted");
    } else if (key == own_label) {
      add(out, here, ViolationKind::kForbidden, "", "invalid key name \"" + key + "\" in labels, restricted");
    } else if (cel) {
      add(out, here, ViolationKind::kInvalid, quoted(key), *cel);
    } else if (const auto fault = qualified_name_fault(key)) {
      add(out, here, ViolationKind::kInvalid, quoted(key),
          "invalid key name \"" + key + "\" in labels, " + *fault);
    } else if (const auto text = restriction(key, era)) {
      add(out, here, ViolationKind::kInvalid, quoted(key),
          "invalid key name \"" + key + "\" in labels, " + *text + suggest_label(key));
    }
    if (const auto fault = label_value_fault(value)) {
      add(out, here, ViolationKind::kInvalid, quoted(value),
          "invalid value: " + value + " for label[" + key + "], " + *fault);
    }
  }
}

void check_taints(std::span<const model::Taint> taints, std::span<const model::Taint> startup_taints,
                  std::string_view parent, Violations& out) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  const auto check = [&](std::span<const model::Taint> list, const std::string& path) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      check_taint(list[i], at(path, i), out);
      if (!seen.emplace(list[i].key, list[i].effect).second) {
        add(out, at(path, i), ViolationKind::kDuplicate, quoted(list[i].key + "=" + list[i].effect),
            "duplicate taint Key/Effect pair " + list[i].key + "=" + list[i].effect);
      }
    }
  };
  check(taints, std::string(parent) + ".taints");
  check(startup_taints, std::string(parent) + ".startupTaints");
}

void check_name(const model::ObjectMeta& meta, Violations& out) {
  if (meta.name.empty() && meta.generate_name.empty()) {
    add(out, "metadata.name", ViolationKind::kRequired, "", "name or generateName is required");
  }
  if (!meta.name.empty() && !is_dns1035_label(meta.name)) {
    add(out, "metadata.name", ViolationKind::kInvalid, quoted(meta.name), "not a DNS 1035 label");
  }
  std::string_view prefix = meta.generate_name;
  if (prefix.ends_with('-')) prefix.remove_suffix(1);
  if (!meta.generate_name.empty() && !is_dns1035_label(prefix)) {
    add(out, "metadata.generateName", ViolationKind::kInvalid, quoted(meta.generate_name),
        "not a DNS 1035 label prefix");
  }
}

std::optional<std::string> schedule_fault(std::string_view schedule) {
  constexpr std::array<std::string_view, 7> kMacros{"@annually", "@daily",  "@hourly", "@midnight",
                                                    "@monthly",  "@weekly", "@yearly"};
  if (std::ranges::find(kMacros, schedule) != kMacros.end()) return std::nullopt;
  constexpr std::array<CronField, 5> kFields{
      {{0, 59, {}}, {0, 23, {}}, {1, 31, {}}, {1, 12, kMonths}, {0, 6, kDays}}};
  std::vector<std::string> words;
  for (auto& word : base::split(base::replace_all(std::string(schedule), "\t", " "), ' ')) {
    if (!word.empty()) words.push_back(std::move(word));
  }
  if (words.size() != kFields.size())
    return "expected exactly 5 fields, found " + std::to_string(words.size());
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    for (const auto& range : base::split(words[i], ',')) {
      if (!is_cron_range(range, kFields[i]))
        return "failed to parse \"" + range + "\" in field " + std::to_string(i + 1);
    }
  }
  return std::nullopt;
}

std::string Violation::text() const { return path.empty() ? body() : path + ": " + body(); }

std::string Violation::body() const {
  const auto head = [this](std::string_view label) {
    return std::string(label) + (value.empty() ? "" : ": " + value) + ": " + message;
  };
  switch (kind) {
    case ViolationKind::kRequired:
      return head("Required value");
    case ViolationKind::kInvalid:
      return head("Invalid value");
    case ViolationKind::kNotSupported:
      return head("Unsupported value");
    case ViolationKind::kDuplicate:
      return head("Duplicate value");
    case ViolationKind::kForbidden:
      return head("Forbidden");
    case ViolationKind::kTooLong:
      return head("Too long");
    case ViolationKind::kTooMany:
      return head("Too many");
  }
  return head("Invalid value");
}

}  // namespace karpenter::admission
