#include "tests/devcluster/aws/dispatch.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "common/base/strings.h"
#include "tests/devcluster/aws/ec2.h"
#include "tests/devcluster/aws/services.h"
#include "tests/devcluster/aws/wire.h"

namespace karpenter::devcluster::aws_emulator {
namespace {

using runtime::Lock;

// What is known about a request before it runs.
struct Incoming {
  const net::HttpRequest& http;
  const net::Call& call;
  const ServiceFacts* service = nullptr;
  SignatureVerdict verdict = {};
  std::string operation = {};
  std::uint64_t number = 0;
  std::string request_id = {};
};

bool is_form(const ServiceFacts& service) {
  return service.protocol == Protocol::kEc2 || service.protocol == Protocol::kQuery;
}

// Sat, 21 Nov 2026 17:29:04 GMT
std::string http_date(Time time) {
  constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const auto iso = base::format_rfc3339(time);  // 2026-11-21T17:29:04Z
  std::string out(kDays[std::chrono::weekday(day).c_encoding()]);
  out.append(", ")
      .append(iso.substr(8, 2))
      .append(" ")
      .append(kMonths[static_cast<unsigned>(date.month()) - 1]);
  return out.append(" ").append(iso.substr(0, 4)).append(" ").append(iso.substr(11, 8)).append(" GMT");
}

SignatureVerdict verify(Account& account, const net::HttpRequest& request) {
  SignatureContext context;
  context.now = account.runtime.now();
  context.find_credential = [&](std::string_view access_key) -> std::optional<Credential> {
    const Lock lock(account.mutex);
    const auto found = account.credentials.find(access_key);
    if (found == account.credentials.end()) return std::nullopt;
    return found->second;
  };
  // Global services are signed for the partition's own region, not for the account's. spec: aws §2.4
  context.region_of = [&](std::string_view service) -> std::string {
    const auto* facts = find_service(service);
    return facts != nullptr && facts->global ? "us-east-1" : account.options.region;
  };
  return verify_signature(request, context);
}

std::string read_operation(const ServiceFacts& service, const net::HttpRequest& request) {
  if (service.protocol == Protocol::kRestJson) return find_eks_operation(request.method, request.path());
  if (is_form(service)) {
    for (const auto& [key, value] : net::parse_query(request.body)) {
      if (key == "Action") return value;
    }
    return "";
  }
  const auto target = request.headers.get("X-Amz-Target");
  const auto dot = target.find('.');
  if (dot == std::string::npos || target.substr(0, dot) != service.target_prefix) return "";
  return target.substr(dot + 1);
}

bool is_known(const ServiceFacts& service, const std::string& operation) {
  if (operation.empty()) return false;
  if (service.name == "ec2") return find_ec2_operation(operation) != nullptr;
  if (service.name == "iam") return find_iam_operation(operation) != nullptr;
  if (service.name == "sts") return find_sts_operation(operation) != nullptr;
  if (service.name == "sqs") return find_sqs_operation(operation) != nullptr;
  if (service.name == "ssm") return find_ssm_operation(operation) != nullptr;
  if (service.name == "pricing") return find_pricing_operation(operation) != nullptr;
  return true;  // EKS: read_operation knows only what exists
}

// EC2 does not tell which part of the credentials is wrong.
constexpr std::string_view kEc2AuthFailure = "AWS was not able to validate the provided access credentials";

base::Error signature_error(const ServiceFacts& service, const SignatureVerdict& verdict) {
  const bool ec2 = service.protocol == Protocol::kEc2;
  const bool query = service.protocol == Protocol::kQuery;
  const auto pick = [&](std::string_view for_ec2, std::string_view for_query, std::string_view for_json) {
    const auto code = ec2 ? for_ec2 : (query ? for_query : for_json);
    return failure(std::string(code), code == "AuthFailure" ? std::string(kEc2AuthFailure) : verdict.detail);
  };
  switch (*verdict.fault) {
    case SignatureFault::kMissing:
      return pick("AuthFailure", "MissingAuthenticationToken", "MissingAuthenticationTokenException");
    case SignatureFault::kIncomplete:
      return pick("IncompleteSignature", "IncompleteSignature", "IncompleteSignatureException");
    case SignatureFault::kUnknownKey:
    case SignatureFault::kBadToken:
      return pick("AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException");
    case SignatureFault::kExpiredToken:
      return pick("RequestExpired", "ExpiredToken", "ExpiredTokenException");
    case SignatureFault::kSkew:
      return pick("RequestExpired", "SignatureDoesNotMatch", "InvalidSignatureException");
    case SignatureFault::kScope:
    case SignatureFault::kMismatch:
      return pick("AuthFailure", "SignatureDoesNotMatch", "InvalidSignatureException");
  }
  return failure("InternalError", "unknown signature fault");
}

// What is wrong with the envelope: method, content type, operation.
std::optional<base::Error> find_envelope_error(const Incoming& in) {
  const auto& service = *in.service;
  if (!is_known(service, in.operation)) {
    if (is_form(service))
      return failure("InvalidAction", "The action " + in.operation + " is not valid for this web service.");
    return failure("UnknownOperationException", "The operation '" + in.http.headers.get("X-Amz-Target") +
                                                    "' of '" + in.http.method + " " +
                                                    std::string(in.http.path()) + "' is not known");
  }
  if (service.protocol == Protocol::kRestJson) return std::nullopt;
  if (in.http.method != "POST" || in.http.path() != "/") {
    return failure("InvalidRequest",
                   "Requests are POSTed to /, not " + in.http.method + " " + std::string(in.http.path()));
  }
  const auto type = in.http.headers.get("Content-Type");
  const std::string_view wanted = is_form(service)        ? "application/x-www-form-urlencoded"
                                  : service.name == "sqs" ? "application/x-amz-json-1.0"
                                                          : "application/x-amz-json-1.1";
  if (!type.starts_with(wanted))
    return failure(is_form(service) ? "MalformedQueryString" : "SerializationException",
                   "Content-Type must be " + std::string(wanted));
  return std::nullopt;
}

bool take_mutating_token(Account& account) {
  const auto& switches = account.switches;
  if (switches.mutating_rate <= 0) return true;
  const auto now = account.runtime.mono();
  const double seconds = std::chrono::duration<double>(now - account.mutating_refilled).count();
  account.mutating_refilled = now;
  account.mutating_tokens =
      std::min(switches.mutating_burst, account.mutating_tokens + seconds * switches.mutating_rate);
  if (account.mutating_tokens < 1) return false;
  account.mutating_tokens -= 1;
  return true;
}

bool is_throttled(Account& account, const Incoming& in) {
  if (in.service->name != "ec2") return false;
  const auto every = account.switches.throttle_every;
  if (++account.ec2_requests; every > 0 && account.ec2_requests % every == 0) return true;
  return find_ec2_operation(in.operation)->mutating && !take_mutating_token(account);
}

base::Result<std::string> run_form(Account& account, const Incoming& in) {
  Form form(in.http.body);
  const Param root = form.root();
  static_cast<void>(root["Action"].text());
  if (const auto version = root["Version"].required(); version != in.service->version) {
    return failure(version.empty() ? "MissingParameter" : "NoSuchVersion",
                   "The requested version (" + version + ") of service " + std::string(in.service->name) +
                       " does not exist");
  }
  if (in.service->protocol == Protocol::kEc2) {
    Ec2Call call{account, form, in.http.body, root, root["DryRun"].flag(false)};
    return find_ec2_operation(in.operation)->run(call);
  }
  QueryCall call{account, form, root, in.verdict.access_key};
  return (in.service->name == "iam" ? find_iam_operation(in.operation)
                                    : find_sts_operation(in.operation))(call);
}

base::Result<json::Value> run_json(Account& account, const Incoming& in, Lock& lock) {
  if (in.service->protocol == Protocol::kRestJson) return describe_cluster(account, in.http.path());
  const auto body = json::parse(in.http.body);
  if (!body || !body->view().is_object())
    return failure("SerializationException", "The body is not a JSON object");
  JsonCall call{account, body->view(), lock, in.call};
  if (in.service->name == "sqs") return find_sqs_operation(in.operation)(call);
  return (in.service->name == "ssm" ? find_ssm_operation(in.operation)
                                    : find_pricing_operation(in.operation))(call);
}

net::HttpResponse refuse(const Incoming& in, const base::Error& error) {
  int status = http_status(error.reason);
  if (in.service->protocol == Protocol::kRestJson && in.verdict.fault) status = 403;
  return error_answer(*in.service, error, status, in.request_id);
}

// The work itself.
net::HttpResponse run(Account& account, const Incoming& in) {
  Lock lock(account.mutex);
  advance(account);
  if (is_throttled(account, in))
    return refuse(in, failure("RequestLimitExceeded", "Request limit exceeded."));
  if (is_form(*in.service)) {
    const auto xml = run_form(account, in);
    return xml ? xml_answer(*in.service, in.operation, *xml, in.request_id) : refuse(in, xml.error());
  }
  const auto body = run_json(account, in, lock);
  return body ? json_answer(*in.service, body->dump(), in.request_id) : refuse(in, body.error());
}

// The request with the faults that a hook wants.
net::HttpResponse run_with_faults(Account& account, const Incoming& in) {
  AwsFaultHook hook;
  {
    const Lock lock(account.mutex);
    hook = account.fault_hook;
  }
  const auto fault = hook ? hook({std::string(in.service->name), in.operation, in.number}) : std::nullopt;
  if (!fault) return run(account, in);
  if (fault->when == AwsFault::When::kAfter) static_cast<void>(run(account, in));
  return error_answer(*in.service, failure(fault->code, fault->message), fault->status, in.request_id);
}

net::HttpResponse answer(Account& account, const Incoming& in) {
  const bool web_identity = in.service->name == "sts" && in.operation == "AssumeRoleWithWebIdentity";
  const bool may_be_unsigned = web_identity && in.verdict.fault == SignatureFault::kMissing;
  if (in.verdict.fault && !may_be_unsigned) return refuse(in, signature_error(*in.service, in.verdict));
  if (const auto error = find_envelope_error(in)) return refuse(in, *error);
  return run_with_faults(account, in);
}

void count(Account& account, const Incoming& in, int status) {
  constexpr int kDryRunPassed = 412;
  const Lock lock(account.mutex);
  const std::string service = in.service == nullptr ? "unknown" : std::string(in.service->name);
  auto& entry = account.counts[{service, in.operation}];
  entry.service = service;
  entry.operation = in.operation;
  ++(in.verdict.fault ? entry.unsigned_requests : entry.signed_requests);
  if (status >= 400 && status != kDryRunPassed) ++entry.errors;
}

}  // namespace

net::HttpResponse dispatch(Account& account, const net::HttpRequest& request, const net::Call& call) {
  Incoming in{request, call};
  {
    const Lock lock(account.mutex);
    in.number = ++account.requests;
  }
  const auto digits = std::to_string(in.number);
  in.request_id =
      "00000000-0000-4000-8000-" + std::string(12 - std::min<std::size_t>(12, digits.size()), '0') + digits;
  in.verdict = verify(account, request);
  in.service = in.verdict.service.empty() ? guess_service(request) : find_service(in.verdict.service);
  net::HttpResponse response;
  if (in.service == nullptr) {
    response = net::json_response(
        400, R"({"__type":"UnknownService","message":"no service of this endpoint is meant"})");
  } else {
    in.operation = read_operation(*in.service, request);
    response = answer(account, in);
  }
  response.headers.set("Date", http_date(account.runtime.now()));
  count(account, in, response.status);
  return response;
}

}  // namespace karpenter::devcluster::aws_emulator
