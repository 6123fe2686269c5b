#pragma once

#include "common/json/json.h"
#include "common/schema/type.h"

namespace karpenter::schema {

// The structural OpenAPI v3 schema of a type, as a CRD carries it: limits, defaults, descriptions,
// x-kubernetes-* extensions and CEL rules.
[[nodiscard]] json::Value openapi(const Type& type);

}  // namespace karpenter::schema
