#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/model/karpenter/v1.h"
#include "common/runtime/runtime.h"
#include "controller/aws/client/ec2_api.h"
#include "controller/aws/provider/ttl_cache.h"

namespace karpenter::aws {

// Subnets of an EC2NodeClass and the addresses launches are about to take from them. Thread-safe. spec: aws
// §5.1
class SubnetProvider {
 public:
  SubnetProvider(runtime::Runtime& runtime, Ec2Api& ec2, std::chrono::nanoseconds refresh_interval);

  // What the selector terms match now (cached for the refresh interval), ordered by free addresses
  // descending, then id.
  base::Result<std::vector<Subnet>> list(const model::Ec2NodeClass& node_class, const Call& call);

  struct Choice {
    std::string subnet_id;
    std::string zone;
    std::string zone_id;
    std::int64_t free_seen = 0;  // at choose time, for give_back
    std::int64_t taken = 0;
  };
  // The subnet with most free addresses of each zone, keyed by zone. `needed` tells how many addresses a
  // launch takes in a zone; they count as taken until give_back or the next refresh. kInvalid when the class
  // has no resolved subnets.
  base::Result<std::map<std::string, Choice>> choose(const model::Ec2NodeClass& node_class,
                                                     const std::map<std::string, std::int64_t>& needed);
  // Returns what a launch took but did not use.
  void give_back(const Choice& unused);
  // EC2 said the subnet is full.
  void mark_full(const std::string& subnet_id);
  void sweep();

 private:
  [[nodiscard]] std::int64_t free_addresses(const std::string& subnet_id) const KARP_REQUIRES(mutex_);

  runtime::Runtime& runtime_;
  Ec2Api& ec2_;
  std::chrono::nanoseconds refresh_interval_;
  TtlCache<std::vector<Subnet>> lists_;
  TtlCache<std::int64_t> available_;
  mutable runtime::Mutex mutex_;
  std::map<std::string, std::int64_t> in_flight_
      KARP_GUARDED_BY(mutex_);  // free addresses after running launches
};

}  // namespace karpenter::aws
