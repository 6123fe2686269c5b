#include "webhook/tls/certificates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include "common/base/strings.h"
#include "common/json/yaml.h"
#include "common/net/crypto.h"
#include "common/net/loopback.h"
#include "tests/devcluster/kube/api_server.h"
#include "tests/support/sim_runtime.h"
#include "webhook/tls/own_certificates.h"

namespace karpenter::webhook {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const base::Time kStart = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
const std::vector<std::string> kNames = certificate_names({"karpenter-webhook", "karpenter"}, "karpenter");

CertificateStep plan_at(base::Time now, const CertificateSecret& secret, bool published = true,
                        const std::vector<std::string>& names = kNames) {
  return plan_certificates({.now = now, .secret = secret, .names = names, .published = published});
}
CertificateSecret take(CertificateStep step, base::Time now, const CertificateSecret& secret) {
  return take_step(step, {.now = now, .secret = secret, .names = kNames}).value();
}

// spec: conversion §5.8
TEST(CertificatePlan, rotates_in_two_writes_with_overlap) {
  const CertificateSecret empty;
  ASSERT_EQ(plan_at(kStart, empty), CertificateStep::kCreate);
  const auto first = take(CertificateStep::kCreate, kStart, empty);
  EXPECT_TRUE(is_usable(first.current, first.ca_bundle, kStart));
  EXPECT_EQ(net::read_certificate(first.current.certificate_pem)->dns_names, kNames);
  EXPECT_EQ(plan_at(kStart + hours(24 * 6) - seconds(1), first), CertificateStep::kKeep);

  const auto renewal = kStart + hours(24 * 6);
  ASSERT_EQ(plan_at(renewal, first), CertificateStep::kStage);
  const auto staged = take(CertificateStep::kStage, renewal, first);
  EXPECT_EQ(staged.current, first.current) << "published before it is served";
  EXPECT_TRUE(is_usable(staged.current, staged.ca_bundle, renewal));
  EXPECT_TRUE(is_usable(staged.next, staged.ca_bundle, renewal));
  EXPECT_FALSE(is_usable(staged.next, first.ca_bundle, renewal));
  EXPECT_EQ(net::split_certificates(staged.ca_bundle).size(), 2U);

  EXPECT_EQ(plan_at(renewal + kSettle - seconds(1), staged), CertificateStep::kKeep) << "API servers learn";
  EXPECT_EQ(plan_at(renewal + hours(1), staged, false), CertificateStep::kKeep) << "not everywhere yet";
  EXPECT_EQ(plan_at(kStart + kCertificateLife - kLastChance, staged, false), CertificateStep::kPromote)
      << "an expired one is refused by everybody";
  ASSERT_EQ(plan_at(renewal + kSettle, staged), CertificateStep::kPromote);
  const auto second = take(CertificateStep::kPromote, renewal + kSettle, staged);
  EXPECT_EQ(second.current, staged.next);
  EXPECT_EQ(second.next, net::TlsIdentity{});
  EXPECT_TRUE(is_usable(first.current, second.ca_bundle, renewal + kSettle))
      << "a slow replica still serves it";
  EXPECT_EQ(plan_at(renewal + kSettle, second), CertificateStep::kKeep);

  const auto third = take(CertificateStep::kStage, renewal + hours(24 * 6), second);
  EXPECT_EQ(net::split_certificates(third.ca_bundle).size(), 2U) << "the CA that is over is gone";
}

TEST(CertificatePlan, starts_anew_or_renews_when_what_is_there_does_not_do) {
  const auto good = take(CertificateStep::kCreate, kStart, {});
  const auto other = take(CertificateStep::kCreate, kStart, {});
  struct Case {
    const char* name;
    CertificateSecret secret;
    base::Time now;
    std::vector<std::string> names;
    CertificateStep want;
  };
  const auto with = [&](auto change) {
    auto secret = good;
    change(secret);
    return secret;
  };
  const auto now = kStart + minutes(1);
  for (const auto& c : {
           Case{"good", good, now, kNames, CertificateStep::kKeep},
           Case{"over", good, kStart + kCertificateLife, kNames, CertificateStep::kCreate},
           Case{"not yet", good, kStart - hours(1), kNames, CertificateStep::kCreate},
           Case{"key of another", with([&](auto& s) { s.current.key_pem = other.current.key_pem; }), now,
                kNames, CertificateStep::kCreate},
           Case{"CA of another", with([&](auto& s) { s.ca_bundle = other.ca_bundle; }), now, kNames,
                CertificateStep::kCreate},
           Case{"broken", with([&](auto& s) { s.current.certificate_pem = "junk"; }), now, kNames,
                CertificateStep::kCreate},
           Case{"broken bundle", with([&](auto& s) { s.ca_bundle = "junk"; }), now, kNames,
                CertificateStep::kCreate},
           Case{"lacks a name", good, now, certificate_names({"new"}, "karpenter"), CertificateStep::kStage},
           Case{"next is broken", with([&](auto& s) {
                  s.next = {"junk", "junk"};
                }),
                now, kNames, CertificateStep::kKeep},
           Case{"only next is good", with([&](auto& s) { s.next = std::exchange(s.current, {}); }), now,
                kNames, CertificateStep::kPromote},
       }) {
    EXPECT_EQ(plan_at(c.now, c.secret, true, c.names), c.want) << c.name;
  }
}

TEST(CertificateSecret, survives_the_way_through_the_api) {
  const auto staged = take(CertificateStep::kStage, kStart, take(CertificateStep::kCreate, kStart, {}));
  json::Value secret;
  secret["data"].set(write_certificate_data(staged));
  EXPECT_EQ(read_certificate_secret(secret), staged);
  const auto data = write_certificate_data({});
  EXPECT_TRUE(data["next-server-key.pem"].is_null()) << "removed by a merge patch";
  secret["data"]["ca-cert.pem"].set("*** no base64 ***");
  EXPECT_EQ(read_certificate_secret(secret).ca_bundle, "");
  EXPECT_EQ(read_certificate_secret(json::View()), CertificateSecret{});
}

// ---- against an API server with the roles and registrations that we ship

std::vector<json::Value> manifest(const std::string& path) {
  const char* source = std::getenv("KARPENTER_SOURCE_DIR");  // NOLINT(concurrency-mt-unsafe): set by ctest
  std::ifstream in((source == nullptr ? "." : std::string(source)) + "/manifests/" + path);
  return json::parse_yaml(std::string(std::istreambuf_iterator<char>(in), {})).value();
}

const net::Origin kApi{"https", "api", 443};
const std::string kSecretPath = "/api/v1/namespaces/karpenter/secrets/karpenter-cert";
const std::string kHooks = "/apis/admissionregistration.k8s.io/v1/";
const std::string kCrds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

class OwnCertificatesTest : public testing::Test {
 protected:
  struct Replica {
    Replica(OwnCertificatesTest& test, const std::string& token, telemetry::LogSink& sink)
        : client(test.runtime_, test.transport_,
                 {.origin = kApi, .user_agent = "test", .bearer_token = [token] { return token; }, .qps = 0}),
          certificates(test.runtime_, telemetry::Log(test.runtime_, sink, {}), client,
                       {.secret_name = "karpenter-cert",
                        .fallback_secret_name = "karpenter-webhook-cert",
                        .namespace_name = "karpenter",
                        .services = {"karpenter-webhook", "karpenter"}}) {}
    kube::Client client;
    OwnCertificates certificates;
  };

