#include "tests/simulation/world.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "common/base/strings.h"
#include "common/json/yaml.h"
#include "tests/simulation/checks.h"

namespace karpenter::simulation {
namespace {

constexpr const char* kControllerToken = "controller-token";
const net::Origin kAwsOrigin{.scheme = "http", .host = "aws.simulated", .port = 80};
const net::Origin kWebhookOrigin{.scheme = "https", .host = "webhook.simulated", .port = 8443};

std::string source_dir() {
  const char* dir = std::getenv("KARPENTER_SOURCE_DIR");
  return dir == nullptr ? "." : dir;
}

base::Result<std::vector<json::Value>> read_documents(const std::filesystem::path& path) {
  std::ifstream in(path);
  if (!in) return base::not_found("cannot read file").add("path", path.string());
  return json::parse_yaml(std::string(std::istreambuf_iterator<char>(in), {}));
}

std::string path_of(json::View object) {
  const auto version = object["apiVersion"].string_or("");
  const auto kind = base::to_lower(object["kind"].string_or(""));
  const std::string root = version.find('/') == std::string::npos ? "/api/" : "/apis/";
  const auto ns = object["metadata"]["namespace"].string_or("");
  const std::string plural = kind.ends_with("class") ? kind + "es" : kind + "s";
  return root + version + (ns.empty() ? "" : "/namespaces/" + ns) + "/" + plural;
}

net::HttpResponse status_response(int code, std::string_view reason) {
  json::Value out = json::Value::object();
  out["kind"].set("Status");
  out["apiVersion"].set("v1");
  out["status"].set("Failure");
  out["reason"].set(reason);
  out["message"].set("injected fault");
  out["code"].set(code);
  return net::json_response(code, out.dump());
}

// The actors of the embedded cluster must not fail: they stand for what is outside our process.
bool is_ours(const net::HttpRequest& request) {
  return request.headers.get("Authorization") == std::string("Bearer ") + kControllerToken;
}

json::Value node_pool(const Spec& spec) {
  json::Value out = json::Value::object();
  out["apiVersion"].set("karpenter.sh/v1");
  out["kind"].set("NodePool");
  out["metadata"]["name"].set("default");
  const auto disruption = out["spec"]["disruption"];
  disruption["consolidateAfter"].set(spec.consolidate_after);
  disruption["budgets"].push_back()["nodes"].set(spec.budget);
  const auto body = out["spec"]["template"]["spec"];
  body["nodeClassRef"]["group"].set("karpenter.k8s.aws");
  body["nodeClassRef"]["kind"].set("EC2NodeClass");
  body["nodeClassRef"]["name"].set("default");
  const auto family = body["requirements"].push_back();
  family["key"].set("karpenter.k8s.aws/instance-family");
  family["operator"].set("In");
  for (const auto* name : {"m5", "c5", "m6i"}) family["values"].push_back(name);
  const auto capacity = body["requirements"].push_back();
  capacity["key"].set("karpenter.sh/capacity-type");
  capacity["operator"].set("In");
  for (const auto* name : {"spot", "on-demand"}) capacity["values"].push_back(name);
  return out;
}

json::Value node_class() {
  json::Value out = json::Value::object();
  out["apiVersion"].set("karpenter.k8s.aws/v1");
  out["kind"].set("EC2NodeClass");
  out["metadata"]["name"].set("default");
  const auto spec = out["spec"];
  spec["role"].set("KarpenterNodeRole-demo");
  spec["amiSelectorTerms"].push_back()["alias"].set("al2023@latest");
  spec["subnetSelectorTerms"].push_back()["tags"]["karpenter.sh/discovery"].set("demo");
  spec["securityGroupSelectorTerms"].push_back()["tags"]["karpenter.sh/discovery"].set("demo");
  return out;
}

json::Value deployment(const Scaling& scaling) {
  json::Value out = json::Value::object();
  out["apiVersion"].set("apps/v1");
  out["kind"].set("Deployment");
  out["metadata"]["name"].set(scaling.app);
  out["metadata"]["namespace"].set("default");
  out["spec"]["replicas"].set(scaling.replicas);
  out["spec"]["selector"]["matchLabels"]["app"].set(scaling.app);
  out["spec"]["template"]["metadata"]["labels"]["app"].set(scaling.app);
  const auto container = out["spec"]["template"]["spec"]["containers"].push_back();
  container["name"].set("main");
  container["image"].set("pause");
  container["resources"]["requests"]["cpu"].set(scaling.cpu);
  return out;
}

}  // namespace

// One life of the controller: its own process runtime, connections and App.
struct World::Controller {
  explicit Controller(World& world) : process(world.sim_.make_process("controller")), log(*process, world.log_, log_options()) {
    kube_transport.route(devcluster::EmbeddedCluster::internal_origin(), world.cluster_->api());
    aws_transport.route(kAwsOrigin, world.cluster_->aws());
    client = std::make_unique<kube::Client>(*process, kube_transport, client_options());
    app::Settings settings;
    settings.options.cluster_name = "demo";
    settings.options.interruption_queue = "demo";
    settings.options.leader_election_namespace = "kube-system";
    settings.aws.cluster_name = "demo";
    settings.aws.interruption_queue = "demo";
    settings.aws.endpoints.region = "us-west-2";
    settings.aws.endpoints.url = "http://aws.simulated";
    settings.aws.credentials.access_key_id = "test";
    settings.aws.credentials.secret_access_key = "test";
    auto made = app::App::make(std::move(settings), {*process, *client, *client, aws_transport, log, world.metrics_, "sim"});
    KARP_CHECK(made.has_value());
    app = std::move(made).value();
    process->spawn("app", [this](std::stop_token stop) { static_cast<void>(app->run(std::move(stop))); });
  }
  ~Controller() {
    process->stop_all();
    process->join_all();
  }
  static telemetry::LogOptions log_options() {
    telemetry::LogOptions out;
    out.level = telemetry::Level::kDebug;
    out.sampling = false;
    return out;
  }
  static kube::Client::Options client_options() {
    kube::Client::Options out;
    out.origin = devcluster::EmbeddedCluster::internal_origin();
    out.bearer_token = [] { return std::string(kControllerToken); };
    return out;
  }

