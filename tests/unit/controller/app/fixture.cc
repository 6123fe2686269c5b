#include "tests/unit/controller/app/fixture.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

#include "common/base/strings.h"
#include "common/json/yaml.h"

namespace karpenter::app_test {
namespace {

using devcluster::EmbeddedCluster;
using devcluster::InstanceState;

const net::Origin kAwsOrigin{.scheme = "http", .host = "aws.simulated", .port = 80};
constexpr kube::Kind kCrds{"apiextensions.k8s.io", "v1", "CustomResourceDefinition",
                           "customresourcedefinitions", false};
constexpr kube::Kind kPools{"karpenter.sh", "v1", "NodePool", "nodepools", false};
constexpr kube::Kind kClasses{"karpenter.k8s.aws", "v1", "EC2NodeClass", "ec2nodeclasses", false};
constexpr kube::Kind kClaims{"karpenter.sh", "v1", "NodeClaim", "nodeclaims", false};

constexpr const char* kNodeClass = R"(
kind: EC2NodeClass
metadata: {name: default}
spec:
  role: KarpenterNodeRole-demo
  amiSelectorTerms: [{alias: al2023@latest}]
  subnetSelectorTerms: [{tags: {karpenter.sh/discovery: demo}}]
  securityGroupSelectorTerms: [{tags: {karpenter.sh/discovery: demo}}]
)";

json::Value one_document(const std::string& text) {
  auto documents = json::parse_yaml(text);
  KARP_CHECK(documents.has_value() && documents->size() == 1);
  return std::move(documents->front());
}

json::Value read_crd(const std::string& name) {
  const char* dir = std::getenv("KARPENTER_SOURCE_DIR");
  std::ifstream in(std::string(dir == nullptr ? "." : dir) + "/manifests/crds/" + name + ".yaml");
  auto crd = one_document(std::string(std::istreambuf_iterator<char>(in), {}));
  crd["spec"].erase("conversion");  // no webhook here, and nobody uses another version
  return crd;
}

kube::Kind kind_of(json::View object) {
  const auto kind = object["kind"].string_or("");
  for (const auto& known : {kCrds, kPools, kClasses, kClaims, devcluster::kDeployments, devcluster::kNodes}) {
    if (kind == known.kind) return known;
  }
  KARP_CHECK(false);
}

devcluster::EmbeddedClusterOptions cluster_options() {
  devcluster::EmbeddedClusterOptions out;
  out.api.tokens = {{"controller-token", {.name = "karpenter", .groups = {"system:masters"}}}};
  out.aws.cluster_version = "1.32";
  return out;
}

telemetry::LogOptions log_options() {
  telemetry::LogOptions out;
  out.level = telemetry::Level::kDebug;
  out.sampling = false;
  return out;
}

app::Settings settings() {
  app::Settings out;
  out.options.cluster_name = "demo";
  out.options.leader_election_namespace = "kube-system";
  out.aws.cluster_name = "demo";
  out.aws.endpoints.region = "us-west-2";
  out.aws.endpoints.url = "http://aws.simulated";
  out.aws.credentials.access_key_id = "test";
  out.aws.credentials.secret_access_key = "test";
  return out;
}

base::Error no_route(const net::HttpRequest& request) {
  return base::make_error(base::Code::kUnavailable, "cannot connect").add("host", request.origin.host);
}

}  // namespace

base::Result<net::HttpResponse> Road::send(const net::HttpRequest& request, const net::Call& call) {
  const Fate fate = judge_(request);
  if (fate == Fate::kRefuse) return no_route(request);
  auto answer = loopback_.send(request, call);
  if (fate == Fate::kLose) return base::make_error(base::Code::kUnavailable, "connection reset");
  return answer;
}

base::Result<std::unique_ptr<net::ByteStream>> Road::open(const net::HttpRequest& request,
                                                          const net::Call& call) {
  if (judge_(request) != Fate::kPass) return no_route(request);
  return loopback_.open(request, call);
}

AppTest::Life::Life(AppTest& test)
    : process(test.sim.make_process("controller")),
      log(*process, test.sink_, log_options()),
      kube([&test](const auto& request) { return test.judge_kube ? test.judge_kube(request) : Fate::kPass; }),
      aws([&test](const auto& request) { return test.judge_aws ? test.judge_aws(request) : Fate::kPass; }),
      client(*process, kube,
             {.origin = EmbeddedCluster::internal_origin(), .bearer_token = [&test] { return test.token; }}) {
  kube.lead_to(EmbeddedCluster::internal_origin(), test.cluster.api());
  aws.lead_to(kAwsOrigin, test.cluster.aws());
  auto made = app::App::make(settings(), {*process, client, client, aws, log, test.metrics_, "test"});
  KARP_CHECK(made.has_value());
  app = std::move(made).value();
  process->spawn("app", [this, &test](std::stop_token stop) { test.ended_ = app->run(std::move(stop)); });
}

