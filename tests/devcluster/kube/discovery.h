#pragma once

#include <optional>

#include "common/net/http.h"
#include "tests/devcluster/kube/context.h"

namespace karpenter::devcluster {

// /version, health, /api, /apis, group versions and OpenAPI. nullopt: the path is none of these.
[[nodiscard]] std::optional<net::HttpResponse> serve_discovery(const World& world, const RequestInfo& info,
                                                               const net::HttpRequest& request);

// One OpenAPI v3 document per group version, with every path's parameters, and the index of them.
[[nodiscard]] json::Value openapi_index(const World& world);
[[nodiscard]] std::optional<json::Value> openapi_document(const World& world, std::string_view group,
                                                          std::string_view version);

}  // namespace karpenter::devcluster
