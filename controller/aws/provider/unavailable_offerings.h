#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/runtime/runtime.h"
#include "common/telemetry/log.h"

namespace karpenter::aws {

// What could not be had lately: the ICE cache. Marks last three minutes; each mark renews. Sequence numbers
// tell readers that cached offerings of a type are stale: they move on each mark and when sweep() drops an
// expired one. Thread-safe. spec: aws §3.9, §3.10
class UnavailableOfferings {
 public:
  explicit UnavailableOfferings(runtime::Runtime& runtime) : runtime_(runtime) {}

  struct Offer {
    std::string_view capacity_type;
    std::string_view instance_type;
    std::string_view zone;
  };
  void mark(const Offer& offer);
  void mark_capacity_type(std::string_view capacity_type);
  void mark_subnet(std::string_view subnet_id);
  // Any mark that covers the offering. `zone_subnets`: all subnets of its zone; it is unavailable when each
  // of them is marked (never when there are none).
  [[nodiscard]] bool is_unavailable(const Offer& offer, const std::vector<std::string>& zone_subnets) const;
  [[nodiscard]] std::uint64_t sequence(std::string_view instance_type) const;
  void sweep();

 private:
  using Marks = std::map<std::string, base::Mono, std::less<>>;
  [[nodiscard]] bool is_marked(const Marks& marks, std::string_view key) const KARP_REQUIRES(mutex_);
  [[nodiscard]] base::Mono expiry() const;

  runtime::Runtime& runtime_;
  mutable runtime::Mutex mutex_;
  Marks offers_ KARP_GUARDED_BY(mutex_);  // "<capacity type>:<type>:<zone>"
  Marks capacity_types_ KARP_GUARDED_BY(mutex_);
  Marks subnets_ KARP_GUARDED_BY(mutex_);
  std::map<std::string, std::uint64_t, std::less<>> type_sequences_ KARP_GUARDED_BY(mutex_);
  std::uint64_t shared_sequence_ KARP_GUARDED_BY(mutex_) = 0;  // capacity types and subnets
};

}  // namespace karpenter::aws
