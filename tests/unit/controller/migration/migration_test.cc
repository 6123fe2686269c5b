#include "controller/migration/migration.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/json/yaml.h"
#include "common/net/loopback.h"
#include "common/schema/crd.h"
#include "tests/devcluster/kube/api_server.h"
#include "tests/support/sim_runtime.h"

namespace karpenter::migration {
namespace {

const net::Origin kOrigin{.scheme = "https", .host = "cluster", .port = 443};

class Recorder final : public telemetry::EventRecorder {
 public:
  void publish(telemetry::Event event) override { texts.push_back(event.reason + " " + event.message); }
  [[nodiscard]] bool has(std::string_view part) const {
    return std::ranges::any_of(texts, [&](const auto& text) { return text.find(part) != std::string::npos; });
  }
  std::vector<std::string> texts;
};

kube::Kind kind_of(std::string_view group, std::string_view version, std::string_view kind,
                   std::string_view plural) {
  return {.group = group, .version = version, .kind = kind, .plural = plural};
}

// The real CRDs in an API server in memory, and stores that are filled by hand.
class Migration : public testing::Test {
 protected:
  Migration() {
    transport_.route(kOrigin, server_);
    const auto definition =
        kind_of("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions");
    for (const auto& crd : schema::crds()) {
      KARP_CHECK(
          client_.send(kube::create_request(definition, "", schema::crd_manifest(crd)), {}).has_value());
    }
  }

  devcluster::ApiServerOptions options() {
    devcluster::ApiServerOptions out;
    out.tokens["t"] = {.name = "admin", .groups = {"system:masters"}};
    out.allow_all = true;
    out.faults.after = [this](const net::HttpRequest& request) -> std::optional<net::HttpResponse> {
      if (!lose_creates || request.method != "POST") return std::nullopt;
      lose_creates = false;
      return net::text_response(500, "lost");
    };
    return out;
  }
  static kube::Kind kind_named(const std::string& kind) {
    if (kind == "Provisioner") return kind_of("karpenter.sh", "v1alpha5", "Provisioner", "provisioners");
    if (kind == "AWSNodeTemplate")
      return kind_of("karpenter.k8s.aws", "v1alpha1", "AWSNodeTemplate", "awsnodetemplates");
    if (kind == "NodePool") return kind_of("karpenter.sh", "v1", "NodePool", "nodepools");
    return kind_of("karpenter.k8s.aws", "v1", "EC2NodeClass", "ec2nodeclasses");
  }
  void create(const std::string& kind, const std::string& text) {
    auto object = json::parse_yaml(text).value().front();
    const auto type = kind_named(kind);
    object["apiVersion"].set(std::string(type.group) + "/" + std::string(type.version));
    object["kind"].set(kind);
    const auto created = client_.send(kube::create_request(type, "", object), {});
    ASSERT_TRUE(created) << created.error().text();
  }
  void patch(const std::string& kind, const std::string& name, const std::string& change,
             const std::string& sub = "") {
    const auto body = json::parse_yaml(change).value();
    const auto patched =
        client_.send(kube::patch_request(kind_named(kind), {.namespace_name = "", .name = name},
                                         kube::PatchType::kMerge, body.front(), sub),
                     {});
    ASSERT_TRUE(patched) << patched.error().text();
  }
  void remove(const std::string& kind, const std::string& name) {
    json::Value options = json::Value::object();
    options["propagationPolicy"].set("Orphan");
    const auto removed = client_.send(
        kube::delete_request(kind_named(kind), {.namespace_name = "", .name = name}, options), {});
    ASSERT_TRUE(removed) << removed.error().text();
  }
  static std::string changed_name(const std::string& text, const std::string& name) {
    auto object = json::parse_yaml(text).value().front();
    object["metadata"]["name"].set(name);
    return object.dump();
  }
  template <class T>
  void fill(kube::Store<T>& store) {
    auto listed = kube::Api<T>(client_).list("", {}, {});
    ASSERT_TRUE(listed) << listed.error().text();
    std::vector<std::shared_ptr<const T>> objects;
    for (auto& item : listed->items) objects.push_back(std::make_shared<const T>(std::move(item)));
    store.replace(std::move(objects));
  }
  void sync() {
    fill(provisioners_);
    fill(templates_);
    fill(pools_);
    fill(classes_);
  }
  // One reconcile on fresh stores; the result is in the stores.
  void reconcile(const std::string& name = "p") {
    sync();
    const auto done = reconciler_.reconcile({.namespace_name = "", .name = name}, {});
    EXPECT_TRUE(done) << done.error().text();
    sync();
  }

