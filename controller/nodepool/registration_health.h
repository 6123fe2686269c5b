#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "controller/nodepool/services.h"

namespace karpenter::nodepool {

// The last four launches of one pool: did the node register? A plain value. spec: lifecycle §6.5
class HealthRing {
 public:
  enum class Status : std::uint8_t { kUnknown, kHealthy, kUnhealthy };
  [[nodiscard]] Status status() const;
  [[nodiscard]] HealthRing with(bool success) const;
  [[nodiscard]] static HealthRing healthy() { return HealthRing().with(true); }
  [[nodiscard]] static HealthRing unhealthy() { return HealthRing().with(false).with(false); }

 private:
  static constexpr std::size_t kSize = 4;
  std::array<bool, kSize> failed_{};
  std::size_t next_ = 0;
  std::size_t count_ = 0;
};

// nodepool.registrationhealth: condition NodeRegistrationHealthy. record() takes the samples of the NodeClaim
// lifecycle, the reconciler recovers the memory after a restart and forgets it when pool or class change.
// Thread-safe. Key: the pool's name. Triggers: NodePool changes; EC2NodeClass changes, mapped with
// pools_of().
class RegistrationHealth final : public reconcile::Reconciler {
 public:
  explicit RegistrationHealth(Services services) : services_(std::move(services)) {}
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const Call& call) override;
  // One claim's node registered, or did not in time. kConflict: nothing was stored, repeat it.
  base::Status record(const model::NodeClaim& claim, bool registered, const Call& call);
  [[nodiscard]] static reconcile::ControllerSpec spec();

 private:
  [[nodiscard]] HealthRing ring_of(const std::string& uid);
  void store(const std::string& uid, HealthRing ring);

  Services services_;
  runtime::Mutex mutex_;
  std::map<std::string, HealthRing> rings_ KARP_GUARDED_BY(mutex_);  // by pool UID
};

// The pool is named by the claim's label and owns it.
[[nodiscard]] bool is_owned_by(const model::NodeClaim& claim, const model::NodePool& pool);
// Writes what one more sample means for the pool's condition.
void apply_sample(model::NodePool& pool, const model::NodeClaim& claim, HealthRing::Status with_sample,
                  bool registered, Time now);

}  // namespace karpenter::nodepool
