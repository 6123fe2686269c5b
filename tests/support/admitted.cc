#include "tests/support/admitted.h"

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <string>
#include <utility>

#include "common/base/duration.h"
#include "common/base/strings.h"
#include "common/json/yaml.h"
#include "common/model/quantity.h"
#include "common/schema/crd.h"
#include "common/schema/patterns.h"
#include "webhook/offline/check.h"

namespace karpenter::support {
namespace {

using json::Ref;
using json::View;
using schema::Shape;
using schema::Type;

// A plain valid spec of each kind. Members that exclude one of these are null: a merge removes them.
json::Value plain_spec(std::string_view kind, std::string_view version) {
  static const std::map<std::string, std::string, std::less<>> kSpecs{
      {"NodePool/v1",
       "template: {spec: {nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: c}, "
       "requirements: []}}"},
      {"NodePool/v1beta1", "template: {spec: {nodeClassRef: {name: c}, requirements: []}}"},
      {"NodeClaim/v1",
       "{nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: c}, requirements: []}"},
      {"NodeClaim/v1beta1", "{nodeClassRef: {name: c}, requirements: []}"},
      {"EC2NodeClass/v1",
       "{role: r, instanceProfile: null, amiFamily: null, amiSelectorTerms: [{alias: al2023@latest}], "
       "subnetSelectorTerms: [{id: subnet-1}], securityGroupSelectorTerms: [{id: sg-1}]}"},
      {"EC2NodeClass/v1beta1",
       "{role: r, instanceProfile: null, amiFamily: AL2023, amiSelectorTerms: null, "
       "subnetSelectorTerms: [{id: subnet-1}], securityGroupSelectorTerms: [{id: sg-1}]}"},
      {"Provisioner/v1alpha5", "{provider: null, providerRef: {name: t}}"},
      {"AWSNodeTemplate/v1alpha1",
       "{launchTemplate: null, subnetSelector: {a: b}, securityGroupSelector: {a: b}}"},
      {"NodeOverlay/v1alpha1", "{requirements: [{key: team, operator: Exists}], weight: 10, price: '1.0'}"},
  };
  const auto it = kSpecs.find(std::string(kind) + "/" + std::string(version));
  if (it == kSpecs.end()) return json::Value::object();
  return std::move(json::parse_yaml(it->second).value().front());
}

// The steps of an error path that exist in `object`, keys as they are and indices as digits.
std::vector<std::string> resolve(View at, std::string_view path) {
  std::vector<std::string> out;
  while (!path.empty()) {
    if (path.starts_with('.')) path.remove_prefix(1);
    std::string best;
    std::size_t length = 0;
    for (const auto& [key, value] : at.members()) {
      for (const auto& name : {std::string(key), "[" + std::string(key) + "]"}) {
        if (!path.starts_with(name) || name.size() <= length) continue;
        best = key;
        length = name.size();
      }
    }
    if (at.is_array() && path.starts_with('[')) {
      best = path.substr(1, path.find(']') - 1);
      length = best.size() + 2;
    }
    const auto index = at.is_array() ? base::parse_int64(best) : std::nullopt;
    if (length == 0 || (at.is_array() && (!index || static_cast<std::size_t>(*index) >= at.size()))) break;
    at = index ? at[static_cast<std::size_t>(*index)] : at[best];
    out.push_back(std::move(best));
    path.remove_prefix(std::min(length, path.size()));
  }
  return out;
}

// Removes what the steps lead to, without the last `up` of them; members that a plain object has become its.
void repair(json::Value& object, std::vector<std::string> steps, std::size_t up, const json::Value& plain) {
  steps.resize(steps.size() - std::min(up, steps.size()));
  if (steps.empty()) return json::apply_merge_patch(object["spec"], plain);  // there is none
  if (steps.size() == 1 && steps[0] == "spec") {
    if (up == 0) json::apply_merge_patch(object["spec"], plain);
    if (up > 0) object["spec"].set_object();
    if (up > 0) json::apply_merge_patch(object["spec"], plain);
    return;
  }
  if (steps.size() == 2 && steps[0] == "spec" && plain[steps[1]].exists())
    return object["spec"][steps[1]].set(plain[steps[1]]);
  const std::string last = steps.back();
  steps.pop_back();
  Ref at = object.ref();
  for (const auto& step : steps) {
    at = at.view().is_array() ? at[static_cast<std::size_t>(*base::parse_int64(step))] : at[step];
  }
  if (at.view().is_array()) return at.erase(static_cast<std::size_t>(*base::parse_int64(last)));
  at.erase(last);
}

bool is_duration(const Type& type) {
  namespace p = schema::patterns;
  constexpr std::array kPatterns{p::kDuration, p::kDurationOrNever, p::kBetaDurationOrNever,
                                 p::kBudgetDuration};
  return std::ranges::find(kPatterns, type.limits.pattern) != kPatterns.end();
}

bool is_left_by_conversion(std::string_view annotation) {
  return annotation.starts_with("compatibility.karpenter.") ||
         annotation == "karpenter.sh/stored-version-migrated";
}

json::Value scalar_meaning(const Type& type, View value) {
  const std::string text = value.is_number() ? value.dump() : value.string_or("");
  if (type.shape == Shape::kIntOrString || type.limits.pattern == schema::patterns::kVolumeSize) {
    const auto quantity = model::Quantity::parse(text);
    if (quantity) return json::Value::of(quantity->text());
  }
  if (is_duration(type)) {
    const auto duration = base::parse_duration(text);
    if (duration) return json::Value::of(base::format_duration(*duration));
  }
  return json::Value(value);
}

bool says_nothing(View value) {
  return value.is_null() || ((value.is_object() || value.is_array()) && value.size() == 0) ||
         value.string() == "";
}

}  // namespace

std::vector<DrawnKind> drawn_kinds() {
  static const std::vector<schema::Crd> kCrds = schema::described_kinds();
  std::vector<DrawnKind> out;
  for (const auto& crd : kCrds) {
    for (const auto& version : crd.versions) out.push_back({crd.group, version.name, crd.kind, version.type});
  }
  return out;
}

json::Value draw(Generator& generator, const DrawnKind& kind, Draw draw) {
  json::Value out = generator.object(*kind.type, draw);
  out["apiVersion"].set(std::string(kind.group) + "/" + std::string(kind.version));
  out["kind"].set(kind.kind);
  return out;
}

std::optional<json::Value> draw_admitted(Generator& generator, const DrawnKind& kind, std::string& refused) {
  json::Value object = draw(generator, kind, Draw::kValid);
  const json::Value plain = plain_spec(kind.kind, kind.version);
  std::map<std::string, std::size_t> refusals;  // by path
  for (int round = 0; round < 100; ++round) {
    const auto verdict = webhook::offline::check(object);
    if (!verdict.has_error()) return object;
    // One a round: what is removed moves what comes after it.
    const auto& finding = verdict.findings.front();
    const auto steps = resolve(object, finding.path);
    refused = finding.path + ": " + finding.message + "\n" + object.dump();
    repair(object, steps, refusals[base::join(steps, "\n")]++, plain);
  }
  return std::nullopt;
}

json::Value meaning(const Type& type, View object) {
  if (type.shape == Shape::kList) {
    json::Value out = json::Value::array();
    for (const auto item : object.items()) out.ref().push_back().set(meaning(*type.item, item));
    return out;
  }
  const bool is_map = type.shape == Shape::kMap;
  if (!is_map && type.shape != Shape::kObject && type.shape != Shape::kMeta)
    return scalar_meaning(type, object);
  json::Value out = json::Value::object();
  for (const auto& [key, value] : object.members()) {
    if (is_map && is_left_by_conversion(key)) continue;
    json::Value said;
    const auto field = std::ranges::find(type.fields, key, &schema::Field::name);
    if (is_map)
      said = meaning(*type.item, value);
    else if (field == type.fields.end())
      continue;
    else
      said = meaning(field->type, value);
    const bool is_zero = key == "observedGeneration" && said.view().integer() == 0;
    if (is_map || !(says_nothing(said) || is_zero)) out[key].set(std::move(said));
  }
  return out;
}

}  // namespace karpenter::support
