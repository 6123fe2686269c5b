#include "common/net/beast/messages.h"

#include <gtest/gtest.h>

namespace karpenter::net {
namespace {

// `text` in two pieces, at every place.
std::vector<std::pair<std::string, std::string>> cuts(const std::string& text) {
  std::vector<std::pair<std::string, std::string>> out;
  for (std::size_t i = 0; i <= text.size(); ++i) out.emplace_back(text.substr(0, i), text.substr(i));
  return out;
}

TEST(RequestParser, reads_the_same_request_however_it_is_cut) {
  const std::string request =
      "POST /a?b=c HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;ext=1\r\nhello\r\n1\r\n!\r\n0\r\n\r\n";
  for (const auto& [head, tail] : cuts(request)) {
    RequestParser parser(1000, 1000);
    ASSERT_EQ(parser.feed(head), ParseProblem::kNone) << head;
    if (!tail.empty()) {
      ASSERT_FALSE(parser.done()) << head;
      ASSERT_EQ(parser.feed(tail + "GET /next"), ParseProblem::kNone) << head;
      EXPECT_EQ(parser.take_rest(), "GET /next");
    }
    ASSERT_TRUE(parser.done());
    const auto got = parser.take();
    EXPECT_EQ(got.method + " " + got.target + " " + got.body, "POST /a?b=c hello!");
    EXPECT_EQ(got.headers.get("x-a"), "1");
  }
}

TEST(RequestParser, names_what_is_wrong_and_never_crashes_on_garbage) {
  const std::vector<std::pair<std::string, ParseProblem>> cases = {
      {"GET / HTTP/1.1\r\nContent-Length: 11\r\n\r\n", ParseProblem::kBodyTooLarge},
      {"GET / HTTP/1.1\r\nX: " + std::string(200, 'y'), ParseProblem::kHeaderTooLarge},
      {"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", ParseProblem::kMalformed},
      {"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", ParseProblem::kMalformed},
      {"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", ParseProblem::kMalformed},
      {"GET /a b HTTP/1.1\r\n\r\n", ParseProblem::kMalformed},
      {"GET / HTTP/1.1\r\nA\x01: b\r\n\r\n", ParseProblem::kMalformed},
      {std::string("\x16\x03\x01\x02\x00\x01", 6), ParseProblem::kMalformed},  // TLS on a plain port
  };
  for (const auto& [bytes, want] : cases) {
    RequestParser parser(100, 10);
    EXPECT_EQ(parser.feed(bytes), want) << bytes;
  }
}

TEST(ResponseParser, reads_by_length_by_chunks_and_to_the_end) {
  for (const std::string text :
       {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n"}) {
    for (const auto& [head, tail] : cuts(text)) {
      ResponseParser parser(ResponseParser::Body::kExpected, 100);
      ASSERT_TRUE(parser.feed(head));
      if (!tail.empty()) {
        EXPECT_FALSE(parser.done());
        ASSERT_TRUE(parser.feed(tail));
      }
      EXPECT_TRUE(parser.done());
      EXPECT_TRUE(parser.keep_alive());
      EXPECT_EQ(parser.take_body(), "ok");
    }
  }
  ResponseParser until_end(ResponseParser::Body::kExpected, 100);
  ASSERT_TRUE(until_end.feed("HTTP/1.1 200 OK\r\n\r\nok"));
  EXPECT_FALSE(until_end.done());
  ASSERT_TRUE(until_end.feed_end());
  EXPECT_TRUE(until_end.done());
  EXPECT_FALSE(until_end.keep_alive());
}

TEST(ResponseParser, an_early_end_or_too_much_is_an_error) {
  ResponseParser silent(ResponseParser::Body::kExpected, 100);
  EXPECT_TRUE(silent.feed_end().failed_with(base::Code::kUnavailable));
  ResponseParser cut(ResponseParser::Body::kExpected, 100);
  ASSERT_TRUE(cut.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok"));
  EXPECT_TRUE(cut.feed_end().failed_with(base::Code::kUnavailable));
  ResponseParser large(ResponseParser::Body::kExpected, 3);
  EXPECT_FALSE(large.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"));
  ResponseParser head(ResponseParser::Body::kNone, 100);
  ASSERT_TRUE(head.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"));
  EXPECT_TRUE(head.done());
}

TEST(PrintRequest, adds_host_and_length_and_refuses_what_would_break_out) {
  HttpRequest request;
  request.origin = {"https", "h", 443};
  request.target = "/x";
  EXPECT_EQ(print_request(request).value(), "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
  request.method = "POST";
  request.origin = {"http", "::1", 81};
  request.headers.add("Content-Length", "999");
  EXPECT_EQ(print_request(request).value(),
            "POST /x HTTP/1.1\r\nHost: [::1]:81\r\nContent-Length: 0\r\n\r\n");
  auto bad = request;
  bad.target = "/x HTTP/1.1\r\nEvil: 1";
  EXPECT_TRUE(print_request(bad).failed_with(base::Code::kInvalid));
  bad = request;
  bad.headers.add("A", "b\r\nEvil: 1");
  EXPECT_TRUE(print_request(bad).failed_with(base::Code::kInvalid));
  bad = request;
  bad.method = "GET /";
  EXPECT_TRUE(print_request(bad).failed_with(base::Code::kInvalid));
}

TEST(PrintResponse, frames_by_itself_and_leaves_out_broken_headers) {
  auto response = text_response(200, "abc");
  response.headers.add("Evil", "a\r\nb");
  response.headers.add("Content-Length", "7");
  EXPECT_EQ(print_response_head(response, Framing::kLength, Persistence::kKeepAlive),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(print_response_head({.status = 204}, Framing::kLength, Persistence::kClose),
            "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(print_chunk("0123456789abcdef"), "10\r\n0123456789abcdef\r\n");
  EXPECT_EQ(print_chunk(""), "0\r\n\r\n");
}

}  // namespace
}  // namespace karpenter::net
