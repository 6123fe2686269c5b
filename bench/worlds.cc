#include "bench/worlds.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "common/model/labels.h"

namespace karpenter::bench {
namespace {

namespace labels = model::labels;
using model::Quantity;
using model::Requirement;

constexpr std::array<std::string_view, 3> kZones = {"test-zone-1", "test-zone-2", "test-zone-3"};
constexpr std::int64_t kMiB = std::int64_t{1} << 20U;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed * 2654435769U + 1) {}
  std::uint64_t next() {  // splitmix64
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
  }
  std::size_t below(std::size_t n) { return next() % n; }
  std::string letter() { return std::string(1, static_cast<char>('a' + below(7))); }

 private:
  std::uint64_t state_;
};

model::Resources amounts(std::int64_t milli_cpu, std::int64_t mib) {
  return {{"cpu", Quantity::of_milli(milli_cpu)},
          {"memory", Quantity::of(mib * kMiB, Quantity::Format::kBinarySI)}};
}

void add_offering(cloud::InstanceType& type, std::string_view capacity, std::string_view zone, double price) {
  cloud::Offering offering;
  offering.requirements.add(Requirement::in(labels::kZone, {std::string(zone)}));
  offering.requirements.add(Requirement::in(labels::kCapacityType, {std::string(capacity)}));
  offering.zone = zone;
  offering.capacity_type = capacity;
  offering.price = price;
  offering.available = true;
  type.offerings.push_back(std::move(offering));
}

std::shared_ptr<const cloud::InstanceType> make_type(std::size_t i) {
  const auto cpus = static_cast<std::int64_t>(i + 1);
  auto type = std::make_shared<cloud::InstanceType>();
  type->name = "fake-it-" + std::to_string(i);
  type->capacity = amounts(cpus * 1000, cpus * 2048);
  type->capacity.set("pods", Quantity::of(cpus * 10));
  type->overhead = amounts(100, 10);
  auto& r = type->requirements;
  r.add(Requirement::in(labels::kInstanceType, {type->name}));
  r.add(Requirement::in(labels::kArch, {"amd64"}));
  r.add(Requirement::in(labels::kOs, {"linux"}));
  r.add(Requirement::in(labels::kZone, {kZones.begin(), kZones.end()}));
  r.add(Requirement::in(labels::kCapacityType, {"on-demand", "spot"}));
  r.add(Requirement::in(labels::kInstanceSize, {cpus > 4 ? "large" : "small"}));
  r.add(Requirement::in(labels::kInstanceCpu, {std::to_string(cpus)}));
  const double gigabytes = static_cast<double>(cpus * 2048 * kMiB) / 1e9;
  const double price = 0.1 * static_cast<double>(cpus) + 0.1 * gigabytes;
  for (const auto zone : {kZones[0], kZones[1]}) add_offering(*type, labels::kSpot, zone, price);
  for (const auto zone : kZones) add_offering(*type, labels::kOnDemand, zone, price);
  return type;
}

model::Pod make_pod(std::size_t i, Dice& dice, std::int64_t milli_cpu, std::int64_t mib) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  model::Pod pod;
  pod.meta.name = "pod-" + std::to_string(i);
  pod.meta.namespace_name = "default";
  std::uint64_t bits = dice.next();
  for (int k = 0; k < 36; ++k, bits = k % 16 == 0 ? dice.next() : bits >> 4U)
    pod.meta.uid += k == 8 || k == 13 || k == 18 || k == 23 ? '-' : kHex[bits % 16];
  pod.meta.creation_timestamp = base::Time{};
  pod.status.phase = "Pending";
  model::Container container;
  container.name = "main";
  container.resources.requests = amounts(milli_cpu, mib);
  pod.spec.containers.push_back(std::move(container));
  return pod;
}

model::Pod sized_pod(std::size_t i, Dice& dice) {
  static constexpr std::array<std::int64_t, 5> kCpu = {100, 250, 500, 1000, 1500};
  static constexpr std::array<std::int64_t, 6> kMib = {100, 256, 512, 1024, 2048, 4096};
  const auto cpu = kCpu[dice.below(kCpu.size())];
  return make_pod(i, dice, cpu, kMib[dice.below(kMib.size())]);
}

model::LabelSelector select(std::string_view key, const std::string& value) {
  return {.match_labels = {{std::string(key), value}}, .match_expressions = {}};
}

model::PodAffinityTerm term(std::string_view key, model::LabelSelector selector) {
  model::PodAffinityTerm out;
  out.topology_key = key;
  out.label_selector = std::move(selector);
  return out;
}

void spread(model::Pod& pod, std::string_view key, Dice& dice) {
  model::TopologySpreadConstraint constraint;
  constraint.max_skew = 1;
  constraint.topology_key = key;
  constraint.when_unsatisfiable = "DoNotSchedule";
  constraint.label_selector = select("my-label", dice.letter());
  pod.spec.topology_spread_constraints.push_back(std::move(constraint));
}

