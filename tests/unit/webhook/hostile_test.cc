#include <gtest/gtest.h>
#include <sys/resource.h>

#include <memory>

#include "common/json/json.h"
#include "common/net/http.h"
#include "common/runtime/runtime.h"
#include "webhook/handlers/webhook_handler.h"

// What clients may send: always an answer, never a crash, memory in proportion.

namespace karpenter::webhook {
namespace {

class Hostile : public testing::Test {
 protected:
  net::HttpResponse send(const std::string& path, std::string body,
                         const std::string& type = "application/json", const std::string& agent = "") {
    net::HttpRequest request;
    request.method = "POST";
    request.target = path;
    request.headers.add("Content-Type", type);
    if (!agent.empty()) request.headers.add("User-Agent", agent);
    request.body = std::move(body);
    return handler_.handle(request, {});
  }
  // The review's `response`.
  static json::Value response_of(const net::HttpResponse& response) {
    EXPECT_EQ(response.status, 200) << response.body.substr(0, 300);
    auto body = json::parse(response.body);
    EXPECT_TRUE(body.has_value());
    return body ? json::Value(body->view()["response"]) : json::Value();
  }
  static std::string review(const std::string& object) {
    return R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","name":"p","operation":)"
           R"("CREATE","kind":{"group":"karpenter.sh","version":"v1","kind":"NodePool"},"object":)" +
           object + "}}";
  }
  static std::string pool(const std::string& spec) {
    return R"({"apiVersion":"karpenter.sh/v1","kind":"NodePool","metadata":{"name":"p"},"spec":)" + spec +
           "}";
  }
  static std::string conversion(const std::string& objects, const std::string& before = "") {
    return "{" + before + R"("request":{"objects":)" + objects +
           R"(,"desiredAPIVersion":"karpenter.sh/v1","uid":"u"},"kind":"ConversionReview","apiVersion":"apiextensions.k8s.io/v1"})";
  }
  static std::string beta(const std::string& name) {
    return R"({"apiVersion":"karpenter.sh/v1beta1","kind":"NodePool","metadata":{"name":")" + name +
           R"("},"spec":{"template":{"spec":{}}}})";
  }
  static std::size_t peak_bytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<std::size_t>(usage.ru_maxrss) << 10U;
  }

  std::unique_ptr<runtime::Runtime> runtime_ = runtime::make_real_runtime();
  telemetry::MemorySink sink_;
  telemetry::Metrics metrics_;
  WebhookHandler handler_{*runtime_, telemetry::Log(*runtime_, sink_, {}), metrics_, {}};
};

// spec: conversion §5.3
TEST_F(Hostile, a_hundred_thousand_objects_need_the_memory_of_their_texts) {
  std::string objects = "[";
  constexpr std::size_t kObjects = 100'000;
  for (std::size_t i = 0; i < kObjects; ++i)
    objects += (i > 0 ? "," : "") + beta("pool-" + std::to_string(i));
  const std::string body = conversion(objects + "]");
  objects = {};
  const auto before = peak_bytes();
  const auto answer = send("/conversion/karpenter.sh", body);
  EXPECT_EQ(answer.status, 200);
  EXPECT_LT(peak_bytes() - before, body.size() + 2 * answer.body.size() + (8U << 20U));
  const auto members = json::split_object(json::split_object(answer.body).value().at(2).second).value();
  ASSERT_EQ(members.at(0).first, "convertedObjects");
  const auto converted = json::split_array(members.at(0).second).value();
  ASSERT_EQ(converted.size(), kObjects);
  const json::Value last = json::parse(converted.back()).value();
  EXPECT_EQ(last["metadata"]["name"].string_or(""), "pool-99999");
  EXPECT_EQ(last["apiVersion"].string_or(""), "karpenter.sh/v1");
}

