#include "tests/devcluster/aws/admin.h"

#include <map>

#include "common/base/strings.h"
#include "common/json/json.h"

namespace karpenter::devcluster::aws_emulator {
namespace {

using Query = std::map<std::string, std::string>;

struct Route {
  std::string_view method;
  base::Result<json::Value> (*run)(AwsCloud&, const Query&, const std::string& body);
};

base::Result<std::string> get_parameter(const Query& query, const std::string& name) {
  const auto found = query.find(name);
  if (found == query.end() || found->second.empty())
    return base::invalid("a query parameter is missing").add("parameter", name);
  return found->second;
}

base::Result<double> get_number(const Query& query, const std::string& name) {
  ASSIGN_OR_RETURN(const auto text, get_parameter(query, name));
  const auto number = base::parse_double(text);
  if (!number || *number < 0) return base::invalid("not a non-negative number").add(name, text);
  return *number;
}

json::Value done() {
  auto out = json::Value::object();
  out["done"].set(true);
  return out;
}

base::Result<json::Value> show_instances(AwsCloud& cloud, const Query&, const std::string&) {
  auto out = json::Value::object();
  out["instances"].set_array();
  for (const auto& view : cloud.instances()) {
    const auto item = out["instances"].push_back();
    item["id"].set(view.id);
    item["type"].set(view.type);
    item["zone"].set(view.zone);
    item["state"].set(state_name(view.state));
    item["capacityType"].set(view.capacity_type);
    item["price"].set(view.price);
    item["imageId"].set(view.image_id);
    item["imageName"].set(view.image_name);
    item["architecture"].set(view.architecture);
    item["subnetId"].set(view.subnet_id);
    item["privateDnsName"].set(view.private_dns_name);
    item["privateIp"].set(view.private_ip);
    item["launchTime"].set(base::format_rfc3339(view.launch_time));
    item["tags"].set_object();
    for (const auto& [key, value] : view.tags) item["tags"][key].set(value);
  }
  return out;
}

base::Result<json::Value> show_requests(AwsCloud& cloud, const Query&, const std::string&) {
  auto out = json::Value::object();
  out["requests"].set_array();
  for (const auto& count : cloud.request_counts()) {
    const auto item = out["requests"].push_back();
    item["service"].set(count.service);
    item["operation"].set(count.operation);
    item["signed"].set(static_cast<std::int64_t>(count.signed_requests));
    item["unsigned"].set(static_cast<std::int64_t>(count.unsigned_requests));
    item["errors"].set(static_cast<std::int64_t>(count.errors));
  }
  return out;
}

base::Result<json::Value> show_leftovers(AwsCloud& cloud, const Query&, const std::string&) {
  auto out = json::Value::object();
  out["launchTemplates"].set_array();
  for (const auto& name : cloud.launch_template_names())
    out["launchTemplates"].push_back(std::string_view(name));
  out["instanceProfiles"].set_array();
  for (const auto& name : cloud.instance_profile_names())
    out["instanceProfiles"].push_back(std::string_view(name));
  out["queuedMessages"].set(static_cast<std::int64_t>(cloud.queued_messages()));
  return out;
}

base::Result<json::Value> interrupt(AwsCloud& cloud, const Query& query, const std::string&) {
  ASSIGN_OR_RETURN(const auto id, get_parameter(query, "instance"));
  RETURN_IF_ERROR(cloud.interrupt(id));
  return done();
}

base::Result<json::Value> terminate(AwsCloud& cloud, const Query& query, const std::string&) {
  ASSIGN_OR_RETURN(const auto id, get_parameter(query, "instance"));
  RETURN_IF_ERROR(cloud.terminate(id));
  return done();
}

base::Result<json::Value> set_capacity(AwsCloud& cloud, const Query& query, const std::string&) {
  ASSIGN_OR_RETURN(const auto type, get_parameter(query, "type"));
  ASSIGN_OR_RETURN(const auto zone, get_parameter(query, "zone"));
  ASSIGN_OR_RETURN(const auto capacity_type, get_parameter(query, "capacity-type"));
  ASSIGN_OR_RETURN(const auto text, get_parameter(query, "count"));
  const auto count = base::parse_int64(text);
  if (text != "unlimited" && (!count || *count < 0))
    return base::invalid("count must be a number >= 0 or unlimited").add("count", text);
  cloud.set_capacity(type, zone, capacity_type, count);
  return done();
}

base::Result<json::Value> set_price(AwsCloud& cloud, const Query& query, const std::string&) {
  ASSIGN_OR_RETURN(const auto type, get_parameter(query, "type"));
  ASSIGN_OR_RETURN(const auto price, get_number(query, "price"));
  const auto zone = query.find("zone");
  RETURN_IF_ERROR(zone == query.end() ? cloud.set_on_demand_price(type, price)
                                      : cloud.set_spot_price(type, zone->second, price));
  return done();
}

base::Result<json::Value> release_ami(AwsCloud& cloud, const Query& query, const std::string&) {
  ASSIGN_OR_RETURN(const auto family, get_parameter(query, "family"));
  ASSIGN_OR_RETURN(const auto version, cloud.release_ami(family));
  auto out = json::Value::object();
  out["version"].set(version);
  return out;
}

base::Result<json::Value> send_message(AwsCloud& cloud, const Query&, const std::string& body) {
  cloud.send_message(body);
  return done();
}

Nanos seconds_of(double number) {
  return std::chrono::duration_cast<Nanos>(std::chrono::duration<double>(number));
}

base::Result<json::Value> set_switches(AwsCloud& cloud, const Query& query, const std::string&) {
  auto switches = cloud.switches();
  const std::map<std::string_view, Nanos*> durations = {
      {"pending-delay", &switches.pending_delay},
      {"shutdown-delay", &switches.shutdown_delay},
      {"spot-warning", &switches.spot_warning},
      {"describe-lag", &switches.describe_lag},
      {"terminated-retention", &switches.terminated_retention},
      {"launch-template-lag", &switches.launch_template_lag},
      {"instance-profile-lag", &switches.instance_profile_lag}};
  for (const auto& [name, text] : query) {
    ASSIGN_OR_RETURN(const auto number, get_number(query, name));
    if (const auto found = durations.find(name); found != durations.end()) {
      *found->second = seconds_of(number);
    } else if (name == "throttle-every") {
      switches.throttle_every = static_cast<std::uint64_t>(number);
    } else if (name == "fleet-limit") {
      switches.fleet_limit = static_cast<std::int64_t>(number);
    } else if (name == "page-limit") {
      switches.page_limit = static_cast<std::int64_t>(number);
    } else if (name == "mutating-rate") {
      switches.mutating_rate = number;
    } else if (name == "mutating-burst") {
      switches.mutating_burst = number;
    } else {
      return base::invalid("unknown switch").add("switch", name);
    }
  }
  cloud.set_switches(switches);
  return done();
}

base::Result<json::Value> reset_switches(AwsCloud& cloud, const Query&, const std::string&) {
  cloud.set_switches({});
  return done();
}

base::Result<json::Value> reset_capacity(AwsCloud& cloud, const Query&, const std::string&) {
  cloud.reset_capacity();
  return done();
}

base::Result<json::Value> reset_requests(AwsCloud& cloud, const Query&, const std::string&) {
  cloud.reset_request_counts();
  return done();
}

net::HttpResponse admin_error(int status, const std::string& text) {
  auto out = json::Value::object();
  out["error"].set(text);
  return net::json_response(status, out.dump());
}

}  // namespace

net::HttpResponse handle_admin(AwsCloud& cloud, const net::HttpRequest& request) {
  static const std::map<std::string_view, Route> routes = {{"ami-release", {"POST", release_ami}},
                                                           {"capacity", {"POST", set_capacity}},
                                                           {"instances", {"GET", show_instances}},
                                                           {"interrupt", {"POST", interrupt}},
                                                           {"leftovers", {"GET", show_leftovers}},
                                                           {"message", {"POST", send_message}},
                                                           {"price", {"POST", set_price}},
                                                           {"requests", {"GET", show_requests}},
                                                           {"reset-capacity", {"POST", reset_capacity}},
                                                           {"reset-requests", {"POST", reset_requests}},
                                                           {"reset-switches", {"POST", reset_switches}},
                                                           {"switches", {"POST", set_switches}},
                                                           {"terminate", {"POST", terminate}}};
  const auto route = routes.find(request.path().substr(kAdminPath.size()));
  if (route == routes.end()) return admin_error(404, "no such admin path: " + std::string(request.path()));
  if (request.method != route->second.method)
    return admin_error(405, "use " + std::string(route->second.method));
  Query query;
  for (auto& [key, value] : net::parse_query(request.query())) query[key] = std::move(value);
  const auto result = route->second.run(cloud, query, request.body);
  if (result) return net::json_response(200, result->dump());
  return admin_error(result.error().code == base::Code::kNotFound ? 404 : 400, result.error().text());
}

}  // namespace karpenter::devcluster::aws_emulator