  std::unique_ptr<runtime::Runtime> process;
  telemetry::Log log;
  net::LoopbackTransport kube_transport;
  net::LoopbackTransport aws_transport;
  std::unique_ptr<kube::Client> client;
  std::unique_ptr<app::App> app;
};

World::World(Spec spec, std::uint64_t seed) : spec_(std::move(spec)), sim_({.seed = seed}) {
  webhook_ = std::make_unique<webhook::WebhookHandler>(
      sim_, telemetry::Log(sim_, log_, Controller::log_options()), metrics_, conversion::Lookups{});
  cluster_ = std::make_unique<devcluster::EmbeddedCluster>(sim_, cluster_options());
  set_aws_faults();
}

World::~World() {
  faults_on_ = false;
  stop_controller();
  sim_.stop_all();
  sim_.join_all();
}

devcluster::EmbeddedClusterOptions World::cluster_options() {
  devcluster::EmbeddedClusterOptions out;
  out.api.tokens = {{kControllerToken, {.name = "karpenter", .groups = {"system:masters"}}}};
  out.api.resolve_service = [](std::string_view, std::string_view, std::uint16_t) {
    return std::optional<net::Origin>(kWebhookOrigin);
  };
  out.api.webhook_transport = [this](const net::ClientTls&) {
    auto transport = std::make_shared<net::LoopbackTransport>();
    transport->route(kWebhookOrigin, *webhook_);
    return std::static_pointer_cast<net::Transport>(transport);
  };
  out.api.faults.before = [this](const net::HttpRequest& request) { return refuse_or_not(request); };
  out.api.faults.after = [this](const net::HttpRequest& request) { return lose_or_not(request); };
  out.aws.cluster_version = "1.32";
  return out;
}

bool World::chance(double probability) {
  return faults_on_ && probability > 0 && runtime::random_unit(sim_) < probability;
}

std::optional<net::HttpResponse> World::refuse_or_not(const net::HttpRequest& request) {
  if (!is_ours(request) || !chance(spec_.faults.api_refused)) return std::nullopt;
  switch (runtime::random_below(sim_, 3)) {
    case 0: return status_response(500, "InternalError");
    case 1: return status_response(429, "TooManyRequests");
    default: return request.method == "GET" ? status_response(503, "ServiceUnavailable") : status_response(409, "Conflict");
  }
}

std::optional<net::HttpResponse> World::lose_or_not(const net::HttpRequest& request) {
  if (!is_ours(request) || !chance(spec_.faults.api_lost)) return std::nullopt;
  return status_response(504, "Timeout");
}

void World::set_aws_faults() {
  auto& aws = cluster_->aws();
  aws.set_fault_hook([this](const devcluster::AwsRequest&) -> std::optional<devcluster::AwsFault> {
    if (chance(spec_.faults.aws_refused)) return devcluster::AwsFault{};
    if (chance(spec_.faults.aws_lost)) return devcluster::AwsFault{.when = devcluster::AwsFault::When::kAfter};
    return std::nullopt;
  });
  if (const auto& shortage = spec_.faults.shortage) {
    aws.set_capacity(shortage->type, shortage->zone, shortage->capacity_type, 0);
  }
}

void World::start_controller() { controller_ = std::make_unique<Controller>(*this); }
void World::stop_controller() { controller_ = nullptr; }

base::Status World::apply(json::View object) {
  net::HttpRequest request;
  request.method = "POST";
  request.target = path_of(object);
  request.headers.set("Content-Type", "application/json");
  request.body = object.dump();
  auto answer = client().send(std::move(request), {});
  if (!answer) return std::move(answer).error().add("object", object["metadata"]["name"].string_or(""));
  return base::ok();
}

base::Status World::apply_files() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(source_dir() + "/manifests/crds")) {
    paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  paths.emplace_back(source_dir() + "/manifests/install/rbac.yaml");
  paths.emplace_back(source_dir() + "/manifests/install/webhook.yaml");
  for (const auto& path : paths) {
    ASSIGN_OR_RETURN(const auto documents, read_documents(path));
    for (auto document : documents) {
      for (std::size_t i = 0; i < document["webhooks"].view().size(); ++i) {
        document["webhooks"][i]["clientConfig"]["caBundle"].set("");
      }
      RETURN_IF_ERROR(apply(document));
    }
  }
  return base::ok();
}