// spec: conversion §2.1, §5.1
TEST_F(Hostile, a_conversion_is_answered_whatever_the_order_and_noise_of_its_members) {
  const auto good =
      response_of(send("/conversion/karpenter.sh",
                       conversion("[" + beta("a") + " , " + beta("b") + "]", R"("noise":[{"x":"]}"}],)")));
  EXPECT_EQ(good["result"]["status"].string_or(""), "Success");
  EXPECT_EQ(good["uid"].string_or(""), "u");
  EXPECT_EQ(good["convertedObjects"].size(), 2U);
  EXPECT_EQ(good["convertedObjects"][1]["metadata"]["name"].string_or(""), "b");
  for (const char* none : {"[]", "null"}) {
    const auto empty = response_of(send("/conversion/karpenter.sh", conversion(none)));
    EXPECT_EQ(empty["result"]["status"].string_or(""), "Success") << none;
    EXPECT_EQ(empty["convertedObjects"].size(), 0U) << none;
  }
  const auto bad =
      response_of(send("/conversion/karpenter.sh", conversion("[" + beta("a") + R"(,{"kind":"X"}])")));
  EXPECT_EQ(bad["result"]["status"].string_or(""), "Failure");
  EXPECT_FALSE(bad["result"]["message"].string_or("").empty());
  EXPECT_EQ(bad["convertedObjects"].size(), 0U);
  for (const char* broken : {"[{]", "{}", "7", "[{}", "[1,]", "[\"\xff\"]"}) {
    const auto answer = send("/conversion/karpenter.sh", conversion(broken));
    EXPECT_TRUE(answer.status == 400 ||
                response_of(answer).view()["result"]["status"].string_or("") == "Failure")
        << broken;
  }
}

// spec: api §13.2
TEST_F(Hostile, bad_texts_are_refused_with_a_reason) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  struct Case {
    const char* name;
    std::string body;
  };
  for (const auto& c : {
           Case{"deep", review(pool(R"({"x":)" + deep + "}"))},
           Case{"deep object", std::string(1'000'000, '{')},
           Case{"broken UTF-8", review(pool("{\"weight\":\"\xc3\x28\"}"))},
           Case{"surrogate", review(pool(R"({"weight":"\ud800"})"))},
           Case{"NaN", review(pool(R"({"weight":NaN})"))},
           Case{"Infinity", review(pool(R"({"weight":-Infinity})"))},
           Case{"1e999", review(pool(R"({"weight":1e999})"))},
           Case{"zero byte", review(pool(std::string("{\"weight\":\"\0\"}", 14)))},
           Case{"two documents", review(pool("{}")) + "{}"},
           Case{"nothing", ""},
       }) {
    const auto answer = send("/validate/karpenter.sh", c.body);
    EXPECT_EQ(answer.status, 400) << c.name;
    EXPECT_NE(answer.body.find("offset"), std::string::npos) << c.name << ": " << answer.body;
  }
}

TEST_F(Hostile, strange_values_are_denied_and_named) {
  for (const char* spec : {R"({"weight":9223372036854775808})", R"({"weight":1e300})", R"({"weight":-1})",
                           R"({"template":7})", "[]", "\"x\"", R"({"limits":{"cpu":"1e99999"}})"}) {
    const auto response = response_of(send("/validate/karpenter.sh", review(pool(spec))));
    EXPECT_FALSE(response["allowed"].bool_or(true)) << spec;
    EXPECT_FALSE(response["status"]["message"].string_or("").empty()) << spec;
  }
}

TEST_F(Hostile, the_last_of_equal_keys_counts) {
  const auto response =
      response_of(send("/validate/karpenter.sh", review(pool(R"({"weight":1,"weight":-5})"))));
  EXPECT_FALSE(response["allowed"].bool_or(true));
}

TEST_F(Hostile, a_flood_of_requirements_is_cut_short) {
  std::string requirements = "[";
  for (int i = 0; i < 40'000; ++i)
    requirements += std::string(i > 0 ? "," : "") + R"({"key":"a b","operator":"Xx","values":["-"]})";
  const auto answer = send("/validate/karpenter.sh",
                           review(pool(R"({"template":{"spec":{"requirements":)" + requirements + "]}}}")));
  const auto response = response_of(answer);
  EXPECT_FALSE(response["allowed"].bool_or(true));
  EXPECT_LE(response["status"]["details"]["causes"].size(), 101U);
  EXPECT_LT(answer.body.size(), 200'000U);
}

// spec: lifecycle §19.6
TEST_F(Hostile, only_json_is_a_review_and_the_kubelet_always_gets_its_ok) {
  EXPECT_EQ(send("/validate/karpenter.sh", review(pool("{}")), "text/plain").status, 415);
  EXPECT_EQ(send("/validate/karpenter.sh", review(pool("{}")), "").status, 415);
  EXPECT_EQ(send("/validate/karpenter.sh", review(pool("{}")), "Application/JSON; charset=utf-8").status,
            200);
  EXPECT_EQ(send("/", "", "", "kube-probe/1.32").status, 200);
}

}  // namespace
}  // namespace karpenter::webhook
