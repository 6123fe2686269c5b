#include "tests/devcluster/aws/launch.h"

#include "common/base/check.h"
#include "common/base/strings.h"

namespace karpenter::devcluster::aws_emulator {
namespace {

const std::string& image_of(const LaunchPlan& plan) {
  return plan.image_id.empty() ? plan.launch_template->data.image_id : plan.image_id;
}

std::vector<std::string> groups_of(const LaunchTemplateData& data) {
  return data.interfaces.empty() ? data.security_groups : data.interfaces.front().security_groups;
}

std::optional<base::Error> find_image_problem(const Account& account, const LaunchPlan& plan,
                                              const TypeFacts& type) {
  const auto& id = image_of(plan);
  if (id.empty()) return failure("MissingParameter", "The request must contain the parameter ImageId");
  const Image* image = find_image(account, id);
  if (image == nullptr) return no_such_id("InvalidAMIID", "image id", id, "ami-");
  if (image->architecture == type.architecture) return std::nullopt;
  return failure("InvalidParameterValue",
                 "The architecture '" + type.architecture +
                     "' of the specified instance type does not match the architecture '" +
                     image->architecture + "' of the specified AMI.");
}

std::optional<base::Error> find_profile_problem(const Account& account, const std::string& name) {
  if (name.empty()) return std::nullopt;
  const auto found = account.instance_profiles.find(name);
  const bool usable = found != account.instance_profiles.end() && !found->second.role.empty() &&
                      found->second.usable_at <= account.runtime.mono();
  if (usable) return std::nullopt;
  return invalid_value(name, "iamInstanceProfile.name", "Invalid IAM Instance Profile name");
}

std::string dotted(std::uint32_t address, std::string_view separator) {
  std::string out;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    if (!out.empty()) out += separator;
    out += std::to_string((address >> shift) & 255U);
  }
  return out;
}

std::uint32_t take_address(Subnet& subnet) {
  KARP_CHECK(subnet.available_addresses() > 0);
  constexpr std::uint32_t kFirst = 4, kEnd = 8191;  // AWS keeps the first four and the last
  do {
    subnet.last_given = subnet.last_given + 1 < kEnd ? subnet.last_given + 1 : kFirst;
  } while (subnet.used.contains(subnet.first_address + subnet.last_given));
  subnet.used.insert(subnet.first_address + subnet.last_given);
  return subnet.first_address + subnet.last_given;
}

std::int64_t ephemeral_gib(const LaunchTemplateData& data, const Image& image) {
  std::int64_t largest = image.volume_gib;
  for (const auto& volume : data.volumes) largest = std::max(largest, volume.gib);
  return largest;
}

void fill_machine(InstanceView& view, const TypeFacts& type) {
  view.type = type.name;
  view.vcpus = type.vcpus;
  view.memory_mib = type.memory_mib;
  view.network_interfaces = type.network_interfaces;
  view.ipv4_per_network_interface = type.ipv4_per_interface;
  view.max_pods = type.network_interfaces * (type.ipv4_per_interface - 1) + 2;
  view.gpus = type.gpus;
  if (type.gpus > 0) view.gpu_manufacturer = "NVIDIA";
}

}  // namespace

std::optional<base::Error> find_launch_problem(const Account& account, const LaunchPlan& plan) {
  const auto type = account.types.find(plan.type);
  if (type == account.types.end())
    return failure("InvalidInstanceType", "The instance type '" + plan.type + "' does not exist");
  const auto subnet = account.subnets.find(plan.subnet_id);
  if (plan.subnet_id.empty())
    return failure("MissingInput", "No subnets found for the default VPC. Please specify a subnet.");
  if (subnet == account.subnets.end())
    return no_such_id("InvalidSubnetID", "subnet ID", plan.subnet_id, "subnet-");
  const auto& zone = account.zones[subnet->second.zone].name;
  if (!plan.zone.empty() && plan.zone != zone) {
    return failure("InvalidParameterValue",
                   "The subnet " + plan.subnet_id + " is not in the Availability Zone " + plan.zone);
  }
  if (auto problem = find_image_problem(account, plan, type->second)) return problem;
  const auto& data = plan.launch_template->data;
  for (const auto& group : groups_of(data)) {
    if (!account.security_groups.contains(group))
      return no_such_id("InvalidGroup", "security group", group, "sg-");
  }
  if (auto problem = find_profile_problem(account, data.instance_profile)) return problem;
  if (!is_offered(type->second, subnet->second.zone)) {
    return failure("Unsupported", "Your requested instance type (" + plan.type +
                                      ") is not supported in your requested Availability Zone (" + zone +
                                      ").");
  }
  if (data.reservation_preference == "capacity-reservations-only") {
    return failure("ReservationCapacityExceeded",
                   "The requested reservation does not have sufficient compatible and available capacity for "
                   "this request.");
  }
  return std::nullopt;
}

Instance& launch_instance(Account& account, const LaunchPlan& plan, const Tags& tags) {
  const auto& type = account.types.find(plan.type)->second;
  const auto& image = account.images.find(image_of(plan))->second;
  auto& subnet = account.subnets.find(plan.subnet_id)->second;
  const auto& zone = account.zones[subnet.zone];
  const auto now = account.runtime.mono();

  Instance instance;
  instance.facts = &type;
  instance.launch = plan.launch_template->data;
  instance.address = take_address(subnet);
  instance.visible_at = now + account.switches.describe_lag;
  instance.reservation_id = make_id(account, "r-");
  InstanceView& view = instance.view;
  view.id = make_id(account, "i-");
  fill_machine(view, type);
  view.zone = zone.name;
  view.zone_id = zone.id;
  view.region = account.options.region;
  view.subnet_id = subnet.id;
  view.image_id = image.id;
  view.image_name = image.name;
  view.architecture = image.architecture;
  view.capacity_type = plan.capacity_type;
  view.launch_time = account.runtime.now();
  view.private_ip = dotted(instance.address, ".");
  view.private_dns_name =
      "ip-" + dotted(instance.address, "-") + "." + account.options.region + ".compute.internal";
  view.instance_profile = instance.launch.instance_profile;
  view.user_data = instance.launch.user_data;
  view.volume_gib = ephemeral_gib(instance.launch, image);
  view.tags = tags;
  if (const auto found = instance.launch.tags.find("instance"); found != instance.launch.tags.end()) {
    view.tags.insert(found->second.begin(), found->second.end());
  }
  if (plan.capacity_type == "spot") instance.spot_request_id = make_id(account, "sir-").substr(0, 12);
  if (auto* rule = find_capacity(account, plan.type, zone.name, plan.capacity_type)) --*rule->left;

  account.timeline.emplace(now + account.switches.pending_delay,
                           TimedChange{TimedChange::Kind::kRun, view.id});
  Instance& stored = account.instances.emplace(view.id, std::move(instance)).first->second;
  queue_state_change(account, stored);
  note_change(account);
  return stored;
}

}  // namespace karpenter::devcluster::aws_emulator
