#include "tests/devcluster/aws/aws_cloud.h"

#include <algorithm>

#include "tests/devcluster/aws/account.h"
#include "tests/devcluster/aws/admin.h"
#include "tests/devcluster/aws/dispatch.h"

namespace karpenter::devcluster {

using aws_emulator::Account;
using runtime::Lock;

namespace {

// Prices move; everything else of a view is fixed at launch or kept up by advance().
InstanceView view_of(const Account& account, const aws_emulator::Instance& instance) {
  InstanceView view = instance.view;
  if (view.capacity_type == "spot") {
    const auto spot = account.spot_prices.find({view.type, view.zone});
    if (spot != account.spot_prices.end()) view.price = spot->second;
  } else if (const auto price = account.on_demand_prices.find(view.type);
             price != account.on_demand_prices.end()) {
    view.price = price->second;
  }
  return view;
}

}  // namespace

std::string_view state_name(InstanceState state) {
  switch (state) {
    case InstanceState::kPending:
      return "pending";
    case InstanceState::kRunning:
      return "running";
    case InstanceState::kShuttingDown:
      return "shutting-down";
    case InstanceState::kTerminated:
      return "terminated";
  }
  return "";
}

AwsCloud::AwsCloud(runtime::Runtime& runtime, AwsOptions options)
    : account_(std::make_unique<Account>(runtime, std::move(options))) {}
AwsCloud::~AwsCloud() = default;

net::HttpResponse AwsCloud::handle(const net::HttpRequest& request, const net::Call& call) {
  if (request.path().starts_with(aws_emulator::kAdminPath)) return aws_emulator::handle_admin(*this, request);
  return aws_emulator::dispatch(*account_, request, call);
}

std::vector<InstanceView> AwsCloud::instances() const {
  const Lock lock(account_->mutex);
  advance(*account_);
  std::vector<InstanceView> views;
  views.reserve(account_->instances.size());
  for (const auto& [id, instance] : account_->instances) views.push_back(view_of(*account_, instance));
  return views;
}

std::optional<InstanceView> AwsCloud::find_instance(std::string_view id) const {
  const Lock lock(account_->mutex);
  advance(*account_);
  const auto found = account_->instances.find(id);
  if (found == account_->instances.end()) return std::nullopt;
  return view_of(*account_, found->second);
}

std::uint64_t AwsCloud::wait_change(std::uint64_t seen, const net::Call& call) {
  Lock lock(account_->mutex);
  while (true) {
    advance(*account_);
    if (account_->revision > seen) return account_->revision;
    if (call.stop.stop_requested() || account_->runtime.mono() >= call.deadline) return seen;
    const net::Call until{std::min(call.deadline, next_change(*account_)), call.stop};
    // Timeout or not: the loop looks again, and applies what has become due.
    static_cast<void>(
        runtime::wait(*account_->instances_changed, lock, until, [&] { return account_->revision > seen; }));
  }
}

std::uint64_t AwsCloud::revision() const {
  const Lock lock(account_->mutex);
  advance(*account_);
  return account_->revision;
}

void AwsCloud::set_switches(const AwsSwitches& switches) {
  const Lock lock(account_->mutex);
  account_->switches = switches;
  account_->mutating_tokens = switches.mutating_burst;
  account_->mutating_refilled = account_->runtime.mono();
}

AwsSwitches AwsCloud::switches() const {
  const Lock lock(account_->mutex);
  return account_->switches;
}

void AwsCloud::set_fault_hook(AwsFaultHook hook) {
  const Lock lock(account_->mutex);
  account_->fault_hook = std::move(hook);
}

void AwsCloud::set_capacity(std::string_view type, std::string_view zone, std::string_view capacity_type,
                            std::optional<std::int64_t> count) {
  const Lock lock(account_->mutex);
  aws_emulator::CapacityRule rule{std::string(type), std::string(zone), std::string(capacity_type), count};
  std::erase_if(account_->capacity, [&](const aws_emulator::CapacityRule& old) {
    return old.type == rule.type && old.zone == rule.zone && old.capacity_type == rule.capacity_type;
  });
  account_->capacity.push_back(std::move(rule));
}

void AwsCloud::reset_capacity() {
  const Lock lock(account_->mutex);
  account_->capacity.clear();
}

base::Status AwsCloud::set_on_demand_price(std::string_view type, double dollars_per_hour) {
  const Lock lock(account_->mutex);
  const auto found = account_->on_demand_prices.find(type);
  if (found == account_->on_demand_prices.end())
    return base::not_found("no such instance type").add("type", std::string(type));
  found->second = dollars_per_hour;
  return base::ok();
}

base::Status AwsCloud::set_spot_price(std::string_view type, std::string_view zone, double dollars_per_hour) {
  const Lock lock(account_->mutex);
  const auto found = account_->spot_prices.find({std::string(type), std::string(zone)});
  if (found == account_->spot_prices.end()) {
    return base::not_found("no such offering").add("type", std::string(type)).add("zone", std::string(zone));
  }
  found->second = dollars_per_hour;
  return base::ok();
}

base::Result<std::string> AwsCloud::release_ami(std::string_view family) {
  const Lock lock(account_->mutex);
  return release_images(*account_, family);
}

base::Status AwsCloud::interrupt(std::string_view instance_id) {
  const Lock lock(account_->mutex);
  advance(*account_);
  return interrupt_instance(*account_, instance_id);
}

base::Status AwsCloud::terminate(std::string_view instance_id) {
  const Lock lock(account_->mutex);
  advance(*account_);
  const auto found = account_->instances.find(instance_id);
  if (found == account_->instances.end())
    return base::not_found("no such instance").add("instance", std::string(instance_id));
  begin_shutdown(*account_, found->second, "User initiated");
  return base::ok();
}

void AwsCloud::send_message(std::string body) {
  const Lock lock(account_->mutex);
  queue_message(*account_, std::move(body));
}

std::vector<AwsRequestCount> AwsCloud::request_counts() const {
  const Lock lock(account_->mutex);
  std::vector<AwsRequestCount> counts;
  for (const auto& [key, count] : account_->counts) counts.push_back(count);
  return counts;
}

void AwsCloud::reset_request_counts() {
  const Lock lock(account_->mutex);
  account_->counts.clear();
}

std::vector<std::string> AwsCloud::launch_template_names() const {
  const Lock lock(account_->mutex);
  std::vector<std::string> names;
  for (const auto& [name, entry] : account_->launch_templates) names.push_back(name);
  return names;
}

std::vector<std::string> AwsCloud::instance_profile_names() const {
  const Lock lock(account_->mutex);
  std::vector<std::string> names;
  for (const auto& [name, profile] : account_->instance_profiles) names.push_back(name);
  return names;
}

std::size_t AwsCloud::queued_messages() const {
  const Lock lock(account_->mutex);
  advance(*account_);
  const auto now = account_->runtime.mono();
  return static_cast<std::size_t>(std::count_if(account_->queue.begin(), account_->queue.end(),
                                                [&](const auto& m) { return m.expires_at > now; }));
}

}  // namespace karpenter::devcluster
