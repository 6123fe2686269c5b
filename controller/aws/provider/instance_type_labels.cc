#include <algorithm>
#include <cctype>
#include <cmath>

#include "common/base/strings.h"
#include "common/model/labels.h"
#include "controller/aws/provider/aws_labels.h"
#include "controller/aws/provider/instance_type_build.h"

// The labels of an instance type. spec: aws §3.3

namespace karpenter::aws {
namespace {

namespace labels = model::labels;
using model::Requirement;
using model::Requirements;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string kebab(std::string_view text) {
  return base::to_lower(base::replace_all(std::string(text), " ", "-"));
}

struct NameParts {
  std::string category;  // "" when the name does not fit
  std::string generation;
};

// (^[a-z]+)(-[0-9]+tb)?([0-9]+).*\.  without a regex engine.
NameParts split_name(std::string_view name) {
  std::size_t at = 0;
  while (at < name.size() && is_lower(name[at])) ++at;
  NameParts out;
  if (at == 0 || name.find('.', at) == std::string_view::npos) return out;
  const std::string category(name.substr(0, at));
  if (at < name.size() && name[at] == '-') {
    std::size_t end = at + 1;
    while (end < name.size() && is_digit(name[end])) ++end;
    if (end == at + 1 || !name.substr(end).starts_with("tb")) return out;
    at = end + 2;
  }
  std::size_t end = at;
  while (end < name.size() && is_digit(name[end])) ++end;
  if (end == at) return out;
  out.category = category;
  out.generation = std::string(name.substr(at, end - at));
  return out;
}

class LabelSet {
 public:
  void put(std::string_view key, std::string value) { out_.add(Requirement::in(key, {std::move(value)})); }
  void put(std::string_view key, std::int64_t value) { put(key, std::to_string(value)); }
  void put_all(std::string_view key, std::vector<std::string> values) {
    out_.add(Requirement::in(key, std::move(values)));
  }
  void absent(std::string_view key) { out_.add(Requirement::does_not_exist(key)); }
  template <class T>
  void put_or_absent(std::string_view key, bool present, T value) {
    if (present) {
      put(key, std::move(value));
    } else {
      absent(key);
    }
  }
  Requirements take() { return std::move(out_); }

