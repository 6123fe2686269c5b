#pragma once

#include <memory>

#include "controller/scheduling/search.h"
#include "controller/scheduling/world.h"

namespace karpenter::scheduling {

// A world and where its pods went.
struct Packed {
  std::unique_ptr<World> world;
  std::unique_ptr<Search> search;
};

// The best of the packings that the options allow: most pods placed, then least price, then the first. The
// default also tries the reference's choices of domains, with every pod counted. spec: scheduling §26
[[nodiscard]] Packed pack(const Problem& problem, Ground& ground, const Limits& limits);

}  // namespace karpenter::scheduling
