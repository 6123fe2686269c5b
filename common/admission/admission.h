#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/json/json.h"
#include "common/model/karpenter/capacity_buffer.h"
#include "common/model/karpenter/node_overlay.h"
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

// The feature gates that rules and warnings depend on; the defaults are those of the reference.
struct Gates {
  bool node_class_cel = false;
  bool static_capacity = false;
  bool node_overlay = false;
};

// An object under review. Views are valid for the call only.
struct Subject {
  json::View object;
  json::View old_object = {};  // missing on creation
  Gates gates = {};
};
struct Verdict {
  Violations violations;              // refused when there are any
  std::vector<std::string> warnings;  // of what is accepted: allowed, but probably not meant
};

// Schema, CEL rules (transition rules with an old object), runtime or old webhook rules, warnings: all
// violations at once; a path that several refuse is said once. Total: any JSON has a verdict. O(size of the
// object). Defined for the kinds of the table in webhook/handlers. spec: api §2-§7, §10-§12, §13.3, §13.5
template <class T>
[[nodiscard]] Verdict judge(const Subject& subject);

// The same for an object at hand.
[[nodiscard]] Violations validate(const model::NodePool& pool, const Gates& gates = {});
[[nodiscard]] Violations validate(const model::Ec2NodeClass& node_class, const Gates& gates = {});

// Only what the controllers judge themselves and put into the condition ValidationSucceeded ("R" rules).
// spec: api §2.4, §4.7 (steps 2 to 6), §5
[[nodiscard]] Violations runtime_violations(const model::NodePool& pool);
[[nodiscard]] Violations runtime_violations(const model::Ec2NodeClass& node_class, const Gates& gates = {});
[[nodiscard]] Violations runtime_violations(const model::NodeOverlay& overlay);

// The value of annotation karpenter.sh/nodepool-hash: decimal text. Goes with
// labels::kNodePoolHashVersionNow. spec: api §9.1
[[nodiscard]] std::string node_pool_hash(const model::NodePool& pool);
// The value of annotation karpenter.k8s.aws/ec2nodeclass-hash. Goes with labels::kNodeClassHashVersionNow.
// spec: api §9.2
[[nodiscard]] std::string node_class_hash(const model::Ec2NodeClass& node_class,
                                          std::string_view cluster_ca_bundle = {});
// spec.amiFamily, else the family of the alias, else Custom. spec: api §4.9
[[nodiscard]] std::string resolved_ami_family(const model::Ec2NodeClassSpec& spec);

// Adds absent members only; twice changes nothing. spec: api §13.4, §11.1
void set_defaults(model::NodePool& pool);
void set_defaults(model::NodeClaim& claim);
void set_defaults(model::Ec2NodeClass& node_class);
void set_defaults(model::v1beta1::NodePool& pool);
void set_defaults(model::v1beta1::Ec2NodeClass& node_class);
void set_defaults(model::v1alpha5::Provisioner& provisioner);

}  // namespace karpenter::admission
