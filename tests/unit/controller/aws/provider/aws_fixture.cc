#include "tests/unit/controller/aws/provider/aws_fixture.h"

#include <utility>

#include "common/kube/codec.h"
#include "common/kube/kind.h"
#include "common/model/labels.h"

namespace karpenter::aws {
namespace {

const net::Origin kAwsOrigin{"http", "aws.test", 80};
const net::Origin kKubeOrigin{"http", "kube.test", 80};

std::string plain_path(std::string_view path) {
  const std::string_view suffix = "/status";
  if (path.ends_with(suffix)) path.remove_suffix(suffix.size());
  return std::string(path);
}

template <class T>
std::string path_of(const T& object) {
  return kube::object_path(kube::kind_of<T>(), object.meta.namespace_name, object.meta.name, "");
}

template <class T>
void write(AwsFixture& fixture, kube::Store<T>& store, const T& object) {
  fixture.kube_server.objects.insert_or_assign(path_of(object), kube::encode(object));
  store.upsert(std::make_shared<const T>(object));
}

template <class T>
void read_back(const MemoryKube& server, kube::Store<T>& store) {
  for (const auto& old : store.list()) {
    const auto it = server.objects.find(path_of(*old));
    if (it == server.objects.end()) {
      store.remove(model::key_of(old->meta));
    } else if (auto decoded = kube::decode<T>(it->second)) {
      store.upsert(std::make_shared<const T>(std::move(*decoded)));
    }
  }
}

AwsSettings settings_of(const std::string& queue) {
  AwsSettings out;
  out.cluster_name = "demo";
  out.cluster_ca_bundle = "Q0E=";
  out.endpoints.region = "us-west-2";
  out.endpoints.url = "http://aws.test";
  out.credentials.access_key_id = "test";
  out.credentials.secret_access_key = "test";
  out.interruption_queue = queue;
  return out;
}

}  // namespace

MemoryKube::MemoryKube() {
  json::Value version = json::Value::object();
  version["major"].set("1");
  version["minor"].set("34+");
  objects["/version"] = version;
  json::Value dns = json::Value::object();
  dns["metadata"]["name"].set("kube-dns");
  dns["metadata"]["namespace"].set("kube-system");
  dns["spec"]["clusterIP"].set("10.96.0.10");
  objects["/api/v1/namespaces/kube-system/services/kube-dns"] = dns;
}

net::HttpResponse MemoryKube::handle(const net::HttpRequest& request, const net::Call&) {
  const std::string path = plain_path(request.path());
  const auto it = objects.find(path);
  if (it == objects.end())
    return net::json_response(404, R"({"kind":"Status","reason":"NotFound","code":404})");
  if (request.method == "DELETE") {
    deleted.push_back(path);
    objects.erase(it);
    return net::json_response(200, "{}");
  }
  if (request.method == "PATCH") {
    const auto patch = json::parse(request.body);
    if (!patch) return net::json_response(400, "{}");
    const std::string stored = (*patch)["metadata"]["resourceVersion"].string_or("");
    const std::string current = it->second.view()["metadata"]["resourceVersion"].string_or("");
    if (!stored.empty() && stored != current) {
      return net::json_response(409, R"({"kind":"Status","reason":"Conflict","code":409})");
    }
    json::apply_merge_patch(it->second.ref(), *patch);
    it->second["metadata"]["resourceVersion"].set(current + "1");
  }
  return net::json_response(200, it->second.dump());
}

AwsFixture::AwsFixture(std::string queue)
    : cloud(runtime), log(runtime, sink, {.level = telemetry::Level::kDebug}) {
  transport.route(kAwsOrigin, cloud);
  transport.route(kKubeOrigin, kube_server);
  kube::Client::Options options;
  options.origin = kKubeOrigin;
  kube = std::make_unique<kube::Client>(runtime, transport, options);
  auto made = Aws::make(settings_of(queue),
                        {runtime, transport, log, metrics, events, *kube, node_classes, node_pools});
  KARP_CHECK(made.has_value());
  aws = std::move(made).value();
  node_claims.replace({});
  nodes.replace({});
}

AwsFixture::~AwsFixture() {
  runtime.stop_all();
  runtime.join_all();
}

void AwsFixture::put(const model::Ec2NodeClass& node_class) { write(*this, node_classes, node_class); }
void AwsFixture::put(const model::NodePool& pool) { write(*this, node_pools, pool); }
void AwsFixture::put(const model::NodeClaim& claim) { write(*this, node_claims, claim); }
void AwsFixture::put(const model::Node& node) { write(*this, nodes, node); }

void AwsFixture::sync() {
  read_back(kube_server, node_classes);
  read_back(kube_server, node_pools);
  read_back(kube_server, node_claims);
  read_back(kube_server, nodes);
}

model::Ec2NodeClass a_node_class() {
  model::Ec2NodeClass out;
  out.meta.name = "default";
  out.meta.uid = "class-uid";
  out.meta.generation = 1;
  out.meta.resource_version = "1";
  out.meta.creation_timestamp = base::Time{};
  out.spec.role = "KarpenterNodeRole-demo";
  model::AmiSelectorTerm ami;
  ami.alias = "al2023@latest";
  out.spec.ami_selector_terms = {ami};
  model::SelectorTerm discovery;
  discovery.tags = {{"karpenter.sh/discovery", "demo"}};
  out.spec.subnet_selector_terms = {discovery};
  out.spec.security_group_selector_terms = {discovery};
  return out;
}

model::NodePool a_node_pool() {
  model::NodePool out;
  out.meta.name = "default";
  out.meta.uid = "pool-uid";
  out.spec.node_template.spec.node_class_ref = {"karpenter.k8s.aws", "EC2NodeClass", "default"};
  return out;
}

model::NodeClaim a_claim(std::string name) {
  model::NodeClaim out;
  out.meta.name = std::move(name);
  out.meta.uid = "uid-of-" + out.meta.name;
  out.meta.resource_version = "1";
  out.meta.labels = {{std::string(model::labels::kNodePool), "default"}};
  out.spec.node_class_ref = {"karpenter.k8s.aws", "EC2NodeClass", "default"};
  const auto require = [&](std::string_view key, std::string value) {
    model::NodeSelectorRequirement one;
    one.key = key;
    one.op = "In";
    one.values = {std::move(value)};
    out.spec.requirements.push_back(one);
  };
  require(model::labels::kCapacityType, "on-demand");
  require(model::labels::kArch, "amd64");
  require(model::labels::kOs, "linux");
  out.spec.requests.set(model::kCpu, model::Quantity::of(1));
  return out;
}

}  // namespace karpenter::aws
