#include "tests/simulation/director.h"

#include <algorithm>
#include <utility>

#include "common/kube/api.h"
#include "common/model/karpenter/v1.h"
#include "tests/simulation/objects.h"

namespace karpenter::simulation {
namespace {

using Outcome = Until::Outcome;

base::Status send(kube::Client& client, const char* method, std::string target, json::View body) {
  net::HttpRequest request;
  request.method = method;
  request.target = std::move(target);
  const bool patch = request.method == "PATCH";
  request.headers.set("Content-Type", patch ? "application/merge-patch+json" : "application/json");
  if (request.method != "DELETE") request.body = body.dump();
  const auto path = request.target;
  auto answer = client.send(std::move(request), {});
  if (!answer) return std::move(answer).error().add("path", path);
  return base::ok();
}

}  // namespace

base::Status create(kube::Client& client, json::View object) {
  return send(client, "POST", collection_of(object), object);
}

base::Status Director::perform(const Act& act) {
  auto done = std::visit(
      [this]<class T>(const T& what) -> base::Status {
        if constexpr (std::is_same_v<T, std::monostate> || std::is_same_v<T, Until>) {
          return base::ok();
        } else {
          return act_on(what);
        }
      },
      act);
  before_ = checker_.instances_of("");
  dollars_before_ = checker_.dollars_per_hour();
  return done;
}

base::Status Director::act_on(const Scale& scale) {
  checker_.want(scale.app, scale.replicas);
  const auto object = deployment(scale);
  json::Value patch = json::Value::object();
  patch["spec"]["replicas"].set(scale.replicas);
  auto patched = send(client_, "PATCH", path_of(object), patch);
  return patched.failed_with(base::Code::kNotFound) ? create(client_, object) : patched;
}

base::Status Director::act_on(const Change& change) {
  switch (change.verb) {
    case Change::Verb::kApply:
      return create(client_, change.object);
    case Change::Verb::kPatch:
      return send(client_, "PATCH", path_of(change.object), change.object);
    case Change::Verb::kDelete:
      break;
  }
  return send(client_, "DELETE", path_of(change.object), change.object);
}

base::Status Director::act_on(const Interrupt& interrupt) {
  warned_.clear();
  for (const auto& instance : aws_.instances()) {
    if (std::ssize(warned_) == interrupt.count) break;
    if (instance.state != devcluster::InstanceState::kRunning || instance.capacity_type != "spot") continue;
    RETURN_IF_ERROR(aws_.interrupt(instance.id));
    checker_.excuse(instance.provider_id());
    warned_.insert(instance.id);
  }
  return base::ok();
}

base::Status Director::act_on(const Brownout& brownout) {
  weather_.brown_out(brownout);
  return base::ok();
}

base::Status Director::act_on(const Capacity& capacity) {
  aws_.set_capacity("*", "*", capacity.capacity_type, capacity.left);
  return base::ok();
}

std::string Director::find_missing(const Until& until) {
  switch (until.outcome) {
    case Outcome::kReady:
      return find_unready_pool();
    case Outcome::kPending:
      return checker_.find_waiting_pod().empty() ? "every pod runs" : "";
    case Outcome::kEmpty:
      return find_any_left(until.pool);
    case Outcome::kClean: {
      auto left = find_any_left("");
      if (left.empty()) left = checker_.find_remains();
      return left.empty() ? checker_.find_litter() : left;
    }
    default:
      break;
  }
  if (auto unrest = checker_.find_unrest(); !unrest.empty()) return unrest;
  if (until.outcome == Outcome::kCheaper && checker_.dollars_per_hour() >= dollars_before_)
    return "it costs as much as before";
  if (until.outcome == Outcome::kInterrupted) return find_survivor(warned_);
  if (until.outcome != Outcome::kReplaced) return "";
  const auto now = checker_.instances_of(until.pool);
  if (now.empty()) return "no instance of the pool lives";
  const bool old = std::ranges::any_of(now, [this](const auto& id) { return before_.contains(id); });
  return old ? "an instance is not replaced" : "";
}

std::string Director::find_survivor(const std::set<std::string>& doomed) const {
  if (doomed.empty()) return "nobody was warned";
  const auto alive = checker_.instances_of("");
  for (const auto& id : doomed) {
    if (alive.contains(id)) return id + " lives";
  }
  return "";
}

std::string Director::find_unready_pool() {
  const auto pool = kube::Api<model::NodePool>(client_).get({.namespace_name = "", .name = "default"}, {});
  if (!pool) return pool.error().text();
  return model::is_true((*pool).status.conditions, "Ready") ? "" : "the NodePool is not ready";
}

std::string Director::find_any_left(const std::string& pool) {
  const auto left = checker_.instances_of(pool);
  if (!left.empty()) return *left.begin() + " lives";
  return checker_.find_loose_end();
}

}  // namespace karpenter::simulation
