#include "controller/aws/client/credential_sources.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include "common/base/strings.h"
#include "common/json/json.h"
#include "controller/aws/client/errors.h"
#include "controller/aws/client/query.h"
#include "controller/aws/client/service_client.h"
#include "controller/aws/client/xml.h"

namespace karpenter::aws {
namespace {

constexpr std::chrono::seconds kSourceTimeout{10};
constexpr int kSourceAttempts = 3;
constexpr std::size_t kMaxFileBytes = 1U << 20U;

// {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}: the answer of container and metadata endpoints.
base::Result<Credentials> read_credentials_json(std::string_view body) {
  ASSIGN_OR_RETURN(const json::Value value, json::parse(body));
  Credentials out;
  out.access_key_id = value["AccessKeyId"].string_or("");
  out.secret_access_key = value["SecretAccessKey"].string_or("");
  out.session_token = value["Token"].string_or("");
  if (out.access_key_id.empty() || out.secret_access_key.empty()) {
    return base::internal("the credentials endpoint answered without keys");
  }
  if (const auto expiration = value["Expiration"].string()) {
    ASSIGN_OR_RETURN(out.expires, base::parse_rfc3339(*expiration));
  }
  return out;
}

class StaticSource final : public CredentialsProvider {
 public:
  explicit StaticSource(Credentials credentials) : credentials_(std::move(credentials)) {}
  base::Result<Credentials> get(const Call&) override { return credentials_; }

 private:
  Credentials credentials_;
};

// Shared by the sources that ask over HTTP: a few attempts with jitter on connection errors, 5xx and
// `retry_code`.
class HttpSource : public CredentialsProvider {
 public:
  HttpSource(runtime::Runtime& runtime, net::Transport& transport)
      : runtime_(runtime), transport_(transport) {}

 protected:
  base::Result<std::string> fetch(const net::HttpRequest& request, std::string_view what,
                                  std::string_view retry_code, const Call& call) {
    for (int tried = 1;; ++tried) {
      auto response = transport_.send(request, runtime::within(runtime_, call, kSourceTimeout));
      if (response && response->status == 200) return std::move(response->body);
      base::Error error =
          response ? make_aws_error(parse_failure(response->status, response->headers, response->body), what,
                                    "GetCredentials")
                   : std::move(response).error();
      const bool retryable = error.code == base::Code::kUnavailable || error.code == base::Code::kTimeout ||
                             (!retry_code.empty() && error.reason == retry_code);
      if (!retryable || tried == kSourceAttempts) {
        error.message = "cannot get AWS credentials: " + error.message;
        return error.add("source", std::string(what));
      }
      RETURN_IF_ERROR(
          runtime::sleep_for(runtime_, retry_delay(tried - 1, runtime::random_unit(runtime_)), call));
    }
  }
  [[nodiscard]] runtime::Runtime& runtime() const { return runtime_; }

 private:
  runtime::Runtime& runtime_;
  net::Transport& transport_;
};

class WebIdentitySource final : public HttpSource {
 public:
  WebIdentitySource(runtime::Runtime& runtime, net::Transport& transport, CredentialSettings settings,
                    net::Origin sts)
      : HttpSource(runtime, transport), settings_(std::move(settings)), sts_(std::move(sts)) {}

  base::Result<Credentials> get(const Call& call) override {
    ASSIGN_OR_RETURN(const std::string token, read_small_file(settings_.web_identity_token_file));
    QueryBody body("AssumeRoleWithWebIdentity", "2011-06-15");
    body.set("RoleArn", settings_.role_arn);
    body.set("RoleSessionName", session_name());
    body.set("WebIdentityToken", base::trim(token));
    net::HttpRequest request;
    request.method = "POST";
    request.origin = sts_;
    request.headers.set("Host", host_header(sts_));
    request.headers.set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
    request.body = body.text();
    request.idempotent = net::Idempotent::kYes;
    ASSIGN_OR_RETURN(const std::string answer, fetch(request, "web identity", "InvalidIdentityToken", call));
    ASSIGN_OR_RETURN(const XmlDocument document, XmlDocument::parse(answer));
    const XmlView found = document.root()["AssumeRoleWithWebIdentityResult"]["Credentials"];
    Credentials out;
    out.access_key_id = found["AccessKeyId"].text();
    out.secret_access_key = found["SecretAccessKey"].text();
    out.session_token = found["SessionToken"].text();
    if (out.access_key_id.empty()) return base::internal("STS answered without keys");
    ASSIGN_OR_RETURN(out.expires, base::parse_rfc3339(found["Expiration"].text()));
    return out;
  }

