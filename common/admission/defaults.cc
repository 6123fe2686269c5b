#include <algorithm>
#include <array>

#include "common/admission/admission.h"
#include "common/admission/syntax.h"
#include "common/model/labels.h"

namespace karpenter::admission {
namespace {

namespace labels = model::labels;

template <class T, class U>
void set_if_absent(std::optional<T>& target, U&& value) {
  if (!target) target = std::forward<U>(value);
}

void default_budgets(std::optional<std::vector<model::Budget>>& budgets) {
  set_if_absent(budgets,
                std::vector<model::Budget>{{.nodes = "10%", .reasons = {}, .schedule = {}, .duration = {}}});
  for (auto& budget : *budgets) {
    if (budget.nodes.empty()) budget.nodes = "10%";
  }
}

void default_metadata_options(std::optional<model::MetadataOptions>& options) {
  set_if_absent(options, model::MetadataOptions{});
  set_if_absent(options->http_endpoint, "enabled");
  set_if_absent(options->http_protocol_ipv6, "disabled");
  set_if_absent(options->http_put_response_hop_limit, 1);
  set_if_absent(options->http_tokens, "required");
}

bool names_key(const model::v1alpha5::ProvisionerSpec& spec, std::string_view key) {
  return std::ranges::any_of(spec.requirements,
                             [&](const auto& requirement) { return normalised_key(requirement.key) == key; });
}

void append(model::v1alpha5::ProvisionerSpec& spec, std::string_view key, std::string_view op,
            std::vector<std::string> values) {
  spec.requirements.push_back({.key = std::string(key),
                               .op = std::string(op),
                               .values = std::move(values),
                               .min_values = std::nullopt});
}

}  // namespace

void set_defaults(model::NodePool& pool) {
  set_if_absent(pool.spec.disruption, model::Disruption{});
  auto& disruption = *pool.spec.disruption;
  set_if_absent(disruption.consolidate_after, "0s");
  set_if_absent(disruption.consolidation_policy, "WhenEmptyOrUnderutilized");
  default_budgets(disruption.budgets);
  set_if_absent(pool.spec.node_template.spec.expire_after, "720h");
}

void set_defaults(model::NodeClaim& claim) { set_if_absent(claim.spec.expire_after, "720h"); }

void set_defaults(model::Ec2NodeClass& node_class) {
  default_metadata_options(node_class.spec.metadata_options);
}

void set_defaults(model::v1beta1::NodePool& pool) {
  set_if_absent(pool.spec.disruption, model::v1beta1::Disruption{});
  auto& disruption = *pool.spec.disruption;
  set_if_absent(disruption.consolidation_policy, "WhenUnderutilized");
  set_if_absent(disruption.expire_after, "720h");
  default_budgets(disruption.budgets);
}

void set_defaults(model::v1beta1::Ec2NodeClass& node_class) {
  // The CRD's default of the object and that of the member differ there.
  if (auto& options = node_class.spec.metadata_options)
    set_if_absent(options->http_put_response_hop_limit, 2);
  default_metadata_options(node_class.spec.metadata_options);
}

void set_defaults(model::v1alpha5::Provisioner& provisioner) {
  auto& spec = provisioner.spec;
  if (!names_key(spec, labels::kOs)) append(spec, labels::kOs, "In", {"linux"});
  if (!names_key(spec, labels::kArch)) append(spec, labels::kArch, "In", {"amd64"});
  if (!names_key(spec, labels::kCapacityType)) append(spec, labels::kCapacityType, "In", {"on-demand"});
  constexpr std::array kShapes{labels::kInstanceType, labels::kInstanceFamily, labels::kInstanceCategory,
                               labels::kInstanceGeneration};
  if (std::ranges::none_of(kShapes, [&](std::string_view key) { return names_key(spec, key); })) {
    append(spec, labels::kInstanceCategory, "In", {"c", "m", "r"});
    append(spec, labels::kInstanceGeneration, "Gt", {"2"});
  }
}

}  // namespace karpenter::admission
