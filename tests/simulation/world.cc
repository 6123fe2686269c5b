#include "tests/simulation/world.h"

#include <algorithm>
#include <utility>

#include "common/net/loopback.h"
#include "controller/app/app.h"
#include "tests/simulation/objects.h"
#include "webhook/handlers/webhook_handler.h"

namespace karpenter::simulation {
namespace {

constexpr const char* kControllerToken = "controller-token";
constexpr std::uint64_t kQuietWrites = 5;  // of the controller while nothing changes
const net::Origin kAwsOrigin{.scheme = "http", .host = "aws.simulated", .port = 80};
const net::Origin kWebhookOrigin{.scheme = "https", .host = "webhook.simulated", .port = 8443};

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

}  // namespace

// One life of the controller: its own process runtime, connections and App.
struct World::Controller {
  Controller(World& world, std::optional<Death> death)
      : life{.death = death},
        process(world.sim_.make_process("controller")),
        log(*process, world.log_, log_options()) {
    routes.route(devcluster::EmbeddedCluster::internal_origin(), world.cluster_->api());
    routes.route(kAwsOrigin, world.cluster_->aws());
    wire = std::make_unique<Wire>(world.sim_, routes, life);
    client = std::make_unique<kube::Client>(*process, *wire, client_options());
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
    auto made =
        app::App::make(std::move(settings), {*process, *client, *client, *wire, log, world.metrics_, "sim"});
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

  Lifeline life;
  std::unique_ptr<runtime::Runtime> process;
  telemetry::Log log;
  net::LoopbackTransport routes;
  std::unique_ptr<Wire> wire;
  std::unique_ptr<kube::Client> client;
  std::unique_ptr<app::App> app;
};

World::World(Spec spec, std::uint64_t seed, std::optional<Death> death)
    : spec_(std::move(spec)), sim_({.seed = seed}), first_death_(death) {
  webhook_ = std::make_unique<webhook::WebhookHandler>(
      sim_, telemetry::Log(sim_, log_, Controller::log_options()), metrics_, conversion::Lookups{});
  cluster_ = std::make_unique<devcluster::EmbeddedCluster>(sim_, cluster_options());
  checker_ = std::make_unique<Checker>(client(), cluster_->aws(), spec_);
  set_aws_faults();
}

World::~World() {
  faults_on_ = false;
  stop_controller();
  sim_.stop_all();
  sim_.join_all();
}

std::uint64_t World::writes() const { return past_writes_ + (controller_ ? controller_->life.writes : 0); }

std::vector<std::uint64_t> World::cloud_writes() const { return controller_->life.cloud_writes; }

// ---- faults

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
  out.api.faults = api_faults();
  out.aws.cluster_version = "1.32";
  return out;
}

devcluster::FaultHooks World::api_faults() {
  devcluster::FaultHooks out;
  out.before = [this](const net::HttpRequest& request) { return refuse_or_not(request); };
  out.after = [this](const net::HttpRequest& request) { return lose_or_not(request); };
  out.page_size = [this]() -> std::size_t {
    if (!faults_on_ || spec_.faults.page_size == 0) return 0;
    return 1 + runtime::random_below(sim_, static_cast<std::uint64_t>(spec_.faults.page_size));
  };
  return out;
}

bool World::chance(double probability) {
  return faults_on_ && probability > 0 && runtime::random_unit(sim_) < probability;
}

std::optional<net::HttpResponse> World::refuse_or_not(const net::HttpRequest& request) {
  if (!is_ours(request) || !chance(spec_.faults.api_refused)) return std::nullopt;
  switch (runtime::random_below(sim_, 3)) {
    case 0:
      return status_response(500, "InternalError");
    case 1:
      return status_response(429, "TooManyRequests");
    default:
      return request.method == "GET" ? status_response(503, "ServiceUnavailable")
                                     : status_response(409, "Conflict");
  }
}

std::optional<net::HttpResponse> World::lose_or_not(const net::HttpRequest& request) {
  if (is_write(request)) ++changes_;
  if (!is_ours(request) || !chance(spec_.faults.api_lost)) return std::nullopt;
  return status_response(504, "Timeout");
}

void World::set_aws_faults() {
  auto& aws = cluster_->aws();
  aws.set_fault_hook([this](const devcluster::AwsRequest&) -> std::optional<devcluster::AwsFault> {
    if (chance(spec_.faults.aws_refused)) return devcluster::AwsFault{};
    if (chance(spec_.faults.aws_lost))
      return devcluster::AwsFault{.when = devcluster::AwsFault::When::kAfter};
    return std::nullopt;
  });
  auto switches = aws.switches();
  switches.throttle_every = static_cast<std::uint64_t>(spec_.faults.throttle_every);
  switches.describe_lag = spec_.faults.describe_lag;
  switches.fleet_limit = spec_.faults.fleet_limit;
  aws.set_switches(switches);
  if (const auto& shortage = spec_.faults.shortage) {
    aws.set_capacity(shortage->type, shortage->zone, shortage->capacity_type, shortage->count);
  }
}

void World::end_faults() {
  faults_on_ = false;
  cluster_->aws().set_switches({});
  cluster_->aws().reset_capacity();
}

// ---- the controller's lives

void World::start_controller(std::optional<Death> death) {
  ++lives_;
  controller_ = std::make_unique<Controller>(*this, death);
}

// As kill -9: from now on nothing it does reaches the world, nor does it release its lease.
void World::stop_controller() {
  if (!controller_) return;
  controller_->life.cut = true;
  past_writes_ += controller_->life.writes;
  controller_ = nullptr;
}

// At once, or at its next write: before it was sent, or done with the answer lost.
void World::kill_somehow() {
  const auto way = runtime::random_below(sim_, 3);
  if (way == 0) {
    controller_->life.cut = true;
    return;
  }
  controller_->life.death =
      Death{.at_write = controller_->life.writes + 1,
            .write = way == 1 ? Death::Write::kNeverSent : Death::Write::kDoneButUnanswered};
}

// ---- workload

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

base::Status World::start(const std::vector<json::Value>& installation) {
  cluster_->start();
  for (const auto& object : installation) RETURN_IF_ERROR(apply(object));
  RETURN_IF_ERROR(apply(node_class()));
  RETURN_IF_ERROR(apply(node_pool(spec_)));
  if (spec_.pdb) RETURN_IF_ERROR(apply(disruption_budget(*spec_.pdb)));
  start_controller(first_death_);
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
void World::plan(std::vector<Moment>& moments) {
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
  repeat(spec_.faults.kill_every, [this] { kill_somehow(); });
  for (const auto& scaling : spec_.workload)
    moments.emplace_back(start + scaling.at, [this, scaling] { scale(scaling); });
  moments.emplace_back(start + spec_.faults_until, [this] { end_faults(); });
  std::ranges::stable_sort(moments, {}, &Moment::first);
}

base::Status World::play() {
  std::vector<Moment> moments;
  plan(moments);
  faults_on_ = true;
  for (const auto& [at, act] : moments) {
    RETURN_IF_ERROR(run_to(at));
    act();
  }
  for (;;) {
    RETURN_IF_ERROR(settle());
    const auto life = lives_;
    auto quiet = stay_quiet();
    if (lives_ == life) return quiet;  // else it died only now: a new life has a few things to write
  }
}

// ---- checking

base::Status World::run_to(base::Mono at) {
  while (sim_.mono() < at) {
    base::Status held = base::ok();
    sim_.run_until(
        [&] {
          held = check_now();
          return !held || controller_->life.cut;
        },
        at);
    RETURN_IF_ERROR(held);
    if (!controller_->life.cut) continue;
    stop_controller();
    start_controller();
  }
  return base::ok();
}

base::Status World::check_now() {
  if (revision() == checked_) return base::ok();
  checked_ = revision();
  auto held = checker_->at_instant();
  if (!held)
    return std::move(held).error().add(
        "at", std::to_string(sim_.mono().time_since_epoch() / std::chrono::milliseconds(1)) + "ms");
  return held;
}

std::uint64_t World::revision() const { return changes_ + cluster_->aws().revision(); }

base::Status World::settle() {
  constexpr auto kLook = std::chrono::seconds(1);
  const auto deadline = sim_.mono() + spec_.settle_within;
  std::optional<double> cost;  // when first every pod ran
  std::string last;
  std::string unrest = "not looked at";
  std::uint64_t seen = 0;
  auto life = lives_;
  auto steady_since = sim_.mono();
  for (;;) {
    RETURN_IF_ERROR(run_to(sim_.mono() + kLook));
    if (revision() != seen) {
      seen = revision();
      unrest = checker_->find_unrest();
      auto machines = checker_->machines();
      if (machines != last) steady_since = sim_.mono();
      last = std::move(machines);
    }
    if (!unrest.empty() || lives_ != life) steady_since = sim_.mono();
    life = lives_;
    if (unrest.empty() && !cost) cost = checker_->dollars_per_hour();
    if (sim_.mono() - steady_since >= spec_.steady_for) break;
    if (sim_.mono() > deadline)
      return base::internal("the cluster did not come to rest: " + unrest).add("machines", last);
  }
  if (checker_->dollars_per_hour() > *cost)
    return base::internal("the cluster costs more at rest than when its pods first ran");
  return base::ok();
}

base::Status World::stay_quiet() {
  const auto machines = checker_->machines();
  const auto before = writes();
  RETURN_IF_ERROR(run_to(sim_.mono() + spec_.quiet_for));
  if (const auto now = checker_->machines(); now != machines) {
    return base::internal("machines changed at rest").add("before", machines).add("after", now);
  }
  if (writes() - before <= kQuietWrites) return base::ok();
  return base::internal("the controller keeps writing at rest")
      .add("writes", std::to_string(writes() - before));
}

std::vector<std::string> World::log_tail(std::size_t lines) const {
  auto all = log_.lines();
  if (all.size() > lines) all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(lines));
  return all;
}

}  // namespace karpenter::simulation
