#include "tests/simulation/weather.h"

#include "tests/simulation/wire.h"

namespace karpenter::simulation {
namespace {

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

bool is_ours(const net::HttpRequest& request) {
  return request.headers.get("Authorization") == std::string("Bearer ") + Weather::kControllerToken;
}

}  // namespace

devcluster::FaultHooks Weather::api_faults() {
  devcluster::FaultHooks out;
  out.before = [this](const net::HttpRequest& request) { return refuse_or_not(request); };
  out.after = [this](const net::HttpRequest& request) { return lose_or_not(request); };
  out.page_size = [this]() -> std::size_t {
    if (!on_ || spec_.faults.page_size == 0) return 0;
    return 1 + runtime::random_below(sim_, static_cast<std::uint64_t>(spec_.faults.page_size));
  };
  return out;
}

void Weather::rule_over(devcluster::AwsCloud& aws) {
  aws_ = &aws;
  aws.set_fault_hook([this](const devcluster::AwsRequest&) { return aws_fault(); });
  auto switches = fair();
  switches.throttle_every = static_cast<std::uint64_t>(spec_.faults.throttle_every);
  switches.describe_lag = spec_.faults.describe_lag;
  switches.fleet_limit = spec_.faults.fleet_limit;
  aws.set_switches(switches);
}

devcluster::AwsSwitches Weather::fair() const {
  devcluster::AwsSwitches out;
  if (spec_.instance_shutdown) out.shutdown_delay = *spec_.instance_shutdown;
  return out;
}

void Weather::end() {
  on_ = false;
  aws_->set_switches(fair());
  aws_->reset_capacity();
}

void Weather::brown_out(const Brownout& brownout) {
  auto& until = brownout.of == Brownout::Of::kApi ? api_out_until_ : aws_out_until_;
  until = sim_.mono() + brownout.lasts;
}

bool Weather::is_out(Brownout::Of what) const {
  return sim_.mono() < (what == Brownout::Of::kApi ? api_out_until_ : aws_out_until_);
}

bool Weather::chance(double probability) {
  return on_ && probability > 0 && runtime::random_unit(sim_) < probability;
}

std::optional<net::HttpResponse> Weather::refuse_or_not(const net::HttpRequest& request) {
  if (!is_ours(request)) return std::nullopt;
  if (is_out(Brownout::Of::kApi)) return status_response(503, "ServiceUnavailable");
  if (!chance(spec_.faults.api_refused)) return std::nullopt;
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

std::optional<net::HttpResponse> Weather::lose_or_not(const net::HttpRequest& request) {
  if (is_write(request)) count(request);
  if (!is_ours(request) || !chance(spec_.faults.api_lost)) return std::nullopt;
  return status_response(504, "Timeout");
}

// A deletion takes along what the object owns.
void Weather::count(const net::HttpRequest& request) {
  const bool pod = request.path().find("/pods") != std::string_view::npos;
  if (pod || request.method == "DELETE") ++pod_writes_;
  if (!pod) ++other_writes_;
}

std::optional<devcluster::AwsFault> Weather::aws_fault() {
  if (is_out(Brownout::Of::kAws) || chance(spec_.faults.aws_refused)) return devcluster::AwsFault{};
  if (chance(spec_.faults.aws_lost)) return devcluster::AwsFault{.when = devcluster::AwsFault::When::kAfter};
  return std::nullopt;
}

}  // namespace karpenter::simulation
