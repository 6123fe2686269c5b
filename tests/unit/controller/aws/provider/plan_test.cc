#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "common/model/conditions.h"
#include "common/model/labels.h"
#include "controller/aws/provider/ami_family.h"
#include "controller/aws/provider/amis.h"
#include "controller/aws/provider/aws_cloud_provider.h"
#include "controller/aws/provider/aws_labels.h"
#include "controller/aws/provider/drift.h"
#include "controller/aws/provider/fleet_plan.h"
#include "controller/aws/provider/hash.h"
#include "controller/aws/provider/instance_profiles.h"
#include "controller/aws/provider/instances.h"
#include "controller/aws/provider/pricing.h"
#include "controller/aws/provider/selectors.h"
#include "controller/aws/provider/tags.h"

// The pure decisions of the provider.

namespace karpenter::aws {
namespace {

namespace labels = model::labels;
using cloud::InstanceType;
using cloud::InstanceTypes;
using model::Requirement;
using model::Requirements;

struct Price {
  std::string capacity_type;
  std::string zone;
  double price;
  bool available = true;
};

std::shared_ptr<InstanceType> a_type(std::string name, std::int64_t cpu, std::vector<Price> prices) {
  auto out = std::make_shared<InstanceType>();
  out->name = name;
  out->requirements.add(Requirement::in(labels::kInstanceType, {name}));
  out->requirements.add(Requirement::in(labels::kInstanceSize, {name.substr(name.find('.') + 1)}));
  out->requirements.add(Requirement::in(labels::kArch, {"amd64"}));
  out->capacity.set(model::kCpu, model::Quantity::of(cpu));
  out->capacity.set(model::kPods, model::Quantity::of(10 * cpu));
  for (const auto& one : prices) {
    cloud::Offering offering;
    offering.requirements.add(Requirement::in(labels::kCapacityType, {one.capacity_type}));
    offering.requirements.add(Requirement::in(labels::kZone, {one.zone}));
    offering.zone = one.zone;
    offering.capacity_type = one.capacity_type;
    offering.price = one.price;
    offering.available = one.available;
    out->offerings.push_back(offering);
  }
  return out;
}

std::string names(const base::Result<InstanceTypes>& types) {
  if (!types) return std::string(base::code_name(types.error().code));
  std::string out;
  for (const auto& type : *types) {
    out += (out.empty() ? "" : " ") + type->name + "/" + std::to_string(type->offerings.size());
  }
  return out;
}

// spec: aws §6.2
TEST(FilterTypes, keeps_what_can_be_launched_cheapest_first) {
  const InstanceTypes types = {
      a_type("b.large", 2, {{"on-demand", "a", 0.2}, {"spot", "a", 0.3}}),
      a_type("a.large", 2, {{"on-demand", "a", 0.2}, {"spot", "a", 0.05}}),
      a_type("c.metal", 96, {{"on-demand", "a", 4}}),
      a_type("d.large", 2, {{"on-demand", "a", 0.01, false}}),
      a_type("e.small", 1, {{"on-demand", "b", 0.1}}),
  };
  struct Case {
    std::string name;
    std::vector<Requirement> requirements;
    std::string cpu;
    std::string want;
  };
  const std::vector<Case> cases = {
      // The spot offering of b costs more than the cheapest on-demand and goes.
      {"anything", {}, "500m", "a.large/2 e.small/1 b.large/1"},
      {"needs two cpus", {}, "2", "a.large/2 b.large/1"},
      {"only metal is large enough", {}, "50", "c.metal/1"},
      {"nothing is large enough", {}, "500", "NoCapacity"},
      {"on-demand", {Requirement::in(labels::kCapacityType, {"on-demand"})}, "2", "a.large/2 b.large/2"},
      {"other zone", {Requirement::in(labels::kZone, {"b"})}, "1", "e.small/1"},
      {"template labels do not matter",
       {Requirement::in("team", {"a"}), Requirement::in(labels::kNodePool, {"default"})},
       "2",
       "a.large/2 b.large/1"},
      {"other architecture", {Requirement::in(labels::kArch, {"arm64"})}, "1", "NoCapacity"},
      {"no such zone", {Requirement::in(labels::kZone, {"z"})}, "1", "NoCapacity"},
      {"min values keep exotic types",
       {Requirement::make(labels::kInstanceType, Requirement::Op::kExists, {}, 4).value()},
       "1",
       "a.large/2 e.small/1 b.large/2 c.metal/1"},
      {"min values not met",
       {Requirement::make(labels::kInstanceType, Requirement::Op::kExists, {}, 5).value()},
       "1",
       "NoCapacity"},
  };
  for (const auto& c : cases) {
    LaunchDemand demand;
    for (const auto& one : c.requirements) demand.requirements.add(one);
    demand.requests.set(model::kCpu, model::Quantity::parse(c.cpu).value());
    EXPECT_EQ(names(filter_types(types, demand)), c.want) << c.name;
  }
}

TEST(FilterTypes, keeps_sixty) {
  InstanceTypes types;
  for (int i = 100; i < 200; ++i)
    types.push_back(a_type("t" + std::to_string(i) + ".x", 1, {{"spot", "a", 300.0 - i}}));
  const auto left = filter_types(types, {});
  ASSERT_TRUE(left);
  EXPECT_EQ(left->size(), kMaxLaunchTypes);
  EXPECT_EQ(left->front()->name, "t199.x");
}

// spec: aws §6.3
TEST(CapacityType, spot_when_allowed_and_to_be_had) {
  const InstanceTypes both = {a_type("a.x", 1, {{"on-demand", "a", 1}, {"spot", "a", 0.5}})};
  const InstanceTypes no_spot = {a_type("a.x", 1, {{"on-demand", "a", 1}, {"spot", "a", 0.5, false}})};
  Requirements any;
  Requirements on_demand;
  on_demand.add(Requirement::in(labels::kCapacityType, {"on-demand"}));
  EXPECT_EQ(choose_capacity_type(both, any), "spot");
  EXPECT_EQ(choose_capacity_type(no_spot, any), "on-demand");
  EXPECT_EQ(choose_capacity_type(both, on_demand), "on-demand");
}

// spec: aws §6.5
TEST(Overrides, one_per_type_and_zone_with_a_subnet) {
  const InstanceTypes types = {a_type("a.x", 1, {{"spot", "a", 1}, {"spot", "b", 2}, {"on-demand", "a", 3}}),
                               a_type("b.x", 1, {{"spot", "a", 4}, {"spot", "c", 5, false}})};
  std::map<std::string, SubnetProvider::Choice> subnets;
  subnets["a"].subnet_id = "subnet-a";
  subnets["c"].subnet_id = "subnet-c";
  const std::vector<FleetOverride> want = {{"a.x", "subnet-a", "ami-1", "a", 1},
                                           {"b.x", "subnet-a", "ami-1", "a", 4}};
  EXPECT_EQ(plan_overrides(types, subnets, narrowed({}, "spot"), "ami-1"), want);
  EXPECT_EQ(needed_addresses(types, "spot"), (std::map<std::string, std::int64_t>{{"a", 10}, {"b", 10}}));
}

// spec: aws §6.7; lifecycle §4.3.1
TEST(Fleet, what_its_errors_mean) {
  struct Case {
    std::string name;
    std::vector<std::string> codes;
    base::Code code;
    std::string reason;
  };
  const std::vector<Case> cases = {
      {"ice", {"InsufficientInstanceCapacity", "UnfulfillableCapacity"}, base::Code::kNoCapacity, ""},
      {"unsupported in zone", {"Unsupported"}, base::Code::kNoCapacity, ""},
      {"quota is ice too", {"VcpuLimitExceeded"}, base::Code::kNoCapacity, ""},
      {"spot role", {"AuthFailure.ServiceLinkedRoleCreationNotPermitted"}, base::Code::kNoCapacity, ""},
      {"mixed",
       {"InsufficientInstanceCapacity", "InvalidAMIID.NotFound"},
       base::Code::kInternal,
       "AMINotFound"},
      {"unauthorized", {"UnauthorizedOperation"}, base::Code::kInternal, "Unauthorized"},
      {"unknown", {"Surprise"}, base::Code::kInternal, "LaunchFailed"},
  };
  for (const auto& c : cases) {
    std::vector<FleetError> errors;
    for (const auto& code : c.codes) errors.push_back({code, "text", "m5.large", "a", "subnet-a"});
    const auto judged = judge_fleet(errors);
    EXPECT_EQ(judged.code, c.code) << c.name;
    EXPECT_EQ(judged.reason, c.reason) << c.name;
  }
  // A not-found of a whole request must not read as "the NodeClaim's instance is gone".
  auto missing = base::not_found("AWS request failed");
  EXPECT_EQ(as_create_error(missing).code, base::Code::kInternal);
  EXPECT_EQ(as_create_error(missing).reason, "LaunchFailed");
}

model::Ec2NodeClass ready_class(std::string_view status, std::int64_t observed) {
  model::Ec2NodeClass out;
  out.meta.generation = 2;
  model::Condition ready;
  ready.type = "Ready";
  ready.status = status;
  ready.observed_generation = observed;
  out.status.conditions = {ready};
  return out;
}

// spec: aws §6.1; lifecycle §4.3.1
TEST(NodeClassReadiness, decides_about_the_claim) {
  EXPECT_TRUE(check_ready(ready_class("True", 2)));
  EXPECT_TRUE(check_ready(ready_class("True", 1)).failed_with(base::Code::kNotReady));
  EXPECT_TRUE(check_ready(ready_class("False", 2)).failed_with(base::Code::kNotReady));
  EXPECT_EQ(check_ready(ready_class("Unknown", 2)).error().reason, "NodeClassReadinessUnknown");
  EXPECT_EQ(check_ready({}).error().reason, "NodeClassReadinessUnknown");
}

// spec: aws §10.5
TEST(Drift, static_hash_needs_equal_versions) {
  struct Case {
    std::string class_hash, class_version, claim_hash, claim_version, want;
  };
  const std::vector<Case> cases = {
      {"1", "v6", "1", "v6", ""}, {"1", "v6", "2", "v6", "NodeClassDrift"},
      {"1", "v6", "2", "v5", ""}, {"1", "v6", "", "v6", ""},
      {"", "", "2", "v6", ""},
  };
  for (const auto& c : cases) {
    model::Ec2NodeClass node_class;
    model::NodeClaim claim;
    node_class.meta.annotations = {{std::string(labels::kNodeClassHash), c.class_hash},
                                   {std::string(labels::kNodeClassHashVersion), c.class_version}};
    claim.meta.annotations = {{std::string(labels::kNodeClassHash), c.claim_hash},
                              {std::string(labels::kNodeClassHashVersion), c.claim_version}};
    EXPECT_EQ(static_drift(claim, node_class), c.want);
  }
}

// spec: conversion §2.11
TEST(Drift, follows_the_kubelet_of_a_v1beta1_pool) {
  const std::string key = "compatibility.karpenter.sh/v1beta1-kubelet-conversion";
  const auto drift = [&](const model::StringMap& of_claim, const model::StringMap& of_pool) {
    model::Ec2NodeClass node_class;
    model::NodeClaim claim;
    model::NodePool pool;
    node_class.meta.annotations = {{std::string(labels::kNodeClassHashVersion), "v6"}};
    claim.meta.annotations = of_claim;
    claim.meta.annotations.emplace(std::string(labels::kNodeClassHashVersion), "v6");
    pool.meta.annotations = of_pool;
    return kubelet_drift(claim, pool, node_class);
  };
  EXPECT_EQ(drift({}, {}), "");
  EXPECT_EQ(drift({{key, R"({"maxPods":1,"podsPerCore":2})"}}, {{key, R"({"podsPerCore":2, "maxPods":1})"}}),
            "");
  EXPECT_EQ(drift({{key, R"({"maxPods":1})"}}, {{key, R"({"maxPods":2})"}}), "NodeClassDrift");
  EXPECT_EQ(drift({}, {{key, "{}"}}), "NodeClassDrift");
  EXPECT_EQ(drift({{std::string(labels::kNodeClassHashVersion), "v5"}}, {{key, "{}"}}), "");
}

// spec: aws §10.5
TEST(Drift, of_the_running_instance) {
  model::Ec2NodeClass node_class;
  node_class.status.security_groups = {{"sg-1", ""}, {"sg-2", ""}};
  node_class.status.subnets = {{"subnet-1", "a", ""}};
  CloudInstance instance;
  instance.security_group_ids = {"sg-2", "sg-1"};
  instance.subnet_id = "subnet-1";
  EXPECT_EQ(instance_drift(instance, node_class).value(), "");
  instance.subnet_id = "subnet-9";
  EXPECT_EQ(instance_drift(instance, node_class).value(), "SubnetDrift");
  instance.security_group_ids = {"sg-1"};
  EXPECT_EQ(instance_drift(instance, node_class).value(), "SecurityGroupDrift");
  node_class.status.security_groups.clear();
  EXPECT_FALSE(instance_drift(instance, node_class));

  model::NodeClaim claim;
  claim.status.image_id = "ami-old";
  const auto type = a_type("a.x", 1, {});
  EXPECT_FALSE(ami_drift(claim, node_class, *type));  // no AMIs resolved
  model::NodeSelectorRequirement arm{std::string(labels::kArch), "In", {"arm64"}, std::nullopt};
  model::NodeSelectorRequirement amd{std::string(labels::kArch), "In", {"amd64"}, std::nullopt};
  node_class.status.amis = {{"ami-old", "", false, {arm}}, {"ami-new", "", false, {amd}}};
  EXPECT_EQ(ami_drift(claim, node_class, *type).value(), "AMIDrift");
  claim.status.image_id = "ami-new";
  EXPECT_EQ(ami_drift(claim, node_class, *type).value(), "");
}

// spec: aws §8.4
TEST(Amis, one_per_requirement_set_newest_first) {
  const base::Time now = base::parse_rfc3339("2026-01-01T00:00:00Z").value();
  const auto image = [](std::string id, std::string arch, std::string created, std::string deprecated = "") {
    return ImageCandidate{{std::move(id), "n", std::move(arch), std::move(created), std::move(deprecated)},
                          {}};
  };
  const auto got = reduce_images(
      {image("ami-1", "x86_64", "2025-01-01T00:00:00.000Z"),
       image("ami-2", "x86_64", "2025-06-01T00:00:00.000Z", "2025-12-01T00:00:00.000Z"),
       image("ami-3", "arm64", "2025-03-01T00:00:00.000Z"), image("ami-4", "x86_64", "not a date"),
       image("ami-5", "i386", "2025-09-01T00:00:00.000Z")},
      now);
  ASSERT_EQ(got.size(), 2U);
  EXPECT_EQ(got[0].id, "ami-3");
  EXPECT_EQ(got[1].id, "ami-1");  // ami-2 is newer but deprecated
}

// spec: aws §8.1, §8.2
TEST(AmiFamily, aliases) {
  model::Ec2NodeClassSpec spec;
  EXPECT_EQ(resolve_family(spec).value(), AmiFamily::kCustom);
  spec.ami_selector_terms.emplace_back();
  for (const std::string bad : {"al2023", "al2023@", "AL2023@latest", "al2023@a@b", "debian@latest"}) {
    spec.ami_selector_terms[0].alias = bad;
    EXPECT_TRUE(find_alias(spec).failed_with(base::Code::kInvalid)) << bad;
  }
  spec.ami_selector_terms[0].alias = "al2023@v20250101";
  const auto alias = find_alias(spec).value().value();
  EXPECT_EQ(resolve_family(spec).value(), AmiFamily::kAl2023);
  EXPECT_EQ(ami_parameters(alias, "1.34").front().path,
            "/aws/service/eks/optimized-ami/1.34/amazon-linux-2023/x86_64/standard/"
            "amazon-eks-node-al2023-x86_64-standard-1.34-v20250101/image_id");
  EXPECT_EQ(ami_parameters({AmiFamily::kBottlerocket, "v1.20.0"}, "1.30")[2].path,
            "/aws/service/bottlerocket/aws-k8s-1.30-nvidia/x86_64/1.20.0/image_id");
  EXPECT_EQ(check_alias({AmiFamily::kAl2, "latest"}, "1.33").error().reason, "UnsupportedAlias");
  EXPECT_TRUE(check_alias({AmiFamily::kAl2, "latest"}, "1.32"));
  spec.ami_family = "Custom";
  EXPECT_EQ(resolve_family(spec).value(), AmiFamily::kCustom);
  spec.ami_family = "Debian";
  EXPECT_FALSE(resolve_family(spec));
}

// spec: aws §4.2
TEST(Pricing, reads_price_documents) {
  const std::string document =
      R"({"product":{"attributes":{"instanceType":"m5.large"}},"terms":{"OnDemand":{"x":{"priceDimensions":)"
      R"({"y":{"pricePerUnit":{"usd":"0.096"}},"z":{"pricePerUnit":{"USD":"0.0000"}}}}}}})";
  EXPECT_EQ(parse_product(document, "USD")->price, 0.096);
  EXPECT_EQ(parse_product(document, "CNY")->price, std::nullopt);
  EXPECT_FALSE(parse_product("{", "USD"));
  EXPECT_FALSE(parse_product("{}", "USD"));
}

// spec: aws §5
TEST(Selectors, become_one_call_per_kind_of_term) {
  model::SelectorTerm id1, id2, name, tags, empty;
  id1.id = "sg-1";
  id2.id = "sg-2";
  name.name = "web";
  tags.tags = {{"a", "*"}, {"b", "c"}};
  const std::vector<std::vector<Filter>> want = {
      {{"group-id", {"sg-1", "sg-2"}}}, {{"group-name", {"web"}}}, {{"tag-key", {"a"}}, {"tag:b", {"c"}}}};
  EXPECT_EQ(selector_queries({tags, id1, name, id2, empty}, {"group-id", "group-name"}), want);
}

// spec: aws §10.4
TEST(Tags, restricted_keys) {
  for (const std::string bad :
       {"karpenter.sh/nodepool", "eks:eks-cluster-name", "karpenter.k8s.aws/ec2nodeclass",
        "karpenter.sh/nodeclaim", "kubernetes.io/cluster/demo"}) {
    EXPECT_FALSE(check_tags({{bad, "x"}})) << bad;
  }
  EXPECT_TRUE(check_tags({{"team", "a"}, {"kubernetes.io/cluster/", "x"}, {"kubernetes.io/role", "x"}}));
}

// spec: aws §1.3
TEST(ProviderId, is_parsed_greedily) {
  EXPECT_EQ(instance_id_of("aws:///us-west-2a/i-0123").value(), "i-0123");
  EXPECT_EQ(instance_id_of("aws:///us/west/i-0123").value(), "i-0123");
  for (const std::string bad : {"", "i-0123", "aws:///i-0123", "aws://us-west-2a/i-0123"}) {
    EXPECT_FALSE(instance_id_of(bad)) << bad;
  }
}

// spec: aws §11.11
TEST(LegacyProfileName, is_bit_exact) {
  // FNV-1 test vectors of the hash's authors.
  EXPECT_EQ(fnv1(""), 0xcbf29ce484222325ULL);
  EXPECT_EQ(fnv1("a"), 0xaf63bd4c8601b7beULL);
  EXPECT_EQ(fnv1("foobar"), 0x340d8765a4dda9c2ULL);
  EXPECT_EQ(legacy_profile_name("demo", "foo", "bar"), "demo_3750802935296928194");
}

}  // namespace
}  // namespace karpenter::aws
