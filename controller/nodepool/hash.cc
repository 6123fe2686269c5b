#include "controller/nodepool/hash.h"

#include <utility>

#include "common/admission/admission.h"
#include "common/model/conditions.h"
#include "common/model/labels.h"

namespace karpenter::nodepool {

namespace labels = model::labels;

namespace {

void annotate(model::ObjectMeta& meta, std::string_view key, std::string_view value) {
  meta.annotations.insert_or_assign(std::string(key), std::string(value));
}

}  // namespace

model::NodeClaim with_hash(const model::NodeClaim& claim, const std::string& hash) {
  model::NodeClaim after = claim;
  annotate(after.meta, labels::kNodePoolHashVersion, labels::kNodePoolHashVersionNow);
  if (model::find_condition(claim.status.conditions, model::condition::kDrifted) == nullptr) {
    annotate(after.meta, labels::kNodePoolHash, hash);
  }
  return after;
}

reconcile::ControllerSpec Hash::spec() {
  return {.name = "nodepool.hash", .group = "karpenter.sh", .kind = "NodePool", .workers = 10};
}

base::Result<reconcile::Outcome> Hash::reconcile(const model::ObjectKey& key, const Call& call) {
  constexpr reconcile::Outcome kDone = reconcile::Done{};
  const auto pool = services_.find_managed(key);
  if (!pool) return kDone;
  const auto hash = admission::node_pool_hash(*pool);
  if (pool->meta.annotation(labels::kNodePoolHashVersion) != labels::kNodePoolHashVersionNow) {
    RETURN_IF_ERROR(carry_over(*pool, hash, call));
  }
  model::NodePool after = *pool;
  annotate(after.meta, labels::kNodePoolHash, hash);
  annotate(after.meta, labels::kNodePoolHashVersion, labels::kNodePoolHashVersionNow);
  auto written =
      kube::Api<model::NodePool>(services_.client).patch(*pool, after, kube::Locking::kUnlocked, call);
  if (!written) return reconcile::outcome_of(std::move(written).error());
  return kDone;
}

base::Status Hash::carry_over(const model::NodePool& pool, const std::string& hash, const Call& call) {
  const kube::Api<model::NodeClaim> api(services_.client);
  for (const auto& claim : services_.claims.list()) {
    const bool outdated =
        claim->meta.label(labels::kNodePool) == pool.meta.name &&
        claim->meta.annotation(labels::kNodePoolHashVersion) != labels::kNodePoolHashVersionNow;
    if (!outdated) continue;
    auto written = api.patch(*claim, with_hash(*claim, hash), kube::Locking::kUnlocked, call);
    if (!written && written.error().code != base::Code::kNotFound) {
      return std::move(written).error().add("NodeClaim", claim->meta.name);
    }
  }
  return base::ok();
}

}  // namespace karpenter::nodepool
