#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>

#include "bench/worlds.h"
#include "common/base/strings.h"
#include "common/runtime/runtime.h"

// One scheduling scenario per process, so that the peak memory is its own: bench_schedule pods=1000 types=400
// nodes=0 mix=plain|diverse repeat=5. Prints one JSON line; the time is the best of the repeats.

namespace {

namespace scheduling = karpenter::scheduling;

struct Arguments {
  karpenter::bench::WorldSize size;
  std::string mix = "plain";
  int repeat = 5;
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
    if (key == "mix" && (value == "plain" || value == "diverse")) {
      out.mix = value;
      out.size.mix = value == "plain" ? karpenter::bench::Mix::kPlain : karpenter::bench::Mix::kDiverse;
    } else if (!number || *number < 0) {
      out.ok = false;
    } else if (key == "pods") {
      out.size.pods = static_cast<std::size_t>(*number);
    } else if (key == "types") {
      out.size.types = static_cast<std::size_t>(*number);
    } else if (key == "nodes") {
      out.size.nodes = static_cast<std::size_t>(*number);
    } else if (key == "repeat") {
      out.repeat = static_cast<int>(*number);
    } else {
      out.ok = false;
    }
  }
  return out;
}

double price_of(const scheduling::Plan& plan) {
  double total = 0;
  for (const auto& node : plan.create) total += node.price;
  return total;
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments = parse(argc, argv);
  if (!arguments.ok) {
    std::fputs("usage: bench_schedule [pods=N] [types=N] [nodes=N] [mix=plain|diverse] [repeat=N]\n", stderr);
    return 2;
  }
  const auto runtime = karpenter::runtime::make_real_runtime();
  const karpenter::bench::World world(arguments.size);
  scheduling::Plan plan;
  double best = 0;
  for (int i = 0; i < std::max(arguments.repeat, 1); ++i) {
    const auto start = runtime->mono();
    plan = scheduling::schedule(world.problem(), {});
    const double seconds = std::chrono::duration<double>(runtime->mono() - start).count();
    best = i == 0 ? seconds : std::min(best, seconds);
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf(
      "{\"mix\":\"%s\",\"pods\":%zu,\"types\":%zu,\"nodes\":%zu,\"seconds\":%.6f,\"podsPerSecond\":%.0f,"
      "\"peakRssMiB\":%.1f,"
      "\"newNodes\":%zu,\"onExisting\":%zu,\"unplaced\":%zu,\"dollarsPerHour\":%.3f}\n",
      arguments.mix.c_str(), arguments.size.pods, arguments.size.types, arguments.size.nodes, best,
      static_cast<double>(arguments.size.pods) / best, static_cast<double>(usage.ru_maxrss) / 1024.0,
      plan.create.size(), plan.onto_existing.size(), plan.unplaced.size(), price_of(plan));
  return 0;
}
