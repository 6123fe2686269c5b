#pragma once

#include "common/reconcile/reconciler.h"
#include "controller/aws/provider/aws_parts.h"

// Singletons that keep what was read at start fresh. A failure is retried with back-off; old data stays.

namespace karpenter::aws {

// `providers.pricing`, every 12 h. spec: aws §4.2
class PricingController final : public reconcile::Reconciler {
 public:
  explicit PricingController(PricingProvider& pricing) : pricing_(pricing) {}
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const Call& call) override;

 private:
  PricingProvider& pricing_;
};

// `providers.instancetype`, every 12 h. spec: aws §13.1
class InstanceTypeController final : public reconcile::Reconciler {
 public:
  explicit InstanceTypeController(InstanceTypeProvider& types) : types_(types) {}
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const Call& call) override;

 private:
  InstanceTypeProvider& types_;
};

// `providers.version`, every 5 min. spec: aws §5.5
class VersionController final : public reconcile::Reconciler {
 public:
  explicit VersionController(ClusterData& cluster) : cluster_(cluster) {}
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const Call& call) override;

 private:
  ClusterData& cluster_;
};

}  // namespace karpenter::aws
