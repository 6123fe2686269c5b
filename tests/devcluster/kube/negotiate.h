#pragma once

#include <string>

#include "common/base/result.h"
#include "common/net/http.h"
#include "tests/devcluster/kube/write.h"

namespace karpenter::devcluster {

enum class Shape : std::uint8_t { kPlain, kTable, kMetadata };

// The first form of the Accept header that the server can give; 406 when there is none.
[[nodiscard]] base::Result<Shape> negotiate(const net::HttpRequest& request);

// The object or list of an outcome as a body of that shape.
[[nodiscard]] std::string body_text(const Context& context, const Outcome& outcome, Shape shape);

}  // namespace karpenter::devcluster
