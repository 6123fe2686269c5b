#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include "bench/worlds.h"
#include "common/base/strings.h"
#include "common/runtime/runtime.h"

// One scheduling scenario per process, so that the peak memory is its own: bench_schedule pods=1000 types=400
// nodes=0 mix=diverse repeat=5. Prints one JSON line. `seconds` is the best of the repeats, each with a model
// from nothing; `againSeconds` the best with a Scheduler that is asked again after only the pods changed.

namespace {

namespace scheduling = karpenter::scheduling;

struct Arguments {
  karpenter::bench::WorldSize size;
  std::string mix = "plain";
  int repeat = 5;
  scheduling::Packing packing = scheduling::Packing::kDefault;
  bool ok = true;
};

Arguments parse(int argc, char** argv) {
  Arguments out;
  for (int i = 1; i < argc; ++i) {
    const std::string_view text = argv[i];
    const auto equals = text.find('=');
    const std::string_view key = text.substr(0, equals);
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : text.substr(equals + 1);
    const auto number = karpenter::base::parse_int64(value);
    if (const auto mix = karpenter::bench::mix_of(value); key == "mix" && mix) {
      out.mix = value;
      out.size.mix = *mix;
    } else if (key == "packing" && (value == "reference" || value == "default")) {
      out.packing = value == "reference" ? scheduling::Packing::kReference : scheduling::Packing::kDefault;
    } else if (!number || *number < 0) {
      out.ok = false;
    } else if (key == "pods") {
      out.size.pods = static_cast<std::size_t>(*number);
    } else if (key == "types") {
      out.size.types = static_cast<std::size_t>(*number);
    } else if (key == "nodes") {
      out.size.nodes = static_cast<std::size_t>(*number);
    } else if (key == "percent") {
      out.size.share = static_cast<double>(*number) / 100;
    } else if (key == "pools") {
      out.size.pools = static_cast<std::size_t>(*number);
    } else if (key == "seed") {
      out.size.seed = static_cast<std::uint64_t>(*number);
    } else if (key == "repeat") {
      out.repeat = static_cast<int>(*number);
    } else {
      out.ok = false;
    }
  }
  return out;
}

// The best of the repeats. `plan` is the last one; giving an old one back does not count.
template <class Solve>
double best_of(int repeats, karpenter::runtime::Runtime& runtime, scheduling::Plan& plan,
               const Solve& solve) {
  double best = 0;
  for (int i = 0; i < std::max(repeats, 1); ++i) {
    plan = scheduling::Plan();
    const auto start = runtime.mono();
    plan = solve();
    const double seconds = std::chrono::duration<double>(runtime.mono() - start).count();
    best = i == 0 ? seconds : std::min(best, seconds);
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments = parse(argc, argv);
  if (!arguments.ok) {
    std::fputs(
        "usage: bench_schedule [pods=N] [types=N] [nodes=N] [percent=N] [pools=N] [seed=N] "
        "[mix=plain|diverse|preference|refused] [packing=default|reference] [repeat=N]\n",
        stderr);
    return 2;
  }
  const auto runtime = karpenter::runtime::make_real_runtime();
  karpenter::bench::World world(arguments.size);
  world.problem().options.packing = arguments.packing;
  world.problem().version = 1;
  scheduling::Plan plan;
  const double best =
      best_of(arguments.repeat, *runtime, plan, [&] { return scheduling::schedule(world.problem(), {}); });
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  plan = scheduling::Plan();
  scheduling::Scheduler kept;
  static_cast<void>(kept.schedule(world.problem(), {}));
  const double again =
      best_of(arguments.repeat, *runtime, plan, [&] { return kept.schedule(world.problem(), {}); });
  std::printf(
      "{\"mix\":\"%s\",\"pods\":%zu,\"types\":%zu,\"nodes\":%zu,\"seconds\":%.6f,\"againSeconds\":%.6f,"
      "\"podsPerSecond\":%.0f,"
      "\"peakRssMiB\":%.1f,"
      "\"newNodes\":%zu,\"onExisting\":%zu,\"unplaced\":%zu,\"dollarsPerHour\":%.3f}\n",
      arguments.mix.c_str(), arguments.size.pods, arguments.size.types, arguments.size.nodes, best, again,
      static_cast<double>(arguments.size.pods) / best, static_cast<double>(usage.ru_maxrss) / 1024.0,
      plan.create.size(), plan.onto_existing.size(), plan.unplaced.size(), plan.total_price);
  return 0;
}
