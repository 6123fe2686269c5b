#include "controller/aws/client/credentials.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <string>

#include "tests/support/sim_runtime.h"

namespace karpenter::aws {
namespace {

// Answers by method and path; keeps the last request of each.
class Endpoint final : public net::Transport {
 public:
  base::Result<net::HttpResponse> send(const net::HttpRequest& request, const net::Call&) override {
    const std::string key = request.method + " " + request.target;
    seen.insert_or_assign(key, request);
    const auto it = answers.find(key);
    if (it == answers.end()) return net::text_response(404, "nothing here");
    return net::text_response(200, it->second);
  }
  base::Result<std::unique_ptr<net::ByteStream>> open(const net::HttpRequest&, const net::Call&) override {
    return base::internal("not used");
  }
  std::map<std::string, std::string> answers;
  std::map<std::string, net::HttpRequest> seen;
};

class CredentialSources : public testing::Test {
 protected:
  ~CredentialSources() override { static_cast<void>(std::remove(path.c_str())); }
  base::Result<Credentials> get(const CredentialSettings& settings) {
    auto source = make_credentials(runtime, endpoint, settings, {"https", "sts.test", 443});
    if (!source) return std::move(source).error();
    return (*source)->get({});
  }
  void write_file(const std::string& text) const { std::ofstream(path) << text; }

  support::SimRuntime runtime;
  Endpoint endpoint;
  std::string path = testing::TempDir() + "karpenter-credentials-" + std::to_string(getpid());
};

const std::string kJsonKeys =
    R"({"Code":"Success","AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"2026-01-01T06:00:00Z"})";

// spec: aws §2.2
TEST_F(CredentialSources, static_keys_win_over_everything) {
  CredentialSettings settings;
  settings.access_key_id = "A";
  settings.secret_access_key = "S";
  settings.web_identity_token_file = "/nowhere";
  const auto got = get(settings);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->access_key_id, "A");
  EXPECT_FALSE(got->expires);
}

TEST_F(CredentialSources, web_identity_reads_its_token_each_time) {
  endpoint.answers["POST /"] =
      "<AssumeRoleWithWebIdentityResponse "
      "xmlns=\"https://sts/\"><AssumeRoleWithWebIdentityResult><Credentials>"
      "<AccessKeyId>A</AccessKeyId><SecretAccessKey>S</SecretAccessKey><SessionToken>T</SessionToken>"
      "<Expiration>2026-01-01T01:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>"
      "</AssumeRoleWithWebIdentityResponse>";
  CredentialSettings settings;
  settings.web_identity_token_file = path;
  settings.role_arn = "arn:aws:iam::1:role/r";
  settings.role_session_name = "s";
  EXPECT_TRUE(get(settings).failed_with(base::Code::kNotFound));  // no such file: no falling through
  write_file("token\n");
  const auto got = get(settings);
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->session_token, "T");
  EXPECT_EQ(base::format_rfc3339(*got->expires), "2026-01-01T01:00:00Z");
  const auto& request = endpoint.seen.at("POST /");
  EXPECT_EQ(request.body,
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&"
            "RoleSessionName=s&WebIdentityToken=token");
  EXPECT_FALSE(request.headers.find("Authorization"));
}

TEST_F(CredentialSources, container_endpoint_gets_the_token_of_the_file) {
  endpoint.answers["GET /v2/keys"] = kJsonKeys;
  CredentialSettings settings;
  settings.container_full_uri = "http://169.254.170.23/v2/keys";
  settings.container_authorization = "old";
  settings.container_authorization_file = path;
  write_file("fresh");
  const auto got = get(settings);
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->session_token, "T");
  EXPECT_EQ(endpoint.seen.at("GET /v2/keys").headers.get("Authorization"), "fresh");
  write_file("two\nlines");
  EXPECT_TRUE(get(settings).failed_with(base::Code::kInvalid));
  settings.container_full_uri = "http://example.com/keys";
  EXPECT_TRUE(get(settings).failed_with(base::Code::kInvalid));
}

// spec: aws §2.3
TEST_F(CredentialSources, instance_role_by_metadata_version_two) {
  endpoint.answers["PUT /latest/api/token"] = "session";
  endpoint.answers["GET /latest/meta-data/iam/security-credentials/"] = "node-role\n";
  endpoint.answers["GET /latest/meta-data/iam/security-credentials/node-role"] = kJsonKeys;
  const auto got = get({});
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->access_key_id, "A");
  EXPECT_EQ(base::format_rfc3339(*got->expires), "2026-01-01T01:00:00Z");  // an hour from now, not six
  EXPECT_EQ(endpoint.seen.at("GET /latest/meta-data/iam/security-credentials/")
                .headers.get("X-aws-ec2-metadata-token"),
            "session");
}

TEST_F(CredentialSources, bad_settings_are_told) {
  CredentialSettings settings;
  settings.metadata_disabled = true;
  EXPECT_TRUE(get(settings).failed_with(base::Code::kInvalid));
  settings.web_identity_token_file = path;
  EXPECT_TRUE(get(settings).failed_with(base::Code::kInvalid));  // without a role
  CredentialSettings named;
  named.shared_credentials_file = path;
  named.profile = "team";
  EXPECT_TRUE(get(named).failed_with(base::Code::kNotFound));  // asked for by name, cannot be read
}

}  // namespace
}  // namespace karpenter::aws
