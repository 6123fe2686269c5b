#include "tests/simulation/wire.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace karpenter::simulation {
namespace {

base::Error no_connection() { return base::make_error(base::Code::kUnavailable, "the connection is cut"); }

bool is_aws_write(const net::HttpRequest& request) {
  constexpr std::array<std::string_view, 11> kChanging{
      "CreateFleet",           "TerminateInstances",       "CreateTags",
      "CreateLaunchTemplate",  "DeleteLaunchTemplate",     "RunInstances",
      "CreateInstanceProfile", "AddRoleToInstanceProfile", "RemoveRoleFromInstanceProfile",
      "DeleteInstanceProfile", "TagInstanceProfile"};
  for (const auto& [key, value] : net::parse_query(request.body)) {
    if (key == "Action") return std::ranges::find(kChanging, value) != kChanging.end();
  }
  return false;
}

}  // namespace

bool is_to_aws(const net::HttpRequest& request) { return request.headers.find("X-Amz-Date").has_value(); }

bool is_write(const net::HttpRequest& request) {
  if (is_to_aws(request)) return is_aws_write(request);
  if (request.method == "GET") return false;
  const auto path = request.path();
  return path.find("/leases") == std::string_view::npos && path.find("/events") == std::string_view::npos;
}

bool Lifeline::count(bool to_aws) {
  ++writes.all;
  if (to_aws) ++writes.to_aws;
  if (!death) return false;
  if (death->of == Death::Of::kAll) return writes.all - at_decision.all == death->at_write;
  return to_aws && writes.to_aws - at_decision.to_aws == death->at_write;
}

base::Result<net::HttpResponse> Wire::send(const net::HttpRequest& request, const net::Call& call) {
  if (life_.cut) return no_connection();
  const bool fatal = is_write(request) && life_.count(is_to_aws(request));
  if (fatal && life_.death->way == Death::Way::kNeverSent) {
    life_.cut = true;
    return no_connection();
  }
  auto answer = world_.send(request, call);
  sim_.trace(request.method + " " + request.target + " " + request.body + " " +
             (answer ? std::to_string(answer->status) : answer.error().text()));
  if (fatal) life_.cut = true;
  if (life_.cut) return no_connection();
  return answer;
}

base::Result<std::unique_ptr<net::ByteStream>> Wire::open(const net::HttpRequest& request,
                                                          const net::Call& call) {
  if (life_.cut) return no_connection();
  sim_.trace("open " + request.target);
  return world_.open(request, call);
}

}  // namespace karpenter::simulation
