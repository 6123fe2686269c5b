#pragma once

#include <map>
#include <string>
#include <tuple>

#include "common/reconcile/reconciler.h"
#include "controller/aws/provider/aws_parts.h"

namespace karpenter::aws {

// What one offering looks like over all NodePools.
struct OfferingSeries {
  bool available = false;  // for any pool
  double price = 0;        // of the last pool
};
using OfferingKey = std::tuple<std::string, std::string, std::string>;  // type, capacity type, zone
// Adds the types of one pool; every zone also gets a `reserved` series. Pure. spec: aws §13.9
void add_offerings(const cloud::InstanceTypes& types, std::map<OfferingKey, OfferingSeries>& series);

// `cloudprovider.metrics`, every minute: availability and price of every offering that a NodePool can see.
// Singleton. spec: aws §13.9, §17.1
class OfferingMetricsController final : public reconcile::Reconciler {
 public:
  explicit OfferingMetricsController(AwsParts& parts) : parts_(parts) {}
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const Call& call) override;

 private:
  AwsParts& parts_;
};

}  // namespace karpenter::aws
