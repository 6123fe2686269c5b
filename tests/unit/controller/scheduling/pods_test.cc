#include "controller/scheduling/pods.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/controller/scheduling/builders.h"

namespace karpenter::scheduling {
namespace {

model::Container container(std::string_view cpu, std::string_view memory = "", std::string restart = "") {
  return {.name = "c",
          .restart_policy = std::move(restart),
          .ports = {},
          .resources = {amounts(cpu, memory), {}}};
}

// spec: scheduling §7.1
TEST(EffectiveRequests, follows_the_pod_request_rules) {
  struct Case {
    std::string name;
    std::function<void(model::PodSpec&)> change;
    std::string cpu, memory;
  };
  const std::vector<Case> cases = {
      {"containers add up",
       [](auto& s) {
         s.containers = {container("1", "1Gi"), container("500m")};
       },
       "1500m", "1Gi"},
      {"init peak wins where larger",
       [](auto& s) {
         s.containers = {container("1", "1Gi")};
         s.init_containers = {container("2", "512Mi")};
       },
       "2", "1Gi"},
      {"sidecars run beside containers and later inits",
       [](auto& s) {
         s.containers = {container("1", "1Gi")};
         s.init_containers = {container("3"), container("1", "1Gi", "Always"), container("4")};
       },
       "5", "2Gi"},
      {"pod level replaces cpu and memory",
       [](auto& s) {
         s.containers = {container("1", "1Gi")};
         s.resources = model::ResourceRequirements{amounts("3", ""), {}};
       },
       "3", "1Gi"},
      {"overhead comes on top",
       [](auto& s) {
         s.containers = {container("1", "1Gi")};
         s.overhead = amounts("250m", "");
       },
       "1250m", "1Gi"},
      {"nothing requested", [](auto& s) { s.containers = {container("")}; }, "0", "0"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    model::PodSpec spec;
    c.change(spec);
    const auto requests = effective_requests(spec);
    EXPECT_EQ(requests.get("cpu"), q(c.cpu));
    EXPECT_EQ(requests.get("memory"), q(c.memory));
    EXPECT_EQ(requests.get("pods"), q("1"));
  }
}

TEST(EffectiveRequests, daemon_templates_take_missing_requests_from_limits) {
  model::PodSpec spec;
  spec.containers = {container("1")};
  spec.containers[0].resources.limits = amounts("2", "1Gi");
  EXPECT_EQ(effective_requests_or_limits(spec),
            (model::Resources{{"cpu", q("1")}, {"memory", q("1Gi")}, {"pods", q("1")}}));
}

model::OwnerReference owner(std::string api_version, std::string kind) {
  model::OwnerReference out;
  out.api_version = std::move(api_version);
  out.kind = std::move(kind);
  return out;
}

model::Pod unschedulable() {
  model::Pod pod = a_pod("a");
  pod.status.phase = "Pending";
  pod.status.conditions.push_back({.type = "PodScheduled",
                                   .status = "False",
                                   .reason = "Unschedulable",
                                   .message = "",
                                   .last_transition_time = {}});
  return pod;
}

// spec: scheduling §2.1
TEST(IsProvisionable, needs_all_predicates) {
  struct Case {
    std::string name;
    std::function<void(model::Pod&)> change;
    bool want;
  };
  const std::vector<Case> cases = {
      {"unschedulable", [](auto&) {}, true},
      {"status of the condition is not looked at", [](auto& p) { p.status.conditions[0].status = "True"; },
       true},
      {"no condition", [](auto& p) { p.status.conditions.clear(); }, false},
      {"scheduling gates", [](auto& p) { p.status.conditions[0].reason = "SchedulingGated"; }, false},
      {"bound", [](auto& p) { p.spec.node_name = "n"; }, false},
      {"nominated", [](auto& p) { p.status.nominated_node_name = "n"; }, false},
      {"daemon", [](auto& p) { p.meta.owner_references = {owner("apps/v1", "DaemonSet")}; }, false},
      {"other group's DaemonSet", [](auto& p) { p.meta.owner_references = {owner("x/v1", "DaemonSet")}; },
       true},
      {"mirror pod", [](auto& p) { p.meta.owner_references = {owner("v1", "Node")}; }, false},
      {"being deleted", [](auto& p) { p.meta.deletion_timestamp = base::Time{}; }, true},
  };
  for (const auto& c : cases) {
    model::Pod pod = unschedulable();
    c.change(pod);
    EXPECT_EQ(is_provisionable(pod), c.want) << c.name;
  }
}

// spec: scheduling §2.4
TEST(IsCurrentlyReschedulable, knows_what_comes_back_elsewhere) {
  const base::Time now = base::Time{} + std::chrono::hours(10);
  struct Case {
    std::string name;
    std::function<void(model::Pod&)> change;
    bool want;
  };
  const std::string key(model::labels::kDoNotDisrupt);
  const std::vector<Case> cases = {
      {"running", [](auto&) {}, true},
      {"finished", [](auto& p) { p.status.phase = "Succeeded"; }, false},
      {"terminating", [](auto& p) { p.meta.deletion_timestamp = base::Time{}; }, false},
      {"terminating of a StatefulSet",
       [](auto& p) {
         p.meta.deletion_timestamp = base::Time{};
         p.meta.owner_references = {owner("apps/v1", "StatefulSet")};
       },
       true},
      {"daemon", [](auto& p) { p.meta.owner_references = {owner("apps/v1", "DaemonSet")}; }, false},
      {"mirror", [](auto& p) { p.meta.owner_references = {owner("v1", "Node")}; }, false},
      {"do not disrupt",
       [&](auto& p) {
         p.meta.annotations = {{key, "true"}};
       },
       false},
      {"do not disrupt for a while, over",
       [&](auto& p) {
         p.meta.annotations = {{key, "1h"}};
         p.status.start_time = now - std::chrono::hours(2);
       },
       true},
      {"do not disrupt for a while, running",
       [&](auto& p) {
         p.meta.annotations = {{key, "3h"}};
         p.status.start_time = now - std::chrono::hours(2);
       },
       false},
      {"do not disrupt, not started",
       [&](auto& p) {
         p.meta.annotations = {{key, "1m"}};
       },
       false},
      {"malformed annotation is ignored",
       [&](auto& p) {
         p.meta.annotations = {{key, "soon"}};
       },
       true},
  };
  for (const auto& c : cases) {
    model::Pod pod = a_pod("a");
    pod.status.phase = "Running";
    c.change(pod);
    EXPECT_EQ(is_currently_reschedulable(pod, now), c.want) << c.name;
  }
}

// spec: scheduling §13.1
TEST(HostPort, conflicts_by_protocol_port_and_address) {
  const HostPort any{.ip = "0.0.0.0", .port = 80, .protocol = "TCP"};
  EXPECT_TRUE(conflict(any, {.ip = "10.0.0.1", .port = 80, .protocol = "TCP"}));
  EXPECT_TRUE(conflict({.ip = "::", .port = 80, .protocol = "TCP"},
                       {.ip = "10.0.0.1", .port = 80, .protocol = "TCP"}));
  EXPECT_FALSE(conflict(any, {.ip = "0.0.0.0", .port = 80, .protocol = "UDP"}));
  EXPECT_FALSE(conflict(any, {.ip = "0.0.0.0", .port = 81, .protocol = "TCP"}));
  EXPECT_FALSE(conflict({.ip = "10.0.0.2", .port = 80, .protocol = "TCP"},
                        {.ip = "10.0.0.1", .port = 80, .protocol = "TCP"}));
}

}  // namespace
}  // namespace karpenter::scheduling