  OwnCertificatesTest() {
    devcluster::ApiServerOptions options;
    options.tokens["admin"] = {.name = "admin", .groups = {"system:masters"}};
    options.tokens["webhook"] = {.name = "system:serviceaccount:karpenter:karpenter-webhook",
                                 .groups = {"system:serviceaccounts"}};
    options.faults.before = [this](const net::HttpRequest& request) -> std::optional<net::HttpResponse> {
      if (before_) before_(request);
      return std::nullopt;
    };
    server_ = std::make_unique<devcluster::ApiServer>(runtime_, std::move(options));
    transport_.route(kApi, *server_);
    install("install/rbac.yaml");
    install("install/webhook.yaml");
    for (const char* crd :
         {"karpenter.sh_nodepools", "karpenter.sh_nodeclaims", "karpenter.k8s.aws_ec2nodeclasses"}) {
      install("crds/" + std::string(crd) + ".yaml");
    }
  }

  json::Value call(const std::string& method, const std::string& target, const std::string& body = "",
                   const std::string& type = "application/json") {
    net::HttpRequest request;
    request.method = method;
    request.target = target;
    request.body = body;
    request.headers.add("Authorization", "Bearer admin");
    request.headers.add("Content-Type", type);
    auto response = server_->handle(request, {});
    EXPECT_LT(response.status, 300) << method << " " << target << " " << response.body;
    return json::parse(response.body).value();
  }
  void install(const std::string& path) {
    for (const auto& object : manifest(path)) {
      const std::string kind = object["kind"].string_or("");
      const std::string version = object["apiVersion"].string_or("");
      const std::string space = object["metadata"]["namespace"].string_or("");
      const std::string plural = base::to_lower(kind) + "s";
      const std::string group = version == "v1" ? "/api/v1" : "/apis/" + version;
      call("POST", group + (space.empty() ? "" : "/namespaces/" + space) + "/" + plural, object.dump());
    }
  }
  // Every bundle that API servers use, by registration.
  std::map<std::string, std::string> bundles() {
    std::map<std::string, std::string> out;
    for (const auto& registration : registrations()) {
      const std::string name(registration.name);
      if (name == "validation.webhook.config.karpenter.sh") continue;  // not installed
      const bool is_crd = registration.kind == RegistrationKind::kCrd;
      const std::string plural = registration.kind == RegistrationKind::kMutating
                                     ? "mutatingwebhookconfigurations"
                                     : "validatingwebhookconfigurations";
      const auto object = call("GET", (is_crd ? kCrds : kHooks + plural) + "/" + name);
      const auto add = [&](const std::string& key, json::View client) {
        out[key] = base::base64_decode(client["caBundle"].string_or("")).value_or("");
      };
      if (is_crd) add(name, object["spec"]["conversion"]["webhook"]["clientConfig"]);
      for (const auto hook : object["webhooks"].items())
        add(hook["name"].string_or(""), hook["clientConfig"]);
    }
    return out;
  }
  // Whether no call to any of them can fail now.
  bool trusted_by_all(std::initializer_list<const Replica*> replicas) {
    std::set<std::string> different;
    for (const auto& [name, bundle] : bundles()) different.insert(bundle);
    return std::ranges::all_of(replicas, [&](const Replica* replica) {
      const auto identity = replica->certificates.current();
      return std::ranges::all_of(
          different, [&](const std::string& bundle) { return is_usable(identity, bundle, runtime_.now()); });
    });
  }
  CertificateSecret secret() { return read_certificate_secret(call("GET", kSecretPath)); }

