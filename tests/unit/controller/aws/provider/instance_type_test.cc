#include "controller/aws/provider/instance_type_build.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/model/labels.h"
#include "controller/aws/provider/aws_labels.h"

namespace karpenter::aws {
namespace {

namespace labels = model::labels;

InstanceTypeInfo m5_large() {
  InstanceTypeInfo out;
  out.name = "m5.large";
  out.usage_classes = {"on-demand", "spot"};
  out.hypervisor = "nitro";
  out.nitro_enclaves_support = "unsupported";
  out.architectures = {"x86_64"};
  out.has_processor_info = true;
  out.clock_speed_ghz = 3.1;
  out.manufacturer = "Intel";
  out.vcpus = 2;
  out.memory_mib = 8192;
  out.ebs_optimized_support = "default";
  out.ebs_bandwidth_mbps = 4750;
  out.network_cards = {{0, 3}};
  out.ipv4_per_interface = 10;
  out.ena_support = "required";
  return out;
}

BuildContext context() {
  BuildContext out;
  out.region = "us-west-2";
  out.zones = {{"us-west-2a", "usw2-az1", {"subnet-a"}}, {"us-west-2b", "usw2-az2", {"subnet-b"}}};
  return out;
}

model::BlockDeviceMapping mapping(std::string device, const char* size) {
  model::BlockDeviceMapping out;
  out.device_name = std::move(device);
  out.ebs.emplace();
  if (size != nullptr) out.ebs->volume_size = model::Quantity::parse(size).value();
  return out;
}

// spec: aws §3.6
TEST(PodCapacity, follows_family_and_kubelet) {
  struct Case {
    std::string name;
    AmiFamily family;
    std::string kubelet;
    std::int64_t reserved_enis;
    std::int64_t want;
  };
  const std::vector<Case> cases = {
      {"eni limit", AmiFamily::kAl2023, "", 0, 29},
      {"reserved enis", AmiFamily::kAl2023, "", 1, 20},
      {"all enis reserved", AmiFamily::kAl2023, "", 3, 0},
      {"max pods wins", AmiFamily::kAl2023, R"({"maxPods":50})", 0, 50},
      {"string max pods is ignored", AmiFamily::kAl2023, R"({"maxPods":"vcpus"})", 0, 29},
      {"per core", AmiFamily::kAl2023, R"({"podsPerCore":4})", 0, 8},
      {"per core larger", AmiFamily::kAl2023, R"({"podsPerCore":40})", 0, 29},
      {"bottlerocket has no per core", AmiFamily::kBottlerocket, R"({"podsPerCore":4})", 0, 29},
      {"windows has no eni limit", AmiFamily::kWindows2022, "", 0, 110},
  };
  for (const auto& c : cases) {
    auto with = context();
    with.family = c.family;
    with.kubelet = parse_kubelet(c.kubelet).value();
    with.reserved_enis = c.reserved_enis;
    EXPECT_EQ(pod_capacity(m5_large(), with), c.want) << c.name;
  }
}

// spec: aws §3.5
TEST(Memory, subtracts_the_vm_overhead) {
  auto info = m5_large();
  EXPECT_EQ(memory_bytes(info, 0.075), std::int64_t{8192 - 615} << 20);  // ceil(614.4)
  EXPECT_EQ(memory_bytes(info, 0), std::int64_t{8192} << 20);
  info.architectures = {"arm64"};
  EXPECT_EQ(memory_bytes(info, 0.075), std::int64_t{8128 - 610} << 20);  // 64 MiB less, ceil(609.6)
}

// spec: aws §3.7
TEST(Overhead, kube_reserved_cpu_has_tiers) {
  const std::vector<std::pair<std::int64_t, std::int64_t>> cases = {{1, 60}, {2, 70},   {4, 80},
                                                                    {8, 90}, {16, 110}, {96, 310}};
  for (const auto& [vcpus, want] : cases) EXPECT_EQ(kube_reserved_milli_cpu(vcpus), want) << vcpus;
}

// spec: aws §3.7
TEST(Overhead, kube_reserved_memory_ignores_max_pods_where_eni_limited) {
  auto with = context();
  with.kubelet = parse_kubelet(R"({"maxPods":110,"kubeReserved":{"cpu":"200m","pid":"100"}})").value();
  const auto reserved = kube_reserved(m5_large(), with);
  EXPECT_EQ(reserved.get(model::kMemory).text(), "574Mi");  // 11 × 29 + 255
  EXPECT_EQ(reserved.get(model::kCpu).text(), "200m");
  EXPECT_EQ(reserved.get(model::kEphemeralStorage).text(), "1Gi");
  with.family = AmiFamily::kBottlerocket;
  EXPECT_EQ(kube_reserved(m5_large(), with).get(model::kMemory).text(), "1465Mi");  // 11 × 110 + 255
}

// spec: aws §3.7
TEST(Overhead, eviction_thresholds) {
  const auto memory = model::Quantity::parse("8Gi").value();
  const auto storage = model::Quantity::parse("20Gi").value();
  struct Case {
    std::string kubelet;
    std::int64_t memory;
    std::int64_t storage;
  };
  const std::vector<Case> cases = {
      {"", 104857600, 2147483648},
      {R"({"evictionHard":{"memory.available":"5%","nodefs.available":"10Gi"}})", 429496730, 10737418240},
      {R"({"evictionHard":{"memory.available":"100%"}})", 0, 2147483648},
      {R"({"evictionSoft":{"memory.available":"50%"}})", 104857600, 2147483648},
  };
  for (const auto& c : cases) {
    const auto got = eviction_threshold(parse_kubelet(c.kubelet).value(), memory, storage);
    EXPECT_EQ(got.get(model::kMemory).value(), c.memory) << c.kubelet;
    EXPECT_EQ(got.get(model::kEphemeralStorage).value(), c.storage) << c.kubelet;
  }
}

// spec: aws §3.4
TEST(EphemeralStorage, first_match_wins) {
  auto info = m5_large();
  auto with = context();
  EXPECT_EQ(ephemeral_storage(info, with).text(), "20Gi");
  with.spec.block_device_mappings = {mapping("/dev/xvda", "100Gi")};
  EXPECT_EQ(ephemeral_storage(info, with).text(), "100Gi");
  with.spec.block_device_mappings = {mapping("/dev/sdz", "100Gi")};
  EXPECT_EQ(ephemeral_storage(info, with).text(), "20Gi");  // not the family's device
  with.spec.block_device_mappings[0].root_volume = true;
  EXPECT_EQ(ephemeral_storage(info, with).text(), "100Gi");
  with.family = AmiFamily::kCustom;
  with.spec.block_device_mappings = {mapping("/dev/a", "50Gi"), mapping("/dev/b", nullptr)};
  EXPECT_EQ(ephemeral_storage(info, with).text(), "20Gi");  // the last one, without a size
  info.storage_gb = 75;
  with.spec.instance_store_policy = "RAID0";
  EXPECT_EQ(ephemeral_storage(info, with).text(), "75G");
}

std::string label_text(const model::Requirements& requirements, std::string_view key) {
  const auto* found = requirements.find(key);
  if (found == nullptr) return "missing";
  return found->text();
}

// spec: aws §3.3
TEST(Labels, names_are_split) {
  struct Case {
    std::string name;
    std::string category, generation, family, size, flex;
  };
  const std::vector<Case> cases = {
      {"m6gd.large", "m", "6", "m6gd", "large", "false"},
      {"c7i-flex.xlarge", "c", "7", "c7i-flex", "xlarge", "true"},
      {"u-6tb1.metal", "u", "1", "u-6tb1", "metal", "false"},
      {"mac-m3ultra.metal", "", "", "mac-m3ultra", "metal", "false"},
      {"trn1n.32xlarge", "trn", "1", "trn1n", "32xlarge", "false"},
  };
  const auto want = [](std::string_view key, const std::string& value) {
    return value.empty() ? model::Requirement::does_not_exist(key) : model::Requirement::in(key, {value});
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    auto info = m5_large();
    info.name = c.name;
    const auto got = type_labels(info, {"us-west-2a"}, context());
    EXPECT_EQ(*got.find(labels::kInstanceCategory), want(labels::kInstanceCategory, c.category));
    EXPECT_EQ(*got.find(labels::kInstanceGeneration), want(labels::kInstanceGeneration, c.generation));
    EXPECT_EQ(*got.find(labels::kInstanceFamily), want(labels::kInstanceFamily, c.family));
    EXPECT_EQ(*got.find(labels::kInstanceSize), want(labels::kInstanceSize, c.size));
    EXPECT_EQ(*got.find(label::kCapabilityFlex), want(label::kCapabilityFlex, c.flex));
  }
}

// spec: aws §3.3
TEST(Labels, hardware_and_topology) {
  auto info = m5_large();
  info.hypervisor = "";  // bare metal: the label is there, and empty
  info.gpus = {{"Tesla V100", "NVIDIA", 8, 16384}};
  const auto got = type_labels(info, {"us-west-2b", "us-west-2c"}, context());
  EXPECT_EQ(*got.find(labels::kZone), model::Requirement::in(labels::kZone, {"us-west-2b"}));
  EXPECT_EQ(*got.find(labels::kZoneId), model::Requirement::in(labels::kZoneId, {"usw2-az2"}));
  EXPECT_EQ(*got.find(label::kHypervisor), model::Requirement::in(label::kHypervisor, {""}));
  EXPECT_EQ(*got.find(label::kGpuName), model::Requirement::in(label::kGpuName, {"tesla-v100"}));
  EXPECT_EQ(*got.find(label::kCpuClockSpeed), model::Requirement::in(label::kCpuClockSpeed, {"3100"}));
  EXPECT_EQ(*got.find(label::kEbsBandwidth), model::Requirement::in(label::kEbsBandwidth, {"4750"}));
  EXPECT_EQ(got.find(label::kAcceleratorCount)->op(), model::Requirement::Op::kDoesNotExist)
      << label_text(got, label::kAcceleratorCount);
  info.gpus.push_back(info.gpus.front());  // two entries: no label, but the resource counts both
  EXPECT_EQ(type_labels(info, {}, context()).find(label::kGpuName)->op(),
            model::Requirement::Op::kDoesNotExist);
  EXPECT_EQ(build_instance_type(info, {}, context()).capacity.get(resource::kNvidiaGpu).value(), 16);
  EXPECT_FALSE(type_labels(info, {}, context()).has(labels::kZoneId));
}

// spec: aws §3.9
TEST(Compatibility, depends_on_what_the_class_asks_for) {
  auto info = m5_large();
  auto with = context();
  EXPECT_TRUE(is_compatible(info, with));
  with.spec.enclaves_enabled = true;
  EXPECT_FALSE(is_compatible(info, with));
  info.nitro_enclaves_support = "supported";
  EXPECT_TRUE(is_compatible(info, with));
  with.spec.network_interfaces = {{0, 3, "interface"}};  // device 3 of a card with three
  EXPECT_FALSE(is_compatible(info, with));
  with.spec.network_interfaces = {{0, 2, "interface"}};
  EXPECT_TRUE(is_compatible(info, with));
  info.name = "a1.large";
  EXPECT_FALSE(is_compatible(info, with));
}

}  // namespace
}  // namespace karpenter::aws