  // "True Converted"
  std::string condition(const std::string& name) {
    for (const auto& it : provisioners_.find(name)->status.conditions) {
      if (it.type == kConverted) return it.status + " " + it.reason;
    }
    return "";
  }

  support::SimRuntime runtime_;
  bool lose_creates = false;
  devcluster::ApiServer server_{runtime_, options()};
  net::LoopbackTransport transport_;
  kube::Client client_{
      runtime_, transport_, {.origin = kOrigin, .bearer_token = [] { return "t"; }, .qps = 0}};
  kube::Store<Provisioner> provisioners_;
  kube::Store<AwsNodeTemplate> templates_;
  kube::Store<model::NodePool> pools_;
  kube::Store<model::Ec2NodeClass> classes_;
  Recorder events_;
  telemetry::MemorySink sink_;
  ProvisionerReconciler reconciler_{{provisioners_, templates_, pools_, classes_},
                                    client_,
                                    events_,
                                    telemetry::Log(runtime_, sink_, {}),
                                    {.cluster_name = "demo", .default_instance_profile = ""}};
};

constexpr const char* kInline = R"({metadata: {name: p, labels: {team: a}}, spec: {ttlSecondsAfterEmpty: 30,
  limits: {resources: {cpu: 1000}}, provider: {instanceProfile: prof}}})";
constexpr const char* kTemplate =
    R"({metadata: {name: t}, spec: {amiFamily: Bottlerocket, instanceProfile: prof,
  subnetSelector: {a: b}, securityGroupSelector: {a: b}}})";

// spec: conversion §5.9
TEST_F(Migration, materialises_an_inline_provider_and_then_rests) {
  create("Provisioner", kInline);
  reconcile();
  const auto pool = pools_.find("p");
  const auto node_class = classes_.find("p");
  ASSERT_TRUE(pool && node_class);
  EXPECT_EQ(pool->spec.disruption->consolidate_after, "30s");
  EXPECT_EQ(pool->spec.node_template.spec.node_class_ref.name, "p");
  EXPECT_EQ(pool->meta.label("team"), "a");
  EXPECT_EQ(node_class->spec.ami_selector_terms.at(0).alias, "al2@latest");
  for (const auto* meta : {&pool->meta, &node_class->meta}) {
    EXPECT_EQ(meta->annotation(kConvertedFrom), "Provisioner/p");
    EXPECT_EQ(meta->annotation(kSourceGeneration), "1");
    ASSERT_EQ(meta->owner_references.size(), 1U);
    EXPECT_EQ(meta->owner_references[0].uid, provisioners_.find("p")->meta.uid);
    EXPECT_EQ(meta->owner_references[0].kind, "Provisioner");
  }
  EXPECT_TRUE(events_.has("W-IMDS"));
  EXPECT_TRUE(events_.has("W-NODES"));
  EXPECT_EQ(condition("p"), "True Converted");
  const auto revision = server_.revision();
  reconcile();
  EXPECT_EQ(server_.revision(), revision) << "nothing changed, nothing is written";
}

