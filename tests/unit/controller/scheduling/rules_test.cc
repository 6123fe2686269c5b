#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "tests/support/plan_verifier.h"
#include "tests/unit/controller/scheduling/builders.h"

// One scenario per rule, in the words of outline(): `new p: a b`, `on n: a`, `unplaced a: taint`, with the
// zone of a new node where it is fixed.

namespace karpenter::scheduling {
namespace {

namespace labels = model::labels;
using model::Requirement;

std::string zone_of(const NewNode& node) {
  const auto* zone = node.requirements.find(labels::kZone);
  return zone == nullptr || zone->complement() || zone->values().size() != 1 ? ""
                                                                             : "@" + *zone->values().begin();
}

std::string outline(const Problem& problem, const Plan& plan) {
  std::vector<std::string> parts;
  for (const auto& placement : plan.onto_existing)
    parts.push_back("on " + problem.nodes[placement.node].name + ": " + placement.pod->meta.name);
  for (const auto& node : plan.create) {
    std::string part = "new " + node.node_pool + zone_of(node) + ":";
    for (const auto* pod : node.pods) part += " " + pod->meta.name;
    parts.push_back(std::move(part));
  }
  for (const auto& unplaced : plan.unplaced) {
    std::string part = "unplaced " + unplaced.pod->meta.name + ":";
    for (const auto& reason : unplaced.reasons) part += std::string(" ") + name_of(reason.code);
    parts.push_back(std::move(part));
  }
  std::string out;
  for (const auto& part : parts) out += (out.empty() ? "" : "; ") + part;
  return out;
}

struct World {
  Scenario s;
  Options options = {};
  std::vector<OtherNode> other_nodes = {};
  std::vector<model::Namespace> namespaces = {};
  std::vector<model::PersistentVolumeClaim> claims = {};
  std::vector<model::PersistentVolume> volumes = {};
  std::vector<model::StorageClass> classes = {};

