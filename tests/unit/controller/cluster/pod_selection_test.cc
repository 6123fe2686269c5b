#include "controller/cluster/pod_selection.h"

#include <gtest/gtest.h>

#include <functional>

namespace karpenter::cluster {
namespace {

model::Pod pending(std::string name) {
  model::Pod pod;
  pod.meta.name = std::move(name);
  pod.meta.namespace_name = "default";
  model::Condition condition;
  condition.type = "PodScheduled";
  condition.reason = "Unschedulable";
  pod.status.conditions.push_back(std::move(condition));
  return pod;
}

std::function<void(model::Pod&)> require(std::string key, std::string op, std::vector<std::string> values) {
  return [=](model::Pod& pod) {
    auto& node = pod.spec.affinity.emplace().node_affinity.emplace();
    node.required.emplace().push_back(
        {.match_expressions = {{.key = key, .op = op, .values = values, .min_values = {}}},
         .match_fields = {}});
  };
}
std::function<void(model::Pod&)> select(std::string key, std::string value) {
  return [=](model::Pod& pod) { pod.spec.node_selector = {{key, value}}; };
}

// spec: scheduling §2.2
TEST(Validate, refuses_constraints_that_can_never_be_met) {
  struct Case {
    std::string name;
    std::function<void(model::Pod&)> change;
    std::string want;  // part of the first error; "" for none
  };
  const std::vector<Case> cases = {
      {"plain", [](auto&) {}, ""},
      {"zone", select("topology.kubernetes.io/zone", "a"), ""},
      {"custom label", select("team", "a"), ""},
      {"nodepool", select("karpenter.sh/nodepool", "a"), ""},
      {"well-known instance label", select("karpenter.k8s.aws/instance-family", "m5"), ""},
      {"hostname", select("kubernetes.io/hostname", "a"), "kubernetes.io/hostname is restricted"},
      {"initialized", select("karpenter.sh/initialized", "true"), "karpenter.sh/initialized is restricted"},
      {"node class", select("karpenter.k8s.aws/ec2nodeclass", "a"), "is restricted"},
      {"sub-domain", select("x.karpenter.sh/y", "a"), "is restricted"},
      {"lookalike domain", select("mykarpenter.sh/y", "a"), ""},
      {"no known capacity type", select("karpenter.sh/capacity-type", "free"), "no known value"},
      {"some known capacity type", require("karpenter.sh/capacity-type", "In", {"free", "spot"}), ""},
      {"unknown operator", require("team", "Near", {"a"}), "unsupported operator Near"},
      {"In without values", require("team", "In", {}), "team"},
      {"Gt without integer", require("team", "Gt", {"many"}), "team"},
      {"Gt", require("team", "Gt", {"4"}), ""},
      {"match fields",
       [](auto& pod) {
         auto& node = pod.spec.affinity.emplace().node_affinity.emplace();
         node.required.emplace().push_back(
             {.match_expressions = {},
              .match_fields = {{.key = "metadata.name", .op = "In", .values = {"n"}, .min_values = {}}}});
       },
       "matchFields"},
  };
  for (const auto& c : cases) {
    model::Pod pod = pending("a");
    c.change(pod);
    const auto errors = validate(pod);
    if (c.want.empty()) {
      EXPECT_TRUE(errors.empty()) << c.name << ": " << (errors.empty() ? "" : errors[0]);
    } else {
      ASSERT_FALSE(errors.empty()) << c.name;
      EXPECT_NE(errors[0].find(c.want), std::string::npos) << c.name << ": " << errors[0];
    }
  }
}

// spec: scheduling §2.1, §2.2
TEST(SelectPods, separates_pending_from_ignored) {
  auto good = pending("good");
  auto bad = pending("bad");
  select("kubernetes.io/hostname", "n")(bad);
  auto opted_out = pending("out");
  require("karpenter.sh/nodepool", "DoesNotExist", {})(opted_out);
  auto scheduled = pending("scheduled");
  scheduled.status.conditions.clear();
  Snapshot snapshot;
  for (const auto& pod : {good, bad, opted_out, scheduled})
    snapshot.unbound_pods.push_back(std::make_shared<const model::Pod>(pod));
  const PodSelection selection = select_pods(snapshot);
  ASSERT_EQ(selection.pods.size(), 1U);
  EXPECT_EQ(selection.pods[0]->meta.name, "good");
  ASSERT_EQ(selection.ignored.size(), 2U);
  EXPECT_FALSE(selection.ignored[0].silent);
  EXPECT_TRUE(selection.ignored[1].silent);
}

// spec: scheduling §2.3
TEST(ValidateVolumes, wants_volumes_that_can_be_attached) {
  struct Case {
    std::string name;
    std::function<void(model::PersistentVolumeClaim&, model::PersistentVolume&, model::StorageClass&)> change;
    std::string want;  // part of the fault; "" for none
  };
  const auto unbound = [](auto& claim) {
    claim.volume_name = "";
    claim.storage_class_name = "fast";
  };
  const base::Time then{};
  const std::vector<Case> cases = {
      {"bound", [](auto&, auto&, auto&) {}, ""},
      {"claim of another name", [](auto& claim, auto&, auto&) { claim.meta.name = "x"; },
       "claim data not found"},
      {"claim of another namespace", [](auto& claim, auto&, auto&) { claim.meta.namespace_name = "x"; },
       "not found"},
      {"claim goes", [&](auto& claim, auto&, auto&) { claim.meta.deletion_timestamp = then; }, "deleted"},
      {"lost", [](auto& claim, auto&, auto&) { claim.phase = "Lost"; }, "lost"},
      {"no volume", [](auto&, auto& volume, auto&) { volume.meta.name = "other"; }, "volume pv-1 not found"},
      {"volume goes", [&](auto&, auto& volume, auto&) { volume.meta.deletion_timestamp = then; }, "deleted"},
      {"half bound", [](auto& claim, auto&, auto&) { claim.meta.annotations.clear(); }, "bound completely"},
      {"unbound", [&](auto& claim, auto&, auto&) { unbound(claim); }, ""},
      {"unbound without class", [&](auto& claim, auto&, auto&) { claim.volume_name = ""; },
       "no storage class"},
      {"unknown class",
       [&](auto& claim, auto&, auto& type) {
         unbound(claim);
         type.meta.name = "slow";
       },
       "class fast not found"},
      {"immediate",
       [&](auto& claim, auto&, auto& type) {
         unbound(claim);
         type.volume_binding_mode = "Immediate";
       },
       "Immediate"},
  };
  for (const auto& c : cases) {
    auto claim = std::make_shared<model::PersistentVolumeClaim>();
    claim->meta.namespace_name = "default";
    claim->meta.name = "data";
    claim->meta.annotations = {{"pv.kubernetes.io/bind-completed", "yes"}};
    claim->volume_name = "pv-1";
    auto volume = std::make_shared<model::PersistentVolume>();
    volume->meta.name = "pv-1";
    auto type = std::make_shared<model::StorageClass>();
    type->meta.name = "fast";
    c.change(*claim, *volume, *type);
    Surroundings around;
    around.volume_claims = {claim};
    around.volumes = {volume};
    around.storage_classes = {type};
    model::Pod pod = pending("a");
    model::PodVolume use;
    use.name = "data";
    use.persistent_volume_claim = "data";
    pod.spec.volumes = {use};
    const std::string fault = validate_volumes(pod, around);
    EXPECT_EQ(fault.empty(), c.want.empty()) << c.name << ": " << fault;
    EXPECT_NE(fault.find(c.want), std::string::npos) << c.name << ": " << fault;
  }
}

// spec: scheduling §2.3
TEST(ValidateVolumes, names_the_claim_of_an_ephemeral_volume_after_pod_and_volume) {
  model::Pod pod = pending("web");
  model::PodVolume use;
  use.name = "scratch";
  use.is_ephemeral = true;
  pod.spec.volumes = {use};
  EXPECT_EQ(validate_volumes(pod, {}), "persistent volume claim web-scratch not found");
}

}  // namespace
}  // namespace karpenter::cluster