 private:
  std::string session_name() const {
    if (!settings_.role_session_name.empty()) return settings_.role_session_name;
    return "karpenter-" + std::to_string(runtime().now().time_since_epoch().count());
  }
  CredentialSettings settings_;
  net::Origin sts_;
};

class ContainerSource final : public HttpSource {
 public:
  ContainerSource(runtime::Runtime& runtime, net::Transport& transport, net::Url url,
                  CredentialSettings settings)
      : HttpSource(runtime, transport), url_(std::move(url)), settings_(std::move(settings)) {}

  base::Result<Credentials> get(const Call& call) override {
    std::string token = settings_.container_authorization;
    if (!settings_.container_authorization_file.empty()) {
      ASSIGN_OR_RETURN(token, read_small_file(settings_.container_authorization_file));
    }
    if (token.find_first_of("\r\n") != std::string::npos) {
      return base::invalid("the container authorization token contains a line break");
    }
    net::HttpRequest request;
    request.origin = url_.origin;
    request.target = url_.target;
    request.headers.set("Host", host_header(url_.origin));
    request.idempotent = net::Idempotent::kYes;
    if (!token.empty()) request.headers.set("Authorization", token);
    ASSIGN_OR_RETURN(const std::string answer, fetch(request, "container endpoint", "", call));
    return read_credentials_json(answer);
  }

 private:
  net::Url url_;
  CredentialSettings settings_;
};

class MetadataSource final : public HttpSource {
 public:
  MetadataSource(runtime::Runtime& runtime, net::Transport& transport, net::Url url)
      : HttpSource(runtime, transport), url_(std::move(url)) {}

  base::Result<Credentials> get(const Call& call) override {
    net::HttpRequest token_request = make("PUT", "/latest/api/token");
    token_request.headers.set("X-aws-ec2-metadata-token-ttl-seconds", "21600");
    ASSIGN_OR_RETURN(const std::string token, fetch(token_request, "instance metadata", "", call));
    const std::string folder = "/latest/meta-data/iam/security-credentials/";
    ASSIGN_OR_RETURN(const std::string roles, get_with(token, folder, call));
    const std::string role(base::trim(roles.substr(0, roles.find('\n'))));
    if (role.empty()) return base::not_found("the instance has no IAM role");
    ASSIGN_OR_RETURN(const std::string answer, get_with(token, folder + role, call));
    ASSIGN_OR_RETURN(Credentials out, read_credentials_json(answer));
    const base::Time hour = runtime().now() + std::chrono::hours(1);
    out.expires = out.expires ? std::min(*out.expires, hour) : hour;
    return out;
  }

 private:
  net::HttpRequest make(std::string method, std::string target) const {
    net::HttpRequest out;
    out.method = std::move(method);
    out.origin = url_.origin;
    out.target = std::move(target);
    out.headers.set("Host", host_header(url_.origin));
    out.idempotent = net::Idempotent::kYes;
    return out;
  }
  base::Result<std::string> get_with(const std::string& token, std::string target, const Call& call) {
    net::HttpRequest request = make("GET", std::move(target));
    request.headers.set("X-aws-ec2-metadata-token", token);
    return fetch(request, "instance metadata", "", call);
  }
  net::Url url_;
};

}  // namespace

base::Result<std::string> read_small_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) return base::not_found("cannot read file").add("path", path);
  if (text.view().size() > kMaxFileBytes) return base::invalid("file is too large").add("path", path);
  return text.str();
}

std::unique_ptr<CredentialsProvider> make_static_source(Credentials credentials) {
  return std::make_unique<StaticSource>(std::move(credentials));
}
std::unique_ptr<CredentialsProvider> make_web_identity_source(runtime::Runtime& runtime,
                                                              net::Transport& transport,
                                                              CredentialSettings settings, net::Origin sts) {
  return std::make_unique<WebIdentitySource>(runtime, transport, std::move(settings), std::move(sts));
}
std::unique_ptr<CredentialsProvider> make_container_source(runtime::Runtime& runtime,
                                                           net::Transport& transport, net::Url url,
                                                           CredentialSettings settings) {
  return std::make_unique<ContainerSource>(runtime, transport, std::move(url), std::move(settings));
}
std::unique_ptr<CredentialsProvider> make_metadata_source(runtime::Runtime& runtime,
                                                          net::Transport& transport, net::Url url) {
  return std::make_unique<MetadataSource>(runtime, transport, std::move(url));
}

}  // namespace karpenter::aws
