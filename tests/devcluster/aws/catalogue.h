#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

// The instance types of the emulated region: public facts per family and size, expanded once. Immutable.

namespace karpenter::devcluster::aws_emulator {

struct TypeFacts {
  std::string name;
  std::string architecture;  // x86_64 or arm64
  std::string hypervisor;    // nitro, xen, or empty for bare metal
  std::string manufacturer;
  double clock_ghz = 0;
  std::int64_t vcpus = 0;
  std::int64_t threads_per_core = 1;
  std::int64_t memory_mib = 0;
  std::int64_t network_interfaces = 0;
  std::int64_t ipv4_per_interface = 0;
  std::int64_t network_mbps = 0;  // baseline
  std::int64_t ebs_mbps = 0;      // maximum
  std::int64_t nvme_gb = 0;       // instance store; 0: none
  std::int64_t efa_interfaces = 0;
  std::int64_t gpus = 0;
  std::string gpu_name;
  std::int64_t gpu_memory_mib = 0;  // each
  bool burstable = false;
  bool encrypted_transit = false;
  bool enclaves = false;
  double on_demand_price = 0;  // $/h
};

// Ordered by name; about 130 types.
[[nodiscard]] std::map<std::string, TypeFacts, std::less<>> make_catalogue();

// Whether a type is sold in a zone; `zone_index` counts from 0 for <region>a. Some types miss zone b or c.
[[nodiscard]] bool is_offered(const TypeFacts& type, std::size_t zone_index);

// 30 to 45 % of the on-demand price, by a fixed function of type and zone; four decimals.
[[nodiscard]] double initial_spot_price(const TypeFacts& type, std::string_view zone);

}  // namespace karpenter::devcluster::aws_emulator
