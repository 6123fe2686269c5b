#pragma once

#include <cstddef>
#include <deque>
#include <string_view>
#include <vector>

#include "controller/scheduling/schedule.h"

// Synthetic clusters for benchmarks. The same arguments always give the same world.

namespace karpenter::bench {

enum class Mix : std::uint8_t {
  kPlain,    // requests only, 30 sizes
  kDiverse,  // a sixth each: plain, zone spread, host spread, host affinity, zone affinity, host
             // anti-affinity
};

struct WorldSize {
  std::size_t pods = 0;
  std::size_t types = 400;
  std::size_t nodes = 0;  // existing, nearly full
  Mix mix = Mix::kPlain;
};

// `n` instance types of growing size in 6 families, spot and on-demand in 3 zones.
[[nodiscard]] cloud::InstanceTypes make_types(std::size_t n);

// Owns what problem() points to. Not copyable.
class World {
 public:
  explicit World(const WorldSize& size);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  [[nodiscard]] const scheduling::Problem& problem() const { return problem_; }

 private:
  std::deque<model::Pod> pods_;
  model::NodePool pool_;
  scheduling::Problem problem_;
};

}  // namespace karpenter::bench
