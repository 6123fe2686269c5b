#include "tests/devcluster/aws/account.h"

#include <algorithm>
#include <array>

#include "common/base/strings.h"
#include "common/json/json.h"

namespace karpenter::devcluster::aws_emulator {
namespace {

constexpr std::uint32_t kSubnetSize = 8192;  // a /19

// us-west-2 -> usw2
std::string zone_id_prefix(std::string_view region) {
  const auto parts = base::split(region, '-');
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i)
    out += i == 0 || i + 1 == parts.size() ? parts[i] : parts[i].substr(0, 1);
  return out;
}

void seed_network(Account& account) {
  const Tags discovery = {{"karpenter.sh/discovery", account.options.cluster_name}};
  for (std::size_t i = 0; i < account.zones.size(); ++i) {
    const std::string letter(1, static_cast<char>('a' + i));
    Subnet subnet;
    subnet.id = "subnet-0000000000000000" + letter;
    subnet.zone = i;
    subnet.first_address = (192U << 24U) + (168U << 16U) + static_cast<std::uint32_t>(i) * kSubnetSize;
    subnet.tags = discovery;
    subnet.tags["Name"] = account.options.cluster_name + "-private-" + account.zones[i].name;
    account.subnets.emplace(subnet.id, subnet);
  }
  // Neither of these two carries the discovery tag: a client that forgets its filters finds one too many.
  Subnet open = account.subnets.begin()->second;
  open.id = "subnet-0000000000000000f";
  open.first_address = (192U << 24U) + (168U << 16U) + (96U << 8U);
  open.tags = {{"Name", account.options.cluster_name + "-public"}};
  account.subnets.emplace(open.id, open);
  account.security_groups.emplace("sg-0000000000000000f",
                                  SecurityGroup{"sg-0000000000000000f", "default", {}});

  SecurityGroup group{"sg-0000000000000000a", account.options.cluster_name + "-nodes", discovery};
  group.tags["Name"] = group.name;
  account.security_groups.emplace(group.id, group);
}

void seed_offerings(Account& account) {
  account.types = make_catalogue();
  for (const auto& [name, type] : account.types) {
    account.on_demand_prices[name] = type.on_demand_price;
    for (std::size_t i = 0; i < account.zones.size(); ++i) {
      if (!is_offered(type, i)) continue;
      account.spot_prices[{name, account.zones[i].name}] = initial_spot_price(type, account.zones[i].name);
    }
  }
}

void apply(Account& account, const TimedChange& change) {
  const auto found = account.instances.find(change.instance_id);
  if (found == account.instances.end()) return;
  Instance& instance = found->second;
  auto& state = instance.view.state;
  switch (change.kind) {
    case TimedChange::Kind::kRun:
      if (state != InstanceState::kPending) return;
      state = InstanceState::kRunning;
      queue_state_change(account, instance);
      break;
    case TimedChange::Kind::kReclaim:
      begin_shutdown(account, instance, "Server.SpotInstanceTermination");
      return;
    case TimedChange::Kind::kTerminated: {
      state = InstanceState::kTerminated;
      const auto subnet = account.subnets.find(instance.view.subnet_id);
      if (subnet != account.subnets.end()) subnet->second.used.erase(instance.address);
      queue_state_change(account, instance);
      account.timeline.emplace(account.runtime.mono() + account.switches.terminated_retention,
                               TimedChange{TimedChange::Kind::kForget, instance.view.id});
      break;
    }
    case TimedChange::Kind::kForget:
      account.instances.erase(found);
      break;
  }
  note_change(account);
}

}  // namespace

std::int64_t Subnet::available_addresses() const {
  return static_cast<std::int64_t>(kSubnetSize) - 5 - static_cast<std::int64_t>(used.size());
}

std::string Subnet::cidr() const {
  std::string out;
  for (const unsigned shift : {24U, 16U, 8U, 0U})
    out += (out.empty() ? "" : ".") + std::to_string((first_address >> shift) & 255U);
  return out + "/19";
}

std::string Message::receipt() const {
  return base::base64_encode(std::to_string(number) + "#" + std::to_string(receives));
}

Account::Account(runtime::Runtime& runtime_in, AwsOptions options_in)
    : runtime(runtime_in),
      options(std::move(options_in)),
      instances_changed(runtime.make_event()),
      queue_changed(runtime.make_event()),
      mutating_refilled(runtime.mono()) {
  for (int i = 0; i < 3; ++i) {
    zones.push_back({options.region + static_cast<char>('a' + i),
                     zone_id_prefix(options.region) + "-az" + std::to_string(i + 1)});
  }
  credentials[options.access_key] = {options.secret_key, "", std::nullopt};
  seed_network(*this);
  seed_offerings(*this);
  seed_images(*this);
  if (!options.instance_profile.empty()) {
    instance_profiles[options.instance_profile] = {.name = options.instance_profile,
                                                   .id = "AIPASEEDEDPROFILE0001",
                                                   .path = "/",
                                                   .role = options.node_role,
                                                   .tags = {},
                                                   .created = runtime.now(),
                                                   .usable_at = runtime.mono()};
  }
}

