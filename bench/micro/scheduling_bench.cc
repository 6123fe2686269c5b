#include <benchmark/benchmark.h>

#include "bench/worlds.h"
#include "common/model/labels.h"
#include "controller/scheduling/pods.h"
#include "controller/scheduling/requirement_table.h"
#include "controller/scheduling/type_table.h"

// Hot functions of scheduling, one at a time.

namespace karpenter {
namespace {

using model::Requirement;
using model::Requirements;

Requirements claim_like() {
  Requirements out;
  out.add(Requirement::in(model::labels::kZone, {"test-zone-1", "test-zone-2"}));
  out.add(Requirement::in(model::labels::kArch, {"amd64"}));
  out.add(Requirement::in(model::labels::kCapacityType, {"on-demand", "spot"}));
  out.add(Requirement::in(model::labels::kNodePool, {"default"}));
  return out;
}

void requirement_intersect(benchmark::State& state) {
  const Requirement a = Requirement::in("k", {"a", "b", "c", "d"});
  const Requirement b = Requirement::in("k", {"c", "d", "e"});
  for (auto _ : state) benchmark::DoNotOptimize(a.intersect(b));
}
BENCHMARK(requirement_intersect);

void requirement_has_intersection(benchmark::State& state) {
  const Requirement a = Requirement::in("k", {"a", "b", "c", "d"});
  const Requirement b = Requirement::in("k", {"d", "e"});
  for (auto _ : state) benchmark::DoNotOptimize(a.has_intersection(b));
}
BENCHMARK(requirement_has_intersection);

void requirements_compatible(benchmark::State& state) {
  const Requirements node = claim_like();
  Requirements pod;
  pod.add(Requirement::in(model::labels::kZone, {"test-zone-2"}));
  for (auto _ : state) benchmark::DoNotOptimize(node.compatible(pod, model::well_known_labels()));
}
BENCHMARK(requirements_compatible);

void resources_fit(benchmark::State& state) {
  const model::Resources total = {{"cpu", model::Quantity::of(8)},
                                  {"memory", model::Quantity::of(1 << 30)},
                                  {"pods", model::Quantity::of(110)}};
  const model::Resources request = {{"cpu", model::Quantity::of(1)},
                                    {"memory", model::Quantity::of(1 << 20)},
                                    {"pods", model::Quantity::of(1)}};
  for (auto _ : state) benchmark::DoNotOptimize(model::fits(request, total));
}
BENCHMARK(resources_fit);

void pod_requests(benchmark::State& state) {
  const bench::World world({.pods = 1, .types = 1});
  for (auto _ : state)
    benchmark::DoNotOptimize(scheduling::effective_requests(world.problem().pods[0]->spec));
}
BENCHMARK(pod_requests);

struct Tables {
  explicit Tables(std::size_t types) : requirements(tables) {
    scheduling::Interner names;
    load = scheduling::requested({{"cpu", model::Quantity::of(3)}, {"memory", model::Quantity::of(1 << 30)}},
                                 names);
    tables.emplace_back(bench::make_types(types), "reservation");
    tables.back().know(names);
  }
  std::deque<scheduling::TypeTable> tables;
  scheduling::RequirementTable requirements;
  scheduling::Amounts load;
};

// Which of the types still hold a claim: what every acceptance test asks.
void filter_types(benchmark::State& state) {
  Tables t(static_cast<std::size_t>(state.range(0)));
  const scheduling::Id id = t.requirements.intern(claim_like());
  for (auto _ : state) {
    scheduling::Bits options = t.requirements.types(id, 0);
    t.tables[0].keep_fitting(t.load, options);
    benchmark::DoNotOptimize(options);
  }
}
BENCHMARK(filter_types)->Arg(400)->Arg(800);

void meet_memoised(benchmark::State& state) {
  Tables t(10);
  const scheduling::Id a = t.requirements.intern(claim_like());
  Requirements pod;
  pod.add(Requirement::in(model::labels::kZone, {"test-zone-2"}));
  const scheduling::Id b = t.requirements.intern(pod);
  for (auto _ : state) benchmark::DoNotOptimize(t.requirements.meet(a, b));
}
BENCHMARK(meet_memoised);

void build_type_table(benchmark::State& state) {
  const auto types = bench::make_types(static_cast<std::size_t>(state.range(0)));
  scheduling::Interner names;
  for (const char* name : {"cpu", "memory", "pods"}) names.intern(name);
  for (auto _ : state) {
    scheduling::TypeTable table(types, "reservation");
    table.know(names);
    benchmark::DoNotOptimize(table);
  }
}
BENCHMARK(build_type_table)->Arg(400)->Arg(800);

}  // namespace
}  // namespace karpenter

BENCHMARK_MAIN();
