#include "controller/aws/provider/instance_type_build.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "common/base/strings.h"
#include "controller/aws/provider/aws_labels.h"

namespace karpenter::aws {
namespace {

using model::Quantity;

constexpr std::int64_t kMiB = 1 << 20;
constexpr std::int64_t kGiB = std::int64_t{1} << 30;
constexpr std::int64_t kPodsWithoutEniLimit = 110;

Quantity bytes(std::int64_t amount) { return Quantity::of(amount, Quantity::Format::kBinarySI); }

const Quantity* root_volume_size(const BuildContext& context) {
  for (const auto& mapping : context.spec.block_device_mappings) {
    if (mapping.root_volume.value_or(false) && mapping.ebs && mapping.ebs->volume_size)
      return &*mapping.ebs->volume_size;
  }
  return nullptr;
}

const Quantity* device_size(const std::vector<model::BlockDeviceMapping>& mappings, std::string_view device) {
  for (const auto& mapping : mappings) {
    if (mapping.device_name == device && mapping.ebs && mapping.ebs->volume_size)
      return &*mapping.ebs->volume_size;
  }
  return nullptr;
}

std::int64_t efa_only_interfaces(const model::Ec2NodeClassSpec& spec) {
  return std::ranges::count_if(spec.network_interfaces,
                               [](const auto& one) { return one.interface_type == "efa-only"; });
}

std::int64_t gpu_count(const InstanceTypeInfo& info, std::string_view manufacturer) {
  std::int64_t total = 0;
  for (const auto& gpu : info.gpus) {
    if (gpu.manufacturer == manufacturer) total += gpu.count;
  }
  return total;
}

std::int64_t efa_capacity(const InstanceTypeInfo& info, const BuildContext& context) {
  return context.spec.network_interfaces.empty() ? info.maximum_efa_interfaces
                                                 : efa_only_interfaces(context.spec);
}

model::Resources type_capacity(const InstanceTypeInfo& info, const BuildContext& context) {
  std::int64_t neuron = 0;
  for (const auto& device : info.neuron_devices) neuron += device.count;
  const std::int64_t cores =
      info.neuron_devices.empty() ? 0 : info.neuron_devices.front().count * info.neuron_devices.front().cores;

  model::Resources out;
  out.set(model::kCpu, Quantity::of(info.vcpus));
  out.set(model::kMemory, bytes(memory_bytes(info, context.vm_memory_overhead_percent)));
  out.set(model::kEphemeralStorage, ephemeral_storage(info, context));
  out.set(model::kPods, Quantity::of(pod_capacity(info, context)));
  out.set(resource::kPodEni, Quantity::of(0));  // needs the VPC limits table, which is not shipped yet
  out.set(resource::kNvidiaGpu, Quantity::of(gpu_count(info, "NVIDIA")));
  out.set(resource::kAmdGpu, Quantity::of(gpu_count(info, "AMD")));
  out.set(resource::kGaudi, Quantity::of(gpu_count(info, "Habana")));
  out.set(resource::kNeuron, Quantity::of(neuron));
  out.set(resource::kNeuronCore, Quantity::of(cores));
  out.set(resource::kEfa, Quantity::of(efa_capacity(info, context)));
  return out;
}

// A threshold of the eviction signal: a percentage of `capacity` or an amount. Nothing when unset or
// unreadable.
std::optional<Quantity> threshold(const model::StringMap& eviction, std::string_view signal,
                                  const Quantity& capacity) {
  const auto it = eviction.find(signal);
  if (it == eviction.end()) return std::nullopt;
  if (it->second.ends_with('%')) {
    const auto percent = base::parse_double(std::string_view(it->second).substr(0, it->second.size() - 1));
    if (!percent) return std::nullopt;
    // 100 % switches the threshold off. spec: aws §18 8
    const double share = *percent >= 100 ? 0 : *percent;
    return bytes(static_cast<std::int64_t>(std::ceil(static_cast<double>(capacity.value()) / 100 * share)));
  }
  auto amount = Quantity::parse(it->second);
  if (!amount) return std::nullopt;
  return *amount;
}

bool interfaces_fit(const InstanceTypeInfo& info, const model::Ec2NodeClassSpec& spec) {
  if (info.network_cards.empty() || info.ena_support == "unsupported") return false;
  for (const auto& wanted : spec.network_interfaces) {
    const auto card = std::ranges::find(info.network_cards, wanted.network_card_index, &NetworkCard::index);
    if (std::ssize(info.network_cards) <= wanted.network_card_index || card == info.network_cards.end() ||
        card->maximum_interfaces <= wanted.device_index) {
      return false;
    }
  }
  return efa_only_interfaces(spec) <= info.maximum_efa_interfaces;
}

}  // namespace

std::vector<ZoneInfo> zones_of(const model::Ec2NodeClassStatus& status) {
  std::map<std::pair<std::string, std::string>, ZoneInfo> groups;
  for (const auto& subnet : status.subnets) {
    ZoneInfo& group = groups[{subnet.zone, subnet.zone_id}];
    group.zone = subnet.zone;
    group.zone_id = subnet.zone_id;
    group.subnet_ids.push_back(subnet.id);
  }
  std::vector<ZoneInfo> out;
  for (auto& [key, group] : groups) out.push_back(std::move(group));
  return out;
}

std::int64_t memory_bytes(const InstanceTypeInfo& info, double overhead_percent) {
  std::int64_t mib = info.memory_mib;
  if (!info.architectures.empty() && info.architectures.front() == "arm64") mib -= 64;
  const double overhead = std::ceil(static_cast<double>(mib * kMiB) * overhead_percent / 1024 / 1024);
  return (mib - static_cast<std::int64_t>(overhead)) * kMiB;
}

std::int64_t eni_limited_pods(const InstanceTypeInfo& info, const model::Ec2NodeClassSpec& spec,
                              std::int64_t reserved_enis) {
  const auto index = static_cast<std::size_t>(std::max(info.default_network_card, 0));
  if (index >= info.network_cards.size()) return 0;
  const std::int64_t efa_on_first = std::ranges::count_if(spec.network_interfaces, [](const auto& one) {
    return one.network_card_index == 0 && one.interface_type == "efa-only";
  });
  const std::int64_t usable = info.network_cards[index].maximum_interfaces - reserved_enis - efa_on_first;
  if (usable <= 0) return 0;
  return usable * (info.ipv4_per_interface - 1) + 2;
}

std::int64_t pod_capacity(const InstanceTypeInfo& info, const BuildContext& context) {
  const FamilyTraits& traits = traits_of(context.family);
  std::int64_t pods = kPodsWithoutEniLimit;
  if (context.kubelet.max_pods) {
    pods = *context.kubelet.max_pods;
  } else if (traits.eni_limited_pods) {
    pods = eni_limited_pods(info, context.spec, context.reserved_enis);
  }
  const std::int64_t per_core = context.kubelet.pods_per_core.value_or(0);
  if (per_core > 0 && traits.pods_per_core) pods = std::min(pods, per_core * info.vcpus);
  return pods;
}

Quantity ephemeral_storage(const InstanceTypeInfo& info, const BuildContext& context) {
  if (context.spec.instance_store_policy == "RAID0" && info.storage_gb) {
    return Quantity::of(*info.storage_gb * 1'000'000'000);
  }
  const std::string_view device = traits_of(context.family).ephemeral_device;
  const auto& mappings = context.spec.block_device_mappings;
  if (!mappings.empty()) {
    if (const Quantity* size = root_volume_size(context)) return *size;
    if (context.family == AmiFamily::kCustom) {
      const auto& last = mappings.back();
      if (last.ebs && last.ebs->volume_size) return *last.ebs->volume_size;
      return bytes(20 * kGiB);
    }
    if (const Quantity* size = device_size(mappings, device)) return *size;
  }
  const auto defaults = default_block_devices(context.family);
  if (const Quantity* size = device_size(defaults, device)) return *size;
  return bytes(20 * kGiB);
}

std::int64_t kube_reserved_milli_cpu(std::int64_t vcpus) {
  struct Tier {
    std::int64_t start;
    std::int64_t end;
    double share;
  };
  static constexpr std::array<Tier, 4> kTiers = {
      {{0, 1000, 0.06}, {1000, 2000, 0.01}, {2000, 4000, 0.005}, {4000, std::int64_t{1} << 31, 0.0025}}};
  const std::int64_t milli = vcpus * 1000;
  std::int64_t out = 0;
  for (const auto& tier : kTiers) {
    if (milli < tier.start) continue;
    out +=
        static_cast<std::int64_t>(static_cast<double>(std::min(milli, tier.end) - tier.start) * tier.share);
  }
  return out;
}

model::Resources kube_reserved(const InstanceTypeInfo& info, const BuildContext& context) {
  // Reserved ENIs are left out on purpose. spec: aws §18 7
  const std::int64_t pods = traits_of(context.family).eni_limited_kube_reserved
                                ? eni_limited_pods(info, context.spec, 0)
                                : pod_capacity(info, context);
  model::Resources out;
  out.set(model::kMemory, bytes((11 * pods + 255) * kMiB));
  out.set(model::kEphemeralStorage, bytes(kGiB));
  out.set(model::kCpu, Quantity::of_milli(kube_reserved_milli_cpu(info.vcpus)));
  for (const auto& [name, quantity] : reserved_resources(context.kubelet.kube_reserved))
    out.set(name, quantity);
  return out;
}

model::Resources eviction_threshold(const KubeletConfig& kubelet, const Quantity& memory,
                                    const Quantity& storage) {
  const auto tenth = static_cast<std::int64_t>(std::ceil(static_cast<double>(storage.value()) / 100 * 10));
  model::Resources out;
  out.set(model::kMemory,
          threshold(kubelet.eviction_hard, "memory.available", memory).value_or(bytes(100 * kMiB)));
  out.set(model::kEphemeralStorage,
          threshold(kubelet.eviction_hard, "nodefs.available", storage).value_or(bytes(tenth)));
  return out;
}

bool is_compatible(const InstanceTypeInfo& info, const BuildContext& context) {
  const auto& spec = context.spec;
  if (context.family == AmiFamily::kAl2023 && info.name.starts_with("a1.")) return false;
  if (!spec.network_interfaces.empty() && !interfaces_fit(info, spec)) return false;
  if (spec.nested_virtualization.value_or("") == "enabled" &&
      std::ranges::find(info.processor_features, "nested-virtualization") == info.processor_features.end()) {
    return false;
  }
  if (spec.connection_tracking && info.hypervisor != "nitro") return false;
  return !spec.enclaves_enabled.value_or(false) || info.nitro_enclaves_support == "supported";
}

cloud::InstanceType build_instance_type(const InstanceTypeInfo& info,
                                        const std::set<std::string>& offered_zones,
                                        const BuildContext& context) {
  cloud::InstanceType out;
  out.name = info.name;
  out.requirements = type_labels(info, offered_zones, context);
  out.capacity = type_capacity(info, context);
  out.overhead = kube_reserved(info, context);
  out.overhead += reserved_resources(context.kubelet.system_reserved);
  out.overhead += eviction_threshold(context.kubelet, out.capacity.get(model::kMemory),
                                     out.capacity.get(model::kEphemeralStorage));
  return out;
}

}  // namespace karpenter::aws
