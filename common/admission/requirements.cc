#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "common/admission/rules.h"
#include "common/base/strings.h"
#include "common/model/labels.h"
#include "common/model/requirements.h"
#include "common/schema/validate.h"

// Requirements of NodePools, NodeOverlays and Provisioners. spec: api §7.1, §7.7, §13.5

namespace karpenter::admission {
namespace {

namespace labels = model::labels;
using model::NodeSelectorRequirement;

constexpr std::array<std::string_view, 8> kOperators{"In", "NotIn", "Exists", "DoesNotExist",
                                                     "Gt", "Lt",    "Gte",    "Lte"};

std::span<const std::string_view> operators(Era era) {
  return std::span(kOperators).first(era == Era::kV1 ? 8 : 6);
}

bool is_comparison(std::string_view op) { return op == "Gt" || op == "Lt" || op == "Gte" || op == "Lte"; }

bool has_comparable_value(const NodeSelectorRequirement& requirement) {
  if (requirement.values.size() != 1) return false;
  std::string_view text = requirement.values.front();
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  const auto number = base::parse_int64(text);
  return number && *number >= 0;
}

template <class Words>
std::string spaced(const Words& words) {
  std::string out = "[";
  for (const auto& word : words) {
    if (out.size() > 256) break;
    out.append(out.size() == 1 ? "" : " ").append(word);
  }
  return shortened(out, 256) + "]";
}

// JSON text of a list of strings; at most 256 bytes.
std::string quoted_list(std::span<const std::string> words) {
  std::string out = "[";
  for (const auto& word : words) {
    if (out.size() > 256) break;
    out.append(out.size() == 1 ? "" : ",").append(quoted(word));
  }
  return shortened(out + "]", 256);
}

std::span<const std::string_view> known_values(std::string_view key) {
  static constexpr std::array<std::string_view, 3> kCapacityTypes{labels::kOnDemand, labels::kReserved,
                                                                  labels::kSpot};
  static constexpr std::array<std::string_view, 2> kTenancies{"dedicated", "default"};
  if (key == labels::kCapacityType) return kCapacityTypes;
  if (key == "karpenter.k8s.aws/instance-tenancy") return kTenancies;
  return {};
}

void check_known_values(const NodeSelectorRequirement& requirement, const Path& path, Violations& out) {
  const auto key = normalised_key(requirement.key);
  const auto known = known_values(key);
  if (known.empty() || requirement.op != "In") return;
  const auto valid =
      std::ranges::count_if(requirement.values, [&](const auto& value) { return is_one_of(value, known); });
  const std::string got = spaced(requirement.values);
  if (valid == 0) {
    const auto near = requirement.values.empty() ? "" : schema::suggestion(requirement.values.front(), known);
    add(out, step(path, "values").text(), ViolationKind::kInvalid, quoted_list(requirement.values),
        "no valid values found in " + got + " for " + std::string(key) +
            ", expected one of: " + spaced(known) + ", got: " + got + near);
  } else if (requirement.min_values && valid < *requirement.min_values) {
    add(out, step(path, "values").text(), ViolationKind::kInvalid, quoted_list(requirement.values),
        "not enough valid values found in " + got + " for " + std::string(key) + ", expected at least " +
            std::to_string(*requirement.min_values) + " valid values from: " + spaced(known) +
            ", got: " + std::to_string(valid));
  }
}

void check_key(const NodeSelectorRequirement& requirement, const Path& path, Era era, Violations& out) {
  const auto key = normalised_key(requirement.key);
  const auto refuse = [&](const std::string& text) {
    add(out, step(path, "key").text(), ViolationKind::kInvalid, quoted(requirement.key), text);
  };
  if (!is_one_of(requirement.op, operators(era))) {
    add(out, step(path, "operator").text(), ViolationKind::kNotSupported, quoted(requirement.op),
        "key " + shown(key) + " has an unsupported operator " + shown(requirement.op) + " not in " +
            spaced(operators(era)) + schema::suggestion(requirement.op, operators(era)));
  }
  if (const auto text = restriction(key, era)) refuse(*text + suggest_label(key, era));
  if (const auto fault = qualified_name_fault(key)) {
    refuse("key " + shown(key) + " is not a qualified name, " + *fault);
  }
}

void check_values(const NodeSelectorRequirement& requirement, const Path& path, Violations& out) {
  const auto key = normalised_key(requirement.key);
  const Path values = step(path, "values");
  const auto head = [&] {
    return "key " + shown(key) + " with operator " + shown(requirement.op) + " must have ";
  };
  for (std::size_t i = 0; i < requirement.values.size() && !is_full(out); ++i) {
    const auto& value = requirement.values[i];
    if (const auto fault = label_value_fault(value)) {
      add(out, item(values, i).text(), ViolationKind::kInvalid, quoted(value),
          "invalid value " + shown(value) + " for key " + shown(key) + ", " + *fault);
    }
  }
  if (requirement.op == "In" && requirement.values.empty()) {
    add(out, values.text(), ViolationKind::kRequired, "", head() + "a value defined");
  }
  if (requirement.op == "In" && requirement.min_values &&
      static_cast<std::int64_t>(requirement.values.size()) < *requirement.min_values) {
    add(out, step(path, "minValues").text(), ViolationKind::kInvalid, std::to_string(*requirement.min_values),
        head() + "at least minimum number of values defined in 'values' field");
  }
  if (is_comparison(requirement.op) && !has_comparable_value(requirement)) {
    add(out, values.text(), ViolationKind::kInvalid, quoted_list(requirement.values),
        head() + "a single positive integer value");
  }
}

// What is allowed but hardly meant of one requirement.
void warn_requirement(const NodeSelectorRequirement& requirement, const Path& path, Warnings& out) {
  const std::set<std::string_view> distinct(requirement.values.begin(), requirement.values.end());
  const auto& op = requirement.op;
  const auto say = [&](std::string_view member, const std::string& text) {
    out.push_back(step(path, member).text() + ": " + text);
  };
  if (distinct.size() != requirement.values.size()) say("values", "has duplicates");
  if ((op == "Exists" || op == "DoesNotExist") && !requirement.values.empty()) {
    say("values", "ignored with " + op);
  }
  if (op == "NotIn" && requirement.values.empty())
    say("values", "operator NotIn without values excludes nothing");
  if (requirement.min_values && op == "In" &&
      static_cast<std::int64_t>(distinct.size()) < *requirement.min_values) {
    say("minValues", "greater than the number of distinct values, so it can never be met");
  }
  const auto known = known_values(normalised_key(requirement.key));
  if (known.empty() || op != "In") return;
  for (const auto value : distinct) {
    if (!is_one_of(value, known))
      say("values", "unknown value \"" + shown(value) + "\" is ignored" + schema::suggestion(value, known));
  }
}

}  // namespace

void check_requirements(std::span<const NodeSelectorRequirement> requirements, const Path& path, Era era,
                        Violations& out) {
  for (std::size_t i = 0; i < requirements.size() && !is_full(out); ++i) {
    const Path here = item(path, i);
    check_key(requirements[i], here, era, out);
    check_values(requirements[i], here, out);
    if (era == Era::kV1) check_known_values(requirements[i], here, out);
  }
}

void warn_requirements(std::span<const NodeSelectorRequirement> requirements, const Path& path,
                       Warnings& out) {
  std::map<std::string_view, std::vector<model::Requirement>> by_key;
  std::set<std::string_view> seen;
  std::set<std::string_view> repeated;
  for (const auto& requirement : requirements) {
    const auto key = normalised_key(requirement.key);
    if (!seen.insert(key).second) repeated.insert(key);
  }
  for (std::size_t i = 0; i < requirements.size(); ++i) {
    const auto& requirement = requirements[i];
    const Path here = item(path, i);
    warn_requirement(requirement, here, out);
    if (!repeated.contains(normalised_key(requirement.key))) continue;
    const auto op = model::Requirement::parse_op(requirement.op);
    const auto made = op ? model::Requirement::make(requirement.key, *op, requirement.values)
                         : base::Result<model::Requirement>(base::invalid("no operator"));
    if (!made) continue;
    auto& others = by_key[normalised_key(requirement.key)];
    const bool clashes =
        std::ranges::any_of(others, [&](const auto& other) { return !other.has_intersection(*made); });
    if (clashes)
      out.push_back(here.text() + ": excludes another requirement on key " + requirement.key +
                    ", so no node can fit");
    others.push_back(*made);
  }
}

}  // namespace karpenter::admission