AppTest::Life::~Life() {
  process->stop_all();
  process->join_all();
}

AppTest::AppTest() : cluster(sim, cluster_options()) {
  cluster.start();
  for (const auto* name :
       {"karpenter.k8s.aws_awsnodetemplates", "karpenter.k8s.aws_ec2nodeclasses", "karpenter.sh_nodeclaims",
        "karpenter.sh_nodepools", "karpenter.sh_provisioners"}) {
    create(read_crd(name).dump());
  }
  create(kNodeClass);
}

AppTest::~AppTest() {
  stop();
  sim.stop_all();
  sim.join_all();
}

void AppTest::start() {
  ended_.reset();
  life_ = std::make_unique<Life>(*this);
}

void AppTest::stop() { life_ = nullptr; }

void AppTest::create(const std::string& text) {
  auto object = one_document(text);
  const auto kind = kind_of(object);
  object["apiVersion"].set(kind.api_version());
  auto made = cluster.client().send(kube::create_request(kind, kind.namespaced ? "default" : "", object), {});
  ASSERT_TRUE(made.has_value()) << made.error().text();
}

void AppTest::patch(const kube::Kind& kind, const model::ObjectKey& key, const std::string& text) {
  auto done = cluster.client().send(
      kube::patch_request(kind, key, kube::PatchType::kMerge, one_document(text), ""), {});
  ASSERT_TRUE(done.has_value()) << done.error().text();
}

void AppTest::add_pool(const std::string& name, const std::string& more) {
  create(R"(
kind: NodePool
metadata: {name: )" +
         name + R"(}
spec:
  disruption: {consolidateAfter: 5s, budgets: [{nodes: "1"}]}
  template:
    spec:
      nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: default}
      requirements:
      - {key: karpenter.k8s.aws/instance-family, operator: In, values: [m5]}
      - {key: karpenter.k8s.aws/instance-cpu, operator: In, values: ["2", "4"]}
)" + more);
}

void AppTest::scale(const std::string& app, int replicas, const std::string& pool) {
  const model::ObjectKey key{.namespace_name = "default", .name = app};
  if (cluster.client().send(kube::get_request(devcluster::kDeployments, key), {}).has_value()) {
    patch(devcluster::kDeployments, key, "spec: {replicas: " + std::to_string(replicas) + "}");
    return;
  }
  const std::string selector = pool.empty() ? "" : "nodeSelector: {karpenter.sh/nodepool: " + pool + "}, ";
  create("kind: Deployment\nmetadata: {name: " + app + "}\nspec: {replicas: " + std::to_string(replicas) +
         ", selector: {matchLabels: {app: " + app + "}}, template: {metadata: {labels: {app: " + app +
         "}}, spec: {" + selector +
         "containers: [{name: m, image: pause, resources: {requests: {cpu: '1'}}}]}}}");
}

void AppTest::drop_schema(const std::string& crd) {
  const auto versions =
      cluster.client().send(kube::get_request(kCrds, {.namespace_name = "", .name = crd}), {});
  ASSERT_TRUE(versions.has_value());
  json::Value change = json::Value::object();
  change["spec"]["versions"].set((*versions)["spec"]["versions"]);
  for (std::size_t i = 0; i < change["spec"]["versions"].view().size(); ++i) {
    const auto schema = change["spec"]["versions"][i]["schema"]["openAPIV3Schema"];
    schema.set_object();
    schema["type"].set("object");
    schema["x-kubernetes-preserve-unknown-fields"].set(true);
  }
  patch(kCrds, {.namespace_name = "", .name = crd}, change.dump());
}

std::size_t AppTest::running() {
  const auto pods = list<model::Pod>();
  return static_cast<std::size_t>(
      std::ranges::count_if(pods, [](const auto& pod) { return pod.status.phase == "Running"; }));
}

std::size_t AppTest::instances() {
  const auto all = cluster.aws().instances();
  return static_cast<std::size_t>(std::ranges::count_if(all, [](const auto& instance) {
    return instance.state == InstanceState::kPending || instance.state == InstanceState::kRunning;
  }));
}

bool AppTest::settles(const std::function<bool()>& done, std::chrono::seconds within) {
  return sim.run_until(done, sim.mono() + within);
}

std::vector<std::string> AppTest::lines(const std::vector<std::string>& words) const {
  auto out = sink_.lines();
  std::erase_if(out, [&](const std::string& line) {
    return std::ranges::any_of(words, [&](const auto& word) { return line.find(word) == std::string::npos; });
  });
  return out;
}

std::vector<model::KubeEvent> AppTest::events(std::string_view reason, std::string_view name) {
  auto out = list<model::KubeEvent>();
  std::erase_if(
      out, [&](const auto& event) { return event.reason != reason || event.involved_object.name != name; });
  return out;
}

}  // namespace karpenter::app_test
