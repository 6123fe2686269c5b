#include "controller/scheduling/packing.h"

namespace karpenter::scheduling {
namespace {

constexpr double kSamePrice = 1e-9;  // sums of equal prices differ in their last bits

Packed pack_by(const Problem& problem, Ground& ground, const Limits& limits, Packing packing) {
  Packed out;
  out.world = std::make_unique<World>(problem, ground, packing);
  out.search = std::make_unique<Search>(*out.world, limits);
  out.search->run();
  return out;
}

bool is_better(const Search& a, const Search& b) {
  if (a.unplaced().size() != b.unplaced().size()) return a.unplaced().size() < b.unplaced().size();
  return a.price() < b.price() - kSamePrice;
}

}  // namespace

Packed pack(const Problem& problem, Ground& ground, const Limits& limits) {
  Packed first = pack_by(problem, ground, limits, problem.options.packing);
  const Topology& topology = first.world->topology;
  // Without domains to choose from both are the same. The reference leaves pods uncounted while the domain of
  // their claim is open, so with anti-affinity over domains its plan may not hold.
  const bool differs = problem.options.packing == Packing::kDefault && !topology.keys().empty();
  if (!differs || topology.keeps_domains_apart() || !first.search->complete()) return first;
  Limits rest = limits;
  rest.max_steps -= first.search->steps();
  Packed second = pack_by(problem, ground, rest, Packing::kReference);
  return second.search->complete() && is_better(*second.search, *first.search) ? std::move(second)
                                                                               : std::move(first);
}

}  // namespace karpenter::scheduling
