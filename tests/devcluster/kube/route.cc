#include "tests/devcluster/kube/route.h"

#include <utility>

#include "common/base/strings.h"
#include "tests/devcluster/kube/status.h"

namespace karpenter::devcluster {
namespace {

std::string verb_of(const RequestInfo& info, std::string_view method) {
  const bool one = !info.name.empty();
  if (method == "GET" || method == "HEAD") {
    if (info.flag("watch") && info.subresource.empty()) return "watch";
    return one ? "get" : "list";
  }
  if (method == "POST") return "create";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  if (method == "DELETE") return one ? "delete" : "deletecollection";
  return base::to_lower(method);
}

// The steps of the path after the group version: [namespaces/NS/]plural[/name[/subresource]].
void read_resource_path(RequestInfo& info, std::vector<std::string> steps) {
  if (steps.size() >= 3 && steps[0] == "namespaces" && steps[2] != "status" && steps[2] != "finalize") {
    info.namespace_name = steps[1];
    steps.erase(steps.begin(), steps.begin() + 2);
  }
  info.plural = steps[0];
  if (steps.size() > 1) info.name = steps[1];
  if (steps.size() > 2) info.subresource = steps[2];
}

}  // namespace

std::string RequestInfo::get(std::string_view key) const {
  const auto found = query.find(std::string(key));
  return found == query.end() ? "" : found->second;
}

bool RequestInfo::flag(std::string_view key) const {
  const std::string value = get(key);
  return value == "true" || value == "1";
}

base::Result<RequestInfo> parse_request(const net::HttpRequest& request) {
  RequestInfo info;
  for (auto& [key, value] : net::parse_query(request.query())) info.query.emplace(key, value);
  std::vector<std::string> steps;
  for (const std::string& step : base::split(request.path(), '/')) {
    if (step.empty()) continue;
    auto decoded = base::percent_decode(base::replace_all(step, "+", "%2B"));
    if (!decoded.has_value())
      return bad_request("the path is not well-formed: " + std::string(request.path()));
    info.path += "/" + *decoded;
    steps.push_back(std::move(*decoded));
  }
  if (info.path.empty()) info.path = "/";
  info.verb = base::to_lower(request.method);
  const std::size_t prefix = steps.empty() ? 0 : steps[0] == "api" ? 2 : steps[0] == "apis" ? 3 : 0;
  if (prefix == 0 || steps.size() <= prefix) return info;
  info.is_resource = true;
  info.group = prefix == 3 ? steps[1] : "";
  info.version = steps[prefix - 1];
  if (steps.size() > prefix + 5) return path_not_found();
  read_resource_path(info, {steps.begin() + static_cast<std::ptrdiff_t>(prefix), steps.end()});
  info.verb = verb_of(info, request.method);
  return info;
}

}  // namespace karpenter::devcluster
