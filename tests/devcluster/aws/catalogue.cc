#include "tests/devcluster/aws/catalogue.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "common/base/check.h"
#include "common/base/strings.h"

namespace karpenter::devcluster::aws_emulator {
namespace {

// Network and EBS bandwidth of a hardware generation, by vCPUs: the first row that is large enough counts.
struct Bandwidth {
  std::int64_t vcpus;
  std::int64_t network_mbps;
  std::int64_t ebs_mbps;
};
using Generation = std::array<Bandwidth, 10>;

constexpr Generation kGen5{{{2, 750, 4750},
                            {4, 1250, 4750},
                            {8, 2500, 4750},
                            {16, 5000, 4750},
                            {32, 10000, 6800},
                            {36, 12000, 9500},
                            {48, 12000, 9500},
                            {64, 20000, 13600},
                            {96, 25000, 19000},
                            {999, 25000, 19000}}};
constexpr Generation kGen6i{{{2, 781, 10000},
                             {4, 1562, 10000},
                             {8, 3125, 10000},
                             {16, 6250, 10000},
                             {32, 12500, 10000},
                             {48, 18750, 15000},
                             {64, 25000, 20000},
                             {96, 37500, 30000},
                             {128, 50000, 40000},
                             {999, 50000, 40000}}};
constexpr Generation kGen6g{{{1, 500, 4750},
                             {2, 750, 4750},
                             {4, 1250, 4750},
                             {8, 2500, 4750},
                             {16, 5000, 4750},
                             {32, 12000, 9000},
                             {48, 20000, 13500},
                             {64, 25000, 19000},
                             {96, 25000, 19000},
                             {999, 25000, 19000}}};
constexpr Generation kGen7g{{{1, 520, 10000},
                             {2, 937, 10000},
                             {4, 1876, 10000},
                             {8, 3750, 10000},
                             {16, 7500, 10000},
                             {32, 15000, 10000},
                             {48, 22500, 15000},
                             {64, 30000, 20000},
                             {96, 30000, 20000},
                             {999, 30000, 20000}}};

// Families whose sizes are multiples of one building block.
struct Family {
  std::string_view name;
  const Generation& generation;
  std::string_view architecture;
  std::string_view manufacturer;
  double clock_ghz;
  std::int64_t gib_per_vcpu;
  double price_per_vcpu;
  bool encrypted_transit;
  std::int64_t metal_vcpus;  // of <family>.metal; 0: no such size
  std::string_view sizes;
};

constexpr std::string_view kSizes5 = "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge metal";
constexpr std::string_view kSizesC5 = "large xlarge 2xlarge 4xlarge 9xlarge 12xlarge 18xlarge 24xlarge metal";
constexpr std::string_view kSizes6i =
    "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge metal";
constexpr std::string_view kSizesArm = "medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge metal";

const std::array<Family, 11> kFamilies{{
    {"c5", kGen5, "x86_64", "Intel", 3.4, 2, 0.0425, false, 96, kSizesC5},
    {"c6g", kGen6g, "arm64", "AWS", 2.5, 2, 0.034, false, 64, kSizesArm},
    {"c6i", kGen6i, "x86_64", "Intel", 3.5, 2, 0.0425, true, 128, kSizes6i},
    {"c7g", kGen7g, "arm64", "AWS", 2.6, 2, 0.03625, true, 64, kSizesArm},
    {"m5", kGen5, "x86_64", "Intel", 3.1, 4, 0.048, false, 96, kSizes5},
    {"m6g", kGen6g, "arm64", "AWS", 2.5, 4, 0.0385, false, 64, kSizesArm},
    {"m6i", kGen6i, "x86_64", "Intel", 3.5, 4, 0.048, true, 128, kSizes6i},
    {"m7g", kGen7g, "arm64", "AWS", 2.6, 4, 0.0408, true, 64, kSizesArm},
    {"r5", kGen5, "x86_64", "Intel", 3.1, 8, 0.063, false, 96, kSizes5},
    {"r6g", kGen6g, "arm64", "AWS", 2.5, 8, 0.0504, false, 64, kSizesArm},
    {"r6i", kGen6i, "x86_64", "Intel", 3.5, 8, 0.063, true, 128, kSizes6i},
}};

// Types whose sizes follow no rule.
struct Special {
  std::string_view size;
  std::int64_t vcpus;
  std::int64_t memory_mib;
  std::int64_t network_interfaces;
  std::int64_t ipv4_per_interface;
  std::int64_t network_mbps;
  std::int64_t ebs_mbps;
  std::int64_t nvme_gb;
  std::int64_t gpus;
  double price;
};

constexpr std::array<Special, 7> kBurstable{{{"nano", 2, 512, 2, 2, 32, 2085, 0, 0, 0.0052},
                                             {"micro", 2, 1024, 2, 2, 64, 2085, 0, 0, 0.0104},
                                             {"small", 2, 2048, 3, 4, 128, 2085, 0, 0, 0.0208},
                                             {"medium", 2, 4096, 3, 6, 256, 2085, 0, 0, 0.0416},
                                             {"large", 2, 8192, 3, 12, 512, 2780, 0, 0, 0.0832},
                                             {"xlarge", 4, 16384, 4, 15, 1024, 2780, 0, 0, 0.1664},
                                             {"2xlarge", 8, 32768, 4, 15, 2048, 2780, 0, 0, 0.3328}}};
constexpr std::array<Special, 7> kG4dn{{{"xlarge", 4, 16384, 3, 10, 5000, 3500, 125, 1, 0.526},
                                        {"2xlarge", 8, 32768, 3, 10, 10000, 3500, 225, 1, 0.752},
                                        {"4xlarge", 16, 65536, 3, 10, 20000, 4750, 225, 1, 1.204},
                                        {"8xlarge", 32, 131072, 4, 15, 50000, 9500, 900, 1, 2.176},
                                        {"12xlarge", 48, 196608, 8, 30, 50000, 9500, 900, 4, 3.912},
                                        {"16xlarge", 64, 262144, 4, 15, 50000, 9500, 900, 1, 4.352},
                                        {"metal", 96, 393216, 15, 50, 100000, 19000, 1800, 8, 7.824}}};
constexpr std::array<Special, 3> kP3{{{"2xlarge", 8, 62464, 4, 15, 2500, 1750, 0, 1, 3.06},
                                      {"8xlarge", 32, 249856, 8, 30, 10000, 7000, 0, 4, 12.24},
                                      {"16xlarge", 64, 499712, 8, 30, 25000, 14000, 0, 8, 24.48}}};

std::int64_t vcpus_of_size(const Family& family, std::string_view size) {
  if (size == "metal") return family.metal_vcpus;
  if (size == "medium") return 1;
  if (size == "large") return 2;
  const auto multiple = base::parse_int64(size.substr(0, size.find('x')));
  return 4 * multiple.value_or(1);  // "xlarge" has no number
}

void set_interfaces(TypeFacts& type) {
  struct Row {
    std::int64_t vcpus, interfaces, addresses;
  };
  constexpr std::array<Row, 5> kRows{{{1, 2, 4}, {2, 3, 10}, {8, 4, 15}, {48, 8, 30}, {999, 15, 50}}};
  const auto row =
      std::find_if(kRows.begin(), kRows.end(), [&](const Row& r) { return type.vcpus <= r.vcpus; });
  type.network_interfaces = row->interfaces;
  type.ipv4_per_interface = row->addresses;
}

TypeFacts expand(const Family& family, std::string_view size) {
  TypeFacts type;
  type.name = std::string(family.name) + "." + std::string(size);
  type.architecture = family.architecture;
  type.hypervisor = size == "metal" ? "" : "nitro";
  type.manufacturer = family.manufacturer;
  type.clock_ghz = family.clock_ghz;
  type.vcpus = vcpus_of_size(family, size);
  type.threads_per_core = family.architecture == "x86_64" ? 2 : 1;
  type.memory_mib = type.vcpus * family.gib_per_vcpu * 1024;
  set_interfaces(type);
  const auto& generation = family.generation;
  const auto row = std::find_if(generation.begin(), generation.end(),
                                [&](const Bandwidth& b) { return type.vcpus <= b.vcpus; });
  type.network_mbps = row->network_mbps;
  type.ebs_mbps = row->ebs_mbps;
  type.encrypted_transit = family.encrypted_transit;
  type.enclaves = type.vcpus >= 4 && size != "metal";
  // Rounded to what AWS lists: 1/100 of a cent.
  type.on_demand_price = std::round(family.price_per_vcpu * static_cast<double>(type.vcpus) * 10000) / 10000;
  return type;
}

TypeFacts expand(std::string_view family, const Special& special, const TypeFacts& traits,
                 double price_factor) {
  TypeFacts type = traits;
  type.name = std::string(family) + "." + std::string(special.size);
  if (special.size == "metal") type.hypervisor.clear();
  type.vcpus = special.vcpus;
  type.memory_mib = special.memory_mib;
  type.network_interfaces = special.network_interfaces;
  type.ipv4_per_interface = special.ipv4_per_interface;
  type.network_mbps = special.network_mbps;
  type.ebs_mbps = special.ebs_mbps;
  type.nvme_gb = special.nvme_gb;
  type.gpus = special.gpus;
  type.efa_interfaces = family == "g4dn" && special.network_mbps >= 50000 ? 1 : 0;
  type.on_demand_price = std::round(special.price * price_factor * 10000) / 10000;
  return type;
}

TypeFacts make_traits(std::string_view architecture, std::string_view manufacturer, double clock_ghz) {
  TypeFacts traits;
  traits.architecture = architecture;
  traits.manufacturer = manufacturer;
  traits.clock_ghz = clock_ghz;
  traits.threads_per_core = architecture == "x86_64" ? 2 : 1;
  traits.hypervisor = "nitro";
  return traits;
}

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

}  // namespace

std::map<std::string, TypeFacts, std::less<>> make_catalogue() {
  std::map<std::string, TypeFacts, std::less<>> types;
  const auto add = [&](TypeFacts type) { KARP_CHECK(types.emplace(type.name, type).second); };
  for (const auto& family : kFamilies) {
    for (const auto& size : base::split(family.sizes, ' ')) add(expand(family, size));
  }
  auto burstable = make_traits("x86_64", "Intel", 3.1);
  burstable.burstable = true;
  for (const auto& size : kBurstable) add(expand("t3", size, burstable, 1.0));
  burstable.manufacturer = "AMD";
  burstable.clock_ghz = 2.5;
  for (const auto& size : kBurstable) add(expand("t3a", size, burstable, 0.9038));
  auto graviton = make_traits("arm64", "AWS", 2.5);
  graviton.burstable = true;
  for (const auto& size : kBurstable) add(expand("t4g", size, graviton, 0.8077));
  auto t4 = make_traits("x86_64", "Intel", 2.5);
  t4.gpu_name = "T4";
  t4.gpu_memory_mib = 16384;
  t4.encrypted_transit = true;
  for (const auto& size : kG4dn) add(expand("g4dn", size, t4, 1.0));
  auto v100 = make_traits("x86_64", "Intel", 2.7);
  v100.gpu_name = "V100";
  v100.gpu_memory_mib = 16384;
  v100.hypervisor = "xen";
  for (const auto& size : kP3) add(expand("p3", size, v100, 1.0));
  return types;
}

bool is_offered(const TypeFacts& type, std::size_t zone_index) {
  const auto is_in = [&](std::string_view family) {
    return type.name.starts_with(std::string(family) + ".");
  };
  if (zone_index == 1) return type.name != "p3.16xlarge" && type.name != "g4dn.12xlarge" && !is_in("t3a");
  if (zone_index == 2) return !type.hypervisor.empty() && !is_in("p3") && !is_in("c7g") && !is_in("m7g");
  return true;
}

double initial_spot_price(const TypeFacts& type, std::string_view zone) {
  const auto spread = fnv1a(type.name + "/" + std::string(zone)) % 1000;
  const double share = 0.30 + 0.15 * static_cast<double>(spread) / 1000;
  return std::max(0.0001, std::round(type.on_demand_price * share * 10000) / 10000);
}

}  // namespace karpenter::devcluster::aws_emulator
