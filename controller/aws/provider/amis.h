#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "common/model/karpenter/v1.h"
#include "common/runtime/runtime.h"
#include "common/telemetry/log.h"
#include "controller/aws/client/ec2_api.h"
#include "controller/aws/client/ssm_api.h"
#include "controller/aws/provider/ami_family.h"
#include "controller/aws/provider/cluster_data.h"
#include "controller/aws/provider/ttl_cache.h"
#include "controller/cloud/instance_type.h"

namespace karpenter::aws {

struct Ami {
  std::string id;
  std::string name;
  std::string creation_date;
  bool deprecated = false;
  model::Requirements requirements;  // architecture and variant
};

// An image and the requirement sets it was asked for; none: one empty set.
struct ImageCandidate {
  Image image;
  std::vector<model::Requirements> variants;
};
// One AMI per distinct requirement set, newest first. Pure. spec: aws §8.4
[[nodiscard]] std::vector<Ami> reduce_images(const std::vector<ImageCandidate>& candidates, base::Time now);

// Requirements as status.amis carries them: by key length, then key.
[[nodiscard]] std::vector<model::NodeSelectorRequirement> ami_requirements(
    const model::Requirements& requirements);

// The first status AMI that the type can run, or null. Strict: the type must define every required key. spec:
// aws §8.4
[[nodiscard]] const model::AmiStatus* find_ami(const model::Ec2NodeClassStatus& status,
                                               const cloud::InstanceType& type);

// AMIs of an EC2NodeClass. Thread-safe. spec: aws §8
class AmiProvider {
 public:
  AmiProvider(runtime::Runtime& runtime, Ec2Api& ec2, SsmApi& ssm, ClusterData& cluster, telemetry::Log& log,
              std::chrono::nanoseconds refresh_interval);

  // Empty when nothing matches. kTerminal with reason UnsupportedAlias for an alias without images for this
  // cluster.
  base::Result<std::vector<Ami>> list(const model::Ec2NodeClass& node_class, const Call& call);
  void sweep();

 private:
  struct Query {
    DescribeImagesInput input;
    std::map<std::string, std::vector<model::Requirements>> variants;  // by image id; only for aliases
  };
  base::Result<std::vector<Query>> queries(const model::Ec2NodeClass& node_class, const Call& call);
  base::Result<Query> alias_query(const AmiAlias& alias, const Call& call);
  base::Result<std::string> parameter(const std::string& name, std::chrono::nanoseconds ttl,
                                      const Call& call);

  runtime::Runtime& runtime_;
  Ec2Api& ec2_;
  SsmApi& ssm_;
  ClusterData& cluster_;
  telemetry::Log log_;
  std::chrono::nanoseconds refresh_interval_;
  TtlCache<std::string> parameters_;
  TtlCache<std::vector<Image>> images_;
};

}  // namespace karpenter::aws