TEST_F(Migration, follows_its_sources_and_reverts_other_edits) {
  create("AWSNodeTemplate", kTemplate);
  create("Provisioner",
         "{metadata: {name: p}, spec: {consolidation: {enabled: true}, providerRef: {name: t}}}");
  create("Provisioner",
         "{metadata: {name: q}, spec: {consolidation: {enabled: true}, providerRef: {name: t}}}");
  reconcile("p");
  reconcile("q");
  EXPECT_FALSE(events_.has("ConversionConflict")) << "they share the class of their template";
  EXPECT_EQ(classes_.size(), 1U);
  EXPECT_EQ(classes_.find("t")->meta.annotation(kConvertedFrom), "AWSNodeTemplate/t");
  EXPECT_EQ(classes_.find("t")->meta.owner_references.at(0).kind, "AWSNodeTemplate");

  patch("Provisioner", "p", "{spec: {weight: 7}}");
  patch("AWSNodeTemplate", "t", "{spec: {userData: hello}}");
  patch("NodePool", "p", "{metadata: {labels: {mine: x}, annotations: {karpenter.sh/nodepool-hash: '1'}}}");
  patch("NodePool", "q", "{spec: {weight: 99}}");
  reconcile("p");
  reconcile("q");
  EXPECT_EQ(pools_.find("p")->spec.weight, 7);
  EXPECT_EQ(pools_.find("p")->meta.label("mine"), "x");
  EXPECT_EQ(pools_.find("p")->meta.annotation("karpenter.sh/nodepool-hash"), "1");
  EXPECT_EQ(pools_.find("p")->meta.annotation(kSourceGeneration), "2/2");
  EXPECT_EQ(classes_.find("t")->spec.user_data, "hello");
  EXPECT_EQ(pools_.find("q")->spec.weight, std::nullopt);
  EXPECT_FALSE(events_.has("ConversionReverted")) << "the sources changed as well";
  patch("NodePool", "q", "{spec: {weight: 99}}");
  reconcile("q");
  EXPECT_EQ(pools_.find("q")->spec.weight, std::nullopt);
  EXPECT_TRUE(events_.has("ConversionReverted NodePool q was edited"));
  EXPECT_FALSE(events_.has("ConversionReverted NodePool p"));
}

TEST_F(Migration, drops_labels_that_the_source_dropped) {
  create("Provisioner", kInline);
  reconcile();
  patch("NodePool", "p", "{metadata: {labels: {mine: x}}}");
  patch("Provisioner", "p", "{metadata: {labels: {team: null, new: n}}}");
  reconcile();
  EXPECT_EQ(pools_.find("p")->meta.labels, (model::StringMap{{"mine", "x"}, {"new", "n"}}));
}

// spec: conversion §4.3, §4.6, §5.9, §7 item 39
TEST_F(Migration, renames_classes_only_when_their_kubelet_changes) {
  create("AWSNodeTemplate", kTemplate);
  const std::string spec =
      "spec: {consolidation: {enabled: true}, providerRef: {name: t}, kubeletConfiguration: {maxPods: 20}}}";
  create("Provisioner", "{metadata: {name: p}, " + spec);
  create("Provisioner", "{metadata: {name: q}, " + spec);
  reconcile("p");
  reconcile("q");
  ASSERT_EQ(classes_.size(), 1U);
  const auto first = classes_.list().front()->meta.name;
  patch("Provisioner", "p", "{spec: {kubeletConfiguration: {maxPods: 30}}}");
  reconcile("p");
  reconcile("p");
  EXPECT_TRUE(classes_.find(first)) << "q still uses it";
  EXPECT_EQ(classes_.size(), 2U);
  patch("Provisioner", "q", "{spec: {kubeletConfiguration: {maxPods: 30}}}");
  reconcile("q");
  EXPECT_TRUE(classes_.find(first)) << "the store still shows a pool that names it";
  reconcile("q");
  EXPECT_FALSE(classes_.find(first));
  EXPECT_EQ(classes_.size(), 1U);
}

// spec: conversion §4.3, §5.9
TEST_F(Migration, keeps_the_name_that_an_inline_class_once_got) {
  create("AWSNodeTemplate", changed_name(kTemplate, "p"));
  create("Provisioner", kInline);
  reconcile();
  EXPECT_TRUE(classes_.find("p-provider"));
  EXPECT_EQ(pools_.find("p")->spec.node_template.spec.node_class_ref.name, "p-provider");
  remove("AWSNodeTemplate", "p");
  reconcile();
  EXPECT_TRUE(classes_.find("p-provider"));
  EXPECT_FALSE(classes_.find("p"));
}

// With the uid of a source that is gone the garbage collector would take the objects.
TEST_F(Migration, takes_its_objects_over_from_a_source_that_was_made_anew) {
  create("Provisioner", kInline);
  reconcile();
  const auto old = pools_.find("p")->meta.owner_references.at(0).uid;
  remove("Provisioner", "p");
  create("Provisioner", kInline);
  reconcile();
  for (const auto* meta : {&pools_.find("p")->meta, &classes_.find("p")->meta}) {
    ASSERT_EQ(meta->owner_references.size(), 1U);
    EXPECT_NE(meta->owner_references[0].uid, old);
    EXPECT_EQ(meta->owner_references[0].uid, provisioners_.find("p")->meta.uid);
  }
}

