#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/admission/admission.h"
#include "common/admission/syntax.h"

// Rules that several kinds share. Each adds to `out` what is broken; paths are given by the caller.

namespace karpenter::admission {

void add(Violations& out, std::string path, ViolationKind kind, std::string value, std::string message);
// Sorts by path, then text, and cuts to 100.
[[nodiscard]] Violations finished(Violations out);

[[nodiscard]] std::string at(std::string_view list, std::size_t index);        // list[3]
[[nodiscard]] std::string member(std::string_view map, std::string_view key);  // map[key]

// NP-R9, §7.1: one list of requirements. Beta and alpha lack Gte, Lte and the known-value rule. What the CEL
// of v1 refuses too (NP-C9…C15) is said once, in its words. spec: api §7.1, §7.7, §13.3
void check_requirements(std::span<const model::NodeSelectorRequirement> requirements, std::string_view path,
                        Era era, Violations& out);
// NP-C9…NP-C11: what the CRD's CEL says of NodePool and NodeClaim requirements alike. spec: api §2.3
void check_requirement_values(std::span<const model::NodeSelectorRequirement> requirements,
                              std::string_view path, Violations& out);
// Why the CRD's CEL refuses `key` in labels and requirements, or nullopt: NP-C5, C7, C8, C12, C14, C15. spec:
// api §2.3
[[nodiscard]] std::optional<std::string> domain_fault(std::string_view key);
// NP-R1…R4. `own_label` is the one that names the pool.
void check_labels(const model::StringMap& labels, std::string_view path, Era era, std::string_view own_label,
                  Violations& out);
// NP-R5…R8 over both lists.
void check_taints(std::span<const model::Taint> taints, std::span<const model::Taint> startup_taints,
                  std::string_view parent, Violations& out);
// EC-R1…R13: the open map as JSON text. Expressions are refused: their gate is off. spec: api §4.4, §4.7
void check_open_kubelet(std::string_view kubelet, std::string_view family, Violations& out);
// BNP-W7, PR-W10: the typed object of the older kinds, in the words of v1.
void check_typed_kubelet(const model::v1beta1::Kubelet& kubelet, std::string_view path, Violations& out);
// BEC-W6, PV-W6.
void check_metadata_options(const model::MetadataOptions& options, const std::string& path, Violations& out);
// BEC-W8, PV-W8.
void check_block_device(const model::BlockDeviceMapping& device, const std::string& path, Violations& out);
// B-W1: metadata.name and generateName.
void check_name(const model::ObjectMeta& meta, Violations& out);

// `schedule` in the grammar of §2.6; the reason when it is not.
[[nodiscard]] std::optional<std::string> schedule_fault(std::string_view schedule);

}  // namespace karpenter::admission