 private:
  Requirements out_;
};

std::string architecture(const InstanceTypeInfo& info) {
  for (const auto& one : info.architectures) {
    if (one == "x86_64") return "amd64";
    if (one == "arm64") return "arm64";
  }
  return "[" + base::join(info.architectures, " ") + "]";
}

void put_topology(LabelSet& out, const InstanceTypeInfo& info, const std::set<std::string>& offered,
                  const BuildContext& context) {
  std::vector<std::string> zones;
  std::vector<std::string> zone_ids;
  for (const auto& zone : context.zones) {
    if (!offered.contains(zone.zone)) continue;
    zones.push_back(zone.zone);
    if (!zone.zone_id.empty()) zone_ids.push_back(zone.zone_id);
  }
  out.put_all(labels::kZone, zones);
  out.put(labels::kRegion, context.region);
  if (!zone_ids.empty()) out.put_all(labels::kZoneId, zone_ids);

  std::vector<std::string> capacity_types;
  for (const auto& usage : info.usage_classes) {
    if (usage == labels::kOnDemand || usage == labels::kSpot) capacity_types.push_back(usage);
  }
  out.put_all(labels::kCapacityType, capacity_types);
}

void put_system(LabelSet& out, const InstanceTypeInfo& info, const BuildContext& context) {
  const std::string arch = architecture(info);
  out.put(labels::kArch, arch);
  const FamilyTraits& traits = traits_of(context.family);
  if (!is_windows(context.family)) {
    out.put(labels::kOs, std::string("linux"));
  } else if (arch == "amd64") {
    out.put(labels::kOs, std::string("windows"));
  } else {
    out.absent(labels::kOs);  // nothing runs there
  }
  out.put_or_absent(labels::kWindowsBuild, is_windows(context.family), std::string(traits.windows_build));
}

void put_hardware(LabelSet& out, const InstanceTypeInfo& info) {
  out.put(labels::kInstanceCpu, info.vcpus);
  out.put(labels::kInstanceMemory, info.memory_mib);
  out.put_or_absent(label::kCpuManufacturer, info.has_processor_info, kebab(info.manufacturer));
  out.put_or_absent(label::kCpuClockSpeed, info.has_processor_info,
                    static_cast<std::int64_t>(std::llround(info.clock_speed_ghz * 1000)));
  out.put_or_absent(label::kEbsBandwidth, info.ebs_optimized_support == "default" && info.ebs_bandwidth_mbps,
                    info.ebs_bandwidth_mbps.value_or(0));
  out.absent(label::kNetworkBandwidth);  // needs the bandwidth table, which is not shipped yet
  out.put_or_absent(label::kLocalNvme, info.storage_gb && info.storage_nvme_support != "unsupported",
                    info.storage_gb.value_or(0));
  out.put(label::kHypervisor, info.hypervisor);
  out.put(label::kEncryptionInTransit, std::string(info.encryption_in_transit ? "true" : "false"));
}

void put_devices(LabelSet& out, const InstanceTypeInfo& info) {
  const bool one_gpu = info.gpus.size() == 1;
  const GpuInfo gpu = one_gpu ? info.gpus.front() : GpuInfo{};
  out.put_or_absent(label::kGpuName, one_gpu, kebab(gpu.name));
  out.put_or_absent(label::kGpuManufacturer, one_gpu, kebab(gpu.manufacturer));
  out.put_or_absent(label::kGpuCount, one_gpu, gpu.count);
  out.put_or_absent(label::kGpuMemory, one_gpu, gpu.memory_mib);

  AcceleratorInfo accelerator;
  bool one_accelerator = false;
  if (info.accelerators.size() == 1 && info.neuron_devices.empty()) {
    accelerator = info.accelerators.front();
    one_accelerator = true;
  } else if (info.neuron_devices.size() == 1) {
    accelerator = {info.neuron_devices.front().name, "aws", info.neuron_devices.front().count};
    one_accelerator = true;
  }
  out.put_or_absent(label::kAcceleratorName, one_accelerator, kebab(accelerator.name));
  out.put_or_absent(label::kAcceleratorManufacturer, one_accelerator, kebab(accelerator.manufacturer));
  out.put_or_absent(label::kAcceleratorCount, one_accelerator, accelerator.count);
}

void put_name(LabelSet& out, const std::string& name) {
  out.put(labels::kInstanceType, name);
  const NameParts parts = split_name(name);
  out.put_or_absent(labels::kInstanceCategory, !parts.category.empty(), parts.category);
  out.put_or_absent(labels::kInstanceGeneration, !parts.category.empty(), parts.generation);
  const auto pieces = base::split(name, '.');
  const bool two = pieces.size() == 2;
  out.put_or_absent(labels::kInstanceFamily, two, two ? pieces[0] : std::string());
  out.put_or_absent(labels::kInstanceSize, two, two ? pieces[1] : std::string());
  out.put(label::kCapabilityFlex,
          std::string(pieces[0].find("-flex") == std::string::npos ? "false" : "true"));
}

}  // namespace

Requirements type_labels(const InstanceTypeInfo& info, const std::set<std::string>& offered_zones,
                         const BuildContext& context) {
  LabelSet out;
  put_name(out, info.name);
  put_system(out, info, context);
  put_topology(out, info, offered_zones, context);
  put_hardware(out, info);
  put_devices(out, info);
  out.put_all(label::kTenancy, {"default", "dedicated"});
  out.absent(label::kReservationId);
  out.absent(label::kReservationType);
  out.absent(label::kReservationInterruptible);
  return out.take();
}

}  // namespace karpenter::aws
