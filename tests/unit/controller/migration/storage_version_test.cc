#include "controller/migration/storage_version.h"

#include <gtest/gtest.h>

#include "common/json/yaml.h"
#include "common/net/loopback.h"
#include "common/schema/crd.h"
#include "tests/devcluster/kube/api_server.h"
#include "tests/support/sim_runtime.h"

namespace karpenter::migration {
namespace {

const net::Origin kCluster{.scheme = "https", .host = "cluster", .port = 443};
constexpr kube::Kind kCrd{.group = "apiextensions.k8s.io",
                          .version = "v1",
                          .kind = "CustomResourceDefinition",
                          .plural = "customresourcedefinitions"};

json::Value yaml(std::string_view text) { return json::parse_yaml(text).value().front(); }

// spec: conversion §2.12, §5.4
TEST(StoragePlan, follows_the_stored_versions) {
  struct Row {
    const char* crd;
    bool is_rewritten;
    StorageStep want;
  };
  const std::string beta =
      "{status: {storedVersions: [v1beta1, v1]}, spec: {versions: [{name: v1, storage: true}]}}";
  for (const auto& row : std::vector<Row>{
           {"{}", false, StorageStep::kNothing},
           {"{status: {storedVersions: [v1]}}", false, StorageStep::kNothing},
           {"{status: {storedVersions: [v1beta1]}, spec: {versions: [{name: v1}, {name: v1beta1, storage: "
            "true}]}}",
            true, StorageStep::kRefuse},
           {beta.c_str(), false, StorageStep::kRewrite},
           {beta.c_str(), true, StorageStep::kFinish},
       }) {
    EXPECT_EQ(plan_storage_migration(yaml(row.crd), row.is_rewritten), row.want) << row.crd;
  }
}

class Storage : public testing::Test {
 protected:
  Storage() {
    transport_.route(kCluster, server_);
    for (const auto& crd : schema::crds())
      KARP_CHECK(client_.send(kube::create_request(kCrd, "", schema::crd_manifest(crd)), {}).has_value());
  }
  static devcluster::ApiServerOptions options() {
    devcluster::ApiServerOptions out;
    out.tokens["t"] = {.name = "admin", .groups = {"system:masters"}};
    out.allow_all = true;
    return out;
  }
  // As a cluster that once stored v1beta1 has it.
  void store_beta(const std::string& crd) {
    const auto patched =
        client_.send(kube::patch_request(kCrd, {.name = crd}, kube::PatchType::kMerge,
                                         yaml("{status: {storedVersions: [v1beta1, v1]}}"), "status"),
                     {});
    ASSERT_TRUE(patched) << patched.error().text();
  }
  std::string stored(const std::string& crd) {
    return client_.send(kube::get_request(kCrd, {.name = crd}), {})
        .value()
        .view()["status"]["storedVersions"]
        .dump();
  }
  void make_pool(const std::string& name) {
    model::NodePool pool;
    pool.meta.name = name;
    pool.spec.node_template.spec.node_class_ref = {
        .group = "karpenter.k8s.aws", .kind = "EC2NodeClass", .name = "c"};
    ASSERT_TRUE(kube::Api<model::NodePool>(client_).create(pool, {}));
  }
  // What the singleton does at once; its delay in seconds.
  std::int64_t run() {
    auto listed = kube::Api<model::NodePool>(client_).list("", {}, {}).value();
    std::vector<std::shared_ptr<const model::NodePool>> objects;
    for (auto& item : listed.items)
      objects.push_back(std::make_shared<const model::NodePool>(std::move(item)));
    pools_.replace(std::move(objects));
    const auto done = migration_.reconcile({}, {});
    EXPECT_TRUE(done) << done.error().text();
    const auto* again = std::get_if<reconcile::RequeueAfter>(&*done);
    return again == nullptr ? -1 : std::chrono::duration_cast<std::chrono::seconds>(again->delay).count();
  }

  support::SimRuntime runtime_;
  devcluster::ApiServer server_{runtime_, options()};
  net::LoopbackTransport transport_;
  kube::Client client_{
      runtime_, transport_, {.origin = kCluster, .bearer_token = [] { return "t"; }, .qps = 0}};
  kube::Store<model::NodePool> pools_;
  kube::Store<model::NodeClaim> claims_;
  kube::Store<model::Ec2NodeClass> classes_;
  telemetry::MemorySink sink_;
  StorageMigration migration_{{pools_, claims_, classes_}, client_, telemetry::Log(runtime_, sink_, {})};
};

// spec: conversion §2.12
TEST_F(Storage, rewrites_every_object_and_then_strikes_v1beta1) {
  store_beta("nodepools.karpenter.sh");
  store_beta("ec2nodeclasses.karpenter.k8s.aws");
  make_pool("a");
  make_pool("b");
  EXPECT_EQ(run(), 60);
  EXPECT_EQ(stored("nodepools.karpenter.sh"), R"(["v1beta1","v1"])") << "not before all are seen rewritten";
  EXPECT_EQ(stored("ec2nodeclasses.karpenter.k8s.aws"), R"(["v1"])") << "has no objects";
  make_pool("late");
  EXPECT_EQ(run(), 60);
  EXPECT_EQ(run(), 3600);
  EXPECT_EQ(stored("nodepools.karpenter.sh"), R"(["v1"])");
  for (const auto* name : {"a", "b", "late"})
    EXPECT_EQ(pools_.find(name)->meta.annotation("karpenter.sh/stored-version-migrated"), "true");
  const auto revision = server_.revision();
  EXPECT_EQ(run(), 3600);
  EXPECT_EQ(server_.revision(), revision);
}

// spec: conversion §2.12
TEST_F(Storage, leaves_a_cluster_alone_that_never_stored_v1beta1) {
  make_pool("a");
  const auto revision = server_.revision();
  EXPECT_EQ(run(), 3600);
  EXPECT_EQ(server_.revision(), revision);
  EXPECT_TRUE(pools_.find("a")->meta.annotations.empty());
}

}  // namespace
}  // namespace karpenter::migration
