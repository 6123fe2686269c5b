#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/admission/admission.h"
#include "common/admission/syntax.h"
#include "common/schema/path.h"

// Rules that several kinds share. Each adds to `out` what is broken; texts of paths are only made for that.

namespace karpenter::admission {

using schema::Path;
using Warnings = std::vector<std::string>;

// What runtime and old webhooks check of each kind, and what is only warned about. judge() adds schema and
// CEL.
void check(const model::NodePool& pool, const Gates& gates, Violations& out);
void check(const model::NodeClaim& claim, const Gates& gates, Violations& out);
void check(const model::Ec2NodeClass& node_class, const Gates& gates, Violations& out);
void check(const model::NodeOverlay& overlay, const Gates& gates, Violations& out);
void check(const model::CapacityBuffer& buffer, const Gates& gates, Violations& out);
void check(const model::v1beta1::NodePool& pool, const Gates& gates, Violations& out);
void check(const model::v1beta1::NodeClaim& claim, const Gates& gates, Violations& out);
void check(const model::v1beta1::Ec2NodeClass& node_class, const Gates& gates, Violations& out);
void check(const model::v1alpha5::Provisioner& provisioner, const Gates& gates, Violations& out);
void check(const model::v1alpha1::AwsNodeTemplate& node_template, const Gates& gates, Violations& out);

void warn(const model::NodePool& pool, const Gates& gates, Warnings& out);
void warn(const model::NodeClaim& claim, const Gates& gates, Warnings& out);
void warn(const model::Ec2NodeClass& node_class, const Gates& gates, Warnings& out);
void warn(const model::NodeOverlay& overlay, const Gates& gates, Warnings& out);
void warn(const model::CapacityBuffer& buffer, const Gates& gates, Warnings& out);
void warn(const model::v1alpha5::Provisioner& provisioner, const Gates& gates, Warnings& out);
void warn(const model::v1alpha1::AwsNodeTemplate& node_template, const Gates& gates, Warnings& out);

// Nothing is added any more once `out` is full: there are many times more than will be told.
[[nodiscard]] bool is_full(const Violations& out);
void add(Violations& out, std::string path, ViolationKind kind, std::string value, std::string message);
// Sorts by path, then text, and cuts to 100.
[[nodiscard]] Violations finished(Violations out);

// Steps of a path. Each refers to its parent, which must be a named object that lives as long.
[[nodiscard]] inline Path step(const Path& parent, std::string_view name) {
  return {.parent = &parent, .name = name};
}
[[nodiscard]] inline Path item(const Path& parent, std::size_t index) {
  return {.parent = &parent, .index = index};
}
[[nodiscard]] inline Path entry(const Path& parent, std::string_view key) {
  return {.parent = &parent, .name = key, .is_key = true};
}

// §7.1: one list of requirements. Beta and alpha lack Gte, Lte and the known-value rule. spec: api §7.1, §7.7
void check_requirements(std::span<const model::NodeSelectorRequirement> requirements, const Path& path,
                        Era era, Violations& out);
void warn_requirements(std::span<const model::NodeSelectorRequirement> requirements, const Path& path,
                       Warnings& out);
// NP-R1…R4, BNP-W2, W3, PR-W6. `own_label` is the one that names the pool.
void check_labels(const model::StringMap& labels, const Path& path, Era era, std::string_view own_label,
                  Violations& out);
// NP-R5…R8 over both lists of `parent`.
void check_taints(std::span<const model::Taint> taints, std::span<const model::Taint> startup_taints,
                  const Path& parent, Violations& out);
// EC-R1…R13 and expressions: the open map as JSON text. spec: api §4.4, §4.6, §4.7
void check_open_kubelet(std::string_view kubelet, std::string_view family, const Gates& gates,
                        Violations& out);
// BNP-W7, PR-W10.
void check_typed_kubelet(const model::v1beta1::Kubelet& kubelet, const Path& path, Era era, Violations& out);
// BEC-W6, PV-W6.
void check_metadata_options(const model::MetadataOptions& options, const Path& path, Violations& out);
// BEC-W8, PV-W8.
void check_block_device(const model::BlockDeviceMapping& device, const Path& path, Violations& out);
// `V not in a, b`.
void check_word(std::string_view value, std::span<const std::string_view> words, const Path& path,
                Violations& out);
// B-W1: metadata.name and generateName.
void check_name(const model::ObjectMeta& meta, Violations& out);
// Whether the text is a duration that fits into 64 bits of nanoseconds, or Never. spec: api §1.3
void check_duration(const std::optional<std::string>& text, const Path& path, Violations& out);
// BNP-W10 and the promoted rules on budgets: the schedule, overflows. spec: api §13.5
void check_budgets(std::span<const model::Budget> budgets, const Path& path, Violations& out);

// `schedule` in the grammar of §2.6; the reason when it is not.
[[nodiscard]] std::optional<std::string> schedule_fault(std::string_view schedule);
// Whether a schedule of that grammar has no date at all, such as the 30th of February.
[[nodiscard]] bool never_fires(std::string_view schedule);

}  // namespace karpenter::admission
