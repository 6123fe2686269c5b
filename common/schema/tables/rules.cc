#include <array>
#include <deque>
#include <string>

#include "common/base/strings.h"
#include "common/model/labels.h"
#include "common/schema/tables/shared.h"

// CEL rules on label keys. In the templates below $ stands for the key and DOMAIN for its text before the
// first '/'.

namespace karpenter::schema {
namespace {

constexpr std::string_view kBetaKubernetesKeys =
    "'beta.kubernetes.io/instance-type', 'failure-domain.beta.kubernetes.io/region', "
    "'beta.kubernetes.io/os', "
    "'beta.kubernetes.io/arch', 'failure-domain.beta.kubernetes.io/zone', 'topology.kubernetes.io/zone', "
    "'topology.kubernetes.io/region', 'node.kubernetes.io/instance-type', 'kubernetes.io/arch', "
    "'kubernetes.io/os', 'node.kubernetes.io/windows-build'";

// Keys of the AWS domain that NodeOverlays cannot be about (list A minus list B).
bool is_no_overlay_key(std::string_view key) {
  key.remove_prefix(key.find('/') + 1);
  return key == "instance-tenancy" || key.starts_with("capacity-reservation-") ||
         key.starts_with("placement-group-");
}

// Keys of the AWS domain that v1beta1 did not know yet (list A minus L19).
bool is_newer_than_beta(std::string_view key) {
  static constexpr std::array<std::string_view, 8> kNewer = {
      "instance-tenancy",
      "capacity-reservation-type",
      "capacity-reservation-id",
      "capacity-reservation-interruptible",
      "instance-cpu-sustained-clock-speed-mhz",
      "instance-capability-flex",
      "placement-group-id",
      "placement-group-partition",
  };
  key.remove_prefix(key.find('/') + 1);
  for (const auto newer : kNewer) {
    if (key == newer) return true;
  }
  return false;
}

std::string aws_rule(KeyDomains domains) {
  const bool beta = domains == KeyDomains::kBetaNodePool || domains == KeyDomains::kBetaNodeClaim;
  std::string keys;
  const auto add = [&](std::string_view key) {
    keys.append(keys.empty() ? "'" : ", '").append(key).append("'");
  };
  if (domains != KeyDomains::kBetaNodePool) add(model::labels::kNodeClass);
  for (const auto key : model::labels::kProvider) {
    if (domains == KeyDomains::kOverlay && is_no_overlay_key(key)) continue;
    const bool claim_extra =
        domains == KeyDomains::kBetaNodeClaim && key.ends_with("instance-cpu-sustained-clock-speed-mhz");
    if (!beta || claim_extra || !is_newer_than_beta(key)) add(key);
  }
  return "$ in [" + keys + "] || !DOMAIN.endsWith('karpenter.k8s.aws')";
}

struct TemplateRule {
  std::string cel;
  std::string_view message;
};

std::vector<TemplateRule> key_rules(KeyDomains domains) {
  const bool beta = domains == KeyDomains::kBetaNodePool || domains == KeyDomains::kBetaNodeClaim;
  std::vector<TemplateRule> out;
  if (beta) {
    out.push_back(
        {"$ in [" + std::string(kBetaKubernetesKeys) +
             "] || DOMAIN.endsWith('node.kubernetes.io') || "
             "DOMAIN.endsWith('node-restriction.kubernetes.io') || !DOMAIN.endsWith('kubernetes.io')",
         "label domain \"kubernetes.io\" is restricted"});
    out.push_back({"DOMAIN.endsWith('kops.k8s.io') || !DOMAIN.endsWith('k8s.io')",
                   "label domain \"k8s.io\" is restricted"});
  }
  out.push_back(
      {"$ in ['karpenter.sh/capacity-type', 'karpenter.sh/nodepool'] || !DOMAIN.endsWith('karpenter.sh')",
       "label domain \"karpenter.sh\" is restricted"});
  if (domains == KeyDomains::kV1NodePool || domains == KeyDomains::kBetaNodePool) {
    out.push_back({"$ != 'karpenter.sh/nodepool'", "label \"karpenter.sh/nodepool\" is restricted"});
  }
  out.push_back({"$ != 'kubernetes.io/hostname'", "label \"kubernetes.io/hostname\" is restricted"});
  out.push_back({aws_rule(domains), "label domain \"karpenter.k8s.aws\" is restricted"});
  return out;
}

// A Type refers to its texts, so texts made at run time need a place that lasts as long as the tables do.
std::string_view keep(std::string text) {
  static std::deque<std::string> texts;
  return texts.emplace_back(std::move(text));
}

std::string fill(std::string_view cel, std::string_view key) {
  auto text = base::replace_all(std::string(cel), "DOMAIN", "$.find('^[^/]*')");
  return base::replace_all(std::move(text), "$", key);
}

}  // namespace

Rule in_needs_values() {
  return {.rule = "self.all(x, x.operator != 'In' || x.values.size() > 0)",
          .message = "requirements with operator 'In' must have a value defined"};
}

Rule min_values_need_values() {
  return {.rule = "self.all(x, x.operator != 'In' || !has(x.minValues) || x.values.size() >= x.minValues)",
          .message =
              "requirements with 'minValues' must have at least that many values specified in the 'values' "
              "field"};
}

std::vector<Rule> requirement_key_rules(KeyDomains domains) {
  std::vector<Rule> out;
  for (const auto& rule : key_rules(domains)) {
    out.push_back({.rule = keep(fill(rule.cel, "self")), .message = rule.message});
  }
  return out;
}

std::vector<Rule> label_map_rules(KeyDomains domains) {
  std::vector<Rule> out;
  for (const auto& rule : key_rules(domains)) {
    out.push_back({.rule = keep("self.all(x, " + fill(rule.cel, "x") + ")"), .message = rule.message});
  }
  return out;
}

}  // namespace karpenter::schema
