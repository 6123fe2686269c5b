#include "tests/devcluster/embedded_cluster.h"

#include <utility>

namespace karpenter::devcluster {
namespace {

ApiServerOptions with_internal_user(ApiServerOptions options) {
  options.tokens.insert_or_assign(EmbeddedCluster::kInternalToken,
                                  UserInfo{.name = "system:embedded-actors", .groups = {"system:masters"}});
  return options;
}

kube::Client::Options internal_client() {
  kube::Client::Options out;
  out.origin = EmbeddedCluster::internal_origin();
  out.user_agent = "embedded-actors";
  out.bearer_token = [] { return std::string(EmbeddedCluster::kInternalToken); };
  out.qps = 100000;  // they stand for many machines
  out.burst = 100000;
  return out;
}

net::LoopbackTransport route_to(ApiServer& api) {
  net::LoopbackTransport out;
  out.route(EmbeddedCluster::internal_origin(), api);
  return out;
}

}  // namespace

EmbeddedCluster::EmbeddedCluster(runtime::Runtime& runtime, EmbeddedClusterOptions options)
    : api_(runtime, with_internal_user(std::move(options.api))),
      aws_(runtime, options.aws),
      transport_(route_to(api_)),
      client_(runtime, transport_, internal_client()),
      kubelets_(client_, aws_, options.aws.cluster_name, options.kubelets),
      scheduler_(client_),
      workloads_(client_) {}

void EmbeddedCluster::start() {
  kubelets_.start();
  scheduler_.start();
  workloads_.start();
}

}  // namespace karpenter::devcluster
