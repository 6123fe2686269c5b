#include "tests/devcluster/aws/signature.h"

#include <gtest/gtest.h>

#include "common/base/strings.h"
#include "tests/unit/devcluster/aws/fixture.h"

namespace karpenter::devcluster::aws_emulator {
namespace {

const base::Time kSignedAt = *base::parse_rfc3339("2026-01-01T12:30:45Z");

// Requests as botocore 1.44.5 signs them with key test/test at kSignedAt.
struct Vector {
  std::string service;
  std::string region;
  net::HttpRequest request;
  std::string token;
};

net::HttpRequest make_request(std::string method, std::string host, std::string target,
                              const net::Headers& headers, std::string body) {
  net::HttpRequest request;
  request.method = std::move(method);
  request.origin = {"https", std::move(host), 443};
  request.target = std::move(target);
  request.headers = headers;
  request.headers.set("X-Amz-Date", "20260101T123045Z");
  request.body = std::move(body);
  return request;
}

net::Headers headers_of(std::initializer_list<std::pair<const char*, std::string>> fields) {
  net::Headers headers;
  for (const auto& [name, value] : fields) headers.add(name, value);
  return headers;
}

std::vector<Vector> vectors() {
  const std::string form = "application/x-www-form-urlencoded; charset=utf-8";
  std::vector<Vector> out;
  out.push_back(
      {"ec2", "us-west-2",
       make_request(
           "POST", "ec2.us-west-2.amazonaws.com", "/",
           headers_of({{"Content-Type", form},
                       {"Authorization",
                        "AWS4-HMAC-SHA256 Credential=test/20260101/us-west-2/ec2/aws4_request, "
                        "SignedHeaders=content-type;host;x-amz-date, "
                        "Signature=07afc69d29ebeb8d3cb93a27c1c5252aebd3381993871710ab4845c1328dfab1"}}),
           "Action=DescribeSubnets&Version=2016-11-15&Filter.1.Name=tag%3Akarpenter.sh%2Fdiscovery&Filter.1."
           "Value.1=a+b"),
       ""});
  auto sqs = make_request(
      "POST", "127.0.0.1", "/",
      headers_of({{"Content-Type", "application/x-amz-json-1.0"},
                  {"X-Amz-Target", "AmazonSQS.GetQueueUrl"},
                  {"Authorization",
                   "AWS4-HMAC-SHA256 Credential=test/20260101/us-west-2/sqs/aws4_request, "
                   "SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
                   "Signature=6a877bb1fddedb8c7393fb45334e407bcc7a481d44dcdca48292cab503408ad4"}}),
      R"({"QueueName": "demo"})");
  sqs.origin = {"http", "127.0.0.1", 4566};  // an odd port is part of the signed host
  out.push_back({"sqs", "us-west-2", sqs, ""});
  out.push_back(
      {"eks", "us-west-2",
       make_request(
           "GET", "eks.us-west-2.amazonaws.com", "/clusters/my%20demo%2Fx?b=2&a=1%2F3&a=0",
           headers_of({{"X-Amz-Meta", "  two   blanks "},
                       {"X-Amz-Security-Token", "tok/en=="},
                       {"Authorization",
                        "AWS4-HMAC-SHA256 Credential=test/20260101/us-west-2/eks/aws4_request, "
                        "SignedHeaders=host;x-amz-date;x-amz-meta;x-amz-security-token, "
                        "Signature=888fb972d37cfa8586249a248891b557ac1b6b97849acd66632bb2e4f797fc9e"}}),
           ""),
       "tok/en=="});
  out.push_back(
      {"iam", "us-east-1",
       make_request(
           "POST", "iam.amazonaws.com", "/",
           headers_of({{"Content-Type", form},
                       {"Authorization",
                        "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/iam/aws4_request, "
                        "SignedHeaders=content-type;host;x-amz-date, "
                        "Signature=5962af87905d11a99cc06b1720332222d2b76750cd6bcac5af05b759e1ba384d"}}),
           "Action=GetRole&Version=2010-05-08&RoleName=x"),
       ""});
  return out;
}

SignatureVerdict verify(const Vector& vector, base::Time now = kSignedAt,
                        const std::string& secret = "test") {
  SignatureContext context;
  context.now = now;
  context.find_credential = [&](std::string_view key) -> std::optional<Credential> {
    if (key != "test") return std::nullopt;
    return Credential{secret, vector.token, std::nullopt};
  };
  context.region_of = [](std::string_view service) { return service == "iam" ? "us-east-1" : "us-west-2"; };
  return verify_signature(vector.request, context);
}

// spec: aws §2.5
TEST(Signature, accepts_what_an_independent_client_signed) {
  for (const auto& vector : vectors()) {
    const auto verdict = verify(vector);
    EXPECT_FALSE(verdict.fault) << vector.service << ": " << verdict.detail;
    EXPECT_EQ(verdict.service, vector.service);
    EXPECT_EQ(verdict.region, vector.region);
    EXPECT_EQ(verdict.access_key, "test");
  }
}

// spec: aws §2.5
TEST(Signature, any_change_of_what_was_signed_is_a_mismatch) {
  for (const auto& vector : vectors()) {
    EXPECT_EQ(verify(vector, kSignedAt, "other").fault, SignatureFault::kMismatch) << vector.service;
    auto body = vector;
    body.request.body += " ";
    EXPECT_EQ(verify(body).fault, SignatureFault::kMismatch) << vector.service;
    auto host = vector;
    host.request.origin.host = "elsewhere";
    EXPECT_EQ(verify(host).fault, SignatureFault::kMismatch) << vector.service;
    auto path = vector;
    path.request.target.insert(1, "x");
    EXPECT_EQ(verify(path).fault, SignatureFault::kMismatch) << vector.service;
  }
}

// spec: aws §2.5
TEST(Signature, clock_may_be_fifteen_minutes_off) {
  const auto vector = vectors().front();
  using std::chrono::minutes;
  EXPECT_FALSE(verify(vector, kSignedAt + minutes(15)).fault);
  EXPECT_FALSE(verify(vector, kSignedAt - minutes(15)).fault);
  EXPECT_EQ(verify(vector, kSignedAt + minutes(16)).fault, SignatureFault::kSkew);
  EXPECT_EQ(verify(vector, kSignedAt - minutes(16)).fault, SignatureFault::kSkew);
}

TEST(Signature, names_what_is_wrong_with_the_header) {
  struct Case {
    std::string name;
    std::string from, to;  // replaced in Authorization
    SignatureFault want;
  };
  const std::vector<Case> cases = {
      {"other algorithm", "HMAC-SHA256", "HMAC-SHA1", SignatureFault::kIncomplete},
      {"no signature", ", Signature=", ", Sig=", SignatureFault::kIncomplete},
      {"short scope", "/aws4_request", "", SignatureFault::kIncomplete},
      {"unknown key", "Credential=test", "Credential=nobody", SignatureFault::kUnknownKey},
      {"other day", "20260101/", "20260102/", SignatureFault::kScope},
      {"other region", "us-west-2", "us-east-1", SignatureFault::kScope},
      {"host not signed", "content-type;host;", "content-type;", SignatureFault::kIncomplete},
      {"content type not signed", "content-type;host", "host", SignatureFault::kIncomplete},
      {"signed header missing", "x-amz-date,", "x-amz-date;x-amz-gone,", SignatureFault::kIncomplete},
      {"headers unsorted", "content-type;host", "host;content-type", SignatureFault::kIncomplete},
  };
  for (const auto& test : cases) {
    auto vector = vectors().front();
    vector.request.headers.set(
        "Authorization", base::replace_all(vector.request.headers.get("Authorization"), test.from, test.to));
    EXPECT_EQ(verify(vector).fault, test.want) << test.name << ": " << verify(vector).detail;
  }
  auto vector = vectors().front();
  vector.request.headers.set("X-Amz-Extra", "1");
  EXPECT_EQ(verify(vector).fault, SignatureFault::kIncomplete);
  vector = vectors().front();
  vector.request.headers.set("X-Amz-Date", "yesterday");
  EXPECT_EQ(verify(vector).fault, SignatureFault::kIncomplete);
  vector = vectors().front();
  vector.token = "needed";
  EXPECT_EQ(verify(vector).fault, SignatureFault::kBadToken);
  vector.request.headers.remove("Authorization");
  EXPECT_EQ(verify(vector).fault, SignatureFault::kMissing);
}

// How each protocol words it. spec: aws §2.6
TEST_F(AwsTest, bad_signatures_are_refused_in_the_words_of_each_protocol) {
  struct Case {
    std::string service, region, target, type, body;
    std::string mismatch, unknown_key, unsigned_request, skewed;
  };
  const std::string form = "application/x-www-form-urlencoded";
  const std::vector<Case> cases = {
      {"ec2", "us-west-2", "", form, "Action=DescribeSubnets&Version=2016-11-15", "401 AuthFailure",
       "401 AuthFailure", "401 AuthFailure", "400 RequestExpired"},
      {"iam", "us-east-1", "", form, "Action=GetRole&Version=2010-05-08", "403 SignatureDoesNotMatch",
       "403 InvalidClientTokenId", "403 MissingAuthenticationToken", "403 SignatureDoesNotMatch"},
      {"sts", "us-west-2", "", form, "Action=GetCallerIdentity&Version=2011-06-15",
       "403 SignatureDoesNotMatch", "403 InvalidClientTokenId", "403 MissingAuthenticationToken",
       "403 SignatureDoesNotMatch"},
      {"ssm", "us-west-2", "AmazonSSM.GetParameter", "application/x-amz-json-1.1", "{}",
       "400 InvalidSignatureException", "400 UnrecognizedClientException",
       "400 MissingAuthenticationTokenException", "400 InvalidSignatureException"},
  };
  for (const auto& test : cases) {
    net::HttpRequest request;
    request.method = "POST";
    request.headers.set("Content-Type", test.type);
    if (!test.target.empty()) request.headers.set("X-Amz-Target", test.target);
    request.body = test.body;
    EXPECT_EQ(outcome(cloud.handle(request, {})), test.unsigned_request) << test.service;
    EXPECT_EQ(outcome(cloud.handle(sign(request, test.service, test.region, "wrong"), {})), test.mismatch)
        << test.service;
    auto unknown = sign(request, test.service, test.region);
    unknown.headers.set("Authorization",
                        base::replace_all(unknown.headers.get("Authorization"), "=test/", "=nobody/"));
    EXPECT_EQ(outcome(cloud.handle(unknown, {})), test.unknown_key) << test.service;
    const auto old = sign(request, test.service, test.region);
    runtime.run_for(std::chrono::minutes(16));
    EXPECT_EQ(outcome(cloud.handle(old, {})), test.skewed) << test.service;
  }
  for (const auto& count : cloud.request_counts()) EXPECT_EQ(count.signed_requests, 0U) << count.service;
}

}  // namespace
}  // namespace karpenter::devcluster::aws_emulator
