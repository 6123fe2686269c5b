#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/devcluster/kube/context.h"
#include "tests/devcluster/kube/status.h"

// CustomResourceDefinitions: what makes one valid, and what it makes the server serve.

namespace karpenter::devcluster {

inline constexpr std::string_view kCrdId = "apiextensions.k8s.io/customresourcedefinitions";

// Fills names and other derived defaults of the spec.
void prepare_crd(json::Ref crd);
[[nodiscard]] std::vector<Cause> validate_crd(json::View crd, json::View old);
// The status an established CRD has: conditions, accepted names, stored versions. `now` in RFC 3339.
void establish_crd(json::Ref crd, std::string_view now);
// The resource a stored CRD describes.
[[nodiscard]] Resource resource_of_crd(json::View crd);

}  // namespace karpenter::devcluster
