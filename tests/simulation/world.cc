#include "tests/simulation/world.h"

#include <algorithm>
#include <utility>

#include "common/net/loopback.h"
#include "controller/app/app.h"
#include "tests/simulation/objects.h"
#include "webhook/handlers/webhook_handler.h"

namespace karpenter::simulation {
namespace {

constexpr std::uint64_t kQuietWrites = 5;  // of the controller while nothing changes
const net::Origin kAwsOrigin{.scheme = "http", .host = "aws.simulated", .port = 80};
const net::Origin kWebhookOrigin{.scheme = "https", .host = "webhook.simulated", .port = 8443};

}  // namespace

// One life of the controller: its own process runtime, connections and App.
struct World::Controller {
  explicit Controller(World& world)
      : process(world.sim_.make_process("controller")), log(*process, world.log_, log_options()) {
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
    process->spawn("app", [this](std::stop_token stop) {
      static_cast<void>(app->run(std::move(stop)));
      ended = true;
    });
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
    out.bearer_token = [] { return std::string(Weather::kControllerToken); };
    return out;
  }

  // Killed, or gone by itself because it lost its lease.
  [[nodiscard]] bool is_over() const { return life.cut || ended; }

  Lifeline life;
  bool ended = false;
  std::unique_ptr<runtime::Runtime> process;
  telemetry::Log log;
  net::LoopbackTransport routes;
  std::unique_ptr<Wire> wire;
  std::unique_ptr<kube::Client> client;
  std::unique_ptr<app::App> app;
};

World::World(Spec spec, std::uint64_t seed, Deaths deaths)
    : spec_(std::move(spec)), sim_({.seed = seed}), weather_(sim_, spec_), deaths_(std::move(deaths)) {
  webhook_ = std::make_unique<webhook::WebhookHandler>(
      sim_, telemetry::Log(sim_, log_, Controller::log_options()), metrics_, conversion::Lookups{});
  cluster_ = std::make_unique<devcluster::EmbeddedCluster>(sim_, cluster_options());
  checker_ = std::make_unique<Checker>(client(), cluster_->aws(), spec_);
  director_ = std::make_unique<Director>(client(), cluster_->aws(), weather_, *checker_);
  weather_.rule_over(cluster_->aws());
}

World::~World() {
  stop_controller();
  sim_.stop_all();
  sim_.join_all();
}

Writes World::writes() const {
  auto out = past_writes_;
  if (!controller_) return out;
  out.all += controller_->life.writes.all;
  out.to_aws += controller_->life.writes.to_aws;
  return out;
}

devcluster::EmbeddedClusterOptions World::cluster_options() {
  devcluster::EmbeddedClusterOptions out;
  out.api.tokens = {{Weather::kControllerToken, {.name = "karpenter", .groups = {"system:masters"}}}};
  out.api.resolve_service = [](std::string_view, std::string_view, std::uint16_t) {
    return std::optional<net::Origin>(kWebhookOrigin);
  };
  out.api.webhook_transport = [this](const net::ClientTls&) {
    auto transport = std::make_shared<net::LoopbackTransport>();
    transport->route(kWebhookOrigin, *webhook_);
    return std::static_pointer_cast<net::Transport>(transport);
  };
  out.api.faults = weather_.api_faults();
  out.aws.cluster_version = "1.32";
  out.aws.instance_profile = kSeededProfile;
  return out;
}

std::uint64_t World::aws_errors() const {
  std::uint64_t out = 0;
  for (const auto& count : cluster_->aws().request_counts()) out += count.errors;
  return out;
}

// ---- the controller's lives

void World::start_controller() {
  ++lives_;
  controller_ = std::make_unique<Controller>(*this);
}

// As kill -9: from now on nothing it does reaches the world, nor does it release its lease.
void World::stop_controller() {
  if (!controller_) return;
  controller_->life.cut = true;
  past_writes_ = writes();
  controller_ = nullptr;
}

// At once, or at its next write: before it was sent, or done with the answer lost.
void World::kill_somehow() {
  const auto way = runtime::random_below(sim_, 3);
  if (way == 0) {
    controller_->life.cut = true;
    return;
  }
  controller_->life.die_at(
      {.at_write = 1, .way = way == 1 ? Death::Way::kNeverSent : Death::Way::kDoneButUnanswered});
}

// ---- playing

base::Status World::start(const std::vector<json::Value>& installation) {
  cluster_->start();
  for (const auto& object : installation) RETURN_IF_ERROR(create(client(), object));
  RETURN_IF_ERROR(create(client(), node_class()));
  RETURN_IF_ERROR(create(client(), node_pool(spec_)));
  for (const auto& pdb : spec_.pdbs) RETURN_IF_ERROR(create(client(), disruption_budget(pdb)));
  start_controller();
  return base::ok();
}

// Every instant at which faults that have a time happen, until they end.
void World::plan_faults() {
  const auto start = sim_.mono();
  const auto repeat = [&](nanoseconds period, const std::function<void()>& act) {
    if (period.count() == 0) return;
    for (auto at = period; at < spec_.faults_until; at += period) faults_.emplace_back(start + at, act);
  };
  repeat(spec_.faults.watch_cut_every, [this] { cluster_->api().cut_watches(); });
  repeat(spec_.faults.compact_every, [this] {
    cluster_->api().compact();
    cluster_->api().cut_watches();
  });
  repeat(spec_.faults.kill_every, [this] { kill_somehow(); });
  std::ranges::stable_sort(faults_, {}, &Moment::first);
  weather_.begin();
}

base::Status World::play() {
  const auto end_of_faults = sim_.mono() + spec_.faults_until;
  plan_faults();
  RETURN_IF_ERROR(tell());
  RETURN_IF_ERROR(run_to(end_of_faults));
  weather_.end();
  for (;;) {
    RETURN_IF_ERROR(settle());
    const auto life = lives_;
    RETURN_IF_ERROR(tidy_up());
    auto quiet = stay_quiet();
    if (lives_ == life) return quiet;  // else it died only now: a new life has a few things to write
  }
}

base::Status World::tell() {
  const auto start = sim_.mono();
  for (const auto& step : spec_.story) {
    RETURN_IF_ERROR(run_to(start + step.at));
    if (!step.phase.empty()) begin_phase(step.phase);
    if (const auto* until = std::get_if<Until>(&step.act)) RETURN_IF_ERROR(wait_for(*until));
    if (auto done = director_->perform(step.act); !done) return annotated(std::move(done).error());
  }
  end_phase();
  return base::ok();
}

void World::begin_phase(const std::string& name) {
  end_phase();
  phases_.push_back({name, {}});
  if (const auto death = deaths_.find(name); death != deaths_.end()) controller_->life.die_at(death->second);
}

void World::end_phase() {
  const auto now = writes();
  if (!phases_.empty()) {
    phases_.back().writes = {now.all - before_phase_.all, now.to_aws - before_phase_.to_aws};
    controller_->life.death.reset();
  }
  before_phase_ = now;
}

base::Status World::wait_for(const Until& until) {
  constexpr auto kLook = std::chrono::seconds(1);
  const auto deadline = sim_.mono() + spec_.settle_within;
  Revision seen;
  std::string missing = "not looked at";
  for (;;) {
    RETURN_IF_ERROR(run_to(sim_.mono() + kLook));
    // Launch templates, profiles and messages have no revision.
    if (weather_.revision() != seen || until.outcome == Until::Outcome::kClean)
      missing = director_->find_missing(until);
    seen = weather_.revision();
    if (missing.empty()) return base::ok();
    if (sim_.mono() > deadline) {
      auto error = base::internal("the story does not go on: " + missing);
      return annotated(std::move(error).add("machines", checker_->machines()));
    }
  }
}

// ---- checking

base::Status World::run_to(base::Mono at) {
  while (next_fault_ < faults_.size() && faults_[next_fault_].first <= at) {
    const auto& [when, act] = faults_[next_fault_++];
    RETURN_IF_ERROR(advance_to(when));
    act();
  }
  return advance_to(at);
}

base::Status World::advance_to(base::Mono at) {
  while (sim_.mono() < at) {
    base::Status held = base::ok();
    sim_.run_until(
        [&] {
          held = check_now();
          return !held || controller_->is_over();
        },
        at);
    RETURN_IF_ERROR(held);
    if (!controller_->is_over()) continue;
    stop_controller();
    start_controller();
  }
  return base::ok();
}

base::Error World::annotated(base::Error error) const {
  const auto ms = sim_.mono().time_since_epoch() / std::chrono::milliseconds(1);
  return std::move(error)
      .add("at", std::to_string(ms) + "ms")
      .add("phase", phases_.empty() ? "" : phases_.back().name);
}

base::Status World::check_now() {
  auto held = checker_->at_instant(weather_.revision());
  if (!held) return annotated(std::move(held).error());
  return held;
}

base::Status World::settle() {
  constexpr auto kLook = std::chrono::seconds(1);
  const auto deadline = sim_.mono() + spec_.settle_within;
  std::optional<double> cost;  // when first every pod ran
  std::string last;
  std::string unrest = "not looked at";
  Revision seen;
  auto life = lives_;
  auto steady_since = sim_.mono();
  for (;;) {
    RETURN_IF_ERROR(run_to(sim_.mono() + kLook));
    if (weather_.revision() != seen) {
      seen = weather_.revision();
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

// Launch templates go a minute or two after their last use, later when AWS was away.
base::Status World::tidy_up() {
  const auto deadline = sim_.mono() + std::chrono::minutes(5);
  for (;;) {
    const auto litter = checker_->find_litter();
    if (litter.empty()) return base::ok();
    if (sim_.mono() > deadline) return base::internal("left behind at rest: " + litter);
    RETURN_IF_ERROR(run_to(sim_.mono() + std::chrono::seconds(5)));
  }
}

base::Status World::stay_quiet() {
  const auto machines = checker_->machines();
  const auto before = writes().all;
  RETURN_IF_ERROR(run_to(sim_.mono() + spec_.quiet_for));
  if (const auto now = checker_->machines(); now != machines) {
    return base::internal("machines changed at rest").add("before", machines).add("after", now);
  }
  const auto wrote = writes().all - before;
  if (wrote <= kQuietWrites) return base::ok();
  return base::internal("the controller keeps writing at rest").add("writes", std::to_string(wrote));
}

std::vector<std::string> World::log_tail(std::size_t lines) const {
  auto all = log_.lines();
  if (all.size() > lines) all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(lines));
  return all;
}

}  // namespace karpenter::simulation
