#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/model/karpenter/v1.h"
#include "common/runtime/runtime.h"
#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"
#include "controller/aws/client/ec2_api.h"
#include "controller/aws/provider/cluster_data.h"
#include "controller/aws/provider/ttl_cache.h"
#include "controller/cloud/instance_type.h"

namespace karpenter::aws {

// Everything a launch decided before templates are needed.
struct TemplateRequest {
  const model::Ec2NodeClass& node_class;
  const model::NodeClaim& claim;
  cloud::InstanceTypes types;
  std::string capacity_type;
  std::string tenancy;
  Tags tags;
};

// A template that exists in EC2 and the types that may be launched from it.
struct ResolvedTemplate {
  std::string name;
  std::string image_id;
  cloud::InstanceTypes types;
};

// Types that share one template: same image, EFA count and pod capacity. Pure. spec: aws §7.1
struct TemplateGroup {
  std::string image_id;
  std::int64_t efa_count = 0;
  std::int64_t max_pods = 0;
  cloud::InstanceTypes types;
};
// kInvalid when no type maps to an AMI of status.amis. Ordered by image id, EFA count, pods.
[[nodiscard]] base::Result<std::vector<TemplateGroup>> plan_templates(const TemplateRequest& request);

// What the cluster contributes to a template.
struct ClusterFacts {
  std::string name;
  std::string endpoint;
  std::string ca_bundle;
  std::string dns_address;
  std::string service_cidr;
  std::string region;
};
// The whole request, name included (a hash of everything else; client token left empty). Pure. spec: aws
// §7.2-§7.5
[[nodiscard]] base::Result<CreateLaunchTemplateInput> plan_template(const TemplateRequest& request,
                                                                    const TemplateGroup& group,
                                                                    const ClusterFacts& cluster);

// Launch templates in EC2, created on demand, deleted about a minute after their last use. Thread-safe. spec:
// aws §7
class LaunchTemplateProvider {
 public:
  LaunchTemplateProvider(runtime::Runtime& runtime, Ec2Api& ec2, ClusterData& cluster, telemetry::Log& log,
                         telemetry::Metrics& metrics, std::string region);
  ~LaunchTemplateProvider();

  // Templates for every type of the request; one launch at a time resolves. kNotReady when the service CIDR
  // is unknown.
  base::Result<std::vector<ResolvedTemplate>> ensure(const TemplateRequest& request, const Call& call);
  // EC2 does not know it (any more): forget it without deleting.
  void invalidate(const std::string& name) { known_.erase(name); }
  // Deletes what was not used for a minute. What could not be deleted is tried again a minute later.
  void sweep(const Call& call);
  // Adopts the templates of earlier runs, so that unused ones are swept. Errors are logged. spec: aws §7.6
  void hydrate(const Call& call);
  // Deletes every template of an EC2NodeClass; all errors are collected into one.
  base::Status delete_all(const model::Ec2NodeClass& node_class, const Call& call);

 private:
  base::Status ensure_one(CreateLaunchTemplateInput input, const Call& call);
  base::Result<ClusterFacts> facts(const model::Ec2NodeClass& node_class, const Call& call);
  struct Gate;

  runtime::Runtime& runtime_;
  Ec2Api& ec2_;
  ClusterData& cluster_;
  telemetry::Log log_;
  telemetry::Metrics& metrics_;
  std::string region_;
  TtlCache<LaunchTemplate> known_;
  std::unique_ptr<Gate> gate_;
};

}  // namespace karpenter::aws
