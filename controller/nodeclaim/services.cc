#include "controller/nodeclaim/services.h"

#include <utility>

#include "common/model/labels.h"
#include "controller/disruption/plan/node_view.h"

namespace karpenter::nodeclaim {

void add_indexes(Services& services) {
  services.nodes.add_index(std::string(kNodesByProviderId),
                           [](const model::Node& node) { return std::vector{node.spec.provider_id}; });
  services.claims.add_index(std::string(kClaimsByProviderId), [](const model::NodeClaim& claim) {
    return std::vector{claim.status.provider_id};
  });
}

std::vector<std::shared_ptr<const model::Node>> nodes_of(const Services& services,
                                                         const model::NodeClaim& claim) {
  return services.nodes.by_index(kNodesByProviderId, claim.status.provider_id);
}

std::shared_ptr<const model::NodeClaim> claim_of(const Services& services, const model::Node& node) {
  auto claims = services.claims.by_index(kClaimsByProviderId, node.spec.provider_id);
  return claims.size() == 1 ? std::move(claims.front()) : nullptr;
}

telemetry::EventObject event_object(const model::NodeClaim& claim) {
  return {.api_version = "karpenter.sh/v1",
          .kind = "NodeClaim",
          .namespace_name = "",
          .name = claim.meta.name,
          .uid = claim.meta.uid};
}

telemetry::Fields log_fields(const model::NodeClaim& claim) {
  telemetry::Fields fields{{"NodeClaim", telemetry::object_ref(claim.meta.name)}};
  if (!claim.status.provider_id.empty()) fields.emplace_back("provider-id", claim.status.provider_id);
  return fields;
}

base::Status remove_claim(Services& services, const model::NodeClaim& claim, std::string_view reason,
                          const Call& call) {
  const kube::Api<model::NodeClaim> api(services.client);
  auto removed = api.remove(model::key_of(claim.meta), {.preconditions = {.uid = claim.meta.uid}}, call);
  if (removed.failed_with(base::Code::kNotFound)) return base::ok();
  if (!removed) return std::move(removed).error().add("NodeClaim", claim.meta.name);
  services.metrics.count("karpenter_nodeclaims_disrupted_total",
                         disruption::plan::disrupted_labels(claim, reason).map());
  return base::ok();
}

std::vector<double> exponential_buckets(std::size_t n) {
  std::vector<double> out;
  for (double bound = 1; out.size() < n; bound *= 2) out.push_back(bound);
  return out;
}

}  // namespace karpenter::nodeclaim