// Kinds of the diverse mix, in runs as the reference's benchmark makes them.
void constrain(model::Pod& pod, std::size_t kind, Dice& dice) {
  pod.meta.labels = {{"my-label", dice.letter()}};
  if (kind == 1) spread(pod, labels::kZone, dice);
  if (kind == 2) spread(pod, labels::kHostname, dice);
  if (kind == 3) {
    const std::string app = dice.letter();
    pod.meta.labels = {{"my-affinity", app}};
    pod.spec.affinity.emplace().pod_affinity.emplace().required.push_back(
        term(labels::kZone, select("my-affinity", app)));
  }
  if (kind == 4) {
    pod.meta.labels = {{"app", "nginx"}};
    pod.spec.affinity.emplace().pod_anti_affinity.emplace().required.push_back(
        term(labels::kHostname, select("app", "nginx")));
  }
}

void prefer(model::Pod& pod) {
  pod.meta.labels = {{"app", "nginx"}};
  auto& affinity = pod.spec.affinity.emplace();
  model::NodeSelectorRequirement zone;
  zone.key = labels::kZone;
  zone.op = "In";
  zone.values = {std::string(kZones[0])};
  affinity.node_affinity.emplace().preferred.push_back(
      {.weight = 1, .preference = {.match_expressions = {zone}, .match_fields = {}}});
  auto& apart = affinity.pod_anti_affinity.emplace().preferred;
  apart.push_back({.weight = 10, .term = term(labels::kZone, select("app", "nginx"))});
  apart.push_back({.weight = 1, .term = term(labels::kHostname, select("app", "nginx"))});
}

model::Pod pod_of_mix(std::size_t i, const WorldSize& size, Dice& dice) {
  if (size.mix == Mix::kPreference) {
    model::Pod pod = make_pod(i, dice, 500, 1024);
    prefer(pod);
    return pod;
  }
  model::Pod pod = sized_pod(i, dice);
  if (size.mix == Mix::kDiverse)
    constrain(pod, std::min<std::size_t>(i * 5 / std::max<std::size_t>(size.pods, 1), 4), dice);
  if (size.mix == Mix::kRefused && i % 20 != 0)
    pod.spec.node_selector = {{std::string(labels::kInstanceType), "sold-out"}};
  return pod;
}

scheduling::ExistingNode make_node(std::size_t i, const cloud::InstanceType& type, std::string_view zone) {
  scheduling::ExistingNode node;
  node.name = "node-" + std::to_string(i);
  node.node_claim = node.name;
  node.node_pool = "default-0";
  node.labels = {
      {std::string(labels::kHostname), node.name},     {std::string(labels::kZone), std::string(zone)},
      {std::string(labels::kArch), "amd64"},           {std::string(labels::kOs), "linux"},
      {std::string(labels::kInstanceType), type.name}, {std::string(labels::kCapacityType), "on-demand"},
      {std::string(labels::kNodePool), "default-0"}};
  node.available = type.allocatable();
  node.initialized = true;
  return node;
}

}  // namespace

std::optional<Mix> mix_of(std::string_view name) {
  if (name == "plain") return Mix::kPlain;
  if (name == "diverse") return Mix::kDiverse;
  if (name == "preference") return Mix::kPreference;
  if (name == "refused") return Mix::kRefused;
  return std::nullopt;
}

cloud::InstanceTypes make_types(std::size_t n) {
  cloud::InstanceTypes out;
  for (std::size_t i = 0; i < n; ++i) out.push_back(make_type(i));
  return out;
}

World::World(const WorldSize& size) {
  Dice dice(size.seed);
  for (std::size_t i = 0; i < size.pods; ++i) {
    pods_.push_back(pod_of_mix(i, size, dice));
    problem_.pods.push_back(&pods_.back());
  }
  const auto types = make_types(size.types);
  for (std::size_t i = 0; i < size.pools; ++i) {
    model::NodePool& pool = pools_.emplace_back();
    pool.meta.name = "default-" + std::to_string(i);
    pool.spec.node_template.spec.node_class_ref = {
        .group = "karpenter.test.sh", .kind = "TestNodeClass", .name = "default"};
    pool.spec.limits = {{"cpu", Quantity::of(10'000'000)}};
    problem_.pools.push_back({&pool, types, {}});
  }
  for (std::size_t i = 0; i < size.nodes; ++i) {
    const auto& type = *types[std::min(11 + dice.below(9), types.size() - 1)];
    scheduling::ExistingNode node = make_node(i, type, kZones[dice.below(kZones.size())]);
    const double cpu = size.share * node.available.get("cpu").as_double();
    for (int k = 0; k < 10; ++k) {
      const auto milli = static_cast<std::int64_t>(cpu * 100);
      model::Pod pod = make_pod(size.pods + pods_.size(), dice, milli, milli * 2);
      pod.meta.labels = {{"my-label", dice.letter()}};
      pod.spec.node_name = node.name;
      pod.status.phase = "Running";
      node.available -= pod.spec.containers[0].resources.requests;
      node.available -= {{"pods", Quantity::of(1)}};
      node.pods.push_back(&pods_.emplace_back(std::move(pod)));
    }
    problem_.nodes.push_back(std::move(node));
  }
}

}  // namespace karpenter::bench
