#include "controller/aws/provider/subnets.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "controller/aws/provider/selectors.h"

namespace karpenter::aws {

SubnetProvider::SubnetProvider(runtime::Runtime& runtime, Ec2Api& ec2,
                               std::chrono::nanoseconds refresh_interval)
    : runtime_(runtime),
      ec2_(ec2),
      refresh_interval_(refresh_interval),
      lists_(runtime),
      available_(runtime) {}

base::Result<std::vector<Subnet>> SubnetProvider::list(const model::Ec2NodeClass& node_class,
                                                       const Call& call) {
  const std::string key = node_class.meta.uid + "-" + std::to_string(node_class.meta.generation);
  if (auto cached = lists_.find(key)) return std::move(*cached);
  std::map<std::string, Subnet> found;
  for (const auto& filters :
       selector_queries(node_class.spec.subnet_selector_terms, {"subnet-id", "tag:Name"})) {
    ASSIGN_OR_RETURN(auto subnets, ec2_.describe_subnets(filters, call));
    for (auto& subnet : subnets) found.insert_or_assign(subnet.id, subnet);
  }
  std::vector<Subnet> out;
  const auto ttl = std::max<std::chrono::nanoseconds>(std::chrono::minutes(5),
                                                      refresh_interval_ + std::chrono::minutes(4));
  {
    runtime::Lock lock(mutex_);
    for (auto& [id, subnet] : found) {
      available_.put(id, subnet.available_addresses, ttl);
      in_flight_.erase(id);  // the fresh count covers what was running
      out.push_back(std::move(subnet));
    }
  }
  std::ranges::sort(out, [](const Subnet& a, const Subnet& b) {
    return std::tie(b.available_addresses, a.id) < std::tie(a.available_addresses, b.id);
  });
  lists_.put(key, out, refresh_interval_);
  return out;
}

std::int64_t SubnetProvider::free_addresses(const std::string& subnet_id) const {
  const auto it = in_flight_.find(subnet_id);
  return it != in_flight_.end() ? it->second : available_.find(subnet_id).value_or(0);
}

base::Result<std::map<std::string, SubnetProvider::Choice>> SubnetProvider::choose(
    const model::Ec2NodeClass& node_class, const std::map<std::string, std::int64_t>& needed) {
  if (node_class.status.subnets.empty()) {
    return base::invalid("no subnets are resolved").add("EC2NodeClass", node_class.meta.name);
  }
  std::map<std::string, Choice> out;
  runtime::Lock lock(mutex_);
  for (const auto& subnet : node_class.status.subnets) {
    const auto it = out.find(subnet.zone);
    if (it != out.end() && free_addresses(subnet.id) <= free_addresses(it->second.subnet_id)) continue;
    Choice choice;
    choice.subnet_id = subnet.id;
    choice.zone = subnet.zone;
    choice.zone_id = subnet.zone_id;
    out.insert_or_assign(subnet.zone, std::move(choice));
  }
  for (auto& [zone, choice] : out) {
    const auto want = needed.find(zone);
    choice.taken = want == needed.end() ? 0 : want->second;
    choice.free_seen = available_.find(choice.subnet_id).value_or(0);
    in_flight_[choice.subnet_id] = free_addresses(choice.subnet_id) - choice.taken;
  }
  return out;
}

void SubnetProvider::give_back(const Choice& unused) {
  runtime::Lock lock(mutex_);
  const auto it = in_flight_.find(unused.subnet_id);
  if (it == in_flight_.end() || available_.find(unused.subnet_id).value_or(0) != unused.free_seen) return;
  it->second += unused.taken;
}

void SubnetProvider::mark_full(const std::string& subnet_id) {
  runtime::Lock lock(mutex_);
  available_.put(subnet_id, 0, std::chrono::minutes(5));
  in_flight_.erase(subnet_id);
}

void SubnetProvider::sweep() {
  static_cast<void>(lists_.sweep());
  static_cast<void>(available_.sweep());
}

}  // namespace karpenter::aws