void advance(Account& account) {
  const auto now = account.runtime.mono();
  while (!account.timeline.empty() && account.timeline.begin()->first <= now) {
    const TimedChange change = account.timeline.begin()->second;
    account.timeline.erase(account.timeline.begin());
    apply(account, change);
  }
}

Mono next_change(const Account& account) {
  return account.timeline.empty() ? Mono::max() : account.timeline.begin()->first;
}

void note_change(Account& account) {
  ++account.revision;
  account.instances_changed->notify_all();
}

std::string make_id(Account& account, std::string_view prefix) {
  std::string bytes;
  for (int i = 0; i < 2; ++i) {
    std::uint64_t value = account.runtime.random();
    for (int j = 0; j < 8; ++j, value >>= 8U) bytes += static_cast<char>(value & 255U);
  }
  return std::string(prefix) + base::hex_encode(bytes).substr(0, 17);
}

std::string arn(const Account& account, std::string_view service, std::string_view resource) {
  const std::string region = service == "iam" ? "" : account.options.region;
  return "arn:aws:" + std::string(service) + ":" + region + ":" + account.options.account_id + ":" +
         std::string(resource);
}

std::optional<std::size_t> find_zone(const Account& account, std::string_view name) {
  for (std::size_t i = 0; i < account.zones.size(); ++i) {
    if (account.zones[i].name == name) return i;
  }
  return std::nullopt;
}

const Image* find_image(const Account& account, std::string_view id) {
  const auto found = account.images.find(id);
  return found == account.images.end() ? nullptr : &found->second;
}

void begin_shutdown(Account& account, Instance& instance, std::string_view reason) {
  if (instance.view.state > InstanceState::kRunning) return;
  instance.view.state = InstanceState::kShuttingDown;
  instance.stop_reason = reason;
  queue_state_change(account, instance);
  account.timeline.emplace(account.runtime.mono() + account.switches.shutdown_delay,
                           TimedChange{TimedChange::Kind::kTerminated, instance.view.id});
  note_change(account);
}

base::Status interrupt_instance(Account& account, std::string_view id) {
  const auto found = account.instances.find(id);
  if (found == account.instances.end())
    return base::not_found("no such instance").add("instance", std::string(id));
  const auto& view = found->second.view;
  if (view.capacity_type != "spot" || view.state > InstanceState::kRunning) {
    return base::invalid("only a live spot instance can be interrupted").add("instance", std::string(id));
  }
  queue_event(account, "EC2 Spot Instance Interruption Warning", id, {{"instance-action", "terminate"}});
  account.timeline.emplace(account.runtime.mono() + account.switches.spot_warning,
                           TimedChange{TimedChange::Kind::kReclaim, std::string(id)});
  return base::ok();
}

void queue_message(Account& account, std::string body) {
  constexpr std::chrono::seconds kRetention{300};
  Message message;
  message.number = ++account.sent_messages;
  message.body = std::move(body);
  message.sent = account.runtime.now();
  message.visible_at = account.runtime.mono();
  message.expires_at = message.visible_at + kRetention;
  account.queue.push_back(std::move(message));
  account.queue_changed->notify_all();
}

void queue_state_change(Account& account, const Instance& instance) {
  if (!account.switches.state_change_events) return;
  queue_event(account, "EC2 Instance State-change Notification", instance.view.id,
              {{"state", std::string(state_name(instance.view.state))}});
}

void queue_event(Account& account, std::string_view detail_type, std::string_view instance_id,
                 const std::map<std::string, std::string>& detail) {
  auto event = json::Value::object();
  event["version"].set("0");
  event["id"].set(runtime::random_uuid(account.runtime));
  event["detail-type"].set(detail_type);
  event["source"].set("aws.ec2");
  event["account"].set(account.options.account_id);
  event["time"].set(base::format_rfc3339(account.runtime.now()));
  event["region"].set(account.options.region);
  event["resources"].push_back(arn(account, "ec2", "instance/" + std::string(instance_id)));
  event["detail"]["instance-id"].set(instance_id);
  for (const auto& [key, value] : detail) event["detail"][key].set(value);
  queue_message(account, event.dump());
}

CapacityRule* find_capacity(Account& account, std::string_view type, std::string_view zone,
                            std::string_view capacity_type) {
  const auto fits = [](const std::string& rule, std::string_view value) {
    return rule == "*" || rule == value;
  };
  for (auto rule = account.capacity.rbegin(); rule != account.capacity.rend(); ++rule) {
    if (fits(rule->type, type) && fits(rule->zone, zone) && fits(rule->capacity_type, capacity_type)) {
      return rule->left ? &*rule : nullptr;
    }
  }
  return nullptr;
}

}  // namespace karpenter::devcluster::aws_emulator