  support::SimRuntime runtime_;
  telemetry::MemorySink sink_;
  net::LoopbackTransport transport_;
  std::function<void(const net::HttpRequest&)> before_;
  std::unique_ptr<devcluster::ApiServer> server_;
};

// spec: conversion §5.8, lifecycle §19.5
TEST_F(OwnCertificatesTest, fills_the_secret_and_every_registration_and_then_rests) {
  Replica replica(*this, "webhook", sink_);
  EXPECT_FALSE(replica.certificates.ready());
  EXPECT_TRUE(replica.certificates.pass({})) << sink_.lines().back();
  EXPECT_TRUE(replica.certificates.ready());
  EXPECT_EQ(bundles().size(), 8U);
  EXPECT_TRUE(trusted_by_all({&replica}));
  int writes = 0;
  before_ = [&](const net::HttpRequest& request) { writes += request.method == "GET" ? 0 : 1; };
  EXPECT_TRUE(replica.certificates.pass({}));
  EXPECT_EQ(writes, 0);
}

TEST_F(OwnCertificatesTest, repairs_what_somebody_overwrites_and_leaves_the_rest_alone) {
  Replica replica(*this, "webhook", sink_);
  ASSERT_TRUE(replica.certificates.pass({}));
  const std::string merge = "application/merge-patch+json";
  call(
      "PATCH", kCrds + "/nodepools.karpenter.sh",
      R"({"spec":{"conversion":{"webhook":{"clientConfig":{"caBundle":"eA==","service":{"path":"/old"}}}}}})",
      merge);
  call("PATCH", kHooks + "mutatingwebhookconfigurations/defaulting.webhook.karpenter.k8s.aws",
       R"([{"op":"remove","path":"/webhooks/0/clientConfig/caBundle"}])", "application/json-patch+json");
  call("PATCH", kHooks + "validatingwebhookconfigurations/validation.webhook.karpenter.sh",
       R"([{"op":"replace","path":"/webhooks/0/clientConfig/service/name","value":"foreign"},
           {"op":"replace","path":"/webhooks/0/clientConfig/caBundle","value":"eA=="}])",
       "application/json-patch+json");
  ASSERT_TRUE(replica.certificates.pass({}));
  auto now = bundles();
  EXPECT_EQ(now["validation.webhook.karpenter.sh"], "x") << "another service's";
  now.erase("validation.webhook.karpenter.sh");
  for (const auto& [name, bundle] : now) EXPECT_EQ(bundle, secret().ca_bundle) << name;
  const auto crd = call("GET", kCrds + "/nodepools.karpenter.sh");
  EXPECT_EQ(crd["spec"]["conversion"]["webhook"]["clientConfig"]["service"]["path"].string_or(""),
            "/conversion/karpenter.sh");
}

