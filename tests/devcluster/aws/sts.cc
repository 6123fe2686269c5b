#include <algorithm>

#include "common/base/strings.h"
#include "tests/devcluster/aws/services.h"

// Who am I, and temporary credentials, which the signature check then honours until they run out. spec: aws
// §2.2

namespace karpenter::devcluster::aws_emulator {
namespace {

base::Result<std::string> get_caller_identity(QueryCall& call) {
  RETURN_IF_ERROR(call.form.finish());
  Xml xml;
  xml.text("Arn", arn(call.account, "iam", "user/" + call.access_key)).text("UserId", call.access_key);
  xml.text("Account", call.account.options.account_id);
  return xml.str();
}

struct RoleRequest {
  std::string role_arn;
  std::string session;
  std::int64_t seconds = 3600;
};

RoleRequest read_role_request(const Param& params) {
  return {params["RoleArn"].required(), params["RoleSessionName"].required(),
          params["DurationSeconds"].integer().value_or(3600)};
}

base::Result<std::string> assume(QueryCall& call, const RoleRequest& request, std::string_view operation) {
  Account& account = call.account;
  if (!request.role_arn.starts_with("arn:aws:iam::" + account.options.account_id + ":role/")) {
    return failure("AccessDenied", "Not authorized to perform sts:" + std::string(operation));
  }
  if (request.seconds < 900 || request.seconds > 43200) {
    return failure(
        "ValidationError",
        "Value at 'durationSeconds' failed to satisfy constraint: Member must be between 900 and 43200");
  }
  auto access_key = make_id(account, "ASIA");
  std::transform(access_key.begin(), access_key.end(), access_key.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  const Credential credential{make_id(account, "secret"), make_id(account, "token/"),
                              account.runtime.now() + std::chrono::seconds(request.seconds)};
  account.credentials[access_key] = credential;
  const auto role = request.role_arn.substr(request.role_arn.rfind('/') + 1);
  Xml xml;
  xml.node("AssumedRoleUser", [&](Xml& user) {
    user.text("AssumedRoleId", "AROA00000000000000001:" + request.session);
    user.text("Arn",
              "arn:aws:sts::" + account.options.account_id + ":assumed-role/" + role + "/" + request.session);
  });
  xml.node("Credentials", [&](Xml& out) {
    out.text("AccessKeyId", access_key)
        .text("SecretAccessKey", credential.secret_key)
        .text("SessionToken", credential.session_token);
    out.text("Expiration", base::format_rfc3339(*credential.expires));
  });
  return xml.str();
}

base::Result<std::string> assume_role(QueryCall& call) {
  const auto request = read_role_request(call.params);
  static_cast<void>(call.params["ExternalId"].text());
  RETURN_IF_ERROR(call.form.finish());
  return assume(call, request, "AssumeRole");
}

base::Result<std::string> assume_role_with_web_identity(QueryCall& call) {
  const auto request = read_role_request(call.params);
  const auto token = call.params["WebIdentityToken"].required();
  RETURN_IF_ERROR(call.form.finish());
  // A service account token is a JWT: three parts.
  if (base::split(token, '.').size() != 3)
    return failure("InvalidIdentityToken", "The ID Token provided is not a valid JWT.");
  return assume(call, request, "AssumeRoleWithWebIdentity");
}

}  // namespace

QueryOperation find_sts_operation(std::string_view name) {
  if (name == "GetCallerIdentity") return get_caller_identity;
  if (name == "AssumeRole") return assume_role;
  if (name == "AssumeRoleWithWebIdentity") return assume_role_with_web_identity;
  return nullptr;
}

}  // namespace karpenter::devcluster::aws_emulator
