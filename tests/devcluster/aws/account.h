#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/runtime/runtime.h"
#include "tests/devcluster/aws/aws_cloud.h"
#include "tests/devcluster/aws/catalogue.h"
#include "tests/devcluster/aws/signature.h"

// Everything the emulated account holds. One mutex guards all of it: every function here and every operation
// of a service runs with Account::mutex held.

namespace karpenter::devcluster::aws_emulator {

using base::Mono;
using base::Time;
using Tags = std::map<std::string, std::string>;

struct Zone {
  std::string name;  // us-west-2a
  std::string id;    // usw2-az1
};

struct Subnet {
  std::string id;
  std::size_t zone = 0;             // index into Account::zones
  std::uint32_t first_address = 0;  // of a /19
  std::set<std::uint32_t> used = {};
  std::uint32_t last_given = 3;  // offset; AWS keeps the first four and the last address
  Tags tags = {};
  [[nodiscard]] std::int64_t available_addresses() const;
  [[nodiscard]] std::string cidr() const;
};

struct SecurityGroup {
  std::string id;
  std::string name;
  Tags tags;
};

struct Image {
  std::string id;
  std::string name;
  std::string architecture;  // x86_64 or arm64
  std::string owner_id;
  std::string owner_alias;  // amazon, or empty for our own
  std::string root_device;
  std::int64_t volume_gib = 20;
  Time created;
  Tags tags = {};
};

struct NetworkInterfaceSpec {
  std::string type;  // interface, efa, efa-only
  std::int64_t device_index = 0;
  std::int64_t card_index = 0;
  std::vector<std::string> security_groups;
  std::string subnet_id;
};

struct VolumeSpec {
  std::string device;
  std::string type;
  std::int64_t gib = 0;
};

struct LaunchTemplateData {
  std::string image_id;
  std::string instance_type;
  std::string user_data;  // decoded
  std::string instance_profile;
  std::vector<std::string> security_groups;  // top level
  std::vector<NetworkInterfaceSpec> interfaces;
  std::vector<VolumeSpec> volumes;
  std::map<std::string, Tags> tags;  // by resource type
  Tags metadata_options;             // as sent: HttpTokens -> required
  std::string tenancy = "default";
  std::string placement_group_id;
  std::int64_t partition = 0;
  std::string reservation_preference;
  std::string reservation_id;
  bool monitoring = false;
};

struct LaunchTemplate {
  std::string id;
  std::string name;
  Tags tags;
  Time created;
  Mono usable_at;
  LaunchTemplateData data;
};

struct Instance {
  InstanceView view;
  const TypeFacts* facts = nullptr;
  LaunchTemplateData launch;  // after the override of its fleet
  Mono visible_at;
  std::uint32_t address = 0;    // in its subnet
  std::string reservation_id;   // of DescribeInstances' grouping (r-...)
  std::string spot_request_id;  // spot only
  std::string stop_reason;
};

struct InstanceProfile {
  std::string name;
  std::string id;
  std::string path;
  std::string role;  // empty: none attached
  Tags tags;
  Time created;
  Mono usable_at;
};

struct Message {
  std::uint64_t number = 0;
  std::string body;
  Time sent;
  Mono visible_at;
  Mono expires_at;
  std::uint64_t receives = 0;
  [[nodiscard]] std::string receipt() const;  // valid for the latest receive
};

struct CapacityRule {
  std::string type, zone, capacity_type;  // "*" matches all
  std::optional<std::int64_t> left;
};

// A change that comes by itself when its time is there.
struct TimedChange {
  enum class Kind : std::uint8_t { kRun, kReclaim, kTerminated, kForget };
  Kind kind;
  std::string instance_id;
};

struct Account {
  Account(runtime::Runtime& runtime_in, AwsOptions options_in);

  runtime::Runtime& runtime;
  const AwsOptions options;
  AwsSwitches switches;
  AwsFaultHook fault_hook;
  mutable runtime::Mutex mutex;
  std::unique_ptr<runtime::Event> instances_changed;
  std::unique_ptr<runtime::Event> queue_changed;
  std::uint64_t revision = 1;

  // EC2
  std::vector<Zone> zones;
  std::map<std::string, TypeFacts, std::less<>> types;
  std::map<std::string, double, std::less<>> on_demand_prices;        // by type
  std::map<std::pair<std::string, std::string>, double> spot_prices;  // by type, zone; offered ones only
  std::map<std::string, Subnet, std::less<>> subnets;                 // by id, as all below
  std::map<std::string, SecurityGroup, std::less<>> security_groups;
  std::map<std::string, Image, std::less<>> images;
  std::map<std::string, LaunchTemplate, std::less<>> launch_templates;  // by name
  std::map<std::string, Instance, std::less<>> instances;
  std::vector<CapacityRule> capacity;  // later rules win
  std::multimap<Mono, TimedChange> timeline;
  struct RememberedCall {
    std::string request;
    std::string answer;
  };
  std::map<std::string, RememberedCall, std::less<>> idempotent_calls;  // by operation/client token
  std::map<std::string, std::string, std::less<>> parameters;           // SSM: path -> value
  std::map<std::string, int, std::less<>> ami_releases;                 // by family

  // Other services
  std::deque<Message> queue;
  std::uint64_t sent_messages = 0;
  std::map<std::string, InstanceProfile, std::less<>> instance_profiles;  // by name
  std::map<std::string, Credential, std::less<>> credentials;             // by access key

  // Requests
  std::uint64_t requests = 0;
  std::uint64_t ec2_requests = 0;
  double mutating_tokens = 0;
  Mono mutating_refilled;
  std::map<std::pair<std::string, std::string>, AwsRequestCount> counts;
};

// Applies every timed change that is due. Called first thing whenever somebody looks.
void advance(Account& account);
// When the next timed change is due; Mono::max() when none waits.
[[nodiscard]] Mono next_change(const Account& account);
// Something about instances changed: a new revision, waiters wake up.
void note_change(Account& account);

// prefix + 17 hex digits.
[[nodiscard]] std::string make_id(Account& account, std::string_view prefix);
[[nodiscard]] std::string arn(const Account& account, std::string_view service, std::string_view resource);
[[nodiscard]] std::optional<std::size_t> find_zone(const Account& account, std::string_view name);
[[nodiscard]] const Image* find_image(const Account& account, std::string_view id);

// Instances come to life in ec2_fleet.cc; these end them. No effect on one that is ending already.
void begin_shutdown(Account& account, Instance& instance, std::string_view reason);
base::Status interrupt_instance(Account& account, std::string_view id);

void queue_message(Account& account, std::string body);
void queue_state_change(Account& account, const Instance& instance);
// An EventBridge envelope. spec: aws §12.2
void queue_event(Account& account, std::string_view detail_type, std::string_view instance_id,
                 const std::map<std::string, std::string>& detail);

// The rule that limits an offering, or null when nothing does.
[[nodiscard]] CapacityRule* find_capacity(Account& account, std::string_view type, std::string_view zone,
                                          std::string_view capacity_type);

// images.cc: images and the SSM parameters that name them. spec: aws §8.2
void seed_images(Account& account);
base::Result<std::string> release_images(Account& account, std::string_view family);

}  // namespace karpenter::devcluster::aws_emulator
