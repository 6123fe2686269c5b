#include "controller/nodeclaim/hydration.h"

#include <utility>

#include "common/model/labels.h"

namespace karpenter::nodeclaim {

namespace {

constexpr reconcile::Outcome kHydrated = reconcile::Done{};

template <class T>
base::Result<reconcile::Outcome> set_node_class_label(const kube::Api<T>& api, const T& object,
                                                      const model::NodeClaim& claim, const Call& call) {
  if (object.meta.label(model::labels::kNodeClass) == claim.spec.node_class_ref.name) return kHydrated;
  T after = object;
  after.meta.labels.insert_or_assign(std::string(model::labels::kNodeClass), claim.spec.node_class_ref.name);
  auto written = api.patch(object, after, kube::Locking::kUnlocked, call);
  if (!written) return reconcile::outcome_of(std::move(written).error());
  return kHydrated;
}

}  // namespace

reconcile::ControllerSpec Hydration::spec() {
  return {.name = "nodeclaim.hydration",
          .group = "karpenter.sh",
          .kind = "NodeClaim",
          .workers = 10,
          .limit = reconcile::reasonable_limit()};
}

base::Result<reconcile::Outcome> Hydration::reconcile(const model::ObjectKey& key, const Call& call) {
  const auto claim = services_.claims.find(key);
  if (!claim || !services_.is_managed(*claim)) return kHydrated;
  return set_node_class_label(api_, *claim, *claim, call);
}

NodeHydration::NodeHydration(Services services) : services_(std::move(services)), api_(services_.client) {
  add_indexes(services_);
}

reconcile::ControllerSpec NodeHydration::spec() {
  return {.name = "node.hydration",
          .group = "",
          .kind = "Node",
          .workers = 10,
          .limit = reconcile::reasonable_limit()};
}

base::Result<reconcile::Outcome> NodeHydration::reconcile(const model::ObjectKey& key, const Call& call) {
  const auto node = services_.nodes.find(key);
  const auto claim = node ? claim_of(services_, *node) : nullptr;
  if (!claim || !services_.is_managed(*claim)) return kHydrated;
  return set_node_class_label(api_, *node, *claim, call);
}

}  // namespace karpenter::nodeclaim