TEST_F(Migration, knows_whom_a_change_concerns) {
  create("Provisioner", "{metadata: {name: p}, spec: {providerRef: {name: t}}}");
  create("Provisioner", "{metadata: {name: q}, spec: {providerRef: {name: u}}}");
  sync();
  const auto sources = [&](std::string from) {
    model::ObjectMeta meta;
    meta.annotations[std::string(kConvertedFrom)] = std::move(from);
    std::string out;
    for (const auto& key : sources_of(meta, provisioners_)) out += key.text() + " ";
    return out;
  };
  EXPECT_EQ(sources("Provisioner/x"), "x ");
  EXPECT_EQ(sources("AWSNodeTemplate/t"), "p ");
  EXPECT_EQ(sources(""), "");
}

TEST_F(Migration, waits_for_its_template) {
  create("Provisioner", "{metadata: {name: p}, spec: {providerRef: {name: t}}}");
  reconcile();
  EXPECT_EQ(pools_.size(), 0U);
  EXPECT_TRUE(events_.has("ConversionWarning E-REF spec.providerRef: AWSNodeTemplate t does not exist"));
  EXPECT_EQ(condition("p"), "False E-REF");
  create("AWSNodeTemplate", kTemplate);
  reconcile();
  EXPECT_EQ(pools_.size(), 1U);
}

TEST_F(Migration, leaves_objects_of_others_alone) {
  create("NodePool", R"({metadata: {name: p}, spec: {weight: 3, template: {spec: {requirements: [],
    nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: x}}}}})");
  create("Provisioner", kInline);
  reconcile();
  EXPECT_EQ(pools_.find("p")->spec.weight, 3);
  EXPECT_EQ(pools_.find("p")->spec.node_template.spec.node_class_ref.name, "x");
  EXPECT_TRUE(events_.has("ConversionConflict E-CONFLICT NodePool p exists"));
  EXPECT_EQ(classes_.size(), 0U) << "nothing is made for a pool that cannot be";
  EXPECT_EQ(condition("p"), "False E-CONFLICT");
}

TEST_F(Migration, keeps_the_last_good_pool) {
  create("Provisioner", kInline);
  reconcile();
  patch("Provisioner", "p", "{spec: {weight: 5, provider: {launchTemplate: mine}}}");
  reconcile();
  EXPECT_TRUE(events_.has("E-LAUNCHTEMPLATE"));
  ASSERT_TRUE(pools_.find("p"));
  EXPECT_EQ(pools_.find("p")->spec.weight, std::nullopt);
}

TEST_F(Migration, copies_the_resources_in_use) {
  create("Provisioner", kInline);
  reconcile();
  patch("NodePool", "p", "{status: {resources: {cpu: '4', nodes: '1'}}}", "status");
  reconcile();
  EXPECT_EQ(provisioners_.find("p")->status.resources, pools_.find("p")->status.resources);
  EXPECT_EQ(provisioners_.find("p")->status.resources.size(), 2U);
}

TEST_F(Migration, survives_a_lost_answer_and_a_stale_store) {
  create("Provisioner", kInline);
  sync();
  lose_creates = true;
  EXPECT_FALSE(reconciler_.reconcile({.namespace_name = "", .name = "p"}, {}));
  EXPECT_TRUE(reconciler_.reconcile({.namespace_name = "", .name = "p"}, {})) << "the class is there already";
  sync();
  EXPECT_EQ(classes_.size() + pools_.size(), 2U);
  patch("Provisioner", "p", "{spec: {weight: 5}}");
  patch("NodePool", "p", "{metadata: {labels: {a: b}}}");
  fill(provisioners_);  // the pool in the store is older than the server's
  const auto stale = reconciler_.reconcile({.namespace_name = "", .name = "p"}, {});
  ASSERT_TRUE(stale) << stale.error().text();
  EXPECT_TRUE(std::holds_alternative<reconcile::Retry>(*stale));
  reconcile();
  EXPECT_EQ(pools_.find("p")->spec.weight, 5);
  EXPECT_EQ(pools_.find("p")->meta.label("a"), "b");
}

}  // namespace
}  // namespace karpenter::migration
