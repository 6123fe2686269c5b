#include <algorithm>
#include <string>
#include <vector>

#include "common/base/strings.h"
#include "tests/devcluster/kube/table.h"

// The cells of built-in kinds that kubectl shows and no path selects.

namespace karpenter::devcluster {
namespace {

json::Value text_cell(std::string_view text) { return json::Value::of(text); }

json::Value number_cell(std::int64_t number) {
  json::Value out;
  out.ref().set(number);
  return out;
}

std::string waiting_reason(json::View pod) {
  for (const json::View status : pod["status"]["containerStatuses"].items()) {
    for (const char* state : {"waiting", "terminated"}) {
      const std::string reason = status["state"][state]["reason"].string_or("");
      if (!reason.empty()) return reason;
    }
  }
  return "";
}

std::string pod_status(json::View pod) {
  if (pod["metadata"]["deletionTimestamp"].is_string()) {
    return pod["status"]["reason"].string_or("") == "NodeLost" ? "Unknown" : "Terminating";
  }
  const std::string waiting = waiting_reason(pod);
  if (!waiting.empty()) return waiting;
  const std::string phase = pod["status"]["phase"].string_or("Unknown");
  for (const json::View condition : pod["status"]["conditions"].items()) {
    if (condition["type"].string_or("") == "PodScheduled" &&
        condition["reason"].string_or("") == "SchedulingGated") {
      return "SchedulingGated";
    }
  }
  if (phase == "Succeeded") return "Completed";
  const std::string reason = pod["status"]["reason"].string_or("");
  return reason.empty() ? phase : reason;
}

std::string pod_ready(json::View pod) {
  const std::vector<json::View> statuses = pod["status"]["containerStatuses"].items();
  const auto ready =
      std::ranges::count_if(statuses, [](json::View status) { return status["ready"].bool_or(false); });
  return std::to_string(ready) + "/" + std::to_string(pod["spec"]["containers"].size());
}

std::int64_t pod_restarts(json::View pod) {
  std::int64_t restarts = 0;
  for (const json::View status : pod["status"]["containerStatuses"].items())
    restarts += status["restartCount"].integer_or(0);
  return restarts;
}

std::string node_status(json::View node) {
  std::string text = "Unknown";
  for (const json::View condition : node["status"]["conditions"].items()) {
    if (condition["type"].string_or("") != "Ready") continue;
    text = condition["status"].string_or("") == "True" ? "Ready" : "NotReady";
  }
  if (node["spec"]["unschedulable"].bool_or(false)) text += ",SchedulingDisabled";
  return text;
}

std::string node_roles(json::View node) {
  constexpr std::string_view kPrefix = "node-role.kubernetes.io/";
  std::vector<std::string> roles;
  for (const auto& [key, value] : node["metadata"]["labels"].members()) {
    if (key.starts_with(kPrefix) && key.size() > kPrefix.size())
      roles.emplace_back(key.substr(kPrefix.size()));
  }
  return roles.empty() ? "<none>" : base::join(roles, ",");
}

std::string internal_ip(json::View node) {
  for (const json::View address : node["status"]["addresses"].items()) {
    if (address["type"].string_or("") == "InternalIP") return address["address"].string_or("");
  }
  return "<none>";
}

std::string service_ports(json::View service) {
  std::vector<std::string> ports;
  for (const json::View port : service["spec"]["ports"].items()) {
    ports.push_back(std::to_string(port["port"].integer_or(0)) + "/" + port["protocol"].string_or("TCP"));
  }
  return ports.empty() ? "<none>" : base::join(ports, ",");
}

std::string last_seen(json::View event, base::Time now) {
  for (const json::View time :
       {event["series"]["lastObservedTime"], event["lastTimestamp"], event["eventTime"],
        event["firstTimestamp"], event["metadata"]["creationTimestamp"]}) {
    if (time.is_string()) return age_of(time, now);
  }
  return "<unknown>";
}

json::Value argument_cell(std::string_view name, std::string_view path, json::View object) {
  const std::vector<json::View> found = select_path(object, path);
  if (name == "count") return number_cell(found.empty() ? 0 : found.front().integer_or(0));
  if (name == "bool") return found.empty() ? text_cell("false") : json::Value(found.front());
  if (found.empty()) return text_cell("N/A");
  return text_cell(found.front().is_string() ? found.front().string_or("") : found.front().dump());
}

std::int64_t count_of(std::string_view name, json::View object) {
  if (name == "data-count")
    return static_cast<std::int64_t>(object["data"].size() + object["binaryData"].size());
  if (name == "secret-count") return static_cast<std::int64_t>(object["secrets"].size());
  if (name == "webhook-count") return static_cast<std::int64_t>(object["webhooks"].size());
  if (name == "driver-count") return static_cast<std::int64_t>(object["spec"]["drivers"].size());
  return pod_restarts(object);
}

std::string phase_of(json::View object) {
  if (object["metadata"]["deletionTimestamp"].is_string()) return "Terminating";
  return object["status"]["phase"].string_or("");
}

}  // namespace

json::Value computed_cell(std::string_view name, json::View object, base::Time now) {
  if (const std::size_t colon = name.find(':'); colon != std::string_view::npos) {
    return argument_cell(name.substr(0, colon), name.substr(colon + 1), object);
  }
  if (name == "age") return text_cell(age_of(object["metadata"]["creationTimestamp"], now));
  if (name == "last-seen") return text_cell(last_seen(object, now));
  if (name == "pod-ready") return text_cell(pod_ready(object));
  if (name == "pod-status") return text_cell(pod_status(object));
  if (name == "node-status") return text_cell(node_status(object));
  if (name == "node-roles") return text_cell(node_roles(object));
  if (name == "internal-ip") return text_cell(internal_ip(object));
  if (name == "service-ports") return text_cell(service_ports(object));
  if (name == "phase") return text_cell(phase_of(object));
  if (name == "deployment-ready") {
    return text_cell(std::to_string(object["status"]["readyReplicas"].integer_or(0)) + "/" +
                     std::to_string(object["spec"]["replicas"].integer_or(0)));
  }
  if (name == "involved") {
    return text_cell(base::to_lower(object["involvedObject"]["kind"].string_or("")) + "/" +
                     object["involvedObject"]["name"].string_or(""));
  }
  if (name == "role-ref") {
    return text_cell(object["roleRef"]["kind"].string_or("") + "/" + object["roleRef"]["name"].string_or(""));
  }
  return number_cell(count_of(name, object));
}

}  // namespace karpenter::devcluster