base::Status World::start() {
  cluster_->start();
  RETURN_IF_ERROR(apply_files());
  RETURN_IF_ERROR(apply(node_class()));
  RETURN_IF_ERROR(apply(node_pool(spec_)));
  start_controller();
  return base::ok();
}

void World::scale(const Scaling& scaling) {
  const kube::Kind kind{"apps", "v1", "Deployment", "deployments", true};
  json::Value patch = json::Value::object();
  patch["spec"]["replicas"].set(scaling.replicas);
  const model::ObjectKey key{.namespace_name = "default", .name = scaling.app};
  auto patched = client().send(kube::patch_request(kind, key, kube::PatchType::kMerge, patch, ""), {});
  if (patched.failed_with(base::Code::kNotFound)) KARP_CHECK(apply(deployment(scaling)).has_value());
}

// Every instant at which the world itself does something, until the faults end.
void World::plan_faults(std::vector<Moment>& moments) {
  const auto start = sim_.mono();
  const auto repeat = [&](nanoseconds period, const std::function<void()>& act) {
    if (period.count() == 0) return;
    for (auto at = period; at < spec_.faults_until; at += period) moments.emplace_back(start + at, act);
  };
  repeat(spec_.faults.watch_cut_every, [this] { cluster_->api().cut_watches(); });
  repeat(spec_.faults.compact_every, [this] {
    cluster_->api().compact();
    cluster_->api().cut_watches();
  });
  repeat(spec_.faults.restart_every, [this] {
    stop_controller();
    start_controller();
  });
  for (const auto& scaling : spec_.workload) moments.emplace_back(start + scaling.at, [this, scaling] { scale(scaling); });
  moments.emplace_back(start + spec_.faults_until, [this] {
    faults_on_ = false;
    auto switches = cluster_->aws().switches();
    switches.throttle_every = 0;
    cluster_->aws().set_switches(switches);
    cluster_->aws().reset_capacity();
  });
  std::ranges::stable_sort(moments, {}, &Moment::first);
}

base::Status World::play() {
  std::vector<Moment> moments;
  plan_faults(moments);
  faults_on_ = true;
  auto switches = cluster_->aws().switches();
  switches.throttle_every = static_cast<std::uint64_t>(spec_.faults.throttle_every);
  cluster_->aws().set_switches(switches);
  base::Status held = base::ok();
  for (const auto& [at, act] : moments) {
    while (sim_.mono() < at) {
      sim_.run_until([] { return false; }, std::min(at, sim_.mono() + std::chrono::seconds(5)));
      if (held = check_always(); !held) return held;
    }
    act();
  }
  std::string unsettled;
  const bool settled = sim_.run_until(
      [&] {
        if (held = check_always(); !held) return true;
        unsettled = what_is_unsettled();
        return unsettled.empty();
      },
      sim_.mono() + spec_.settle_within);
  if (!held) return held;
  if (!settled) return base::internal("the cluster did not come to rest: " + unsettled);
  return base::ok();
}

base::Status World::check_always() { return checks::always(client(), aws()); }

std::string World::what_is_unsettled() { return checks::find_unrest(client(), aws()); }

std::vector<std::string> World::log_tail(std::size_t lines) const {
  auto all = log_.lines();
  if (all.size() > lines) all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(lines));
  return all;
}

}  // namespace karpenter::simulation
