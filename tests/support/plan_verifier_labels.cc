#include <algorithm>

#include "common/base/strings.h"
#include "common/model/labels.h"
#include "tests/support/plan_verifier_scene.h"

namespace karpenter::support {
namespace {

using model::NodeSelectorRequirement;

constexpr std::string_view kFresh = "~any~";  // a value that nobody names

bool compare(std::string_view op, std::int64_t value, std::int64_t bound) {
  if (op == "Gt") return value > bound;
  if (op == "Lt") return value < bound;
  return op == "Gte" ? value >= bound : value <= bound;
}

std::string key_of(const NodeSelectorRequirement& expression) {
  return std::string(model::normalize_label(expression.key));
}

// Every value that could make a difference for a key: those named anywhere, the neighbours of bounds, one
// that nobody names, and "" for a missing label.
using Universe = std::map<std::string, std::set<std::string>>;

void name_values(const Expressions& expressions, Universe& universe) {
  for (const auto& expression : expressions) {
    auto& values = universe[key_of(expression)];
    values.insert("");
    values.emplace(kFresh);
    values.insert(expression.values.begin(), expression.values.end());
    for (const auto& value : expression.values) {
      const auto number = base::parse_int64(value);
      if (!number) continue;
      values.insert(std::to_string(*number + 1));
      if (*number > 0) values.insert(std::to_string(*number - 1));
    }
  }
}

void name_pod_values(const Pod& pod, Universe& universe) {
  for (const auto& term : required_terms(pod)) name_values(term, universe);
}

using ByKey = std::map<std::string, Expressions>;
ByKey by_key(const Expressions& expressions) {
  ByKey out;
  for (const auto& expression : expressions) out[key_of(expression)].push_back(expression);
  return out;
}

void add(ByKey& to, const ByKey& from) {
  for (const auto& [key, expressions] : from) {
    auto& all = to[key];
    all.insert(all.end(), expressions.begin(), expressions.end());
  }
}

// Empty when some label has no possible value: such a launch cannot be.
LabelChoices solve(const ByKey& constraints, const Universe& universe) {
  LabelChoices out;
  for (const auto& [key, expressions] : constraints) {
    std::set<std::string> left;
    for (const auto& value : universe.at(key)) {
      const std::string* label = value.empty() ? nullptr : &value;
      if (std::ranges::all_of(expressions, [&](const auto& e) { return holds(e, label); }))
        left.insert(value);
    }
    if (left.empty()) return {};
    out.emplace(key, std::move(left));
  }
  return out;
}

}  // namespace

bool holds(const NodeSelectorRequirement& expression, const std::string* value) {
  const std::string& op = expression.op;
  if (op == "Exists") return value != nullptr;
  if (op == "DoesNotExist") return value == nullptr;
  const bool is_named =
      value != nullptr && std::ranges::find(expression.values, *value) != expression.values.end();
  if (op == "In") return expression.values.empty() ? value == nullptr : is_named;
  if (op == "NotIn") return !is_named;
  const auto number = value == nullptr ? std::nullopt : base::parse_int64(*value);
  const auto bound = expression.values.empty() ? std::nullopt : base::parse_int64(expression.values.front());
  return number && bound && compare(op, *number, *bound);
}

std::vector<Launch> launches_of(const Scene& scene, const SceneClaim& claim) {
  const auto pool =
      std::ranges::find(scene.pools, claim.pool, [](const auto& p) { return p.pool->meta.name; });
  if (pool == scene.pools.end()) return {};
  Universe universe;
  name_values(claim.requirements, universe);
  for (const auto* pod : claim.pods) name_pod_values(*pod, universe);
  for (const auto* pod : scene.daemons) name_pod_values(*pod, universe);
  const std::set<std::string> wanted(claim.types.begin(), claim.types.end());
  std::vector<Launch> out;
  for (const auto& type : pool->types) {
    if (!wanted.contains(type->name)) continue;
    const Expressions own = type->requirements.to_api();
    name_values(own, universe);
    for (const auto& offering : type->offerings) {
      if (!offering.available) continue;
      const Expressions offered = offering.requirements.to_api();
      name_values(offered, universe);
      ByKey constraints = by_key(claim.requirements);
      add(constraints, by_key(own));
      add(constraints, by_key(offered));
      LabelChoices labels = solve(constraints, universe);
      if (!labels.empty()) out.push_back({.type = type.get(), .labels = std::move(labels)});
    }
  }
  return out;
}

LabelChoices choices_of(const SceneNode& node) {
  LabelChoices out;
  for (const auto& [key, value] : node.labels) out[std::string(model::normalize_label(key))] = {value};
  return out;
}

bool always_holds(const Expressions& all, const LabelChoices& labels) {
  return std::ranges::all_of(all, [&](const NodeSelectorRequirement& expression) {
    const auto found = labels.find(key_of(expression));
    if (found == labels.end()) return holds(expression, nullptr);
    return std::ranges::all_of(found->second, [&](const std::string& value) {
      return holds(expression, value.empty() ? nullptr : &value);
    });
  });
}

std::vector<Expressions> required_terms(const Pod& pod) {
  Expressions selector;
  for (const auto& [key, value] : pod.spec.node_selector) {
    NodeSelectorRequirement expression;
    expression.key = key;
    expression.op = "In";
    expression.values = {value};
    selector.push_back(std::move(expression));
  }
  const auto& affinity = pod.spec.affinity;
  const bool has_terms = affinity && affinity->node_affinity && affinity->node_affinity->required &&
                         !affinity->node_affinity->required->empty();
  if (!has_terms) return {selector};
  std::vector<Expressions> out;
  for (const auto& term : *affinity->node_affinity->required) {
    Expressions all = selector;
    all.insert(all.end(), term.match_expressions.begin(), term.match_expressions.end());
    out.push_back(std::move(all));
  }
  return out;
}

bool tolerates_hard(const Pod& pod, const std::vector<model::Taint>& taints) {
  return std::ranges::all_of(taints, [&](const model::Taint& taint) {
    return taint.effect == model::kPreferNoSchedule ||
           std::ranges::any_of(pod.spec.tolerations,
                               [&](const auto& t) { return model::tolerates(t, taint); });
  });
}

}  // namespace karpenter::support
