#include "common/net/http.h"

#include <gtest/gtest.h>

namespace karpenter::net {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

TEST(Headers, compare_names_without_case_and_set_replaces_every_field) {
  Headers headers;
  headers.add("Accept", "a");
  headers.add("X-Other", "o");
  headers.add("accept", "b");
  EXPECT_EQ(headers.get("ACCEPT"), "a");
  headers.set("aCCept", "c");
  EXPECT_EQ(headers.fields(), (Pairs{{"Accept", "c"}, {"X-Other", "o"}}));
  headers.remove("x-other");
  EXPECT_FALSE(headers.find("X-Other").has_value());
  EXPECT_EQ(headers.get("X-Other"), "");
}

TEST(ParseUrl, reads_scheme_host_port_and_target) {
  struct Case {
    std::string text;
    Origin origin;
    std::string target;
  };
  const std::vector<Case> cases = {
      {"https://example.com", {"https", "example.com", 443}, "/"},
      {"HTTP://example.com:8080/a/b?x=1&y=%20#frag", {"http", "example.com", 8080}, "/a/b?x=1&y=%20"},
      {"http://[::1]:9/x", {"http", "::1", 9}, "/x"},
      {"https://[fd00::1]", {"https", "fd00::1", 443}, "/"},
      {"http://host?q=1", {"http", "host", 80}, "/?q=1"},
  };
  for (const auto& c : cases) {
    const auto url = parse_url(c.text);
    ASSERT_TRUE(url) << c.text << ": " << url.error().text();
    EXPECT_EQ(url->origin, c.origin) << c.text;
    EXPECT_EQ(url->target, c.target) << c.text;
  }
}

TEST(ParseUrl, refuses_what_is_not_an_http_url) {
  for (const char* text :
       {"", "example.com", "ftp://x", "http://", "http://:80", "http://x:0", "http://x:65536", "http://x:8a",
        "http://[::1", "http://u:p@host/", "http://ho st/", "http://x/\n"}) {
    EXPECT_TRUE(parse_url(text).failed_with(base::Code::kInvalid)) << text;
  }
}

TEST(Origin, prints_with_port_and_brackets) {
  EXPECT_EQ((Origin{"https", "h", 443}).text(), "https://h:443");
  EXPECT_EQ((Origin{"http", "::1", 80}).text(), "http://[::1]:80");
}

TEST(HttpRequest, splits_target_at_the_question_mark) {
  HttpRequest request;
  request.target = "/a?b=c?d";
  EXPECT_EQ(request.path(), "/a");
  EXPECT_EQ(request.query(), "b=c?d");
  request.target = "/a";
  EXPECT_EQ(request.query(), "");
}

TEST(ParseQuery, decodes_in_order_and_keeps_malformed_escapes) {
  EXPECT_EQ(parse_query("a=1&b=x%2Cy&a=2&flag&=v&&c=%zz&d=a=b&e=a+b"), (Pairs{{"a", "1"},
                                                                              {"b", "x,y"},
                                                                              {"a", "2"},
                                                                              {"flag", ""},
                                                                              {"", "v"},
                                                                              {"c", "%zz"},
                                                                              {"d", "a=b"},
                                                                              {"e", "a b"}}));
  EXPECT_TRUE(parse_query("").empty());
}

TEST(ErrorOfStatus, maps_every_class_of_status) {
  using base::Code;
  const std::vector<std::pair<int, Code>> cases = {
      {400, Code::kInvalid},  {422, Code::kInvalid},   {401, Code::kForbidden},   {403, Code::kForbidden},
      {404, Code::kNotFound}, {408, Code::kTimeout},   {409, Code::kConflict},    {410, Code::kGone},
      {413, Code::kInvalid},  {429, Code::kThrottled}, {500, Code::kUnavailable}, {503, Code::kUnavailable},
      {504, Code::kTimeout},  {302, Code::kInternal}};
  for (const auto& [status, code] : cases) EXPECT_EQ(error_of_status(status, {}, "").code, code) << status;
  Headers headers;
  headers.add("retry-after", "7");
  const auto error = error_of_status(429, headers, "slow down");
  EXPECT_EQ(error.retry_after, std::chrono::seconds(7));
  EXPECT_NE(error.text().find("slow down"), std::string::npos);
}

}  // namespace
}  // namespace karpenter::net
