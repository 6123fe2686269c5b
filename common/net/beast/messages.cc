#include "common/net/beast/messages.h"

#include <algorithm>
#include <array>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <charconv>

#include "common/base/strings.h"

namespace karpenter::net {
namespace {

namespace http = boost::beast::http;
using ErrorCode = boost::beast::error_code;

constexpr std::uint32_t kMaxResponseHeader = 256U << 10U;

// Gives the parser what it can take and keeps the rest.
template <class Parser>
ErrorCode feed_parser(Parser& parser, std::string& rest, std::string_view bytes) {
  rest.append(bytes);
  std::size_t used = 0;
  ErrorCode code;
  while (used < rest.size() && !parser.is_done()) {
    used += parser.put(boost::asio::const_buffer(rest.data() + used, rest.size() - used), code);
    if (code) break;
  }
  rest.erase(0, used);
  if (code == http::error::need_more) code = {};
  return code;
}

template <class Message>
Headers headers_of(const Message& message) {
  Headers out;
  for (const auto& field : message) out.add(std::string(field.name_string()), std::string(field.value()));
  return out;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return c > ' ' && c < '\x7f' && std::string_view("()<>@,;:\\\"/[]?={}").find(c) == std::string_view::npos;
  });
}
bool is_field_value(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos;
}
bool is_target(std::string_view text) {
  return !text.empty() && std::ranges::none_of(text, [](char c) { return c <= ' ' || c == '\x7f'; });
}

// Framing is ours alone: what a caller says about it would contradict the bytes that follow.
bool is_framing(std::string_view name) {
  return base::equals_ignore_case(name, "Content-Length") ||
         base::equals_ignore_case(name, "Transfer-Encoding") || base::equals_ignore_case(name, "Connection");
}

void print_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

