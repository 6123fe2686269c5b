#include "controller/nodepool/registration_health.h"

#include <algorithm>
#include <utility>

#include "common/model/conditions.h"
#include "common/model/labels.h"

namespace karpenter::nodepool {

namespace {

constexpr auto kHealthy = model::condition::kNodeRegistrationHealthy;

}  // namespace

HealthRing::Status HealthRing::status() const {
  if (count_ == 0) return Status::kUnknown;
  // The divisor is the size of the ring, also while it holds fewer samples: one failure alone is still
  // healthy.
  const auto failures = std::ranges::count(failed_, true);
  return static_cast<std::size_t>(failures) * 2 >= kSize ? Status::kUnhealthy : Status::kHealthy;
}

HealthRing HealthRing::with(bool success) const {
  HealthRing out = *this;
  out.failed_[out.next_] = !success;
  out.next_ = (out.next_ + 1) % kSize;
  out.count_ = std::min(out.count_ + 1, kSize);
  return out;
}

bool is_owned_by(const model::NodeClaim& claim, const model::NodePool& pool) {
  return claim.meta.label(model::labels::kNodePool) == pool.meta.name &&
         std::ranges::any_of(claim.meta.owner_references, [&](const model::OwnerReference& owner) {
           return owner.kind == "NodePool" && owner.uid == pool.meta.uid;
         });
}

void apply_sample(model::NodePool& pool, const model::NodeClaim& claim, HealthRing::Status with_sample,
                  bool registered, Time now) {
  auto conditions = model::conditions_of(pool, now);
  if (registered) {
    if (with_sample == HealthRing::Status::kHealthy) conditions.set_true(kHealthy);
    return;
  }
  if (with_sample != HealthRing::Status::kUnhealthy || conditions.is_false(kHealthy)) return;
  const auto* launched = model::find_condition(claim.status.conditions, model::condition::kLaunched);
  if (launched != nullptr && launched->status != model::kTrue) {
    conditions.set_false(kHealthy, launched->reason, launched->message);
  } else {
    conditions.set_false(kHealthy, "RegistrationFailed", "Failed to register node");
  }
}

reconcile::ControllerSpec RegistrationHealth::spec() {
  return {.name = "nodepool.registrationhealth", .group = "karpenter.sh", .kind = "NodePool", .workers = 10};
}

HealthRing RegistrationHealth::ring_of(const std::string& uid) {
  runtime::Lock lock(mutex_);
  return rings_[uid];
}

void RegistrationHealth::store(const std::string& uid, HealthRing ring) {
  runtime::Lock lock(mutex_);
  rings_[uid] = ring;
}

base::Status RegistrationHealth::record(const model::NodeClaim& claim, bool registered, const Call& call) {
  const auto pool = services_.pools.find(claim.meta.label(model::labels::kNodePool));
  if (!pool || !is_owned_by(claim, *pool)) return base::ok();
  const auto next = ring_of(pool->meta.uid).with(registered);
  model::NodePool after = *pool;
  apply_sample(after, claim, next.status(), registered, services_.runtime.now());
  if (after.status.conditions != pool->status.conditions) {
    auto written =
        kube::Api<model::NodePool>(services_.client).patch_status(*pool, after, kube::Locking::kLocked, call);
    if (written.failed_with(base::Code::kNotFound)) return base::ok();
    if (!written) return std::move(written).error().add("NodePool", pool->meta.name);
  }
  store(pool->meta.uid, next);
  return base::ok();
}

base::Result<reconcile::Outcome> RegistrationHealth::reconcile(const model::ObjectKey& key,
                                                               const Call& call) {
  constexpr reconcile::Outcome kDone = reconcile::Done{};
  const auto pool = services_.find_managed(key);
  const auto node_class = pool ? services_.node_class_of(*pool) : nullptr;
  if (!node_class) return kDone;
  auto ring = ring_of(pool->meta.uid);
  model::NodePool after = *pool;
  auto conditions = model::conditions_of(after, services_.runtime.now());
  if (ring.status() == HealthRing::Status::kUnknown) {  // after a restart the condition is all that is left
    if (conditions.is_true(kHealthy)) ring = HealthRing::healthy();
    if (conditions.is_false(kHealthy)) ring = HealthRing::unhealthy();
  }
  const auto* stored = conditions.find(kHealthy);
  const bool outdated = stored == nullptr || stored->observed_generation != pool->meta.generation ||
                        pool->status.node_class_observed_generation != node_class->meta.generation;
  if (outdated) {
    conditions.set_unknown(kHealthy);
    ring = HealthRing();
  }
  after.status.node_class_observed_generation = node_class->meta.generation;
  auto written =
      kube::Api<model::NodePool>(services_.client).patch_status(*pool, after, kube::Locking::kLocked, call);
  if (!written) return reconcile::outcome_of(std::move(written).error());
  store(pool->meta.uid, ring);
  return kDone;
}

}  // namespace karpenter::nodepool
