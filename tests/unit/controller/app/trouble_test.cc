#include "tests/unit/controller/app/fixture.h"

// When things go wrong around the composed controller: it says so, waits, and goes on with all that is not
// concerned.

namespace karpenter::app_test {
namespace {

constexpr kube::Kind kPools{"karpenter.sh", "v1", "NodePool", "nodepools", false};
constexpr kube::Kind kClaims{"karpenter.sh", "v1", "NodeClaim", "nodeclaims", false};
constexpr kube::Kind kLeases{"coordination.k8s.io", "v1", "Lease", "leases", true};

TEST_F(AppTest, launches_what_pods_need_and_takes_it_away_again) {
  add_pool("default");
  scale("web", 3);
  start();
  ASSERT_TRUE(settles([&] { return running() == 3; }));
  EXPECT_GE(instances(), 1U);
  EXPECT_EQ(list<model::NodeClaim>().size(), instances());
  scale("web", 0);
  ASSERT_TRUE(settles([&] { return instances() == 0 && list<model::NodeClaim>().empty(); }));
  stop();
  ASSERT_TRUE(ended().has_value());
  EXPECT_TRUE(ended()->has_value()) << ended()->error().text();
}

// spec: lifecycle §2.1
TEST_F(AppTest, waits_for_an_api_server_that_is_away) {
  bool away = true;
  std::size_t tries = 0;
  judge_kube = [&](const net::HttpRequest& request) {
    if (away && request.path().ends_with("/nodepools")) ++tries;
    return away ? Fate::kRefuse : Fate::kPass;
  };
  add_pool("default");
  scale("web", 1);
  start();
  sim.run_for(5min);
  EXPECT_FALSE(controller().caches_synced());
  EXPECT_FALSE(controller().crds_present());
  EXPECT_FALSE(ended().has_value());
  EXPECT_GE(tries, 6U);   // keeps trying,
  EXPECT_LE(tries, 30U);  // ever more seldom,
  const auto said = lines({"failed to list", "\"NodePool\"", "cannot connect"});
  EXPECT_EQ(said.size(), tries);  // and says so

  away = false;
  ASSERT_TRUE(settles([&] { return running() == 1; }));
  EXPECT_TRUE(controller().caches_synced());

  away = true;  // and the same in the midst of its work
  cluster.api().cut_watches();
  sim.run_for(5min);
  ASSERT_TRUE(ended().has_value());  // it could not keep its lease
  EXPECT_TRUE(ended()->failed_with(base::Code::kUnavailable));
}

TEST_F(AppTest, a_short_absence_of_the_api_server_is_overcome_in_place) {
  bool away = false;
  judge_kube = [&](const net::HttpRequest&) { return away ? Fate::kRefuse : Fate::kPass; };
  add_pool("default");
  start();
  ASSERT_TRUE(settles([&] { return controller().caches_synced(); }));
  sim.run_for(10s);
  away = true;
  cluster.api().cut_watches();
  sim.run_for(5s);
  scale("web", 1);
  sim.run_for(2s);
  away = false;
  ASSERT_TRUE(settles([&] { return running() == 1; }));
  EXPECT_FALSE(ended().has_value());
}

// spec: lifecycle §2.1
TEST_F(AppTest, waits_for_an_aws_endpoint_that_is_away) {
  bool away = true;
  judge_aws = [&](const net::HttpRequest&) { return away ? Fate::kRefuse : Fate::kPass; };
  add_pool("default");
  scale("web", 1);
  start();
  sim.run_for(10min);
  EXPECT_FALSE(controller().caches_synced());
  EXPECT_FALSE(ended().has_value());
  const auto said =
      lines({"cannot start the AWS provider, trying again", "ec2 api connectivity check", "cannot connect"});
  EXPECT_GE(said.size(), 5U);
  EXPECT_LE(said.size(), 30U);
  EXPECT_EQ(instances(), 0U);
  away = false;
  ASSERT_TRUE(settles([&] { return running() == 1; }));
  EXPECT_TRUE(controller().caches_synced());

  away = true;
  scale("web", 9);
  sim.run_for(5min);
  EXPECT_FALSE(ended().has_value());
  EXPECT_EQ(running(), 1U);
  EXPECT_TRUE(controller().caches_synced());
  away = false;
  ASSERT_TRUE(settles([&] { return running() == 9; }, 15min));
}

TEST_F(AppTest, an_unknown_token_is_named_and_a_renewed_one_is_taken_up) {
  token = "expired";
  add_pool("default");
  scale("web", 1);
  start();
  sim.run_for(3min);
  EXPECT_FALSE(controller().caches_synced());
  EXPECT_FALSE(ended().has_value());
  const auto said = lines({"failed to list", "\"NodePool\"", "Unauthorized"});
  EXPECT_GE(said.size(), 4U);
  EXPECT_LE(said.size(), 20U);
  token = kToken;
  ASSERT_TRUE(settles([&] { return running() == 1; }));
}

TEST_F(AppTest, a_malformed_node_pool_is_skipped_with_an_event_and_a_line) {
  add_pool("good");
  add_pool("spoilt");
  drop_schema("nodepools.karpenter.sh");
  patch(kPools, {.namespace_name = "", .name = "spoilt"}, "spec: {template: {spec: {requirements: many}}}");
  scale("web", 1);
  start();
  ASSERT_TRUE(settles([&] { return running() == 1; }));
  for (const auto& claim : list<model::NodeClaim>())
    EXPECT_EQ(claim.meta.label("karpenter.sh/nodepool"), "good");
  sim.run_for(3min);
  const auto said = lines({"ignoring malformed object", "spoilt"});
  ASSERT_EQ(said.size(), 1U);
  EXPECT_NE(said[0].find("spec.template.spec.requirements"), std::string::npos) << said[0];
  const auto told = events("MalformedObject", "spoilt");
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].type, "Warning");
  EXPECT_EQ(told[0].count, 1);
  EXPECT_NE(told[0].message.find("spec.template.spec.requirements"), std::string::npos) << told[0].message;
  EXPECT_TRUE(lines({"ignoring malformed object", "good"}).empty());