bool has_body(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace

// ---- requests in

struct RequestParser::Impl {
  http::request_parser<http::string_body> parser;
  std::string rest;
};

RequestParser::RequestParser(std::size_t max_header_bytes, std::size_t max_body_bytes)
    : impl_(std::make_unique<Impl>()) {
  impl_->parser.eager(true);
  impl_->parser.header_limit(static_cast<std::uint32_t>(max_header_bytes));
  impl_->parser.body_limit(max_body_bytes);
}
RequestParser::~RequestParser() = default;

ParseProblem RequestParser::feed(std::string_view bytes) {
  const auto code = feed_parser(impl_->parser, impl_->rest, bytes);
  if (!code) return ParseProblem::kNone;
  if (code == http::error::header_limit) return ParseProblem::kHeaderTooLarge;
  if (code == http::error::body_limit) return ParseProblem::kBodyTooLarge;
  return ParseProblem::kMalformed;
}
bool RequestParser::header_done() const { return impl_->parser.is_header_done(); }
bool RequestParser::done() const { return impl_->parser.is_done(); }
bool RequestParser::keep_alive() const { return impl_->parser.keep_alive(); }
bool RequestParser::expects_continue() const {
  return base::equals_ignore_case(std::string(impl_->parser.get()[http::field::expect]), "100-continue");
}
std::string_view RequestParser::path() const {
  const auto target = impl_->parser.get().target();
  return std::string_view(target.data(), target.size()).substr(0, target.find('?'));
}
std::size_t RequestParser::body_bytes_read() const { return impl_->parser.get().body().size(); }
std::size_t RequestParser::body_bytes() const {
  const auto announced = impl_->parser.content_length();
  return announced ? static_cast<std::size_t>(*announced) : body_bytes_read();
}
std::string RequestParser::take_rest() { return std::exchange(impl_->rest, {}); }

HttpRequest RequestParser::take() {
  auto& message = impl_->parser.get();
  HttpRequest request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  request.headers = headers_of(message);
  request.body = std::move(message.body());
  return request;
}

// ---- responses in

struct ResponseParser::Impl {
  http::response_parser<http::string_body> parser;
  std::string rest;
};

ResponseParser::ResponseParser(Body body, std::size_t max_body_bytes) : impl_(std::make_unique<Impl>()) {
  impl_->parser.eager(true);
  impl_->parser.header_limit(kMaxResponseHeader);
  impl_->parser.skip(body == Body::kNone);
  if (max_body_bytes == 0) {
    impl_->parser.body_limit(boost::none);
  } else {
    impl_->parser.body_limit(max_body_bytes);
  }
}
ResponseParser::~ResponseParser() = default;

base::Status ResponseParser::feed(std::string_view bytes) {
  const auto code = feed_parser(impl_->parser, impl_->rest, bytes);
  if (code) return base::internal("bad HTTP response").add("cause", code.message());
  return base::ok();
}
base::Status ResponseParser::feed_end() {
  ErrorCode code;
  if (impl_->parser.got_some()) {
    impl_->parser.put_eof(code);
  } else {
    code = http::error::end_of_stream;
  }
  if (!code) return base::ok();
  return base::make_error(base::Code::kUnavailable, "connection closed before the answer")
      .add("cause", code.message());
}
bool ResponseParser::header_done() const { return impl_->parser.is_header_done(); }
bool ResponseParser::done() const { return impl_->parser.is_done(); }
bool ResponseParser::keep_alive() const { return impl_->parser.keep_alive() && impl_->rest.empty(); }
int ResponseParser::status() const { return static_cast<int>(impl_->parser.get().result_int()); }
std::string ResponseParser::take_body() { return std::exchange(impl_->parser.get().body(), {}); }

HttpResponse ResponseParser::head() const {
  return {.status = status(), .headers = headers_of(impl_->parser.get()), .body = {}};
}

// ---- messages out

base::Result<std::string> print_request(const HttpRequest& request) {
  if (!is_token(request.method)) return base::invalid("bad HTTP method").add("method", request.method);
  if (!is_target(request.target)) return base::invalid("bad HTTP target").add("target", request.target);
  std::string out = request.method + " " + request.target + " HTTP/1.1\r\n";
  if (!request.headers.find("Host")) {
    const auto& origin = request.origin;
    const bool default_port = origin.port == (origin.scheme == "http" ? 80 : 443);
    const std::string host =
        origin.host.find(':') == std::string::npos ? origin.host : "[" + origin.host + "]";
    print_field(out, "Host", default_port ? host : host + ":" + std::to_string(origin.port));
  }
  for (const auto& [name, value] : request.headers.fields()) {
    if (!is_token(name) || !is_field_value(value))
      return base::invalid("bad HTTP header").add("header", name);
    if (!is_framing(name)) print_field(out, name, value);
  }
  const bool bodiless = request.method == "GET" || request.method == "HEAD" || request.method == "DELETE";
  if (!request.body.empty() || !bodiless)
    print_field(out, "Content-Length", std::to_string(request.body.size()));
  out += "\r\n";
  out += request.body;
  return out;
}

std::string print_response_head(const HttpResponse& response, Framing framing, Persistence persistence) {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " ";
  out += std::string(http::obsolete_reason(static_cast<http::status>(response.status))) + "\r\n";
  for (const auto& [name, value] : response.headers.fields()) {
    if (is_token(name) && is_field_value(value) && !is_framing(name)) print_field(out, name, value);
  }
  if (framing == Framing::kChunked) {
    print_field(out, "Transfer-Encoding", "chunked");
  } else if (has_body(response.status)) {
    print_field(out, "Content-Length", std::to_string(response.body.size()));
  }
  if (persistence == Persistence::kClose) print_field(out, "Connection", "close");
  return out + "\r\n";
}

std::string print_chunk(std::string_view data) {
  if (data.empty()) return "0\r\n\r\n";
  std::array<char, 20> size{};
  const auto end = std::to_chars(size.data(), size.data() + size.size(), data.size(), 16).ptr;
  std::string out(size.data(), end);
  return out.append("\r\n").append(data).append("\r\n");
}

}  // namespace karpenter::net
