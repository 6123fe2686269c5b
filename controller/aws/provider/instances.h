#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/model/karpenter/v1.h"
#include "common/runtime/runtime.h"
#include "common/telemetry/events.h"
#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"
#include "controller/aws/client/ec2_api.h"
#include "controller/aws/provider/fleet_plan.h"
#include "controller/aws/provider/launch_templates.h"
#include "controller/aws/provider/subnets.h"
#include "controller/aws/provider/unavailable_offerings.h"

namespace karpenter::aws {

// One EC2 instance in the words of this project. spec: aws §10.1
struct CloudInstance {
  std::string id;
  std::string image_id;
  std::string type;
  base::Time launch_time;
  std::string state;
  std::string subnet_id;
  std::string zone;
  std::string zone_id;  // "" when not reported
  std::string capacity_type;
  std::string tenancy;
  std::vector<std::string> security_group_ids;
  Tags tags;
  std::int64_t efa_count = 0;
};
[[nodiscard]] CloudInstance cloud_instance(const Instance& instance);

// `aws:///<zone>/<instance id>` and back. kInvalid when there is no `:///.../`. spec: aws §1.3
[[nodiscard]] std::string make_provider_id(std::string_view zone, std::string_view instance_id);
[[nodiscard]] base::Result<std::string> instance_id_of(std::string_view provider_id);

struct LaunchRequest {
  const model::Ec2NodeClass& node_class;
  const model::NodeClaim& claim;
  const cloud::InstanceTypes& types;
  Tags tags;
};

// Launches, reads and ends instances. Thread-safe. spec: aws §6, §10.2
class InstanceProvider {
 public:
  struct Seams {
    runtime::Runtime& runtime;
    Ec2Api& ec2;
    LaunchTemplateProvider& templates;
    SubnetProvider& subnets;
    UnavailableOfferings& unavailable;
    telemetry::EventRecorder& events;
    telemetry::Log& log;
    telemetry::Metrics& metrics;
  };
  InstanceProvider(const Seams& seams, std::string cluster_name);

  // kNoCapacity, kNotReady, or an error whose reason is the Launched condition's. The client token is derived
  // from the claim's UID, so that a repeat of the same request after a crash finds the instance instead of
  // making a second one.
  base::Result<CloudInstance> create(const LaunchRequest& request, const Call& call);

  enum class Cache : std::uint8_t { kUse, kSkip };
  // kNotFound when EC2 has no such instance or it is terminated.
  base::Result<CloudInstance> get(const std::string& id, Cache cache, const Call& call);
  // Every instance of this cluster that Karpenter made and that is not terminated, ordered by id.
  base::Result<std::vector<CloudInstance>> list(const Call& call);
  // Asks for termination; ok() while the instance shuts down, kNotFound when it is gone.
  base::Status remove(const std::string& id, const Call& call);
  base::Status create_tags(const std::string& id, const Tags& tags, const Call& call);

 private:
  struct Attempt;  // one pass through templates, subnets and CreateFleet
  base::Result<CloudInstance> launch_once(const LaunchRequest& request, const cloud::InstanceTypes& types,
                                          const model::Requirements& requirements, const Call& call);
  base::Result<CreateFleetInput> plan_fleet(Attempt& attempt, const Call& call);
  CloudInstance launched_instance(const Attempt& attempt, const FleetInstance& made) const;
  std::string client_token(const model::NodeClaim& claim, const CreateFleetInput& input);
  void learn_from_errors(const Attempt& attempt, const std::vector<FleetError>& errors);
  void remember(const CloudInstance& instance);

  Seams seams_;
  telemetry::Log log_;
  std::string cluster_name_;
  TtlCache<int> attempts_;  // definite failures per claim UID: the next try is a new request
  runtime::Mutex mutex_;
  std::map<std::string, CloudInstance, std::less<>> instances_ KARP_GUARDED_BY(mutex_);
};

}  // namespace karpenter::aws
