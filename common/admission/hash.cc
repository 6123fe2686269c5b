#include <algorithm>
#include <cstdint>
#include <optional>

#include "common/admission/admission.h"
#include "common/base/duration.h"
#include "common/base/strings.h"

namespace karpenter::admission {
namespace {

// FNV-1a over tagged, length-prefixed parts, so that no two different sequences of parts look alike.
class Hasher {
 public:
  Hasher& part(std::string_view tag, std::string_view text) {
    mix(tag);
    mix(std::to_string(text.size()));
    mix(text);
    return *this;
  }
  [[nodiscard]] std::uint64_t value() const { return hash_; }

 private:
  void mix(std::string_view text) {
    for (const char c : text) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    hash_ = (hash_ ^ 0xFFU) * 1099511628211ULL;  // a byte that UTF-8 never has ends each text
  }
  std::uint64_t hash_ = 14695981039346656037ULL;
};

void mix_map(Hasher& hasher, std::string_view tag, const model::StringMap& map) {
  for (const auto& [key, value] : map) hasher.part(tag, key).part("value", value);  // a map is ordered by key
}

template <class T>
void mix_optional(Hasher& hasher, std::string_view tag, const std::optional<T>& value) {
  if (!value) return;
  if constexpr (std::is_same_v<T, std::string>) {
    hasher.part(tag, *value);
  } else {
    hasher.part(tag, std::to_string(*value));
  }
}

// An unordered collection: equal elements are counted, their order is not.
template <class T, class Hash>
void mix_collection(Hasher& hasher, std::string_view tag, const std::vector<T>& items, const Hash& hash) {
  std::vector<std::uint64_t> parts;
  for (const auto& item : items) parts.push_back(hash(item));
  std::ranges::sort(parts);
  for (const auto part : parts) hasher.part(tag, std::to_string(part));
}

std::uint64_t hash_taint(const model::Taint& taint) {
  Hasher hasher;
  hasher.part("key", taint.key).part("value", taint.value).part("effect", taint.effect);
  if (taint.time_added) hasher.part("timeAdded", base::format_rfc3339(*taint.time_added));
  return hasher.value();
}

// By value: 1h equals 60m. `Never` equals absent for expireAfter.
void mix_duration(Hasher& hasher, std::string_view tag, const std::optional<std::string>& text) {
  if (!text || *text == "Never") return;
  const auto parsed = base::parse_duration(*text);
  hasher.part(tag, parsed ? std::to_string(parsed->count()) : *text);
}

std::uint64_t hash_block_device(const model::BlockDeviceMapping& device) {
  Hasher hasher;
  hasher.part("deviceName", device.device_name);
  if (device.root_volume.value_or(false)) hasher.part("rootVolume", "true");
  if (!device.ebs) return hasher.value();
  const auto& ebs = *device.ebs;
  mix_optional(hasher, "deleteOnTermination", ebs.delete_on_termination);
  mix_optional(hasher, "encrypted", ebs.encrypted);
  mix_optional(hasher, "iops", ebs.iops);
  mix_optional(hasher, "throughput", ebs.throughput);
  mix_optional(hasher, "volumeInitializationRate", ebs.volume_initialization_rate);
  hasher.part("kmsKeyID", ebs.kms_key_id)
      .part("snapshotID", ebs.snapshot_id)
      .part("volumeType", ebs.volume_type);
  if (ebs.volume_size) hasher.part("volumeSize", ebs.volume_size->text());
  return hasher.value();
}

std::uint64_t hash_network_interface(const model::NetworkInterfaceSpec& card) {
  Hasher hasher;
  hasher.part("card", std::to_string(card.network_card_index));
  hasher.part("device", std::to_string(card.device_index)).part("type", card.interface_type);
  return hasher.value();
}

void mix_metadata_options(Hasher& hasher, const model::MetadataOptions& options) {
  mix_optional(hasher, "httpEndpoint", options.http_endpoint);
  mix_optional(hasher, "httpProtocolIPv6", options.http_protocol_ipv6);
  mix_optional(hasher, "httpPutResponseHopLimit", options.http_put_response_hop_limit);
  mix_optional(hasher, "httpTokens", options.http_tokens);
}

void mix_networking(Hasher& hasher, const model::Ec2NodeClassSpec& spec) {
  mix_collection(hasher, "networkInterface", spec.network_interfaces, hash_network_interface);
  if (spec.connection_tracking) {
    mix_optional(hasher, "tcpEstablished", spec.connection_tracking->tcp_established_timeout);
    mix_optional(hasher, "udpStream", spec.connection_tracking->udp_stream_timeout);
    mix_optional(hasher, "udp", spec.connection_tracking->udp_timeout);
  }
  if (spec.placement_group_selector) {
    hasher.part("placementGroup", spec.placement_group_selector->id)
        .part("name", spec.placement_group_selector->name);
  }
}

}  // namespace

std::string node_pool_hash(const model::NodePool& pool) {
  const auto& node_template = pool.spec.node_template;
  Hasher hasher;
  mix_map(hasher, "label", node_template.meta.labels);
  mix_map(hasher, "annotation", node_template.meta.annotations);
  mix_collection(hasher, "taint", node_template.spec.taints, hash_taint);
  mix_collection(hasher, "startupTaint", node_template.spec.startup_taints, hash_taint);
  const auto& ref = node_template.spec.node_class_ref;
  hasher.part("group", ref.group).part("kind", ref.kind).part("name", ref.name);
  mix_duration(hasher, "terminationGracePeriod", node_template.spec.termination_grace_period);
  mix_duration(hasher, "expireAfter", node_template.spec.expire_after);
  return std::to_string(hasher.value());
}

std::string node_class_hash(const model::Ec2NodeClass& node_class, std::string_view cluster_ca_bundle) {
  const auto& spec = node_class.spec;
  Hasher hasher;
  mix_optional(hasher, "associatePublicIPAddress", spec.associate_public_ip_address);
  mix_optional(hasher, "userData", spec.user_data);
  mix_optional(hasher, "detailedMonitoring", spec.detailed_monitoring);
  hasher.part("role", spec.role).part("instanceProfile", spec.instance_profile);
  hasher.part("instanceStorePolicy", spec.instance_store_policy).part("context", spec.context);
  mix_map(hasher, "tag", spec.tags);
  mix_collection(hasher, "blockDevice", spec.block_device_mappings, hash_block_device);
  if (spec.metadata_options) mix_metadata_options(hasher, *spec.metadata_options);
  mix_networking(hasher, spec);
  mix_optional(hasher, "nestedVirtualization", spec.nested_virtualization);
  mix_optional(hasher, "enclaves", spec.enclaves_enabled);
  hasher.part("amiFamily", resolved_ami_family(spec));
  if (!cluster_ca_bundle.empty()) hasher.part("caBundle", cluster_ca_bundle);
  if (!spec.kubelet.empty() && spec.kubelet != "{}") hasher.part("kubelet", spec.kubelet);
  return std::to_string(hasher.value());
}

std::string resolved_ami_family(const model::Ec2NodeClassSpec& spec) {
  if (!spec.ami_family.empty()) return spec.ami_family;
  for (const auto& term : spec.ami_selector_terms) {
    if (term.alias.empty()) continue;
    const auto family = term.alias.substr(0, term.alias.find('@'));
    for (const auto* known : {"AL2", "AL2023", "Bottlerocket", "Windows2019", "Windows2022", "Windows2025"}) {
      if (base::to_lower(known) == family) return known;
    }
    break;
  }
  return "Custom";
}

}  // namespace karpenter::admission
