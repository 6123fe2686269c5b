#pragma once

#include <memory>
#include <string>

#include "common/kube/client.h"
#include "common/net/loopback.h"
#include "tests/devcluster/aws/aws_cloud.h"
#include "tests/devcluster/kube/api_server.h"
#include "tests/devcluster/kubelet/kubelets.h"
#include "tests/devcluster/scheduler/scheduler.h"
#include "tests/devcluster/workloads/workloads.h"

namespace karpenter::devcluster {

struct EmbeddedClusterOptions {
  ApiServerOptions api;
  AwsOptions aws = {};
  KubeletTimes kubelets = {};
};

// A whole cluster in one process: API server and AWS emulators, and the actors between them, which reach both
// in memory. The same object serves the demo (behind sockets) and simulation (virtual time). start() spawns
// threads on the runtime; stop the runtime's threads before destroying it.
class EmbeddedCluster {
 public:
  EmbeddedCluster(runtime::Runtime& runtime, EmbeddedClusterOptions options);
  void start();

  [[nodiscard]] ApiServer& api() { return api_; }
  [[nodiscard]] AwsCloud& aws() { return aws_; }
  // A client with full rights, in memory: for actors, checkers and tests.
  [[nodiscard]] kube::Client& client() { return client_; }

  static constexpr const char* kInternalToken = "internal-actors";
  static net::Origin internal_origin() {
    return {.scheme = "https", .host = "embedded.cluster", .port = 443};
  }

 private:
  ApiServer api_;
  AwsCloud aws_;
  net::LoopbackTransport transport_;
  kube::Client client_;
  Kubelets kubelets_;
  Scheduler scheduler_;
  Workloads workloads_;
};

}  // namespace karpenter::devcluster
