#include "common/net/loopback.h"

#include <gtest/gtest.h>

namespace karpenter::net {
namespace {

class Words final : public ByteStream {
 public:
  explicit Words(std::vector<std::string> words) : words_(std::move(words)) {}
  base::Result<std::string> next(const Call&) override {
    return at_ < words_.size() ? words_[at_++] : std::string();
  }

 private:
  std::vector<std::string> words_;
  std::size_t at_ = 0;
};

class Echo final : public Handler {
 public:
  HttpResponse handle(const HttpRequest& request, const Call&) override {
    if (request.path() == "/missing") return text_response(404, "nothing here");
    auto response = text_response(200, request.method + " " + request.target + " " + request.body);
    if (request.path() == "/stream")
      response.stream = std::make_unique<Words>(std::vector<std::string>{"b", "c"});
    return response;
  }
};

class Loopback : public testing::Test {
 protected:
  Loopback() { transport_.route(origin_, handler_); }
  HttpRequest request(std::string method, std::string target) {
    HttpRequest out;
    out.method = std::move(method);
    out.origin = origin_;
    out.target = std::move(target);
    return out;
  }
  Origin origin_{"https", "cluster", 443};
  Echo handler_;
  LoopbackTransport transport_;
};

TEST_F(Loopback, calls_the_handler_of_the_origin) {
  const auto response = transport_.send(request("PUT", "/x?y=1"), {});
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "PUT /x?y=1 ");
  EXPECT_EQ(transport_.send(request("HEAD", "/x"), {})->body, "");
  EXPECT_EQ(transport_.send(request("GET", "/missing"), {})->status, 404);
  EXPECT_EQ(transport_.send(request("GET", "/stream"), {})->body, "GET /stream bc");
}

TEST_F(Loopback, unknown_origin_is_unavailable_and_a_stopped_call_is_cancelled) {
  auto elsewhere = request("GET", "/");
  elsewhere.origin.host = "elsewhere";
  EXPECT_TRUE(transport_.send(elsewhere, {}).failed_with(base::Code::kUnavailable));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(transport_.send(request("GET", "/"), Call{.stop = stop.get_token()})
                  .failed_with(base::Code::kCancelled));
}

TEST_F(Loopback, streams_body_then_pieces_then_the_end) {
  auto stream = transport_.open(request("GET", "/stream"), {});
  ASSERT_TRUE(stream);
  EXPECT_EQ(*(*stream)->next({}), "GET /stream ");
  EXPECT_EQ(*(*stream)->next({}), "b");
  EXPECT_EQ(*(*stream)->next({}), "c");
  EXPECT_EQ(*(*stream)->next({}), "");
  const auto missing = transport_.open(request("GET", "/missing"), {});
  ASSERT_TRUE(missing.failed_with(base::Code::kNotFound));
  EXPECT_NE(missing.error().text().find("nothing here"), std::string::npos);
}

}  // namespace
}  // namespace karpenter::net
