#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/model/meta.h"
#include "common/model/taints.h"
#include "controller/aws/provider/ami_family.h"
#include "controller/aws/provider/kubelet.h"

// The text that turns a fresh instance into a node. Pure. spec: aws §9

namespace karpenter::aws {

// `kubelet` is the parsed view after §7.2 (maxPods and clusterDNS filled in); `raw_kubelet` the user's JSON
// text, which nodeadm gets with the same additions.
struct BootstrapInput {
  std::string cluster_name;
  std::string cluster_endpoint;
  std::string ca_bundle;     // base64
  std::string service_cidr;  // AL2023 only
  bool raid0 = false;
  KubeletConfig kubelet;
  std::string raw_kubelet;
  std::vector<model::Taint> taints;
  model::StringMap labels;            // already without restricted domains
  std::optional<std::string> custom;  // spec.userData
};

// Plain bytes, not base64. kInvalid when the custom part cannot be combined or the CA bundle is no base64.
[[nodiscard]] base::Result<std::string> make_user_data(AmiFamily family, const BootstrapInput& input);

// Labels that kubelet may set itself: not of kubernetes.io, k8s.io and their subdomains. spec: aws §7.2
[[nodiscard]] model::StringMap bootstrap_labels(const model::StringMap& labels);
// `k=v,k2=v2` between double quotes, sorted.
[[nodiscard]] std::string node_labels_flag(const model::StringMap& labels);
// The kubelet arguments of AL2 and Windows. spec: aws §9.1
[[nodiscard]] std::string kubelet_arguments(const BootstrapInput& input);

}  // namespace karpenter::aws