  // Mended, it takes part again.
  patch(kPools, {.namespace_name = "", .name = "spoilt"}, "spec: {template: {spec: {requirements: []}}}");
  scale("picky", 1, "spoilt");
  ASSERT_TRUE(settles([&] { return running() == 2; }));
}

TEST_F(AppTest, a_pool_that_becomes_malformed_stays_as_it_was_last_read) {
  add_pool("default");
  drop_schema("nodepools.karpenter.sh");
  scale("web", 1);
  start();
  ASSERT_TRUE(settles([&] { return running() == 1; }));
  patch(kPools, {.namespace_name = "", .name = "default"}, "spec: {weight: heavy}");
  sim.run_for(2min);
  EXPECT_EQ(running(), 1U);
  EXPECT_EQ(lines({"ignoring malformed object", "spec.weight"}).size(), 1U);
  scale("web", 9);
  ASSERT_TRUE(settles([&] { return running() == 9; }));
}

TEST_F(AppTest, a_pool_that_can_be_read_but_not_used_says_so_in_its_status) {
  add_pool("good");
  add_pool("spoilt");
  drop_schema("nodepools.karpenter.sh");
  patch(kPools, {.namespace_name = "", .name = "spoilt"}, "spec: {disruption: {consolidateAfter: soon}}");
  scale("web", 1);
  start();
  ASSERT_TRUE(settles([&] { return running() == 1; }));
  for (const auto& pool : list<model::NodePool>()) {
    EXPECT_EQ(model::is_true(pool.status.conditions, "Ready"), pool.meta.name == "good") << pool.meta.name;
    if (pool.meta.name == "good") continue;
    const auto* validation = model::find_condition(pool.status.conditions, "ValidationSucceeded");
    ASSERT_NE(validation, nullptr);
    EXPECT_EQ(validation->status, "False");
    EXPECT_NE(validation->message.find("consolidateAfter"), std::string::npos) << validation->message;
  }
}

TEST_F(AppTest, a_malformed_node_claim_harms_neither_the_others_nor_its_instance) {
  add_pool("default");
  drop_schema("nodeclaims.karpenter.sh");
  scale("web", 1);
  start();
  ASSERT_TRUE(settles([&] { return running() == 1; }));
  const auto before = list<model::NodeClaim>();
  ASSERT_EQ(before.size(), 1U);
  const auto name = before[0].meta.name;
  patch(kClaims, {.namespace_name = "", .name = name}, "spec: {requirements: many}");
  scale("web", 7);
  ASSERT_TRUE(settles([&] { return running() == 7; }));
  EXPECT_EQ(lines({"ignoring malformed object", name}).size(), 1U);
  EXPECT_EQ(events("MalformedObject", name).size(), 1U);

  stop();  // a new process has never read a good version of it
  start();
  sim.run_for(5min);
  EXPECT_FALSE(ended().has_value());
  EXPECT_EQ(running(), 7U);
  const auto instance = before[0].status.provider_id.substr(std::string_view("aws:///us-west-2a/").size());
  ASSERT_TRUE(cluster.aws().find_instance(instance).has_value());
  EXPECT_EQ(cluster.aws().find_instance(instance)->state, devcluster::InstanceState::kRunning);
}

// spec: lifecycle §2.8, §2.11
TEST_F(AppTest, a_lost_lease_ends_the_run_with_an_error) {
  add_pool("default");
  start();
  ASSERT_TRUE(settles([&] { return !lines({"became leader"}).empty(); }));
  patch(kLeases, {.namespace_name = "kube-system", .name = "karpenter-leader-election"},
        "spec: {holderIdentity: another, leaseDurationSeconds: 3600}");
  ASSERT_TRUE(settles([&] { return ended().has_value(); }, 1min));
  ASSERT_TRUE(ended()->failed_with(base::Code::kUnavailable));
  EXPECT_NE(ended()->error().text().find("leader lease lost"), std::string::npos) << ended()->error().text();
  EXPECT_NE(ended()->error().text().find("another"), std::string::npos) << ended()->error().text();
  scale("web", 1);
  sim.run_for(2min);
  EXPECT_TRUE(list<model::NodeClaim>().empty());  // it acts no more
}

TEST_F(AppTest, a_second_replica_waits_for_the_lease) {
  create(
      "kind: Deployment\nmetadata: {name: web}\nspec: {replicas: 0, selector: {matchLabels: {a: b}}, "
      "template: "
      "{metadata: {labels: {a: b}}, spec: {containers: [{name: m, image: pause}]}}}");
  start();
  ASSERT_TRUE(settles([&] { return !lines({"became leader"}).empty(); }));
  stop();
  ASSERT_TRUE(ended().has_value());
  EXPECT_TRUE(ended()->has_value());
  start();  // the lease was released: no wait for its end
  ASSERT_TRUE(settles([&] { return lines({"became leader"}).size() == 2; }, 10s));
}

}  // namespace
}  // namespace karpenter::app_test