TEST_F(OwnCertificatesTest, losers_take_over_what_the_winner_wrote) {
  Replica winner(*this, "webhook", sink_);
  Replica loser(*this, "webhook", sink_);
  before_ = [&](const net::HttpRequest& request) {
    if (request.method != "PATCH" || request.path() != kSecretPath) return;
    before_ = {};
    EXPECT_TRUE(winner.certificates.pass({}));  // between the loser's read and its write
  };
  EXPECT_TRUE(loser.certificates.pass({}));
  EXPECT_EQ(loser.certificates.current(), winner.certificates.current());
  EXPECT_EQ(loser.certificates.current(), secret().current);
  EXPECT_TRUE(trusted_by_all({&loser}));
}

// Three weeks, two replicas that look at random times, now and then not for hours: what a replica serves is
// trusted at every registration before and after every single request.
TEST_F(OwnCertificatesTest, no_call_can_fail_while_certificates_rotate) {
  Replica replicas[] = {{*this, "webhook", sink_}, {*this, "webhook", sink_}};
  for (auto& replica : replicas) ASSERT_TRUE(replica.certificates.pass({}));
  std::set<std::string> served;
  bool checking = false;
  before_ = [&](const net::HttpRequest& request) {
    if (checking || request.method == "GET") return;
    checking = true;  // the checks are requests, too
    EXPECT_TRUE(trusted_by_all({&replicas[0], &replicas[1]})) << request.path();
    checking = false;
  };
  for (int i = 0; i < 300; ++i) {
    const std::uint64_t choice = runtime::random_below(runtime_, 3);
    runtime_.run_for(choice == 0 ? seconds(10) : choice == 1 ? minutes(30) : hours(4));
    auto& replica = replicas[runtime::random_below(runtime_, 2)];
    replica.certificates.pass({});
    checking = true;
    ASSERT_TRUE(trusted_by_all({&replicas[0], &replicas[1]})) << i;
    checking = false;
    served.insert(replica.certificates.current().certificate_pem);
    EXPECT_LE(net::split_certificates(secret().ca_bundle).size(), 2U);
  }
  EXPECT_GE(served.size(), 3U);
  EXPECT_LE(served.size(), 5U);
  EXPECT_LT(sink_.lines().size(), 80U) << "writes only on difference";
}

