#include <set>

#include "common/base/strings.h"
#include "tests/devcluster/aws/ec2.h"

// What can be bought, where, and for how much on the spot market. spec: aws §3.1, §4.2

namespace karpenter::devcluster::aws_emulator {
namespace {

Fields type_fields(const TypeFacts& type) {
  return {
      {"instance-type", {type.name}},
      {"bare-metal", {type.hypervisor.empty() ? "true" : "false"}},
      {"burstable-performance-supported", {type.burstable ? "true" : "false"}},
      {"current-generation", {"true"}},
      {"hypervisor",
       type.hypervisor.empty() ? std::vector<std::string>{} : std::vector<std::string>{type.hypervisor}},
      {"instance-storage-supported", {type.nvme_gb > 0 ? "true" : "false"}},
      {"processor-info.supported-architecture", {type.architecture}},
      {"supported-usage-class", {"on-demand", "spot"}},
      {"supported-virtualization-type", {"hvm"}},
      {"vcpu-info.default-vcpus", {std::to_string(type.vcpus)}},
  };
}

void write_processor(Xml& xml, const TypeFacts& type) {
  xml.node("processorInfo", [&](Xml& cpu) {
    cpu.items("supportedArchitectures", {type.architecture});
    cpu.number("sustainedClockSpeedInGhz", type.clock_ghz).text("manufacturer", type.manufacturer);
  });
  xml.node("vCpuInfo", [&](Xml& cpu) {
    cpu.integer("defaultVCpus", type.vcpus).integer("defaultCores", type.vcpus / type.threads_per_core);
    cpu.integer("defaultThreadsPerCore", type.threads_per_core);
  });
  xml.node("memoryInfo", [&](Xml& memory) { memory.integer("sizeInMiB", type.memory_mib); });
}

void write_storage(Xml& xml, const TypeFacts& type) {
  xml.flag("instanceStorageSupported", type.nvme_gb > 0);
  if (type.nvme_gb > 0) {
    xml.node("instanceStorageInfo", [&](Xml& storage) {
      storage.integer("totalSizeInGB", type.nvme_gb);
      storage.node("disks", [&](Xml& disks) {
        disks.node("item", [&](Xml& disk) {
          disk.integer("sizeInGB", type.nvme_gb).integer("count", 1).text("type", "ssd");
        });
      });
      storage.text("nvmeSupport", "required").text("encryptionSupport", "required");
    });
  }
  xml.node("ebsInfo", [&](Xml& ebs) {
    ebs.text("ebsOptimizedSupport", "default").text("encryptionSupport", "supported");
    ebs.node("ebsOptimizedInfo", [&](Xml& info) {
      info.integer("baselineBandwidthInMbps", type.ebs_mbps).integer("maximumBandwidthInMbps", type.ebs_mbps);
    });
    ebs.text("nvmeSupport", type.hypervisor == "xen" ? "unsupported" : "required");
  });
}

void write_network(Xml& xml, const TypeFacts& type) {
  const double gbps = static_cast<double>(type.network_mbps) / 1000;
  xml.node("networkInfo", [&](Xml& network) {
    network.text("networkPerformance", format_number(gbps) + " Gigabit")
        .integer("maximumNetworkInterfaces", type.network_interfaces);
    network.integer("maximumNetworkCards", 1).integer("defaultNetworkCardIndex", 0);
    network.node("networkCards", [&](Xml& cards) {
      cards.node("item", [&](Xml& card) {
        card.integer("networkCardIndex", 0).text("networkPerformance", format_number(gbps) + " Gigabit");
        card.integer("maximumNetworkInterfaces", type.network_interfaces);
        card.number("baselineBandwidthInGbps", gbps).number("peakBandwidthInGbps", gbps);
      });
    });
    network.integer("ipv4AddressesPerInterface", type.ipv4_per_interface);
    network.integer("ipv6AddressesPerInterface", type.ipv4_per_interface).flag("ipv6Supported", true);
    network.text("enaSupport", type.hypervisor == "xen" ? "supported" : "required")
        .flag("efaSupported", type.efa_interfaces > 0);
    if (type.efa_interfaces > 0) {
      network.node("efaInfo", [&](Xml& efa) { efa.integer("maximumEfaInterfaces", type.efa_interfaces); });
    }
    network.flag("encryptionInTransitSupported", type.encrypted_transit);
  });
}

std::string type_xml(const TypeFacts& type) {
  Xml xml;
  xml.text("instanceType", type.name)
      .flag("currentGeneration", true)
      .flag("freeTierEligible", type.name == "t3.micro");
  xml.items("supportedUsageClasses", {"on-demand", "spot"}).items("supportedRootDeviceTypes", {"ebs"});
  xml.items("supportedVirtualizationTypes", {"hvm"}).flag("bareMetal", type.hypervisor.empty());
  if (!type.hypervisor.empty()) xml.text("hypervisor", type.hypervisor);
  write_processor(xml, type);
  write_storage(xml, type);
  write_network(xml, type);
  if (type.gpus > 0) {
    xml.node("gpuInfo", [&](Xml& info) {
      info.node("gpus", [&](Xml& gpus) {
        gpus.node("item", [&](Xml& gpu) {
          gpu.text("name", type.gpu_name).text("manufacturer", "NVIDIA").integer("count", type.gpus);
          gpu.node("memoryInfo", [&](Xml& memory) { memory.integer("sizeInMiB", type.gpu_memory_mib); });
        });
      });
      info.integer("totalGpuMemoryInMiB", type.gpus * type.gpu_memory_mib);
    });
  }
  xml.node("placementGroupInfo", [&](Xml& groups) {
    groups.items("supportedStrategies", type.burstable
                                            ? std::vector<std::string>{"partition", "spread"}
                                            : std::vector<std::string>{"cluster", "partition", "spread"});
  });
  xml.flag("burstablePerformanceSupported", type.burstable)
      .text("nitroEnclavesSupport", type.enclaves ? "supported" : "unsupported");
  return xml.str();
}

}  // namespace

base::Result<std::string> describe_instance_types(Ec2Call& call) {
  ASSIGN_OR_RETURN(
      const auto filters,
      read_filters(call.params,
                   {"instance-type", "bare-metal", "burstable-performance-supported", "current-generation",
                    "hypervisor", "instance-storage-supported", "processor-info.supported-architecture",
                    "supported-usage-class", "supported-virtualization-type", "vcpu-info.default-vcpus"}));
  const auto names = call.params["InstanceType"].texts();
  ASSIGN_OR_RETURN(const auto page, read_page(call, {5, 100}));
  if (!names.empty() && page.limit > 0) {
    return failure("InvalidParameterCombination",
                   "The parameter InstanceTypes cannot be used with the parameter MaxResults");
  }
  for (const auto& name : names) {
    if (call.account.types.contains(name)) continue;
    return failure("InvalidInstanceType",
                   "The following supplied instance types do not exist: [" + name + "]");
  }
  RETURN_IF_ERROR(call.ready());
  std::vector<Row> rows;
  for (const auto& [name, type] : call.account.types) {
    if (!names.empty() && std::find(names.begin(), names.end(), name) == names.end()) continue;
    if (matches(filters, type_fields(type), {})) rows.push_back({name, type_xml(type)});
  }
  return page_of("instanceTypeSet", std::move(rows), page);
}

base::Result<std::string> describe_instance_type_offerings(Ec2Call& call) {
  const auto location_type =
      call.params["LocationType"].one_of({"region", "availability-zone", "availability-zone-id"}, "region");
  ASSIGN_OR_RETURN(const auto filters, read_filters(call.params, {"location", "instance-type"}));
  ASSIGN_OR_RETURN(const auto page, read_page(call, {5, 1000}));
  RETURN_IF_ERROR(call.ready());
  std::vector<Row> rows;
  for (const auto& [name, type] : call.account.types) {
    std::set<std::string> locations;
    for (std::size_t i = 0; i < call.account.zones.size(); ++i) {
      if (!is_offered(type, i)) continue;
      const auto& zone = call.account.zones[i];
      locations.insert(location_type == "region"
                           ? call.account.options.region
                           : (location_type == "availability-zone" ? zone.name : zone.id));
    }
    for (const auto& location : locations) {
      if (!matches(filters, {{"location", {location}}, {"instance-type", {name}}}, {})) continue;
      Xml xml;
      xml.text("instanceType", name).text("locationType", location_type).text("location", location);
      rows.push_back({name + "/" + location, xml.str()});
    }
  }
  return page_of("instanceTypeOfferingSet", std::move(rows), page);
}

base::Result<std::string> describe_spot_price_history(Ec2Call& call) {
  const auto products = call.params["ProductDescription"].texts();
  const auto names = call.params["InstanceType"].texts();
  const auto zone_name = call.params["AvailabilityZone"].text_or("");
  for (const std::string_view bound : {"StartTime", "EndTime"}) {
    const auto time = call.params[bound].text();
    if (time && !base::parse_rfc3339(*time)) return invalid_value(*time, bound, "Invalid timestamp");
  }
  ASSIGN_OR_RETURN(const auto filters,
                   read_filters(call.params, {"availability-zone", "instance-type", "product-description",
                                              "spot-price", "timestamp"}));
  ASSIGN_OR_RETURN(const auto page, read_page(call, {0, 10000}));
  RETURN_IF_ERROR(call.ready());
  constexpr std::string_view kProduct = "Linux/UNIX";
  const bool sold =
      products.empty() || std::find(products.begin(), products.end(), kProduct) != products.end();
  const auto timestamp = base::format_rfc3339_milli(call.account.runtime.now() - std::chrono::hours(1));
  std::vector<Row> rows;
  for (const auto& [offering, price] : call.account.spot_prices) {
    const auto& [type, zone] = offering;
    if (!sold || (!zone_name.empty() && zone != zone_name)) continue;
    if (!names.empty() && std::find(names.begin(), names.end(), type) == names.end()) continue;
    const Fields fields = {{"availability-zone", {zone}},
                           {"instance-type", {type}},
                           {"product-description", {std::string(kProduct)}}};
    if (!matches(filters, fields, {})) continue;
    Xml xml;
    xml.text("instanceType", type)
        .text("productDescription", kProduct)
        .text("spotPrice", format_number(price));
    xml.text("timestamp", timestamp).text("availabilityZone", zone);
    rows.push_back({type + "/" + zone, xml.str()});
  }
  return page_of("spotPriceHistorySet", std::move(rows), page);
}

}  // namespace karpenter::devcluster::aws_emulator
