#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/json/json.h"
#include "common/kube/store.h"
#include "common/model/core/core.h"
#include "common/model/karpenter/v1.h"
#include "common/net/loopback.h"
#include "common/telemetry/events.h"
#include "controller/aws/provider/aws.h"
#include "controller/aws/provider/aws_parts.h"
#include "tests/devcluster/aws/aws_cloud.h"
#include "tests/support/sim_runtime.h"

namespace karpenter::aws {

// The least of an API server: objects by path, merge patches with resourceVersion locking, deletes. Not
// thread-safe.
class MemoryKube final : public net::Handler {
 public:
  MemoryKube();
  net::HttpResponse handle(const net::HttpRequest& request, const net::Call& call) override;

  std::map<std::string, json::Value> objects;  // by path
  std::vector<std::string> deleted;            // paths, in order
};

class RecordedEvents final : public telemetry::EventRecorder {
 public:
  void publish(telemetry::Event event) override { all.push_back(std::move(event)); }
  std::vector<telemetry::Event> all;
};

// The AWS side over the AWS emulator in virtual time, with a NodePool and an EC2NodeClass that selects what
// the seeded account has.
struct AwsFixture {
  explicit AwsFixture(std::string queue = "demo");
  ~AwsFixture();

  // Writes an object to the API and the store, as an informer would.
  void put(const model::Ec2NodeClass& node_class);
  void put(const model::NodePool& pool);
  void put(const model::NodeClaim& claim);
  void put(const model::Node& node);
  // Copies what was patched or deleted in the API into the stores.
  void sync();
  [[nodiscard]] model::Ec2NodeClass node_class() const { return *node_classes.find("default"); }

  support::SimRuntime runtime;
  devcluster::AwsCloud cloud;
  MemoryKube kube_server;
  net::LoopbackTransport transport;
  telemetry::MemorySink sink;
  telemetry::Log log;
  telemetry::Metrics metrics;
  RecordedEvents events;
  std::unique_ptr<kube::Client> kube;
  kube::Store<model::Ec2NodeClass> node_classes;
  kube::Store<model::NodePool> node_pools;
  kube::Store<model::NodeClaim> node_claims;
  kube::Store<model::Node> nodes;
  std::unique_ptr<Aws> aws;
};

// An EC2NodeClass with everything resolved by hand, for tests without the nodeclass controller.
[[nodiscard]] model::Ec2NodeClass a_node_class();
[[nodiscard]] model::NodePool a_node_pool();
// A claim of that pool for an on-demand amd64 instance that fits 1 CPU.
[[nodiscard]] model::NodeClaim a_claim(std::string name);

}  // namespace karpenter::aws
