#pragma once

#include <string_view>

#include "common/net/http.h"
#include "tests/devcluster/aws/aws_cloud.h"

namespace karpenter::devcluster::aws_emulator {

constexpr std::string_view kAdminPath = "/_admin/";

// The unsigned interface of the demo: JSON out, query parameters in. README.md lists it.
[[nodiscard]] net::HttpResponse handle_admin(AwsCloud& cloud, const net::HttpRequest& request);

}  // namespace karpenter::devcluster::aws_emulator
