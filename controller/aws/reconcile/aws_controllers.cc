#include "controller/aws/reconcile/aws_controllers.h"

#include <utility>

#include "controller/aws/reconcile/garbage_collection_controller.h"
#include "controller/aws/reconcile/interruption_controller.h"
#include "controller/aws/reconcile/node_class_controller.h"
#include "controller/aws/reconcile/node_class_hash_controller.h"
#include "controller/aws/reconcile/offering_metrics_controller.h"
#include "controller/aws/reconcile/refresh_controllers.h"
#include "controller/aws/reconcile/tagging_controller.h"

namespace karpenter::aws {
namespace {

reconcile::ControllerSpec for_kind(std::string name, std::string_view group, std::string kind, int workers) {
  reconcile::ControllerSpec spec;
  spec.name = std::move(name);
  spec.group = group;
  spec.kind = std::move(kind);
  spec.workers = workers;
  spec.limit = reconcile::reasonable_limit();
  return spec;
}

reconcile::ControllerSpec singleton(std::string name) {
  reconcile::ControllerSpec spec;
  spec.name = std::move(name);
  spec.singleton = true;
  return spec;
}

}  // namespace

struct AwsControllers::State {
  State(AwsParts& parts, const AwsStores& stores)
      : node_class(parts, stores.node_claims),
        node_class_hash(parts, stores.node_claims),
        interruption(parts, {stores.node_claims, stores.nodes}),
        garbage_collection(parts, {stores.node_claims, stores.nodes}),
        tagging(parts, stores.node_claims),
        pricing(*parts.pricing),
        instance_type(*parts.types),
        version(*parts.cluster),
        offering_metrics(parts) {}

  NodeClassController node_class;
  NodeClassHashController node_class_hash;
  InterruptionController interruption;
  GarbageCollectionController garbage_collection;
  TaggingController tagging;
  PricingController pricing;
  InstanceTypeController instance_type;
  VersionController version;
  OfferingMetricsController offering_metrics;
};

AwsControllers::AwsControllers(Aws& aws, AwsStores stores)
    : state_(std::make_unique<State>(aws.parts(), stores)) {
  const auto aws_group = model::kAwsGroup;
  list_ = {
      {for_kind("nodeclass", aws_group, "EC2NodeClass", 10), &state_->node_class,
       Trigger::kNodeClassAndClaimDeletions},
      {for_kind("nodeclass.hash", aws_group, "EC2NodeClass", 10), &state_->node_class_hash,
       Trigger::kNodeClass},
      {for_kind("nodeclaim.tagging", model::kKarpenterGroup, "NodeClaim", 1), &state_->tagging,
       Trigger::kNodeClaim},
      {singleton("instance.garbagecollection"), &state_->garbage_collection, Trigger::kSingleton},
      {singleton("providers.pricing"), &state_->pricing, Trigger::kSingleton},
      {singleton("providers.instancetype"), &state_->instance_type, Trigger::kSingleton},
      {singleton("providers.version"), &state_->version, Trigger::kSingleton},
      {singleton("cloudprovider.metrics"), &state_->offering_metrics, Trigger::kSingleton},
  };
  if (!aws.parts().settings.interruption_queue.empty()) {
    list_.push_back({singleton("interruption"), &state_->interruption, Trigger::kSingleton});
  }
}

AwsControllers::~AwsControllers() = default;

}  // namespace karpenter::aws
