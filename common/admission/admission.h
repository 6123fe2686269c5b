#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/model/karpenter/v1.h"

// PURE: hashing for static drift, defaulting and validation per kind and version.

namespace karpenter::admission {

// One broken rule. `path` as the API server writes it: spec.template.spec.requirements[0].operator. spec: api §13.3
struct Violation {
  std::string path;
  std::string message;
  friend auto operator<=>(const Violation&, const Violation&) = default;
};

// The value of annotation karpenter.sh/nodepool-hash, version v3. spec: api §9.1
[[nodiscard]] std::string node_pool_hash(const model::NodePool& pool);
// The value of annotation karpenter.k8s.aws/ec2nodeclass-hash, version v6. spec: api §9.2
[[nodiscard]] std::string node_class_hash(const model::Ec2NodeClass& node_class);

// Runtime validation, all violations, sorted by path. spec: api §2.4, §3.4, §4.7
[[nodiscard]] std::vector<Violation> validate(const model::NodePool& pool);
[[nodiscard]] std::vector<Violation> validate(const model::NodeClaim& claim);
[[nodiscard]] std::vector<Violation> validate(const model::Ec2NodeClass& node_class);

}  // namespace karpenter::admission
