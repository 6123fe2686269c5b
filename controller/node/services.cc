#include "controller/node/services.h"

#include <utility>

namespace karpenter::node {

namespace {

constexpr std::string_view kClaimsByProviderId = "status.providerID";
constexpr std::string_view kByNode = "spec.nodeName";

}  // namespace

void add_indexes(Services& services) {
  services.claims.add_index(std::string(kClaimsByProviderId), [](const model::NodeClaim& claim) {
    return std::vector{claim.status.provider_id};
  });
  services.pods.add_index(std::string(kByNode),
                          [](const model::Pod& pod) { return std::vector{pod.spec.node_name}; });
  services.attachments.add_index(std::string(kByNode), [](const model::VolumeAttachment& attachment) {
    return std::vector{attachment.node_name};
  });
}

std::shared_ptr<const model::NodeClaim> claim_of(const Services& services, const model::Node& node) {
  auto claims = services.claims.by_index(kClaimsByProviderId, node.spec.provider_id);
  return claims.size() == 1 ? std::move(claims.front()) : nullptr;
}

std::vector<PodPtr> pods_on(const Services& services, const std::string& node_name) {
  return services.pods.by_index(kByNode, node_name);
}

std::vector<std::shared_ptr<const model::VolumeAttachment>> attachments_of(const Services& services,
                                                                           const std::string& node_name) {
  return services.attachments.by_index(kByNode, node_name);
}

telemetry::EventObject event_object(const model::Node& node) {
  return {.api_version = "v1",
          .kind = "Node",
          .namespace_name = "",
          .name = node.meta.name,
          .uid = node.meta.uid};
}

telemetry::EventObject event_object(const model::Pod& pod) {
  return {.api_version = "v1",
          .kind = "Pod",
          .namespace_name = pod.meta.namespace_name,
          .name = pod.meta.name,
          .uid = pod.meta.uid};
}

}  // namespace karpenter::node
