#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/runtime/runtime.h"
#include "common/telemetry/metrics.h"
#include "controller/aws/client/ec2_types.h"

namespace karpenter::aws {

class ServiceClient;
using runtime::Call;

// The EC2 operations in use, one method each; describe_* methods read all pages (at most kMaxPages).
// Thread-safe. Errors: base::Error with the AWS code as reason (errors.h). spec: aws §2.10
class Ec2Api {
 public:
  virtual ~Ec2Api() = default;

  // A dry run of DescribeInstanceTypes: ok() when EC2 is reachable and would allow it. spec: aws §1.3
  virtual base::Status probe(const Call& call) = 0;
  virtual base::Result<std::vector<InstanceTypeInfo>> describe_instance_types(const Call& call) = 0;
  virtual base::Result<std::vector<InstanceTypeOffering>> describe_instance_type_offerings(
      const Call& call) = 0;
  virtual base::Result<std::vector<SpotPrice>> describe_spot_price_history(base::Time start,
                                                                           const Call& call) = 0;

  virtual base::Result<std::vector<Subnet>> describe_subnets(const std::vector<Filter>& filters,
                                                             const Call& call) = 0;
  virtual base::Result<std::vector<SecurityGroup>> describe_security_groups(
      const std::vector<Filter>& filters, const Call& call) = 0;
  virtual base::Result<std::vector<Image>> describe_images(const DescribeImagesInput& input,
                                                           const Call& call) = 0;

  virtual base::Result<std::vector<Instance>> describe_instances(const DescribeInstancesInput& input,
                                                                 const Call& call) = 0;
  virtual base::Result<std::vector<InstanceStateChange>> terminate_instances(
      const std::vector<std::string>& ids, const Call& call) = 0;
  virtual base::Status create_tags(std::string_view resource_id, const Tags& tags, const Call& call) = 0;

  virtual base::Result<std::vector<LaunchTemplate>> describe_launch_templates(
      const DescribeLaunchTemplatesInput& input, const Call& call) = 0;
  virtual base::Result<LaunchTemplate> create_launch_template(const CreateLaunchTemplateInput& input,
                                                              const Call& call) = 0;
  virtual base::Status delete_launch_template_by_id(std::string_view id, const Call& call) = 0;
  virtual base::Status delete_launch_template_by_name(std::string_view name, const Call& call) = 0;

  // An `instant` fleet. Partial answers (instances and errors) are values. spec: aws §6.6, §6.7
  virtual base::Result<CreateFleetOutput> create_fleet(const CreateFleetInput& input, const Call& call) = 0;
};

inline constexpr int kMaxPages = 1000;

// Over HTTP. `client` outlives it.
[[nodiscard]] std::unique_ptr<Ec2Api> make_ec2_api(ServiceClient& client);
// Merges concurrent describes and terminations of single instances into few requests. `inner` outlives it.
// spec: aws §2.9
[[nodiscard]] std::unique_ptr<Ec2Api> make_batching_ec2_api(runtime::Runtime& runtime,
                                                            telemetry::Metrics& metrics, Ec2Api& inner);

}  // namespace karpenter::aws
