#pragma once

#include <string>

#include "common/kube/client.h"
#include "common/runtime/runtime.h"
#include "common/telemetry/log.h"
#include "controller/aws/client/eks_api.h"

namespace karpenter::aws {

using runtime::Call;

// What the provider knows about the cluster it serves. Thread-safe. spec: aws §5.5, §1.3
class ClusterData {
 public:
  struct Options {
    std::string name;
    std::string endpoint;   // "": from EKS
    std::string ca_bundle;  // base64
    bool eks_control_plane = false;
  };
  ClusterData(EksApi& eks, kube::Client& kube, telemetry::Log& log, Options options);

  // Endpoint (fatal when it cannot be found), kube-dns address (only logged), version (fatal).
  base::Status start(const Call& call);
  // Reads the Kubernetes version. An unsupported one is kept and reported once per distinct version. spec:
  // aws §5.5
  base::Status update_version(const Call& call);
  // From EKS at the first use, then remembered; kNotReady with reason ClusterCIDRResolutionFailed when
  // unknown.
  base::Result<std::string> service_cidr(const Call& call);

  [[nodiscard]] const std::string& name() const { return options_.name; }
  [[nodiscard]] const std::string& ca_bundle() const { return options_.ca_bundle; }
  [[nodiscard]] std::string endpoint() const;
  [[nodiscard]] std::string dns_address() const;  // "" when unknown
  [[nodiscard]] bool is_ipv6() const;
  [[nodiscard]] std::string version() const;  // "1.31"

 private:
  base::Result<std::string> read_version(const Call& call);

  EksApi& eks_;
  kube::Client& kube_;
  telemetry::Log log_;
  const Options options_;
  mutable runtime::Mutex mutex_;
  std::string endpoint_ KARP_GUARDED_BY(mutex_);
  std::string dns_address_ KARP_GUARDED_BY(mutex_);
  std::string version_ KARP_GUARDED_BY(mutex_);
  std::string reported_version_ KARP_GUARDED_BY(mutex_);
  std::string service_cidr_ KARP_GUARDED_BY(mutex_);
};

}  // namespace karpenter::aws
