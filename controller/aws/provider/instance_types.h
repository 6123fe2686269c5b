#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/model/karpenter/v1.h"
#include "common/runtime/runtime.h"
#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"
#include "controller/aws/client/ec2_api.h"
#include "controller/aws/provider/instance_type_build.h"
#include "controller/aws/provider/pricing.h"
#include "controller/aws/provider/unavailable_offerings.h"
#include "controller/cloud/instance_type.h"

namespace karpenter::aws {

// Instance types and offerings of EC2NodeClasses. Thread-safe. spec: aws §3
class InstanceTypeProvider {
 public:
  struct Options {
    std::string region;
    double vm_memory_overhead_percent = 0.075;
    std::int64_t reserved_enis = 0;
  };
  InstanceTypeProvider(runtime::Runtime& runtime, Ec2Api& ec2, const PricingProvider& pricing,
                       const UnavailableOfferings& unavailable, telemetry::Log& log,
                       telemetry::Metrics& metrics, Options options);

  // Reads types and zones from EC2; old data stays when it fails. spec: aws §3.1
  base::Status update(const Call& call);

  // Every type with its offerings, ordered by name; shared and immutable. Types are rebuilt when the class,
  // the data or a price changed, or after five minutes; offerings also when the ICE cache moved. kNotReady
  // without data or subnets. spec: aws §3.2
  base::Result<cloud::InstanceTypes> list(const model::Ec2NodeClass& node_class);
  // kNotFound for a type EC2 does not know.
  base::Result<std::shared_ptr<const cloud::InstanceType>> get(const model::Ec2NodeClass& node_class,
                                                               std::string_view name);

 private:
  struct Data {  // one refresh of EC2's answers
    std::map<std::string, InstanceTypeInfo, std::less<>> info;
    std::map<std::string, std::set<std::string>, std::less<>> zones;
    std::set<std::string> all_zones;
    std::uint64_t version = 0;
  };
  struct Entry {
    std::string key;
    base::Mono expires;
    cloud::InstanceTypes types;
    std::vector<std::uint64_t> sequences;  // of the ICE cache, parallel to types
  };
  base::Result<BuildContext> context_of(const model::Ec2NodeClass& node_class) const;
  std::shared_ptr<const cloud::InstanceType> with_offerings(cloud::InstanceType type, const Data& data,
                                                            const BuildContext& context) const;
  [[nodiscard]] std::shared_ptr<const Data> data() const;
  void publish_metrics(const Data& data);

  runtime::Runtime& runtime_;
  Ec2Api& ec2_;
  const PricingProvider& pricing_;
  const UnavailableOfferings& unavailable_;
  telemetry::Log log_;
  telemetry::Metrics& metrics_;
  Options options_;
  mutable runtime::Mutex mutex_;
  std::shared_ptr<const Data> data_ KARP_GUARDED_BY(mutex_);
  std::map<std::string, Entry> entries_ KARP_GUARDED_BY(mutex_);  // by EC2NodeClass name: the latest only
};

}  // namespace karpenter::aws