  [[nodiscard]] Problem problem() const {
    Problem out = s.problem();
    out.options = options;
    out.other_nodes = other_nodes;
    for (const auto& n : namespaces) out.namespaces.push_back(&n);
    for (const auto& c : claims) out.volumes.claims.push_back(&c);
    for (const auto& v : volumes) out.volumes.volumes.push_back(&v);
    for (const auto& c : classes) out.volumes.classes.push_back(&c);
    return out;
  }
  [[nodiscard]] std::string solve() const {
    const Problem p = problem();
    return outline(p, schedule(p, {}));
  }
};

struct Case {
  std::string name;
  std::function<void(World&)> build;
  std::string want;
};

void run(const std::vector<Case>& cases) {
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    World world;
    c.build(world);
    EXPECT_EQ(world.solve(), c.want);
  }
}

const cloud::InstanceTypes& one_type() {
  static const cloud::InstanceTypes types = {a_type("large", 8, 32, 0.8)};
  return types;
}

model::Pod web(std::string name, std::string_view cpu = "1") {
  auto pod = a_pod(std::move(name), cpu);
  pod.meta.labels = {{"app", "web"}};
  return pod;
}

void prefer_zone(model::Pod& pod, int weight, std::string zone) {
  if (!pod.spec.affinity) pod.spec.affinity.emplace();
  if (!pod.spec.affinity->node_affinity) pod.spec.affinity->node_affinity.emplace();
  pod.spec.affinity->node_affinity->preferred.push_back(
      {.weight = weight,
       .preference = {.match_expressions = {expression(std::string(labels::kZone), "In", {std::move(zone)})},
                      .match_fields = {}}});
}

void prefer_apart(model::Pod& pod, int weight, std::string_view key) {
  if (!pod.spec.affinity) pod.spec.affinity.emplace();
  if (!pod.spec.affinity->pod_anti_affinity) pod.spec.affinity->pod_anti_affinity.emplace();
  pod.spec.affinity->pod_anti_affinity->preferred.push_back(
      {.weight = weight, .term = term(key, select("app", "web"))});
}

void prefer_together(model::Pod& pod, int weight, std::string_view key, std::string app) {
  if (!pod.spec.affinity) pod.spec.affinity.emplace();
  if (!pod.spec.affinity->pod_affinity) pod.spec.affinity->pod_affinity.emplace();
  pod.spec.affinity->pod_affinity->preferred.push_back(
      {.weight = weight, .term = term(key, select("app", std::move(app)))});
}

// spec: scheduling §5.9, §9.3, §16, §27.49
TEST(Relaxation, drops_one_preference_after_the_other) {
  run({
      {"the heaviest preferred term counts first",
       [](World& w) {
         w.s.add(a_pool("p"));
         auto& pod = w.s.add(a_pod("a"));
         prefer_zone(pod, 1, "zone-a");
         prefer_zone(pod, 9, "zone-b");
       },
       "new p@zone-b: a"},
      {"then the next",
       [](World& w) {
         w.s.add(a_pool("p"));
         auto& pod = w.s.add(a_pod("a"));
         prefer_zone(pod, 9, "zone-x");
         prefer_zone(pod, 1, "zone-b");
       },
       "new p@zone-b: a"},
      {"policy Ignore does not see them",
       [](World& w) {
         w.options.preferences = PreferencePolicy::kIgnore;
         w.s.add(a_pool("p"));
         prefer_zone(w.s.add(a_pod("a")), 9, "zone-b");
       },
       "new p: a"},
      {"required OR-terms go before preferences: the second term with the preference wins",
       [](World& w) {
         w.s.add(a_pool("p"));
         auto& pod = w.s.add(a_pod("a"));
         require(pod, {{expression("team", "In", {"x"})},
                       {expression(std::string(labels::kArch), "In", {"amd64"})}});
         prefer_zone(pod, 1, "zone-c");
       },
       "new p@zone-c: a"},
  });
}

// spec: scheduling §6.4, §16, §27.3
TEST(Relaxation, goes_on_until_some_target_takes_the_pod) {
  run({
      {"a new node rather than a broken preference",
       [](World& w) {
         w.s.add(a_pool("p"));
         w.s.add(a_node("n1", "4", "8Gi", "zone-a"));
         prefer_zone(w.s.add(a_pod("a")), 1, "zone-b");
       },
       "new p@zone-b: a"},
      {"at last OR-terms that went are tried without any preference",
       [](World& w) {
         w.s.add(a_node("n1", "4", "8Gi", "zone-a"));
         auto& pod = w.s.add(a_pod("a"));
         require(pod, {{expression(std::string(labels::kArch), "In", {"amd64"})},
                       {expression("team", "In", {"x"})}});
         prefer_zone(pod, 1, "zone-b");
       },
       "on n1: a"},
      {"without any node for it the preference goes",
       [](World& w) {
         w.s.add(a_node("n1", "4", "8Gi", "zone-a"));
         prefer_zone(w.s.add(a_pod("a")), 1, "zone-b");
       },
       "on n1: a"},
      {"preferred affinity to nothing goes before preferred anti-affinity",
       [](World& w) {
         w.s.add(a_pool("p"), one_type());
         for (const auto* name : {"a", "b"}) {
           auto& pod = w.s.add(web(name));
           prefer_together(pod, 1, labels::kZone, "db");
           prefer_apart(pod, 50, labels::kHostname);
         }
       },
       "new p: a; new p: b"},
      {"preferred anti-affinity goes when there is no other host",
       [](World& w) {
         w.s.add(a_node("n1", "4", "8Gi"));
         for (const auto* name : {"a", "b"}) prefer_apart(w.s.add(web(name)), 50, labels::kHostname);
       },
       "on n1: a; on n1: b"},
      {"PreferNoSchedule is tolerated last",
       [](World& w) {
         w.s.add(a_pool("p")).spec.node_template.spec.taints = {
             {.key = "k", .value = {}, .effect = "PreferNoSchedule", .time_added = {}}};
         prefer_zone(w.s.add(a_pod("a")), 9, "zone-b");
       },
       "new p: a"},
      {"a node's PreferNoSchedule is final while no NodePool has one",
       [](World& w) {
         w.s.add(a_node("n1", "4", "8Gi")).taints = {
             {.key = "k", .value = {}, .effect = "PreferNoSchedule", .time_added = {}}};
         w.s.add(a_pod("a"));
       },
       "unplaced a: no-pools"},
  });
}

// Each fault of the reference that is not repeated. spec: scheduling §15.1, §15.10, §8.6
TEST(KnownFaults, are_not_repeated) {
  const auto soft_pool = [](World& w) -> model::NodePool& {
    auto& pool = w.s.add(a_pool("p"), one_type());
    pool.spec.node_template.spec.taints = {
        {.key = "k", .value = {}, .effect = "PreferNoSchedule", .time_added = {}}};
    return pool;
  };
  run({
      {"1: a relaxed pod remembers the pods of its own pass",
       [&](World& w) {
         soft_pool(w);
         for (const auto* name : {"a", "b"})
           spread(w.s.add(web(name)), labels::kHostname, 1, select("app", "web"));
       },
       "new p: a; new p: b"},
      {"2: the first pod of an affinity group is counted in one zone",
       [](World& w) {
         w.options.packing = Packing::kReference;
         w.s.add(a_pool("p"), one_type());
         for (int i = 0; i < 2; ++i)
           keep_together(w.s.add(web("a" + std::to_string(i), "5")), labels::kZone, select("app", "web"));
       },
       "new p@zone-a: a0; new p@zone-a: a1"},
      {"3: NotIn defines no label on an existing node",
       [](World& w) {
         w.s.add(a_node("n1", "4", "8Gi"));
         require(w.s.add(a_pod("a", "2")), {{expression("team", "NotIn", {"blue"})}});
         require(w.s.add(a_pod("b")), {{expression("team", "In", {"red"})}});
       },
       "on n1: a; unplaced b: no-pools"},
  });
}

// spec: scheduling §5.9, §15.1, §8.6
TEST(KnownFaults, of_requirements_are_not_repeated) {
  run({
      {"4: a preference does not undo a requirement",
       [](World& w) {
         w.s.add(a_node("n1", "4", "8Gi"));
         auto& pod = w.s.add(a_pod("a"));
         pod.spec.node_selector = {{"team", "red"}};
         pod.spec.affinity.emplace().node_affinity.emplace().preferred.push_back(
             {.weight = 1,
              .preference = {.match_expressions = {expression("team", "In", {"blue"})}, .match_fields = {}}});
       },
       "unplaced a: no-pools"},
      {"4: nor does a required term the node selector",
       [](World& w) {
         w.s.add(a_node("n1", "4", "8Gi"));
         auto& pod = w.s.add(a_pod("a"));
         pod.spec.node_selector = {{"team", "red"}};
         require(pod, {{expression("team", "In", {"blue"})}});
       },
       "unplaced a: no-pools"},
      {"5: values named twice keep terms apart",
       [](World& w) {
         w.s.add(a_node("n1", "4", "8Gi"));
         w.s.run(0, with_label(a_pod("old"), "b"));
         auto& pod = w.s.add(a_pod("new"));
         for (const std::string app : {"a", "b"}) {
           model::LabelSelector twice;
           twice.match_expressions = {{.key = "app", .op = "In", .values = {app, app}}};
           if (app == "a") keep_apart(pod, labels::kHostname, twice);
           if (app == "b")
             pod.spec.affinity->pod_anti_affinity->required.push_back(term(labels::kHostname, twice));
         }
       },
       "unplaced new: no-pools"},
      {"6: a limit on nodes holds within a pass",
       [](World& w) {
         w.options.packing = Packing::kReference;
         w.s.add(a_pool("p"), one_type()).spec.limits = {{"nodes", q("1")}};
         w.s.add(2, a_pod("a", "5"));
       },
       "new p: a-0; unplaced a-1: limit"},
  });
}

model::Pod& constrain(World& w, const std::function<void(model::TopologySpreadConstraint&)>& change) {
  auto& pod = w.s.add(web("a"));
  spread(pod, labels::kZone, 1, select("app", "web"));
  change(pod.spec.topology_spread_constraints[0]);
  return pod;
}

void two_zones(World& w) {
  w.s.add(a_node("n1", "4", "8Gi", "zone-a"));
  auto& tainted = w.s.add(a_node("n2", "0", "8Gi", "zone-b"));
  tainted.taints = {{.key = "k", .value = {}, .effect = "NoSchedule", .time_added = {}}};
  w.s.run(0, web("old"));
}

// spec: scheduling §15.3, §15.4, §15.7, §27.11, §27.12
TEST(Spread, counts_by_its_policies) {
  run({
      {"a tainted node's zone counts: the pod may not add to zone-a",
       [&](World& w) {
         two_zones(w);
         constrain(w, [](auto&) {});
       },
       "unplaced a: no-pools"},
      {"nodeTaintsPolicy Honor leaves it out",
       [&](World& w) {
         two_zones(w);
         constrain(w, [](auto& c) { c.node_taints_policy = "Honor"; });
       },
       "on n1: a"},
      {"nodes that the pod does not select are left out",
       [&](World& w) {
         two_zones(w);
         w.s.at(0).labels["team"] = "x";
         constrain(w, [](auto&) {}).spec.node_selector = {{"team", "x"}};
       },
       "on n1: a"},
      {"nodeAffinityPolicy Ignore counts them",
       [&](World& w) {
         two_zones(w);
         w.s.at(0).labels["team"] = "x";
         constrain(w, [](auto& c) { c.node_affinity_policy = "Ignore"; }).spec.node_selector = {
             {"team", "x"}};
       },
       "unplaced a: no-pools"},
  });
}

// spec: scheduling §15.1, §15.4, §15.7
TEST(Spread, counts_the_right_pods_and_domains) {
  run({
      {"minDomains makes the least zero",
       [&](World& w) {
         w.s.add(a_node("n1", "4", "8Gi", "zone-a"));
         w.s.run(0, web("old"));
         constrain(w, [](auto& c) { c.min_domains = 2; });
       },
       "unplaced a: no-pools"},
      {"matchLabelKeys narrows what is counted",
       [&](World& w) {
         two_zones(w);
         constrain(w, [](auto& c) { c.match_label_keys = {"hash"}; }).meta.labels["hash"] = "2";
       },
       "on n1: a"},
      {"pods on nodes that are no targets count",
       [&](World& w) {
         static const model::Pod gone = web("gone");
         w.s.add(a_node("n1", "4", "8Gi", "zone-a"));
         w.s.run(0, web("old"));
         w.other_nodes = {
             {.name = "leaving", .labels = {{std::string(labels::kZone), "zone-b"}}, .pods = {&gone}}};
         constrain(w, [](auto&) {});
       },
       "on n1: a"},
      {"only the pod's own zones set the least",
       [&](World& w) {
         two_zones(w);
         constrain(w, [](auto& c) { c.node_affinity_policy = "Ignore"; }).spec.node_selector = {
             {std::string(labels::kZone), "zone-a"}};
       },
       "on n1: a"},
  });
}

// spec: scheduling §15.8, §15.9, §15.12
TEST(PodAffinity, looks_at_the_right_namespaces) {
  const auto other_team = [](World& w, const std::function<void(model::PodAffinityTerm&)>& change) {
    w.s.add(a_node("n1", "4", "8Gi"));
    auto old = web("old");
    old.meta.namespace_name = "shop";
    w.s.run(0, old);
    w.namespaces.resize(2);
    w.namespaces[0].meta.name = "default";
    w.namespaces[1].meta.name = "shop";
    w.namespaces[1].meta.labels = {{"team", "shop"}};
    auto& pod = w.s.add(a_pod("a"));
    keep_apart(pod, labels::kHostname, select("app", "web"));
    change(pod.spec.affinity->pod_anti_affinity->required[0]);
  };
  run({
      {"its own by default", [&](World& w) { other_team(w, [](auto&) {}); }, "on n1: a"},
      {"the listed", [&](World& w) { other_team(w, [](auto& t) { t.namespaces = {"shop"}; }); },
       "unplaced a: no-pools"},
      {"the selected",
       [&](World& w) { other_team(w, [](auto& t) { t.namespace_selector = select("team", "shop"); }); },
       "unplaced a: no-pools"},
      {"not the others",
       [&](World& w) { other_team(w, [](auto& t) { t.namespace_selector = select("team", "other"); }); },
       "on n1: a"},
      {"an empty selector takes all",
       [&](World& w) { other_team(w, [](auto& t) { t.namespace_selector.emplace(); }); },
       "unplaced a: no-pools"},
  });
}

// spec: scheduling §9.2, §15.8, §26 item 10
TEST(PodAffinity, is_resolved_within_a_pass) {
  run({
      {"who comes first waits for whom it wants",
       [](World& w) {
         w.s.add(a_pool("p"), one_type());
         keep_together(w.s.add(a_pod("a", "3")), labels::kHostname, select("app", "db"));
         w.s.add(with_label(a_pod("b", "1"), "db"));
       },
       "new p: b a"},
      {"a pod of the pass on an open claim is gone to",
       [](World& w) {
         w.s.add(a_pool("p"), one_type());
         w.s.add(with_label(a_pod("b", "3"), "db"));
         keep_together(w.s.add(a_pod("a", "1")), labels::kZone, select("app", "db"));
       },
       "new p@zone-a: b a"},
      {"packing as the reference: zonal anti-affinity places one pod a pass",
       [](World& w) {
         w.options.packing = Packing::kReference;
         w.s.add(a_pool("p"), one_type());
         for (const auto* name : {"a", "b"})
           keep_apart(w.s.add(web(name)), labels::kZone, select("app", "web"));
       },
       "new p: a; unplaced b: topology"},
  });
}

model::PersistentVolumeClaim a_claim(std::string name, std::string volume, std::string storage_class) {
  model::PersistentVolumeClaim out;
  out.meta.name = std::move(name);
  out.meta.namespace_name = "default";
  out.volume_name = std::move(volume);
  out.storage_class_name = std::move(storage_class);
  return out;
}

model::PersistentVolume a_volume(std::string name,
                                 std::vector<std::vector<model::NodeSelectorRequirement>> terms) {
  model::PersistentVolume out;
  out.meta.name = std::move(name);
  out.csi_driver = "ebs.csi.aws.com";
  out.node_affinity_required.emplace();
  for (auto& t : terms)
    out.node_affinity_required->push_back({.match_expressions = std::move(t), .match_fields = {}});
  return out;
}

void mount(model::Pod& pod, std::string claim) {
  model::PodVolume volume;
  volume.name = claim;
  volume.persistent_volume_claim = std::move(claim);
  pod.spec.volumes.push_back(std::move(volume));
}

model::NodeSelectorRequirement in_zone(std::string zone) {
  return expression("topology.ebs.csi.aws.com/zone", "In", {std::move(zone)});
}

// spec: scheduling §14, §10 step 6, §11.2
TEST(Volumes, hold_pods_where_they_are) {
  run({
      {"a bound volume fixes the zone",
       [](World& w) {
         w.s.add(a_pool("p"));
         w.s.add(a_node("n1", "4", "8Gi", "zone-a"));
         w.claims = {a_claim("data", "pv", "")};
         w.volumes = {a_volume("pv", {{in_zone("zone-b")}})};
         mount(w.s.add(a_pod("a")), "data");
       },
       "new p@zone-b: a"},
      {"the first of several alternatives that works",
       [](World& w) {
         w.s.add(a_pool("p"));
         w.claims = {a_claim("data", "pv", "")};
         w.volumes = {a_volume("pv", {{in_zone("zone-x")}, {in_zone("zone-c")}})};
         mount(w.s.add(a_pod("a")), "data");
       },
       "new p@zone-c: a"},
      {"a class with allowed topologies",
       [](World& w) {
         w.s.add(a_pool("p"));
         w.claims = {a_claim("data", "", "zonal")};
         w.classes.resize(1);
         w.classes[0].meta.name = "zonal";
         w.classes[0].allowed_topologies = {{.match_expressions = {in_zone("zone-b")}, .match_fields = {}}};
         mount(w.s.add(a_pod("a")), "data");
       },
       "new p@zone-b: a"},
      {"two volumes that are apart",
       [](World& w) {
         w.s.add(a_pool("p"));
         w.claims = {a_claim("one", "pv1", ""), a_claim("two", "pv2", "")};
         w.volumes = {a_volume("pv1", {{in_zone("zone-a")}}), a_volume("pv2", {{in_zone("zone-b")}})};
         auto& pod = w.s.add(a_pod("a"));
         mount(pod, "one");
         mount(pod, "two");
       },
       "unplaced a: volume"},
      {"a local volume's host does not hold the pod",
       [](World& w) {
         w.s.add(a_pool("p"));
         w.claims = {a_claim("data", "pv", "")};
         w.volumes = {a_volume("pv", {{expression(std::string(labels::kHostname), "In", {"gone"})}})};
         w.volumes[0].is_local = true;
         mount(w.s.add(a_pod("a")), "data");
       },
       "new p: a"},
  });
}

// spec: scheduling §13.2, §27.7
TEST(Volumes, are_limited_per_node) {
  const auto node_with_limit = [](World& w, std::int64_t limit) -> ExistingNode& {
    auto& node = w.s.add(a_node("n1", "4", "8Gi", "zone-a"));
    node.volume_limits = {{"ebs.csi.aws.com", limit}};
    w.claims = {a_claim("old", "pv0", ""), a_claim("one", "pv1", ""), a_claim("two", "pv2", "")};
    for (const auto* name : {"pv0", "pv1", "pv2"}) w.volumes.push_back(a_volume(name, {{in_zone("zone-a")}}));
    auto running = a_pod("running");
    mount(running, "old");
    w.s.run(0, running);
    return node;
  };
  run({
      {"each volume counts",
       [&](World& w) {
         node_with_limit(w, 2);
         mount(w.s.add(a_pod("a")), "one");
         mount(w.s.add(a_pod("b")), "two");
       },
       "on n1: a; unplaced b: no-pools"},
      {"a shared one counts once",
       [&](World& w) {
         node_with_limit(w, 2);
         mount(w.s.add(a_pod("a")), "one");
         mount(w.s.add(a_pod("b")), "one");
         mount(w.s.add(a_pod("c")), "old");
       },
       "on n1: a; on n1: b; on n1: c"},
      {"a node over its limit takes nobody",
       [&](World& w) {
         node_with_limit(w, 0);
         w.s.add(a_pod("a"));
       },
       "unplaced a: no-pools"},
  });
}

// The large type also as one reserved offering in zone-a.
cloud::InstanceTypes with_reservation(std::int64_t instances) {
  auto type = std::make_shared<cloud::InstanceType>(*a_type("large", 8, 32, 0.8));
  cloud::Offering reserved;
  reserved.requirements.add(Requirement::in(labels::kZone, {"zone-a"}));
  reserved.requirements.add(Requirement::in(labels::kCapacityType, {"reserved"}));
  reserved.requirements.add(Requirement::in("karpenter.k8s.aws/capacity-reservation-id", {"cr-1"}));
  reserved.zone = "zone-a";
  reserved.capacity_type = "reserved";
  reserved.price = 0.0000001;
  reserved.available = true;
  reserved.reservation_capacity = instances;
  type->offerings.push_back(reserved);
  type->requirements.replace(Requirement::in(labels::kCapacityType, {"on-demand", "reserved", "spot"}));
  return {a_type("small", 2, 8, 0.2), type};
}

// spec: scheduling §17.1, §17.2, §17.3, §11.4, §27.26, §27.51
TEST(Reservations, are_held_by_the_nodes_of_a_pass) {
  run({
      {"each node holds one unit, the rest waits",
       [](World& w) {
         w.s.add(a_pool("p"), with_reservation(2));
         w.s.add(3, a_pod("a", "5"));
       },
       "new p: a-0; new p: a-1; unplaced a-2: reserved"},
      {"fallback mode goes on without",
       [](World& w) {
         w.options.reserved = ReservedMode::kFallback;
         w.s.add(a_pool("p"), with_reservation(1));
         w.s.add(2, a_pod("a", "5"));
       },
       "new p: a-0; new p: a-1"},
      {"a reservation that is full at the provider is no reason to wait",
       [](World& w) {
         w.s.add(a_pool("p"), with_reservation(0));
         w.s.add(2, a_pod("a", "5"));
       },
       "new p: a-0; new p: a-1"},
      {"only full reservations left: refused, not deferred",
       [](World& w) {
         w.s.add(a_pool("p"), with_reservation(0)).spec.node_template.spec.requirements = {
             expression(std::string(labels::kCapacityType), "In", {"reserved"})};
         w.s.add(a_pod("a", "5"));
       },
       "unplaced a: offering"},
      {"a deferred pod uses no pool of lower rank",
       [](World& w) {
         w.s.add(a_pool("first"), with_reservation(1)).spec.weight = 10;
         w.s.add(a_pool("second"), one_type());
         w.s.add(2, a_pod("a", "5"));
       },
       "new first: a-0; unplaced a-1: reserved"},
      {"a credited unit",
       [](World& w) {
         w.options.credited_reservation = "cr-1";
         w.s.add(a_pool("p"), with_reservation(0)).spec.node_template.spec.requirements = {
             expression(std::string(labels::kCapacityType), "In", {"reserved"})};
         w.s.add(a_pod("a", "5"));
       },
       "new p: a"},
  });
  World w;
  w.s.add(a_pool("p"), with_reservation(1));
  w.s.add(a_pod("a"));
  const Problem problem = w.problem();
  const Plan plan = schedule(problem, {});
  ASSERT_EQ(plan.create.size(), 1U);
  EXPECT_EQ(plan.create[0].requirements.find(labels::kCapacityType)->text(),
            "karpenter.sh/capacity-type In [reserved]");
  EXPECT_EQ(plan.create[0].requirements.find("karpenter.k8s.aws/capacity-reservation-id")->text(),
            "karpenter.k8s.aws/capacity-reservation-id In [cr-1]");
  ASSERT_EQ(plan.create[0].instance_types.size(), 1U) << "known-faults 7: types without the reservation go";
  EXPECT_EQ(plan.create[0].instance_types[0]->name, "large");
}

model::NodePool with_min_values(std::int64_t count) {
  auto pool = a_pool("p");
  auto& r = pool.spec.node_template.spec.requirements.emplace_back(
      expression(std::string(labels::kInstanceType), "Exists", {}));
  r.min_values = count;
  return pool;
}

// spec: scheduling §11.3, §12.2, §27.22, §27.53
TEST(MinValues, are_kept_or_lowered_by_policy) {
  run({
      {"Strict narrows while enough types are left",
       [](World& w) {
         w.s.add(with_min_values(3));
         w.s.add(a_pod("a", "500m"));
         w.s.add(a_pod("b", "3"));
       },
       "new p: b a"},
      {"a second pod opens a new claim instead",
       [](World& w) {
         w.s.add(with_min_values(3));
         w.s.add(2, a_pod("a", "2"));
       },
       "new p: a-0; new p: a-1"},
      {"BestEffort lowers for a new claim",
       [](World& w) {
         w.options.min_values = MinValuesPolicy::kBestEffort;
         w.s.add(with_min_values(3));
         w.s.add(a_pod("a", "5"));
       },
       "new p: a"},
      {"Strict does not",
       [](World& w) {
         w.s.add(with_min_values(3));
         w.s.add(a_pod("a", "5"));
       },
       "unplaced a: min-values"},
  });
  World w;
  w.options.min_values = MinValuesPolicy::kBestEffort;
  const auto& pool = w.s.add(with_min_values(3));
  w.s.add(a_pod("a", "5"));
  const Problem problem = w.problem();
  const Plan plan = schedule(problem, {});
  ASSERT_EQ(plan.create.size(), 1U);
  EXPECT_TRUE(plan.create[0].min_values_relaxed);
  EXPECT_EQ(plan.create[0].requirements.find(labels::kInstanceType)->min_values(), 1);
  EXPECT_EQ(
      make_node_claim(plan.create[0], pool).meta.annotation("karpenter.sh/nodeclaim-min-values-relaxed"),
      "true");
}

// spec: scheduling §12.4, §12.5
TEST(Truncation, keeps_the_600_cheapest_types) {
  cloud::InstanceTypes types;
  for (int i = 0; i < 700; ++i) types.push_back(a_type("t" + std::to_string(i), 8, 32, 1.0 - i * 0.001));
  for (const auto& [min_values, want] : {std::pair{600, 1U}, std::pair{601, 0U}}) {
    World w;
    w.s.add(with_min_values(min_values), types);
    w.s.add(a_pod("a"));
    const Problem problem = w.problem();
    const Plan plan = schedule(problem, {});
    ASSERT_EQ(plan.create.size(), want) << min_values;
    if (want == 1) {
      EXPECT_EQ(plan.create[0].instance_types.size(), 600U);
      EXPECT_EQ(plan.create[0].instance_types[0]->name, "t699");
    } else {
      EXPECT_EQ(plan.unplaced.at(0).reasons.front().code, ReasonCode::kMinValues);
    }
  }
}

// spec: scheduling §8.1, §18, §21, §24, §7.4
TEST(Scope, leaves_out_what_does_not_belong) {
  run({
      {"static NodePools make no nodes",
       [](World& w) {
         w.s.add(a_pool("p")).spec.replicas = 3;
         w.s.add(a_pod("a"));
       },
       "unplaced a: no-pools"},
      {"pods with dynamic resource claims are refused",
       [](World& w) {
         w.s.add(a_pool("p"));
         w.s.add(a_pod("a")).spec.has_resource_claims = true;
         w.s.add(a_pod("b"));
       },
       "new p: b; unplaced a: unsupported"},
      {"nodes under consolidateAfter take only pending pods",
       [](World& w) {
         w.s.add(a_node("n1", "4", "8Gi")).is_settling = true;
         w.s.add(a_pod("moving")).status.phase = "Running";
         w.s.add(a_pod("pending")).status.phase = "Pending";
       },
       "on n1: pending; unplaced moving: no-pools"},
      {"huge pages are taken off the memory",
       [](World& w) {
         auto type = std::make_shared<cloud::InstanceType>(*a_type("large", 8, 8, 0.8));
         type->capacity.set("hugepages-2Mi", q("4Gi"));
         w.s.add(a_pool("p"), {type});
         w.s.add(a_pod("a", "1", "5Gi"));
       },
       "unplaced a: resources"},
  });
}

// spec: scheduling §12.3
TEST(Reasons, name_nodes_and_the_nearest_change) {
  World w;
  w.s.add(a_pool("p"), one_type()).spec.limits = amounts("4", "");
  w.s.add(a_node("n1", "500m", "8Gi"));
  w.s.add(a_node("n2", "500m", "8Gi"));
  w.s.add(a_node("n3", "4", "8Gi")).taints = {
      {.key = "k", .value = "v", .effect = "NoSchedule", .time_added = {}}};
  w.s.add(a_pod("a"));
  const Problem limited = w.problem();
  const Plan plan = schedule(limited, {});
  ASSERT_EQ(plan.unplaced.size(), 1U);
  EXPECT_EQ(
      render_in_full(plan.unplaced[0]),
      (std::vector<std::string>{
          "nodepool p: no fitting instance type within the limits of the nodepool (cpu: 4 left of 4); would "
          "help: limits raised by cpu=4",
          "1 node (such as n3): did not tolerate taint(s) k=v:NoSchedule; would help: a toleration of "
          "k=v:NoSchedule",
          "2 nodes (such as n1): too full, missing cpu 500m"}));

  World free;
  free.s.add(a_pool("p"), one_type());
  free.s.add(a_pod("huge", "100"));
  free.s.add(a_pod("typo")).spec.node_selector = {{"topology.kubernetes.io/zon", "zone-a"}};
  free.s.add(a_pod("nowhere")).spec.node_selector = {{std::string(labels::kZone), "zone-x"}};
  const Problem problem = free.problem();
  std::vector<std::string> nearest;
  for (const auto& unplaced : schedule(problem, {}).unplaced)
    nearest.push_back(unplaced.reasons.front().nearest);
  EXPECT_EQ(nearest,
            (std::vector<std::string>{
                "large is too small by cpu 92100m", "the pod without topology.kubernetes.io/zone In [zone-x]",
                "the label \"topology.kubernetes.io/zone\" instead of \"topology.kubernetes.io/zon\""}));
}

// A Scheduler that is asked again gives the plan that a fresh one gives. spec: scheduling §25.2 item 13
TEST(KeptScheduler, agrees_with_a_fresh_one) {
  World w;
  w.s.add(a_pool("p"));
  w.s.add(a_node("n1", "4", "8Gi"));
  w.s.run(0, web("old"));
  w.s.add(6, with_spread(web("a")));
  Problem problem = w.problem();
  problem.version = 7;
  Scheduler kept;
  EXPECT_EQ(describe(problem, kept.schedule(problem, {})), describe(problem, schedule(problem, {})));
  auto more = web("b", "3");
  keep_apart(more, labels::kHostname, select("app", "web"));
  problem.pods.push_back(&more);
  EXPECT_EQ(describe(problem, kept.schedule(problem, {})), describe(problem, schedule(problem, {})));
  problem.version = 8;
  problem.nodes.clear();
  EXPECT_EQ(describe(problem, kept.schedule(problem, {})), describe(problem, schedule(problem, {})));
}

}  // namespace
}  // namespace karpenter::scheduling
