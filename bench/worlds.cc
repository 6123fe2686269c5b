#include "bench/worlds.h"

#include <array>
#include <memory>
#include <string>

#include "common/model/labels.h"

namespace karpenter::bench {
namespace {

namespace labels = model::labels;
using model::Quantity;
using model::Requirement;

constexpr std::array<std::string_view, 3> kZones = {"zone-a", "zone-b", "zone-c"};
constexpr std::int64_t kMiB = std::int64_t{1} << 20U;

model::Resources amounts(std::int64_t milli_cpu, std::int64_t mib) {
  return {{"cpu", Quantity::of_milli(milli_cpu)},
          {"memory", Quantity::of(mib * kMiB, Quantity::Format::kBinarySI)}};
}

std::shared_ptr<const cloud::InstanceType> make_type(std::size_t i) {
  const auto size = static_cast<std::int64_t>(1 + i / 6);         // 1..n/6
  const auto ratio = static_cast<std::int64_t>(2 + 2 * (i % 3));  // GiB per CPU: 2, 4, 6
  auto type = std::make_shared<cloud::InstanceType>();
  type->name = "family-" + std::to_string(i % 6) + "." + std::to_string(size) + "x";
  type->capacity = amounts(size * 1000, size * ratio * 1024);
  type->capacity.set("pods", Quantity::of(110));
  type->overhead = amounts(80, 256);
  const std::vector<std::string> zones(kZones.begin(), kZones.end());
  auto& r = type->requirements;
  r.add(Requirement::in(labels::kInstanceType, {type->name}));
  r.add(Requirement::in(labels::kArch, {i % 6 < 4 ? "amd64" : "arm64"}));
  r.add(Requirement::in(labels::kOs, {"linux"}));
  r.add(Requirement::in(labels::kZone, zones));
  r.add(Requirement::in(labels::kCapacityType, {"on-demand", "spot"}));
  r.add(Requirement::in(labels::kInstanceFamily, {"family-" + std::to_string(i % 6)}));
  r.add(Requirement::in(labels::kInstanceCpu, {std::to_string(size)}));
  const double price = 0.03 * static_cast<double>(size) + 0.005 * static_cast<double>(size * ratio);
  for (const std::string_view capacity : {labels::kOnDemand, labels::kSpot}) {
    for (const auto& zone : zones) {
      cloud::Offering offering;
      offering.requirements.add(Requirement::in(labels::kZone, {zone}));
      offering.requirements.add(Requirement::in(labels::kCapacityType, {std::string(capacity)}));
      offering.zone = zone;
      offering.capacity_type = capacity;
      offering.price = capacity == labels::kSpot ? 0.4 * price : price;
      offering.available = true;
      type->offerings.push_back(std::move(offering));
    }
  }
  return type;
}

model::LabelSelector select(const std::string& value) {
  return {.match_labels = {{"app", value}}, .match_expressions = {}};
}

model::PodAffinityTerm term(std::string_view key, const std::string& app) {
  model::PodAffinityTerm out;
  out.topology_key = key;
  out.label_selector = select(app);
  return out;
}

void add_spread(model::Pod& pod, std::string_view key, const std::string& app) {
  model::TopologySpreadConstraint constraint;
  constraint.max_skew = 1;
  constraint.topology_key = key;
  constraint.when_unsatisfiable = "DoNotSchedule";
  constraint.label_selector = select(app);
  pod.spec.topology_spread_constraints.push_back(std::move(constraint));
}

// `block` numbers the runs of 30 pods of one kind: host affinity holds within a block only, so that a host
// can hold it.
void constrain(model::Pod& pod, std::size_t kind, std::size_t block) {
  const std::string app = "app-" + std::to_string(kind) + (kind == 3 ? "-" + std::to_string(block) : "");
  pod.meta.labels = {{"app", app}};
  switch (kind) {
    case 1:
      add_spread(pod, labels::kZone, app);
      return;
    case 2:
      add_spread(pod, labels::kHostname, app);
      return;
    case 3:
      pod.spec.affinity.emplace().pod_affinity.emplace().required.push_back(term(labels::kHostname, app));
      return;
    case 4:
      pod.spec.affinity.emplace().pod_affinity.emplace().required.push_back(term(labels::kZone, app));
      return;
    case 5:
      pod.spec.affinity.emplace().pod_anti_affinity.emplace().required.push_back(
          term(labels::kHostname, app));
      return;
    default:
      return;
  }
}

model::Pod make_pod(std::size_t i, Mix mix) {
  static constexpr std::array<std::int64_t, 5> kCpu = {100, 250, 500, 1000, 1500};
  static constexpr std::array<std::int64_t, 6> kMib = {100, 256, 512, 1024, 2048, 4096};
  model::Pod pod;
  pod.meta.name = "pod-" + std::to_string(i);
  pod.meta.namespace_name = "default";
  pod.meta.uid = pod.meta.name;
  model::Container container;
  container.resources.requests = amounts(kCpu[i % kCpu.size()], kMib[(i / 5) % kMib.size()]);
  pod.spec.containers.push_back(std::move(container));
  if (mix == Mix::kDiverse) constrain(pod, (i / 30) % 6, i / 30);
  return pod;
}

scheduling::ExistingNode make_node(std::size_t i) {
  scheduling::ExistingNode node;
  node.name = "node-" + std::to_string(i);
  node.node_pool = "default";
  node.labels = {{std::string(labels::kHostname), node.name},
                 {std::string(labels::kZone), std::string(kZones[i % 3])},
                 {std::string(labels::kArch), "amd64"},
                 {std::string(labels::kOs), "linux"},
                 {std::string(labels::kNodePool), "default"}};
  node.available = amounts(i % 10 == 0 ? 1000 : 50, i % 10 == 0 ? 2048 : 64);
  node.available.set("pods", Quantity::of(50));
  node.initialized = true;
  return node;
}

}  // namespace

cloud::InstanceTypes make_types(std::size_t n) {
  cloud::InstanceTypes out;
  for (std::size_t i = 0; i < n; ++i) out.push_back(make_type(i));
  return out;
}

World::World(const WorldSize& size) {
  pool_.meta.name = "default";
  pool_.spec.node_template.spec.node_class_ref = {
      .group = "karpenter.k8s.aws", .kind = "EC2NodeClass", .name = "default"};
  for (std::size_t i = 0; i < size.pods; ++i) {
    pods_.push_back(make_pod(i, size.mix));
    problem_.pods.push_back(&pods_.back());
  }
  problem_.pools.push_back({&pool_, make_types(size.types), {}});
  for (std::size_t i = 0; i < size.nodes; ++i) problem_.nodes.push_back(make_node(i));
}

}  // namespace karpenter::bench
