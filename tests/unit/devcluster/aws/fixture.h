#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/json/json.h"
#include "common/net/http.h"
#include "tests/devcluster/aws/aws_cloud.h"
#include "tests/support/sim_runtime.h"

namespace karpenter::devcluster {

using Params = std::vector<std::pair<std::string, std::string>>;

// The text of every <tag>...</tag>, in order. Good for leaves and for elements that do not contain
// themselves.
std::vector<std::string> texts(const std::string& xml, std::string_view tag);
// The first of them, or "".
std::string text(const std::string& xml, std::string_view tag);

// A cloud in virtual time and signed calls to it.
class AwsTest : public ::testing::Test {
 public:
  using Strings = std::vector<std::string>;

  net::HttpResponse ec2(const std::string& action, Params params = {});
  net::HttpResponse query(const std::string& service, const std::string& version, const std::string& action,
                          Params params);
  net::HttpResponse iam(const std::string& action, Params params = {}) {
    return query("iam", "2010-05-08", action, std::move(params));
  }
  net::HttpResponse sts(const std::string& action, Params params = {}) {
    return query("sts", "2011-06-15", action, std::move(params));
  }
  net::HttpResponse json_call(const std::string& service, const std::string& target, const std::string& body);
  net::HttpResponse admin(const std::string& method, const std::string& target);
  // "400 InvalidParameterValue", "200" when the call succeeded.
  static std::string outcome(const net::HttpResponse& response);

  // The seeded network, found the way a client finds it.
  std::string subnet(std::size_t index);
  std::string image(const std::string& architecture);
  // A template with our image, a profile with the node role, and the tag list Karpenter uses.
  void make_launch_template(const std::string& name);
  // An instant fleet over (type, zone index) overrides of template "nodes".
  net::HttpResponse fleet(const std::string& capacity_type, std::int64_t count,
                          const std::vector<std::pair<std::string, std::size_t>>& overrides,
                          Params more = {});
  std::string launch(const std::string& capacity_type, const std::string& type);  // one instance: its id

  net::HttpRequest sign(net::HttpRequest request, const std::string& service,
                        const std::string& region = "us-west-2", const std::string& secret = "test") const;

  support::SimRuntime runtime;
  AwsCloud cloud{runtime};
};

}  // namespace karpenter::devcluster
