#pragma once

#include <memory>
#include <vector>

#include "common/kube/store.h"
#include "common/model/core/core.h"
#include "common/model/karpenter/v1.h"
#include "common/reconcile/reconciler.h"
#include "controller/aws/provider/aws.h"

namespace karpenter::aws {

// Stores that the AWS controllers read besides those in AwsSeams. `node_claims` has no index needs: the
// controllers look instances up by scanning. All outlive the controllers.
struct AwsStores {
  const kube::Store<model::NodeClaim>& node_claims;
  const kube::Store<model::Node>& nodes;
};

// Which changes of which kind queue a controller's keys. Singletons need none.
enum class Trigger : std::uint8_t {
  kSingleton,
  kNodeClass,                   // key of each added or changed EC2NodeClass
  kNodeClassAndClaimDeletions,  // the same, and for each deleted NodeClaim the name of its node class
  kNodeClaim,                   // key of each added or changed NodeClaim
};
struct AwsController {
  reconcile::ControllerSpec spec;
  reconcile::Reconciler* reconciler;  // owned by AwsControllers
  Trigger trigger;
};

// All reconcilers of the AWS side: `nodeclass`, `nodeclass.hash`, `interruption` (with a queue),
// `instance.garbagecollection`, `nodeclaim.tagging`, `providers.pricing`, `providers.instancetype`,
// `providers.version`, `cloudprovider.metrics`. The app adds each to the Manager and wires its trigger. Lives
// as long as the Manager. spec: lifecycle §12.2
class AwsControllers {
 public:
  AwsControllers(Aws& aws, AwsStores stores);
  ~AwsControllers();
  [[nodiscard]] const std::vector<AwsController>& list() const { return list_; }

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::vector<AwsController> list_;
};

}  // namespace karpenter::aws
