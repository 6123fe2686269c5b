#pragma once

#include <string>
#include <vector>

#include "controller/scheduling/bits.h"
#include "controller/scheduling/world.h"

namespace karpenter::scheduling {

// How much of each capacity reservation is left in the pass. spec: scheduling §17.1
class Reservations {
 public:
  explicit Reservations(const World& world);
  [[nodiscard]] bool active() const { return active_; }

  // What a claim with these requirements and types could hold. spec: scheduling §17.2
  struct Offer {
    bool fallback = false;       // some offering is not reserved
    bool full = false;           // some reservation is used up at the provider
    bool capacity = false;       // some is not
    std::vector<Id> reservable;  // that this claim may hold, ascending
  };
  enum class Verdict : std::uint8_t { kAccepted, kRefused, kDeferred };
  // `held`: what the claim holds now. `offer.reservable` is what it would hold.
  [[nodiscard]] Verdict judge(World& world, std::size_t table, Id requirements, const Bits& types,
                              const std::vector<Id>& held, Offer& offer) const;
  // The claim now holds `wanted` instead of `held`.
  void hold(std::vector<Id>& held, const std::vector<Id>& wanted);

  [[nodiscard]] const std::string& name(Id id) const { return names_.name(id); }
  [[nodiscard]] Id find(std::string_view name) const { return names_.find(name); }

 private:
  bool active_ = false;
  bool strict_ = false;
  Interner names_;
  std::vector<std::int64_t> left_;
  Id credited_ = kNoId;
};

}  // namespace karpenter::scheduling
