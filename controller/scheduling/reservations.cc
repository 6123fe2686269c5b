#include "controller/scheduling/reservations.h"

#include <algorithm>

#include "common/model/labels.h"

namespace karpenter::scheduling {

Reservations::Reservations(const World& world) {
  const Options& options = world.problem.options;
  strict_ = options.reserved == ReservedMode::kStrict;
  if (options.reserved == ReservedMode::kOff) return;
  // Of one reservation in several offerings, available or not, the smallest count is believed. §17.1, §27.47
  for (const auto& t : world.ground.templates) {
    for (const auto& type : t.view->instance_types) {
      for (const auto& offering : type->offerings) {
        if (offering.capacity_type != model::labels::kReserved) continue;
        const Id id = names_.intern(reservation_of(offering, world.catalogue.reservation_label));
        if (id == left_.size()) left_.push_back(offering.reservation_capacity);
        left_[id] = std::min(left_[id], offering.reservation_capacity);
      }
    }
  }
  active_ = !left_.empty();
  credited_ = names_.find(options.credited_reservation);
  if (credited_ != kNoId) ++left_[credited_];
}

Reservations::Verdict Reservations::judge(World& world, std::size_t table, Id requirements, const Bits& types,
                                          const std::vector<Id>& held, Offer& offer) const {
  offer = {};
  const auto& signatures = world.catalogue.tables[table].signatures();
  for (const Id s : world.requirements.signatures(requirements, table)) {
    const auto& signature = signatures[s];
    if (!signature.types.intersects(types)) continue;
    if (!signature.reserved) {
      offer.fallback = true;
      continue;
    }
    const Id id = names_.find(signature.reservation_id);
    Bits with_capacity = signature.types;
    with_capacity &= types;
    if (id != credited_) with_capacity -= signature.full;
    if (!with_capacity.any()) {
      offer.full = true;
      continue;
    }
    offer.capacity = true;
    const bool holds = std::ranges::binary_search(held, id);
    if (holds || left_[id] > 0) offer.reservable.push_back(id);
  }
  std::ranges::sort(offer.reservable);
  const auto repeated = std::ranges::unique(offer.reservable);
  offer.reservable.erase(repeated.begin(), repeated.end());
  if (strict_ && offer.capacity && offer.reservable.empty()) return Verdict::kDeferred;
  if (offer.full && !offer.capacity && !offer.fallback) return Verdict::kRefused;
  if (strict_ && !held.empty() && offer.reservable.empty()) return Verdict::kDeferred;
  return Verdict::kAccepted;
}

void Reservations::hold(std::vector<Id>& held, const std::vector<Id>& wanted) {
  for (const Id id : held) ++left_[id];
  for (const Id id : wanted) --left_[id];
  held = wanted;
}

}  // namespace karpenter::scheduling
