#pragma once

#include "common/schema/type.h"

// Parts that EC2NodeClass v1, v1beta1 and AWSNodeTemplate share. spec: api §4.2, §10.3, §12.1

namespace karpenter::schema {

[[nodiscard]] Type selector_tags();  // limits and rule EC-C4
[[nodiscard]] Type subnet_terms(std::string_view mutual_exclusion_message);
[[nodiscard]] Type security_group_terms(std::string_view id_message, std::string_view name_message);
[[nodiscard]] Type status_subnets();
[[nodiscard]] Type status_security_groups();
[[nodiscard]] Type status_amis();         // v1
[[nodiscard]] Type status_legacy_amis();  // without `deprecated`
// The rules on spec.tags that v1 and v1beta1 have in common.
[[nodiscard]] Type node_tags();

struct MetadataDefaults {
  std::string_view object;
  std::string_view hop_limit;
};
[[nodiscard]] Type metadata_options(MetadataDefaults defaults);
// A block device mapping of v1beta1, and of v1 with volumeInitializationRate.
[[nodiscard]] Type beta_block_devices();
[[nodiscard]] Type v1_block_devices();

}  // namespace karpenter::schema