// spec: lifecycle §19.7
TEST_F(OwnCertificatesTest, adopts_what_an_older_release_left) {
  const auto old =
      take_step(CertificateStep::kCreate,
                {.now = runtime_.now(), .secret = {}, .names = certificate_names({"karpenter"}, "karpenter")})
          .value();
  json::Value left =
      json::parse(R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"karpenter-webhook-cert"}})")
          .value();
  left["data"].set(write_certificate_data(old));
  left["data"].erase("next-server-cert.pem");
  left["data"].erase("next-server-key.pem");
  call("DELETE", kSecretPath);
  call("POST", "/api/v1/namespaces/karpenter/secrets", left.dump());
  Replica replica(*this, "webhook", sink_);
  replica.certificates.pass({});
  EXPECT_EQ(replica.certificates.current(), old.current) << "served until every caller trusts the next one";
  runtime_.run_for(minutes(3));
  EXPECT_TRUE(replica.certificates.pass({}));
  const auto facts = net::read_certificate(replica.certificates.current().certificate_pem);
  EXPECT_EQ(facts->dns_names, kNames);
  EXPECT_TRUE(trusted_by_all({&replica}));
}

TEST_F(OwnCertificatesTest, says_once_what_it_may_not_do_and_keeps_serving) {
  Replica replica(*this, "webhook", sink_);
  ASSERT_TRUE(replica.certificates.pass({}));
  const auto before = replica.certificates.current();
  call("DELETE", "/apis/rbac.authorization.k8s.io/v1/clusterroles/karpenter-webhook");
  call("DELETE", "/apis/rbac.authorization.k8s.io/v1/namespaces/karpenter/roles/karpenter-webhook");
  const auto lines = sink_.lines().size();
  EXPECT_FALSE(replica.certificates.pass({}));
  EXPECT_FALSE(replica.certificates.pass({}));
  EXPECT_EQ(replica.certificates.current(), before);
  EXPECT_TRUE(replica.certificates.ready());
  ASSERT_EQ(sink_.lines().size(), lines + 1);
  EXPECT_NE(sink_.lines().back().find("karpenter-cert"), std::string::npos);
}

TEST(Injection, refuses_a_crd_that_converts_otherwise) {
  const Callee callee{.services = {"karpenter-webhook"}, .namespace_name = "karpenter", .ca_bundle = "ca"};
  const auto& crd = registrations().front();
  const auto plan = [&](const char* text) { return plan_injection(crd, json::parse(text).value(), callee); };
  EXPECT_TRUE(plan(R"({"spec":{"conversion":{"strategy":"None"}}})").failed_with(base::Code::kInvalid));
  EXPECT_TRUE(plan("{}").failed_with(base::Code::kInvalid));
  EXPECT_TRUE(
      plan(R"({"spec":{"conversion":{"strategy":"Webhook","webhook":{"clientConfig":{"url":"https://x"}}}}})")
          .failed_with(base::Code::kInvalid));
  const auto foreign = plan(
      R"({"spec":{"conversion":{"strategy":"Webhook","webhook":{"clientConfig":{"service":{"name":"a","namespace":"b"}}}}}})");
  ASSERT_TRUE(foreign.has_value());
  EXPECT_EQ(foreign->view().size(), 0U);
}

}  // namespace
}  // namespace karpenter::webhook
