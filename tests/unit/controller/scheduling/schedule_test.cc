#include "controller/scheduling/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "tests/support/plan_verifier.h"
#include "tests/unit/controller/scheduling/builders.h"

namespace karpenter::scheduling {
namespace {

namespace labels = model::labels;

// `new p: a b -> small medium`, `on n: a`, `unplaced a: taint`, joined by "; ".
std::string outline(const Problem& problem, const Plan& plan) {
  std::vector<std::string> parts;
  for (const auto& placement : plan.onto_existing)
    parts.push_back("on " + problem.nodes[placement.node].name + ": " + placement.pod->meta.name);
  for (const auto& node : plan.create) {
    std::string part = "new " + node.node_pool + ":";
    for (const auto* pod : node.pods) part += " " + pod->meta.name;
    part += " ->";
    for (const auto& type : node.instance_types) part += " " + type->name;
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

struct Case {
  std::string name;
  std::function<void(Scenario&)> build;
  std::string want;
};

void run(const std::vector<Case>& cases) {
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    Scenario scenario;
    c.build(scenario);
    const Problem problem = scenario.problem();
    const Plan plan = schedule(problem, {});
    EXPECT_EQ(outline(problem, plan), c.want);
    EXPECT_EQ(support::verify(problem, plan), std::vector<std::string>{});
  }
}

model::Pod with(model::Pod pod, const std::function<void(model::Pod&)>& change) {
  change(pod);
  return pod;
}

// spec: scheduling §7.3, §11.2, §12.1, §12.4
TEST(Schedule, keeps_the_types_that_hold_everything_cheapest_first) {
  run({
      {"one small pod",
       [](Scenario& s) {
         s.add(a_pool("p"));
         s.add(a_pod("a"));
       },
       "new p: a -> small medium-arm medium large"},
      {"only the large type holds it",
       [](Scenario& s) {
         s.add(a_pool("p"));
         s.add(a_pod("a", "5"));
       },
       "new p: a -> large"},
      {"overhead counts: 2 CPU do not fit a 2 CPU type",
       [](Scenario& s) {
         s.add(a_pool("p"));
         s.add(a_pod("a", "2"));
       },
       "new p: a -> medium-arm medium large"},
      {"exactly the allocatable",
       [](Scenario& s) {
         s.add(a_pool("p"));
         s.add(a_pod("a", "7900m", "32512Mi"));
       },
       "new p: a -> large"},
      {"one milli more",
       [](Scenario& s) {
         s.add(a_pool("p"));
         s.add(a_pod("a", "7901m"));
       },
       "unplaced a: resources"},
      {"a resource nobody has",
       [](Scenario& s) {
         s.add(a_pool("p"));
         s.add(with(a_pod("a"),
                    [](auto& p) { p.spec.containers[0].resources.requests.set("nvidia.com/gpu", q("1")); }));
       },
       "unplaced a: resources"},
      {"a zero request of a resource nobody has",
       [](Scenario& s) {
         s.add(a_pool("p"));
         s.add(with(a_pod("a"),
                    [](auto& p) { p.spec.containers[0].resources.requests.set("nvidia.com/gpu", q("0")); }));
       },
       "new p: a -> small medium-arm medium large"},
  });
}

// spec: scheduling §9.1, §9.4
TEST(Schedule, places_large_pods_first_on_nodes_then_open_claims_then_new_ones) {
  run({
      {"pods share a claim while a type holds them",
       [](Scenario& s) {
         s.add(a_pool("p"));
         s.add(3, a_pod("a", "2500m"));
       },
       "new p: a-0 a-1 a-2 -> large"},
      {"a fourth opens another",
       [](Scenario& s) {
         s.add(a_pool("p"));
         s.add(4, a_pod("a", "2500m"));
       },
       "new p: a-0 a-1 a-2 -> large; new p: a-3 -> medium-arm medium large"},
      {"existing nodes first, by name",
       [](Scenario& s) {
         s.add(a_pool("p"));
         s.add(a_node("n2", "2", "8Gi"));
         s.add(a_node("n1", "1", "8Gi"));
         s.add(2, a_pod("a"));
       },
       "on n1: a-0; on n2: a-1"},
      {"initialized nodes before others",
       [](Scenario& s) {
         s.add(a_pool("p"));
         s.add(a_node("n1", "2", "8Gi")).initialized = false;
         s.add(a_node("n2", "2", "8Gi"));
         s.add(a_pod("a"));
       },
       "on n2: a"},
      {"larger CPU first, then larger memory, then older, then UID",
       [](Scenario& s) {
         s.add(a_node("n1", "10", "100Gi"));
         s.add(a_pod("d"));
         s.add(a_pod("c")).meta.creation_timestamp = base::Time{};
         s.add(a_pod("b", "1", "2Gi"));
         s.add(a_pod("a", "2"));
       },
       "on n1: a; on n1: b; on n1: d; on n1: c"},
      {"without pools existing nodes still take pods",
       [](Scenario& s) {
         s.add(a_node("n1", "1", "8Gi"));
         s.add(2, a_pod("a"));
       },
       "on n1: a-0; unplaced a-1: no-pools"},
  });
}

// spec: scheduling §10, §7.3
TEST(Schedule, existing_nodes_refuse_what_does_not_fit) {
  const auto node_case = [](std::function<void(ExistingNode&, model::Pod&)> change) {
    return [change](Scenario& s) {
      auto& node = s.add(a_node("n1", "4", "8Gi"));
      auto& pod = s.add(a_pod("a"));
      change(node, pod);
    };
  };
  run({
      {"fits", node_case([](auto&, auto&) {}), "on n1: a"},
      {"daemons still to come",
       node_case([](auto& n, auto&) { n.daemon_requests_pending = amounts("3500m", ""); }),
       "unplaced a: no-pools"},
      {"overdrawn in a resource the pod does not use",
       node_case([](auto& n, auto&) { n.available.set("ephemeral-storage", q("-1")); }),
       "unplaced a: no-pools"},
      {"taint", node_case([](auto& n, auto&) {
         n.taints = {{.key = "k", .value = "v", .effect = "NoSchedule", .time_added = {}}};
       }),
       "unplaced a: no-pools"},
      {"tolerated taint", node_case([](auto& n, auto& p) {
         n.taints = {{.key = "k", .value = "v", .effect = "NoSchedule", .time_added = {}}};
         p.spec.tolerations = {
             {.key = "k", .op = "Exists", .value = {}, .effect = {}, .toleration_seconds = {}}};
       }),
       "on n1: a"},
      {"label missing for In, even a well-known one", node_case([](auto&, auto& p) {
         p.spec.node_selector = {{std::string(labels::kCapacityType), "spot"}};
       }),
       "unplaced a: no-pools"},
      {"label missing for NotIn",
       node_case([](auto&, auto& p) { require(p, {{expression("team", "NotIn", {"x"})}}); }), "on n1: a"},
      {"label value differs", node_case([](auto&, auto& p) {
         p.spec.node_selector = {{std::string(labels::kArch), "arm64"}};
       }),
       "unplaced a: no-pools"},
      {"second OR-term matches", node_case([](auto&, auto& p) {
         require(p, {{expression("team", "In", {"x"})},
                     {expression(std::string(labels::kArch), "In", {"amd64"})}});
       }),
       "on n1: a"},
  });
}

// spec: scheduling §5.6, §5.9, §8.3, §12.3
TEST(Schedule, requirements_narrow_the_types) {
  const auto pod_case = [](std::function<void(model::NodePool&, model::Pod&)> change) {
    return [change](Scenario& s) {
      auto& pool = s.add(a_pool("p"));
      auto& pod = s.add(a_pod("a"));
      change(pool, pod);
    };
  };
  const std::string arch(labels::kArch);
  run({
      {"node selector", pod_case([&](auto&, auto& p) {
         p.spec.node_selector = {{arch, "arm64"}};
       }),
       "new p: a -> medium-arm"},
      {"NodePool requirement", pod_case([&](auto& pool, auto&) {
         pool.spec.node_template.spec.requirements = {
             expression(std::string(labels::kInstanceCpu), "Gt", {"2"})};
       }),
       "new p: a -> medium-arm medium large"},
      {"both, disjoint", pod_case([&](auto& pool, auto& p) {
         pool.spec.node_template.spec.requirements = {expression(arch, "In", {"amd64"})};
         p.spec.node_selector = {{arch, "arm64"}};
       }),
       "unplaced a: requirements"},
      {"unknown custom label", pod_case([](auto&, auto& p) {
         p.spec.node_selector = {{"team", "x"}};
       }),
       "unplaced a: requirements"},
      {"custom label of the template", pod_case([](auto& pool, auto& p) {
         pool.spec.node_template.meta.labels = {{"team", "x"}};
         p.spec.node_selector = {{"team", "x"}};
       }),
       "new p: a -> small medium-arm medium large"},
      {"zone that does not exist", pod_case([](auto&, auto& p) {
         p.spec.node_selector = {{std::string(labels::kZone), "zone-x"}};
       }),
       "unplaced a: offering"},
      {"first OR-term that works", pod_case([&](auto&, auto& p) {
         require(p, {{expression(arch, "In", {"s390x"})}, {expression(arch, "In", {"arm64"})}});
       }),
       "new p: a -> medium-arm"},
      {"preferred terms never block", pod_case([&](auto&, auto& p) {
         p.spec.affinity.emplace().node_affinity.emplace().preferred.push_back(
             {.weight = 1,
              .preference = {.match_expressions = {expression(arch, "In", {"s390x"})}, .match_fields = {}}});
       }),
       "new p: a -> small medium-arm medium large"},
      {"malformed expression",
       pod_case([](auto&, auto& p) { require(p, {{expression("k", "Near", {"x"})}}); }),
       "unplaced a: unsupported"},
      {"malformed pool requirement", pod_case([](auto& pool, auto&) {
         pool.spec.node_template.spec.requirements = {expression("k", "Near", {"x"})};
       }),
       "unplaced a: requirements"},
      {"minValues met", pod_case([](auto& pool, auto&) {
         auto& r = pool.spec.node_template.spec.requirements.emplace_back(
             expression(std::string(labels::kInstanceType), "Exists", {}));
         r.min_values = 4;
       }),
       "new p: a -> small medium-arm medium large"},
      {"minValues not met", pod_case([](auto& pool, auto& p) {
         auto& r = pool.spec.node_template.spec.requirements.emplace_back(
             expression(std::string(labels::kInstanceType), "Exists", {}));
         r.min_values = 4;
         p.spec.node_selector = {{std::string(labels::kOs), "linux"}};
         p.spec.containers[0].resources.requests.set("cpu", q("3"));
       }),
       "unplaced a: min-values"},
  });
}

// spec: scheduling §6.1, §6.2, §6.4
TEST(Schedule, taints_of_pools_need_tolerations) {
  const auto taint_case = [](std::string effect, std::function<void(model::NodePool&, model::Pod&)> change) {
    return [=](Scenario& s) {
      auto& pool = s.add(a_pool("p"), {a_type("small", 2, 8, 0.2)});
      pool.spec.node_template.spec.taints = {{.key = "k", .value = "v", .effect = effect, .time_added = {}}};
      change(pool, s.add(a_pod("a")));
    };
  };
  const auto tolerate = [](auto&, model::Pod& p) {
    p.spec.tolerations = {{.key = "k", .op = "Equal", .value = "v", .effect = {}, .toleration_seconds = {}}};
  };
  run({
      {"NoSchedule", taint_case("NoSchedule", [](auto&, auto&) {}), "unplaced a: taint"},
      {"NoExecute", taint_case("NoExecute", [](auto&, auto&) {}), "unplaced a: taint"},
      {"PreferNoSchedule is relaxed", taint_case("PreferNoSchedule", [](auto&, auto&) {}),
       "new p: a -> small"},
      {"tolerated", taint_case("NoSchedule", tolerate), "new p: a -> small"},
      {"startup taints do not count",
       taint_case("NoSchedule",
                  [](auto& pool, auto&) {
                    pool.spec.node_template.spec.startup_taints =
                        std::move(pool.spec.node_template.spec.taints);
                    pool.spec.node_template.spec.taints.clear();
                  }),
       "new p: a -> small"},
  });
}

// spec: scheduling §8.1, §8.6, §9.4 step 5, §27.1, §27.30
TEST(Schedule, pools_are_tried_by_weight_within_their_limits) {
  const cloud::InstanceTypes two = {a_type("large", 8, 32, 0.8), a_type("small", 2, 8, 0.2)};
  run({
      {"heavier first",
       [&](Scenario& s) {
         s.add(a_pool("a"), two);
         s.add(a_pool("b"), two).spec.weight = 10;
         s.add(a_pool("c"), two).spec.weight = 5;
         s.add(a_pod("x"));
       },
       "new b: x -> small large"},
      {"equal weight: later name first",
       [&](Scenario& s) {
         s.add(a_pool("a"), two);
         s.add(a_pool("b"), two);
         s.add(a_pod("x"));
       },
       "new b: x -> small large"},
      {"limit leaves out larger types",
       [&](Scenario& s) {
         s.add(a_pool("a"), two).spec.limits = amounts("4", "");
         s.add(a_pod("x"));
       },
       "new a: x -> small"},
      {"limit reached by usage",
       [&](Scenario& s) {
         s.add(a_pool("a"), two, amounts("9", "")).spec.limits = amounts("10", "");
         s.add(a_pod("x"));
       },
       "unplaced x: limit"},
      {"claims of the pass count with their largest type",
       [&](Scenario& s) {
         s.add(a_pool("a"), two).spec.limits = amounts("10", "");
         s.add(2, a_pod("x", "5"));
       },
       "new a: x-0 -> large; unplaced x-1: limit"},
      {"node limit",
       [&](Scenario& s) {
         s.add(a_pool("a"), two).spec.limits = {{"nodes", q("1")}};
         s.add(2, a_pod("x", "5"));
       },
       "new a: x-0 -> large; unplaced x-1: limit"},
      {"falls to the next pool",
       [&](Scenario& s) {
         auto& pool = s.add(a_pool("a"), two);
         pool.spec.weight = 10;
         pool.spec.limits = amounts("1", "");
         s.add(a_pool("b"), two);
         s.add(a_pod("x"));
       },
       "new b: x -> small large"},
      {"one reason per pool",
       [&](Scenario& s) {
         s.add(a_pool("a"), two).spec.limits = amounts("1", "");
         s.add(a_pool("b"), {a_type("small", 2, 8, 0.2)});
         s.add(a_pod("x", "5"));
       },
       "unplaced x: resources limit"},
  });
}

// spec: scheduling §8.4, §11.4
TEST(Schedule, daemons_take_their_share_of_new_nodes) {
  Scenario s;
  s.add(a_pool("p"));
  s.add(a_pod("a", "1500m"));
  s.add_daemon(a_pod("log", "500m", "128Mi"));
  auto& arm_only = s.add_daemon(a_pod("arm", "3", "1Gi"));
  arm_only.spec.node_selector = {{std::string(labels::kArch), "arm64"}};
  auto& elsewhere = s.add_daemon(a_pod("elsewhere", "100"));
  elsewhere.spec.node_selector = {{"team", "x"}};
  const Problem problem = s.problem();
  const Plan plan = schedule(problem, {});
  EXPECT_EQ(outline(problem, plan), "new p: a -> medium large");
  EXPECT_EQ(plan.create.at(0).requests.get("cpu"), q("2"));
  EXPECT_EQ(plan.create.at(0).requests.get("pods"), q("2"));
  EXPECT_EQ(support::verify(problem, plan), std::vector<std::string>{});
}

// spec: scheduling §12.1, §12.4
TEST(Schedule, only_available_offerings_count) {
  auto type = a_type("small", 2, 8, 0.2);
  for (auto& offering : type->offerings)
    offering.available = offering.zone == "zone-b" && offering.capacity_type == "on-demand";
  Scenario s;
  s.add(a_pool("p"), {type});
  s.add(a_pod("any"));
  s.add(a_pod("spot")).spec.node_selector = {{std::string(labels::kCapacityType), "spot"}};
  s.add(a_pod("zone-a")).spec.node_selector = {{std::string(labels::kZone), "zone-a"}};
  const Problem problem = s.problem();
  const Plan plan = schedule(problem, {});
  EXPECT_EQ(outline(problem, plan),
            "new p: any -> small; unplaced spot: offering; unplaced zone-a: offering");
  EXPECT_DOUBLE_EQ(plan.create.at(0).price, 0.2);
}

// spec: scheduling §13.1
TEST(Schedule, host_ports_are_used_once_per_node) {
  Scenario s;
  s.add(a_pool("p"));
  s.add(a_node("n1", "4", "8Gi"));
  s.run(0, with(a_pod("old"), [](auto& p) { use_host_port(p, 80); }));
  s.add(2, with(a_pod("a"), [](auto& p) { use_host_port(p, 80); }));
  s.add(with(a_pod("b"), [](auto& p) { use_host_port(p, 81); }));
  const Problem problem = s.problem();
  const Plan plan = schedule(problem, {});
  EXPECT_EQ(
      outline(problem, plan),
      "on n1: b; new p: a-0 -> small medium-arm medium large; new p: a-1 -> small medium-arm medium large");
  EXPECT_EQ(support::verify(problem, plan), std::vector<std::string>{});
}

std::vector<std::string> zones_of(const Plan& plan) {
  std::vector<std::string> out;
  for (const auto& node : plan.create) {
    const auto* zone = node.requirements.find(labels::kZone);
    out.push_back(zone == nullptr ? "any" : zone->text() + " x" + std::to_string(node.pods.size()));
  }
  std::ranges::sort(out);
  return out;
}

model::Pod web(std::string name) {
  auto pod = a_pod(std::move(name));
  pod.meta.labels = {{"app", "web"}};
  return pod;
}

// spec: scheduling §15.7, §15.9, §15.11
TEST(Schedule, keeps_pods_apart) {
  const cloud::InstanceTypes one = {a_type("large", 8, 32, 0.8)};
  run({
      {"hostname anti-affinity: one pod per node",
       [&](Scenario& s) {
         s.add(a_pool("p"), one);
         s.add(2, with(web("a"), [](auto& p) { keep_apart(p, labels::kHostname, select("app", "web")); }));
       },
       "new p: a-0 -> large; new p: a-1 -> large"},
      {"also against what runs",
       [&](Scenario& s) {
         s.add(a_pool("p"), one);
         s.add(a_node("n1", "4", "8Gi"));
         s.run(0, web("old"));
         s.add(with(web("a"), [](auto& p) { keep_apart(p, labels::kHostname, select("app", "web")); }));
       },
       "new p: a -> large"},
      {"and the other way round",
       [&](Scenario& s) {
         s.add(a_pool("p"), one);
         s.add(a_node("n1", "4", "8Gi"));
         s.run(0,
               with(a_pod("old"), [](auto& p) { keep_apart(p, labels::kHostname, select("app", "web")); }));
         s.add(web("a"));
         s.add(a_pod("b"));
       },
       "on n1: b; new p: a -> large"},
      {"hostname spread",
       [&](Scenario& s) {
         s.add(a_pool("p"), one);
         s.add(3, with(web("a"), [](auto& p) { spread(p, labels::kHostname, 2, select("app", "web")); }));
       },
       "new p: a-0 a-1 -> large; new p: a-2 -> large"},
  });
}

// spec: scheduling §15.8, §15.10, §16
TEST(Schedule, keeps_pods_together_and_never_blocks_on_soft_rules) {
  const cloud::InstanceTypes one = {a_type("large", 8, 32, 0.8)};
  run({
      {"host affinity starts somewhere and stays",
       [&](Scenario& s) {
         s.add(a_pool("p"), one);
         s.add(9, with(web("a"), [](auto& p) { keep_together(p, labels::kHostname, select("app", "web")); }));
       },
       "new p: a-0 a-1 a-2 a-3 a-4 a-5 a-6 -> large; unplaced a-7: topology; unplaced a-8: topology"},
      {"affinity to nothing",
       [&](Scenario& s) {
         s.add(a_pool("p"), one);
         s.add(with(a_pod("a"), [](auto& p) { keep_together(p, labels::kZone, select("app", "web")); }));
       },
       "unplaced a: topology"},
      {"anti-affinity on a label that no node has stops only its owner",
       [&](Scenario& s) {
         s.add(a_pool("p"), one);
         s.add(web("a"));
         s.add(with(web("b"), [](auto& p) { keep_apart(p, "rack", select("app", "web")); }));
       },
       "new p: a -> large; unplaced b: topology"},
      {"zone spread without any capacity in one zone still balances the others",
       [&](Scenario& s) {
         auto type = a_type("large", 8, 32, 0.8);
         for (auto& offering : type->offerings) offering.available = offering.zone != "zone-a";
         s.add(a_pool("p"), {type});
         s.add(3, with(web("a"), [](auto& p) { spread(p, labels::kZone, 1, select("app", "web")); }));
       },
       "new p: a-0 -> large; new p: a-1 -> large; unplaced a-2: topology"},
      {"soft spread is kept while a new node can",
       [&](Scenario& s) {
         s.add(a_pool("p"), one);
         s.add(3, with(web("a"), [](auto& p) {
                 spread(p, labels::kHostname, 1, select("app", "web"));
                 p.spec.topology_spread_constraints[0].when_unsatisfiable = "ScheduleAnyway";
               }));
       },
       "new p: a-0 -> large; new p: a-1 -> large; new p: a-2 -> large"},
      {"and never blocks",
       [&](Scenario& s) {
         s.add(a_pool("p"), one).spec.limits = {{"nodes", q("1")}};
         s.add(3, with(web("a"), [](auto& p) {
                 spread(p, labels::kHostname, 1, select("app", "web"));
                 p.spec.topology_spread_constraints[0].when_unsatisfiable = "ScheduleAnyway";
               }));
       },
       "new p: a-0 a-1 a-2 -> large"},
  });
}

TEST(Schedule, spreads_over_zones) {
  Scenario s;
  s.add(a_pool("p"), {a_type("large", 8, 32, 0.8)});
  auto pod = a_pod("a", "100m", "128Mi");
  pod.meta.labels = {{"app", "web"}};
  spread(pod, labels::kZone, 1, select("app", "web"));
  s.add(7, pod);
  s.add(a_node("n1", "1", "1Gi", "zone-b"));
  s.run(0, pod);
  const Plan plan = schedule(s.problem(), {});
  // 8 pods with the running one: 3, 3, 2 in some order, the node takes its zone's share first.
  EXPECT_EQ(zones_of(plan), (std::vector<std::string>{"topology.kubernetes.io/zone In [zone-a] x2",
                                                      "topology.kubernetes.io/zone In [zone-c] x3"}));
  EXPECT_EQ(plan.onto_existing.size(), 2U);
  EXPECT_TRUE(plan.unplaced.empty());
}

TEST(Schedule, zonal_anti_affinity_takes_one_zone_each) {
  Scenario s;
  s.add(a_pool("p"), {a_type("large", 8, 32, 0.8)});
  auto pod = a_pod("a");
  pod.meta.labels = {{"app", "web"}};
  keep_apart(pod, labels::kZone, select("app", "web"));
  s.add(4, pod);
  const Problem problem = s.problem();
  const Plan plan = schedule(problem, {});
  EXPECT_EQ(plan.create.size(), 3U);
  EXPECT_EQ(plan.unplaced.size(), 1U);
  EXPECT_EQ(support::verify(problem, plan), std::vector<std::string>{});
}

TEST(Schedule, a_spent_budget_gives_an_incomplete_plan_that_says_so) {
  Scenario s;
  s.add(a_pool("p"));
  s.add(10, a_pod("a", "5"));
  int asked = 0;
  const Problem problem = s.problem();
  const Plan plan = schedule(problem, {.expired = [&] { return ++asked > 3; }});
  EXPECT_FALSE(plan.complete);
  EXPECT_EQ(plan.create.size(), 3U);
  ASSERT_EQ(plan.unplaced.size(), 7U);
  EXPECT_EQ(plan.unplaced[0].reasons.at(0).code, ReasonCode::kStepsExhausted);
  EXPECT_FALSE(schedule(problem, {.max_steps = 0}).complete);
}

// spec: scheduling §12.3, §23.1
TEST(Render, names_every_pool_with_its_whole_reason) {
  Scenario s;
  s.add(a_pool("alpha")).spec.node_template.spec.taints = {
      {.key = "team", .value = "x", .effect = "NoSchedule", .time_added = {}}};
  s.add(a_pool("beta"));
  s.add(a_pod("a")).spec.node_selector = {{"topology.kubernetes.io/zon", "z"}};
  s.add(a_pod("b", "100"));
  const Plan plan = schedule(s.problem(), {});
  ASSERT_EQ(plan.unplaced.size(), 2U);
  EXPECT_EQ(
      render(plan.unplaced[0]),
      "incompatible with nodepool \"beta\", label \"topology.kubernetes.io/zon\" does not have known values "
      "(typo of "
      "\"topology.kubernetes.io/zone\"?); incompatible with nodepool \"alpha\", did not tolerate taint(s) "
      "team=x:NoSchedule");
  EXPECT_NE(render(plan.unplaced[1]).find("no instance type has enough resources, requirements="),
            std::string::npos);
  EXPECT_NE(render(plan.unplaced[1]).find("resources=cpu=100, memory=1Gi, pods=1"), std::string::npos);
}

}  // namespace
}  // namespace karpenter::scheduling
