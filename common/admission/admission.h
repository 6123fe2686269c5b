#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/model/karpenter/v1.h"
#include "common/model/legacy/v1alpha.h"
#include "common/model/legacy/v1beta1.h"

// PURE: hashing for static drift, defaulting and validation per kind and version.

namespace karpenter::admission {

// Field error types of the Kubernetes API. spec: api §13.3
enum class ViolationKind : std::uint8_t {
  kRequired,
  kInvalid,
  kNotSupported,
  kDuplicate,
  kForbidden,
  kTooLong,
  kTooMany
};

// One broken rule. `path` as the API server writes it: spec.template.spec.requirements[0].operator. `value`
// is the offending value as JSON text, "" where the kind shows none.
struct Violation {
  std::string path;
  std::string message;
  ViolationKind kind = ViolationKind::kInvalid;
  std::string value = {};
  friend auto operator<=>(const Violation&, const Violation&) = default;
  // `<path>: Invalid value: "x": <message>`
  [[nodiscard]] std::string text() const;
  // The same without the path: `Invalid value: "x": <message>`
  [[nodiscard]] std::string body() const;
};
// Sorted by path, then text; at most 100.
using Violations = std::vector<Violation>;

// The value of annotation karpenter.sh/nodepool-hash: decimal text. Goes with
// labels::kNodePoolHashVersionNow. spec: api §9.1
[[nodiscard]] std::string node_pool_hash(const model::NodePool& pool);
// The value of annotation karpenter.k8s.aws/ec2nodeclass-hash. Goes with labels::kNodeClassHashVersionNow.
// spec: api §9.2
[[nodiscard]] std::string node_class_hash(const model::Ec2NodeClass& node_class,
                                          std::string_view cluster_ca_bundle = {});
// spec.amiFamily, else the family of the alias, else Custom. spec: api §4.9
[[nodiscard]] std::string resolved_ami_family(const model::Ec2NodeClassSpec& spec);

// Runtime validation ("R" rules): what the controllers put into the condition ValidationSucceeded, and what
// admission promotes to a refusal. Schema limits ("S") are schema::validate's business; CEL rules ("C") are
// here. spec: api §2.3, §2.4, §3.3, §4.3, §4.7, §7, §13.5
[[nodiscard]] Violations validate(const model::NodePool& pool);
[[nodiscard]] Violations validate(const model::NodeClaim& claim);
[[nodiscard]] Violations validate(const model::Ec2NodeClass& node_class);
[[nodiscard]] Violations validate(const model::v1beta1::NodePool& pool);    // spec: api §10.1, §10.4
[[nodiscard]] Violations validate(const model::v1beta1::NodeClaim& claim);  // spec: api §10.2
[[nodiscard]] Violations validate(const model::v1beta1::Ec2NodeClass& node_class);  // spec: api §10.3
[[nodiscard]] Violations validate(const model::v1alpha5::Provisioner& provisioner);  // spec: api §11.1, §12.3
[[nodiscard]] Violations validate(const model::v1alpha1::AwsNodeTemplate& node_template);  // spec: api §12.2

// Admission warnings: allowed, but probably not meant. spec: api §13.5
[[nodiscard]] std::vector<std::string> warnings(const model::NodePool& pool);
[[nodiscard]] std::vector<std::string> warnings(const model::Ec2NodeClass& node_class);
[[nodiscard]] std::vector<std::string> warnings(const model::v1alpha5::Provisioner& provisioner);
[[nodiscard]] std::vector<std::string> warnings(const model::v1alpha1::AwsNodeTemplate& node_template);

// Adds absent members only; twice changes nothing. spec: api §13.4, §11.1
void set_defaults(model::NodePool& pool);
void set_defaults(model::NodeClaim& claim);
void set_defaults(model::Ec2NodeClass& node_class);
void set_defaults(model::v1beta1::NodePool& pool);
void set_defaults(model::v1beta1::Ec2NodeClass& node_class);
void set_defaults(model::v1alpha5::Provisioner& provisioner);

}  // namespace karpenter::admission
