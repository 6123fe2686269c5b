#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/kube/store.h"
#include "common/model/karpenter/v1.h"
#include "common/telemetry/events.h"
#include "common/telemetry/log.h"
#include "controller/aws/provider/instance_types.h"
#include "controller/aws/provider/instances.h"
#include "controller/cloud/cloud_provider.h"

namespace karpenter::aws {

// The cloud provider of NodeClaims with an EC2NodeClass. Thread-safe. spec: aws §6.1, §10
class AwsCloudProvider final : public cloud::CloudProvider {
 public:
  struct Seams {
    runtime::Runtime& runtime;
    const kube::Store<model::Ec2NodeClass>& node_classes;
    const kube::Store<model::NodePool>& node_pools;
    InstanceTypeProvider& types;
    InstanceProvider& instances;
    telemetry::EventRecorder& events;
    telemetry::Log& log;
  };
  AwsCloudProvider(const Seams& seams, std::string cluster_name);

  base::Result<model::NodeClaim> create(const model::NodeClaim& claim, const Call& call) override;
  base::Status remove(const model::NodeClaim& claim, const Call& call) override;
  base::Result<model::NodeClaim> get(std::string_view provider_id, const Call& call) override;
  base::Result<std::vector<model::NodeClaim>> list(const Call& call) override;
  base::Result<cloud::InstanceTypes> instance_types(const model::NodePool& pool, const Call& call) override;
  base::Result<std::string> is_drifted(const model::NodeClaim& claim, const Call& call) override;
  [[nodiscard]] std::string_view name() const override { return "aws"; }

 private:
  // Null when it does not exist or is being deleted.
  std::shared_ptr<const model::Ec2NodeClass> find_class(std::string_view name) const;
  // Types by NodePool name, looked up once per pass; empty when the pool, its class or the types cannot be
  // had.
  using PoolTypes = std::map<std::string, cloud::InstanceTypes>;
  const cloud::InstanceType* find_type(const CloudInstance& instance, PoolTypes& known) const;
  model::NodeClaim describe(const CloudInstance& instance, PoolTypes& known) const;

  Seams seams_;
  telemetry::Log log_;
  std::string cluster_name_;
};

// What a launched or read instance tells as a NodeClaim. `type` and `node_class` may be null. Pure. spec: aws
// §10.1
[[nodiscard]] model::NodeClaim claim_of(const CloudInstance& instance, const cloud::InstanceType* type,
                                        const model::Ec2NodeClass* node_class, base::Time now);

// Whether a launch may use the class now: kNotReady (claim is deleted) or kInternal with reason
// NodeClassReadinessUnknown (retried). Pure. spec: aws §6.1
[[nodiscard]] base::Status check_ready(const model::Ec2NodeClass& node_class);

}  // namespace karpenter::aws
