#include "controller/scheduling/schedule.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <tuple>

#include "common/model/labels.h"
#include "controller/scheduling/packing.h"
#include "controller/scheduling/search.h"
#include "controller/scheduling/world.h"

namespace karpenter::scheduling {
namespace {

constexpr std::size_t kMaxInstanceTypes = 600;       // spec: scheduling §12.5
constexpr std::size_t kMaxRequirementSets = 100000;  // kept across passes
constexpr std::size_t kMaxTypeTables = 200;

// What daemons take at least on whatever type the claim becomes. spec: scheduling §11.4 step 4
model::Resources least_overhead(const Template& owner, const Bits& options) {
  std::optional<model::Resources> least;
  for (const auto& group : owner.overhead) {
    if (!group.types.intersects(options)) continue;
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

// Turns what the search found into a Plan.
class Finisher {
 public:
  Finisher(World& world, Search& search) : world_(world), search_(search) {}
  Plan run();

 private:
  struct Listed {  // the types of claims with equal requirements and options
    Bits options;
    Bits kept;
    TypeList types;
    double price;
    bool truncated = false;
  };
  const model::Requirements& final_of(Id requirements);
  const Listed& list_of(const Claim& claim, Id requirements, const Bits& options);
  [[nodiscard]] model::Requirements settled(const Claim& claim, bool reserved) const;
  Id settle_reservations(const Claim& claim, Bits& options);
  std::optional<NewNode> finish(const Claim& claim);
  void sum_requests(const Claim& claim, NewNode& out);
  void drop(const Claim& claim, Plan& plan);
  void collect_unplaced(Plan& plan);

  World& world_;
  Search& search_;
  std::map<Id, model::Requirements> finals_;                             // without the placeholder hostname
  std::map<std::tuple<std::size_t, Id, Id>, std::deque<Listed>> lists_;  // by table, requirements
  std::vector<std::uint32_t> count_by_size_;
};

const model::Requirements& Finisher::final_of(Id requirements) {
  const auto [it, is_new] = finals_.try_emplace(requirements);
  if (is_new) {
    it->second = world_.requirements.get(requirements);
    it->second.erase(model::labels::kHostname);
  }
  return it->second;
}

// The claim launched as reserved, into what it holds, or not as reserved at all.
model::Requirements Finisher::settled(const Claim& claim, bool reserved) const {
  const std::string kReserved(model::labels::kReserved);
  model::Requirements out = world_.requirements.get(claim.requirements);
  if (!reserved) {
    auto other = model::Requirement::make(model::labels::kCapacityType, model::Requirement::Op::kNotIn,
                                          std::vector<std::string>{kReserved});
    if (other) out.add(std::move(*other));
    return out;
  }
  out.replace(model::Requirement::in(model::labels::kCapacityType, {kReserved}));
  std::vector<std::string> names;
  for (const Id id : claim.held) names.push_back(search_.reservations().name(id));
  out.add(model::Requirement::in(world_.catalogue.reservation_label, std::move(names)));
  return out;
}

// A claim that holds reservations is launched into one of them: the capacity type is replaced, and types that
// none of them offers go, since they could never be launched. Unless minValues needs these: then it is
// launched without. spec: scheduling §11.4 step 3, known-faults 7
Id Finisher::settle_reservations(const Claim& claim, Bits& options) {
  if (claim.held.empty()) return claim.requirements;
  const std::size_t table = world_.ground.templates[claim.owner].table;
  for (const bool reserved : {true, false}) {
    const Id id = world_.requirements.intern(settled(claim, reserved));
    Bits launchable = options;
    launchable &= world_.requirements.types(id, table);
    const bool enough = std::ranges::all_of(world_.requirements.min_values(id), [&](const auto& wanted) {
      return world_.requirements.distinct_values(id, wanted.key, table, launchable) >= wanted.count;
    });
    if (!launchable.any() || !enough) continue;
    options = launchable;
    return id;
  }
  return claim.requirements;
}

void Finisher::sum_requests(const Claim& claim, NewNode& out) {
  std::vector<Id> seen;
  for (const Id p : claim.pods) {
    const Id size = world_.classes[world_.pods[p].pod_class].size;
    if (count_by_size_[size]++ == 0) seen.push_back(size);
    out.pods.push_back(world_.pods[p].pod);
  }
  for (const Id size : seen) {
    for (const auto& [name, amount] : world_.sizes[size].requests)
      out.requests.add(
          name, model::Quantity::of_nano(amount.nano() * static_cast<model::Int128>(count_by_size_[size]),
                                         amount.format()));
    count_by_size_[size] = 0;
  }
}

// Cheapest first, ties by name: by the settled requirements, then by those before where these left types
// over. spec: scheduling §12.4, §12.5
const Finisher::Listed& Finisher::list_of(const Claim& claim, Id requirements, const Bits& options) {
  const Template& owner = world_.ground.templates[claim.owner];
  auto& lists = lists_[{owner.table, requirements, claim.requirements}];
  const auto known = std::ranges::find(lists, options, &Listed::options);
  if (known != lists.end()) return *known;
  const TypeTable& table = world_.catalogue.tables[owner.table];
  Listed out{.options = options, .kept = Bits(table.size()), .types = {}, .price = kNoPrice};
  cloud::InstanceTypes types;
  types.reserve(std::min(options.count(), kMaxInstanceTypes));
  for (const Id id : {requirements, claim.requirements}) {
    for (const auto& [price, type] : world_.requirements.by_price(id, owner.table)) {
      if (!options.has(type) || out.kept.has(type)) continue;
      if (types.size() == kMaxInstanceTypes) break;
      if (types.empty()) out.price = price;
      out.kept.set(type);
      types.push_back(table.pointer(type));
    }
    if (requirements == claim.requirements) break;
  }
  out.truncated = types.size() < options.count();
  out.types = std::move(types);
  return lists.emplace_back(std::move(out));
}

// The claim as a NewNode; nothing when the 600 cheapest types no longer meet minValues. spec: scheduling
// §11.4
std::optional<NewNode> Finisher::finish(const Claim& claim) {
  const Template& owner = world_.ground.templates[claim.owner];
  Bits options = claim.options;
  const Id requirements = settle_reservations(claim, options);
  const Listed& listed = list_of(claim, requirements, options);
  if (listed.truncated && world_.problem.options.min_values == MinValuesPolicy::kStrict)
    for (const auto& [key, count] : world_.requirements.min_values(requirements))
      if (world_.requirements.distinct_values(requirements, key, owner.table, listed.kept) < count)
        return std::nullopt;
  NewNode out;
  out.node_pool = owner.view->pool->meta.name;
  out.requirements = final_of(requirements);
  out.requests = least_overhead(owner, options);
  out.instance_types = listed.types;
  out.price = listed.price;
  out.min_values_relaxed = claim.min_values_relaxed;
  out.pods.reserve(claim.pods.size());
  sum_requests(claim, out);
  return out;
}

void Finisher::drop(const Claim& claim, Plan& plan) {
  const Reasons why({{.code = ReasonCode::kMinValues,
                      .node_pool = world_.ground.templates[claim.owner].view->pool->meta.name,
                      .detail = "minValues requirement is not met by the " +
                                std::to_string(kMaxInstanceTypes) + " cheapest instance types"}});
  for (const Id p : claim.pods) plan.unplaced.push_back({world_.pods[p].pod, why});
}

void Finisher::collect_unplaced(Plan& plan) {
  plan.unplaced.insert(plan.unplaced.end(), world_.malformed.begin(), world_.malformed.end());
  const Reasons no_turn(
      {{.code = ReasonCode::kStepsExhausted, .detail = "the scheduling pass ended before the pod's turn"}});
  std::map<Id, Reasons> by_class;
  for (const Id p : search_.unplaced()) {
    const auto& [pod, pod_class] = world_.pods[p];
    if (!search_.complete() && !search_.was_tried(pod_class)) {
      plan.unplaced.push_back({pod, no_turn});
      continue;
    }
    auto [it, is_new] = by_class.try_emplace(pod_class);
    if (is_new) it->second = search_.explain(pod_class);
    plan.unplaced.push_back({pod, it->second});
  }
  std::ranges::stable_sort(plan.unplaced, {}, [](const Unplaced& u) {
    return std::tie(u.pod->meta.namespace_name, u.pod->meta.name, u.pod->meta.uid);
  });
}

Plan Finisher::run() {
  count_by_size_.assign(world_.sizes.size(), 0);
  Plan plan;
  plan.complete = search_.complete();
  plan.create.reserve(search_.claims().size());
  for (const Claim& claim : search_.claims()) {
    auto node = finish(claim);
    if (!node) {
      drop(claim, plan);
      continue;
    }
    if (node->price < kNoPrice) plan.total_price += node->price;
    plan.create.push_back(std::move(*node));
  }
  plan.onto_existing.reserve(search_.on_nodes().size());
  for (const auto& [pod, row] : search_.on_nodes())
    plan.onto_existing.push_back({.pod = world_.pods[pod].pod, .node = world_.nodes.row(row).index});
  collect_unplaced(plan);
  return plan;
}

Plan solve(const Problem& problem, Ground& ground, const Limits& limits) {
  const Packed packed = pack(problem, ground, limits);
  return Finisher(*packed.world, *packed.search).run();
}

}  // namespace

struct Scheduler::Kept {
  std::unique_ptr<Catalogue> catalogue;
  std::unique_ptr<Ground> ground;
  std::uint64_t version = 0;
  const ExistingNode* nodes = nullptr;  // the ground points into them
  const NodePoolView* pools = nullptr;

  [[nodiscard]] bool fits(const Problem& problem) const {
    return ground && version != 0 && problem.version == version && problem.nodes.data() == nodes &&
           problem.pools.data() == pools && &ground->problem == &problem;
  }
};

Scheduler::Scheduler() : kept_(std::make_unique<Kept>()) {}
Scheduler::~Scheduler() = default;

Plan Scheduler::schedule(const Problem& problem, const Limits& limits) {
  Kept& kept = *kept_;
  const bool same_ground = kept.fits(problem);
  if (!same_ground) {
    kept.ground.reset();
    const bool usable = kept.catalogue && kept.catalogue->serves(problem.options) &&
                        kept.catalogue->requirements.size() < kMaxRequirementSets &&
                        kept.catalogue->tables.size() < kMaxTypeTables;
    if (!usable) kept.catalogue = std::make_unique<Catalogue>(problem.options);
    kept.ground = std::make_unique<Ground>(problem, *kept.catalogue);
  }
  kept.version = problem.version;
  kept.nodes = problem.nodes.data();
  kept.pools = problem.pools.data();
  Plan plan = solve(problem, *kept.ground, limits);
  if (problem.version == 0) kept.ground.reset();
  return plan;
}

Plan schedule(const Problem& problem, const Limits& limits) { return Scheduler().schedule(problem, limits); }

}  // namespace karpenter::scheduling
