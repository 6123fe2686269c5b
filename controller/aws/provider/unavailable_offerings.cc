#include "controller/aws/provider/unavailable_offerings.h"

#include <algorithm>
#include <chrono>

namespace karpenter::aws {
namespace {

constexpr std::chrono::minutes kMarkTtl{3};

std::string key_of(const UnavailableOfferings::Offer& offer) {
  std::string out(offer.capacity_type);
  out += ":";
  out += offer.instance_type;
  out += ":";
  out += offer.zone;
  return out;
}

std::string type_of_key(const std::string& key) {
  const auto first = key.find(':');
  return key.substr(first + 1, key.find(':', first + 1) - first - 1);
}

}  // namespace

base::Mono UnavailableOfferings::expiry() const { return runtime_.mono() + kMarkTtl; }

void UnavailableOfferings::mark(const Offer& offer) {
  runtime::Lock lock(mutex_);
  offers_.insert_or_assign(key_of(offer), expiry());
  ++type_sequences_[std::string(offer.instance_type)];
}

void UnavailableOfferings::mark_capacity_type(std::string_view capacity_type) {
  runtime::Lock lock(mutex_);
  capacity_types_.insert_or_assign(std::string(capacity_type), expiry());
  ++shared_sequence_;
}

void UnavailableOfferings::mark_subnet(std::string_view subnet_id) {
  runtime::Lock lock(mutex_);
  subnets_.insert_or_assign(std::string(subnet_id), expiry());
  ++shared_sequence_;
}

bool UnavailableOfferings::is_marked(const Marks& marks, std::string_view key) const {
  const auto it = marks.find(key);
  return it != marks.end() && it->second > runtime_.mono();
}

bool UnavailableOfferings::is_unavailable(const Offer& offer,
                                          const std::vector<std::string>& zone_subnets) const {
  runtime::Lock lock(mutex_);
  if (is_marked(offers_, key_of(offer)) || is_marked(capacity_types_, offer.capacity_type)) return true;
  return !zone_subnets.empty() &&
         std::ranges::all_of(zone_subnets, [&](const std::string& id) { return is_marked(subnets_, id); });
}

std::uint64_t UnavailableOfferings::sequence(std::string_view instance_type) const {
  runtime::Lock lock(mutex_);
  const auto it = type_sequences_.find(instance_type);
  return shared_sequence_ + (it == type_sequences_.end() ? 0 : it->second);
}

void UnavailableOfferings::sweep() {
  runtime::Lock lock(mutex_);
  const auto now = runtime_.mono();
  std::erase_if(offers_, [&](const auto& entry) {
    if (entry.second > now) return false;
    ++type_sequences_[type_of_key(entry.first)];
    return true;
  });
  const auto dropped =
      std::erase_if(capacity_types_, [&](const auto& entry) { return entry.second <= now; }) +
      std::erase_if(subnets_, [&](const auto& entry) { return entry.second <= now; });
  shared_sequence_ += dropped;
}

}  // namespace karpenter::aws
