#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string_view>

#include "controller/scheduling/schedule.h"

// Synthetic clusters for benchmarks, of the same make as those that the reference is measured with. The same
// arguments always give the same world.

namespace karpenter::bench {

enum class Mix : std::uint8_t {
  kPlain,       // requests only, 30 sizes
  kDiverse,     // a fifth each: plain, zone spread, host spread, zone self-affinity, host anti-affinity
  kPreference,  // all alike: preferred zone, preferred anti-affinity on zone and host
  kRefused,     // a type without capacity is asked for; 1 in 20 is plain
};
[[nodiscard]] std::optional<Mix> mix_of(std::string_view name);

struct WorldSize {
  std::size_t pods = 0;
  std::size_t types = 400;
  std::size_t nodes = 0;  // existing, 12 to 20 CPUs, about ten pods each
  double share = 0.5;     // of their CPU in use
  Mix mix = Mix::kPlain;
  std::size_t pools = 1;
  std::uint64_t seed = 42;
};

// `n` instance types of 1 to n CPUs with 2 GiB and 10 pods a CPU, in three zones; prices are linear.
[[nodiscard]] cloud::InstanceTypes make_types(std::size_t n);

// Owns what problem() points to. Not copyable.
class World {
 public:
  explicit World(const WorldSize& size);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  [[nodiscard]] const scheduling::Problem& problem() const { return problem_; }
  [[nodiscard]] scheduling::Problem& problem() { return problem_; }

 private:
  std::deque<model::Pod> pods_;
  std::deque<model::NodePool> pools_;
  scheduling::Problem problem_;
};

}  // namespace karpenter::bench
