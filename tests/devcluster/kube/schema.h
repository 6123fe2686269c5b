#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/json/json.h"
#include "tests/devcluster/kube/rules.h"
#include "tests/devcluster/kube/status.h"

// The structural-schema engine: pruning, defaulting and validation of built-in and custom objects alike.
// spec: api §1.5, conversion §5.2

namespace karpenter::devcluster {

// Drops members the schema does not know and nulls it does not allow. The paths of unknown members
// ("spec.foo", "spec.list[0].bar") are appended to `unknown`. apiVersion, kind and metadata of the root are
// left alone.
void prune(json::Ref object, json::View schema, std::vector<std::string>& unknown);

// The same for a part of an object: no member is left alone.
void prune_part(json::Ref part, json::View schema, std::vector<std::string>& unknown);

// Fills defaults, outermost first.
void apply_defaults(json::Ref object, json::View schema);

struct ValidationInput {
  json::View object;
  json::View old;  // missing on create; unchanged parts of it are not judged again
  json::View schema;
  const RuleBook* rules = nullptr;  // null: x-kubernetes-validations are left out
};
// All violations, in document order, in the API server's words.
[[nodiscard]] std::vector<Cause> validate(const ValidationInput& input);

// Whether `text` is of an OpenAPI format; unknown formats always pass.
[[nodiscard]] bool has_format(std::string_view format, std::string_view text);

// Violations of the rules of structural schemas in a CRD version's openAPIV3Schema.
[[nodiscard]] std::vector<Cause> check_structural(json::View schema, const std::string& path);

}  // namespace karpenter::devcluster
