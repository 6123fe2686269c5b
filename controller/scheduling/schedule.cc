#include "controller/scheduling/schedule.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "common/base/strings.h"
#include "common/model/labels.h"
#include "controller/scheduling/search.h"
#include "controller/scheduling/world.h"

namespace karpenter::scheduling {
namespace {

constexpr std::size_t kMaxInstanceTypes = 600;  // spec: scheduling §12.5

// What daemons take at least on whatever type the claim becomes. spec: scheduling §11.4 step 4
model::Resources least_overhead(const Template& owner, const Bits& options) {
  std::optional<model::Resources> least;
  for (const auto& group : owner.overhead) {
    Bits kept = options;
    kept &= group.types;
    if (!kept.any()) continue;
    if (!least) {
      least = group.requests;
      continue;
    }
    model::Resources both;
    for (const auto& [name, amount] : *least)
      if (group.requests.find(name) != nullptr) both.set(name, std::min(amount, group.requests.get(name)));
    least = std::move(both);
  }
  return least.value_or(model::Resources{});
}

struct Priced {
  double price;
  std::size_t type;
};

// Cheapest first, ties by name, at most 600. spec: scheduling §12.4, §12.5
std::vector<Priced> by_price(World& world, const Template& owner, const Claim& claim) {
  std::vector<Priced> out;
  claim.options.each([&](std::size_t i) {
    out.push_back({world.requirements.price(claim.requirements, owner.table, i), i});
  });
  const TypeTable& table = world.tables[owner.table];
  std::ranges::sort(out, [&](const Priced& a, const Priced& b) {
    return std::tie(a.price, table.type(a.type).name) < std::tie(b.price, table.type(b.type).name);
  });
  if (out.size() > kMaxInstanceTypes) out.resize(kMaxInstanceTypes);
  return out;
}

// The claim as a NewNode. spec: scheduling §11.4
NewNode finalize(World& world, const Claim& claim) {
  const Template& owner = world.templates[claim.owner];
  NewNode out{.node_pool = owner.view->pool->meta.name,
              .requirements = world.requirements.get(claim.requirements),
              .requests = least_overhead(owner, claim.options),
              .instance_types = {},
              .pods = {}};
  for (const auto& [price, type] : by_price(world, owner, claim)) {
    if (out.instance_types.empty()) out.price = price;
    out.instance_types.push_back(world.tables[owner.table].pointer(type));
  }
  for (const Id p : claim.pods) {
    out.pods.push_back(world.pods[p].pod);
    out.requests += world.classes[world.pods[p].pod_class].requests;
  }
  return out;
}

void collect_unplaced(const World& world, Search& search, Plan& plan) {
  plan.unplaced = world.malformed;
  std::map<Id, std::vector<Reason>> by_class;
  for (const Id p : search.unplaced()) {
    const auto& [pod, pod_class] = world.pods[p];
    if (!search.complete()) {
      plan.unplaced.push_back({pod,
                               {{.code = ReasonCode::kStepsExhausted,
                                 .node_pool = {},
                                 .detail = "the scheduling pass ended before the pod's turn"}}});
      continue;
    }
    auto [it, is_new] = by_class.try_emplace(pod_class);
    if (is_new) it->second = search.explain(pod_class);
    plan.unplaced.push_back({pod, it->second});
  }
  std::ranges::stable_sort(plan.unplaced, {}, [](const Unplaced& u) {
    return std::tie(u.pod->meta.namespace_name, u.pod->meta.name, u.pod->meta.uid);
  });
}

}  // namespace

Plan schedule(const Problem& problem, const Limits& limits) {
  World world(problem);
  build(world);
  Search search(world, limits);
  search.run();
  Plan plan;
  plan.complete = search.complete();
  for (const Claim& claim : search.claims()) plan.create.push_back(finalize(world, claim));
  for (const auto& [pod, node] : search.on_nodes())
    plan.onto_existing.push_back({.pod = world.pods[pod].pod, .node = world.nodes[node].index});
  collect_unplaced(world, search, plan);
  return plan;
}

std::string render(const Unplaced& unplaced) {
  std::vector<std::string> parts;
  for (const auto& reason : unplaced.reasons) {
    parts.push_back(reason.node_pool.empty()
                        ? reason.detail
                        : "incompatible with nodepool \"" + reason.node_pool + "\", " + reason.detail);
  }
  return base::join(parts, "; ");
}

}  // namespace karpenter::scheduling
