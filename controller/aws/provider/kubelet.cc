#include "controller/aws/provider/kubelet.h"

#include "common/json/json.h"

namespace karpenter::aws {
namespace {

model::StringMap string_map(json::View object) {
  model::StringMap out;
  for (const auto& [key, value] : object.members()) {
    out.emplace(key, value.is_string() ? value.string_or("") : value.dump());
  }
  return out;
}

}  // namespace

base::Result<KubeletConfig> parse_kubelet(std::string_view text) {
  KubeletConfig out;
  if (text.empty()) return out;
  auto parsed = json::parse(text);
  if (!parsed) return std::move(parsed).error().add("path", "spec.kubelet");
  const json::View root = parsed->view();
  if (!root.is_object()) return base::invalid("spec.kubelet must be an object");
  out.max_pods = root["maxPods"].integer();
  out.pods_per_core = root["podsPerCore"].integer();
  for (const json::View address : root["clusterDNS"].items())
    out.cluster_dns.push_back(address.string_or(""));
  out.system_reserved = string_map(root["systemReserved"]);
  out.kube_reserved = string_map(root["kubeReserved"]);
  out.eviction_hard = string_map(root["evictionHard"]);
  out.eviction_soft = string_map(root["evictionSoft"]);
  out.eviction_soft_grace_period = string_map(root["evictionSoftGracePeriod"]);
  out.eviction_max_pod_grace_period = root["evictionMaxPodGracePeriod"].integer();
  out.image_gc_high_threshold = root["imageGCHighThresholdPercent"].integer();
  out.image_gc_low_threshold = root["imageGCLowThresholdPercent"].integer();
  out.cpu_cfs_quota = root["cpuCFSQuota"].boolean();
  return out;
}

model::Resources reserved_resources(const model::StringMap& entries) {
  model::Resources out;
  for (const auto& [name, text] : entries) {
    if (auto quantity = model::Quantity::parse(text)) out.set(name, *quantity);
  }
  return out;
}

}  // namespace karpenter::aws
