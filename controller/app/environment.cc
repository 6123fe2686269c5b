#include "controller/app/environment.h"

#include <array>

#include "common/base/strings.h"

namespace karpenter::app {
namespace {

bool is_true(const std::string& text) { return base::equals_ignore_case(text, "true"); }

class Reader {
 public:
  explicit Reader(const options::Environment& environment) : environment_(environment) {}
  // The first that is set and not empty, or "".
  template <class... Names>
  [[nodiscard]] std::string get(Names... names) const {
    for (const std::string_view name : {std::string_view(names)...}) {
      if (auto value = environment_(name); value && !value->empty()) return *value;
    }
    return "";
  }

 private:
  const options::Environment& environment_;
};

aws::EndpointSettings endpoints(const Reader& env) {
  aws::EndpointSettings out;
  out.region = env.get("AWS_REGION", "AWS_DEFAULT_REGION");
  out.url = env.get("AWS_ENDPOINT_URL");
  for (const auto service : {aws::Service::kEc2, aws::Service::kSqs, aws::Service::kSsm, aws::Service::kIam,
                             aws::Service::kEks, aws::Service::kPricing, aws::Service::kSts}) {
    const std::string suffix(aws::endpoint_suffix(service));
    if (auto url = env.get("AWS_ENDPOINT_URL_" + suffix); !url.empty()) out.service_urls.emplace(suffix, url);
  }
  out.ignore_configured = is_true(env.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"));
  out.fips = is_true(env.get("AWS_USE_FIPS_ENDPOINT"));
  out.dual_stack = is_true(env.get("AWS_USE_DUALSTACK_ENDPOINT"));
  return out;
}

aws::CredentialSettings credentials(const Reader& env) {
  aws::CredentialSettings out;
  out.access_key_id = env.get("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY");
  out.secret_access_key = env.get("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY");
  out.session_token = env.get("AWS_SESSION_TOKEN");
  out.web_identity_token_file = env.get("AWS_WEB_IDENTITY_TOKEN_FILE");
  out.role_arn = env.get("AWS_ROLE_ARN");
  out.role_session_name = env.get("AWS_ROLE_SESSION_NAME");
  out.shared_credentials_file = env.get("AWS_SHARED_CREDENTIALS_FILE");
  if (out.shared_credentials_file.empty())
    out.shared_credentials_file = env.get("HOME") + "/.aws/credentials";
  if (auto profile = env.get("AWS_PROFILE", "AWS_DEFAULT_PROFILE"); !profile.empty()) out.profile = profile;
  out.container_relative_uri = env.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  out.container_full_uri = env.get("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  out.container_authorization = env.get("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  out.container_authorization_file = env.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  if (auto url = env.get("AWS_EC2_METADATA_SERVICE_ENDPOINT"); !url.empty()) out.metadata_endpoint = url;
  out.metadata_disabled = is_true(env.get("AWS_EC2_METADATA_DISABLED"));
  return out;
}

}  // namespace

base::Result<aws::AwsSettings> aws_settings(const options::Options& options,
                                            const options::Environment& environment) {
  const Reader env(environment);
  aws::AwsSettings out;
  out.cluster_name = options.cluster_name;
  out.cluster_endpoint = options.cluster_endpoint;
  out.cluster_ca_bundle = options.cluster_ca_bundle;
  out.interruption_queue = options.interruption_queue;
  out.isolated_vpc = options.isolated_vpc;
  out.eks_control_plane = options.eks_control_plane;
  out.vm_memory_overhead_percent = options.vm_memory_overhead_percent;
  out.reserved_enis = options.reserved_enis;
  out.ami_refresh_interval = options.ami_refresh_interval;
  out.subnet_refresh_interval = options.subnet_refresh_interval;
  out.security_group_refresh_interval = options.security_group_refresh_interval;
  out.endpoints = endpoints(env);
  out.credentials = credentials(env);
  if (const auto attempts = env.get("AWS_MAX_ATTEMPTS"); !attempts.empty()) {
    const auto number = base::parse_int64(attempts);
    if (!number || *number < 1 || *number > 100) {
      return base::invalid("AWS_MAX_ATTEMPTS must be between 1 and 100").add("value", attempts);
    }
    out.max_attempts = static_cast<int>(*number);
  }
  if (out.endpoints.region.empty()) return base::invalid("AWS_REGION is not set");
  return out;
}

}  // namespace karpenter::app
