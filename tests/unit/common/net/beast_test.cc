#include "common/net/beast/beast.h"

#include <gtest/gtest.h>

#include <atomic>

#include "common/net/beast/socket.h"
#include "common/net/crypto.h"

namespace karpenter::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
constexpr auto kLong = seconds(20);  // only a bound on a broken run

// Yields "tick" until stopped, then blocks; counts how many of them are alive.
class Ticker final : public ByteStream {
 public:
  Ticker(runtime::Runtime& runtime, std::atomic<int>& alive) : runtime_(runtime), alive_(alive) { ++alive_; }
  ~Ticker() override { --alive_; }
  base::Result<std::string> next(const Call& call) override {
    if (sent_++ == 0) return std::string("tick");
    RETURN_IF_ERROR(runtime::sleep_for(runtime_, kLong, call));
    return std::string();
  }

 private:
  runtime::Runtime& runtime_;
  std::atomic<int>& alive_;
  int sent_ = 0;
};

class TestHandler final : public Handler {
 public:
  explicit TestHandler(runtime::Runtime& runtime) : runtime_(runtime), changed_(runtime.make_event()) {}

  HttpResponse handle(const HttpRequest& request, const Call& call) override {
    ++requests;
    if (request.path() == "/throw") throw std::runtime_error("on purpose");
    if (request.path() == "/hold") hold(call);
    if (request.path() == "/name") return text_response(200, request.client_common_name);
    auto response = text_response(200, request.method + " " + request.target + " " + request.body);
    response.headers.add("X-Host", request.origin.text());
    if (request.path() == "/watch") response.stream = std::make_unique<Ticker>(runtime_, streams);
    return response;
  }
  void wait_until_held() {
    runtime::Lock lock(mutex_);
    ASSERT_TRUE(runtime::wait(*changed_, lock, {}, [this] { return held_; }));
  }
  void release() {
    const runtime::Lock lock(mutex_);
    released_ = true;
    changed_->notify_all();
  }

  std::atomic<int> requests = 0;
  std::atomic<int> streams = 0;

 private:
  void hold(const Call& call) {
    runtime::Lock lock(mutex_);
    held_ = true;
    changed_->notify_all();
    static_cast<void>(runtime::wait(*changed_, lock, call, [this] { return released_; }));
  }
  runtime::Runtime& runtime_;
  runtime::Mutex mutex_;
  std::unique_ptr<runtime::Event> changed_;
  bool held_ = false;
  bool released_ = false;
};

class Beast : public testing::Test {
 protected:
  Beast() : ca_(certificate("test ca", true, {})), identity_(certificate("server", false, ca_)) {}

  TlsIdentity certificate(std::string name, bool is_ca, const TlsIdentity& issuer) {
    return make_certificate({.common_name = std::move(name),
                             .organizations = {},
                             .dns_names = {"localhost"},
                             .ip_addresses = {"127.0.0.1"},
                             .not_before = runtime_->now() - std::chrono::hours(1),
                             .not_after = runtime_->now() + std::chrono::hours(1),
                             .is_ca = is_ca},
                            issuer)
        .value();
  }
  void serve(ServerOptions options) {
    options.on_error = [this](const base::Error& error) {
      const runtime::Lock lock(errors_mutex_);
      errors_ += error.text() + "\n";
    };
    server_ = start_server(*runtime_, handler_, std::move(options)).value();
  }
  std::string errors() {
    const runtime::Lock lock(errors_mutex_);
    return errors_;
  }
  ServerOptions tls_options() {
    ServerOptions options;
    options.tls = [this] { return identity_; };
    return options;
  }
  std::unique_ptr<Transport> client(ClientTls tls = {}, ClientOptions options = {}) {
    options.tls = [tls](const Origin&) { return tls; };
    return make_beast_transport(*runtime_, std::move(options));
  }
  HttpRequest request(std::string method, std::string target, std::string scheme = "http") {
    HttpRequest out;
    out.method = std::move(method);
    out.origin = {std::move(scheme), "127.0.0.1", server_->port()};
    out.target = std::move(target);
    return out;
  }
  // Everything the server answers to these bytes on one raw connection, until it closes.
  std::string raw(std::string_view bytes) {
    Socket socket;
    EXPECT_TRUE(socket.connect("127.0.0.1", server_->port(), kLong));
    EXPECT_TRUE(socket.write(bytes, kLong));
    std::string out;
    for (;;) {
      auto more = socket.read(kLong);
      if (!more || more->empty()) return out;
      out += *more;
    }
  }

  std::unique_ptr<runtime::Runtime> runtime_ = runtime::make_real_runtime();
  TlsIdentity ca_;
  TlsIdentity identity_;
  TestHandler handler_{*runtime_};
  runtime::Mutex errors_mutex_;
  std::string errors_;
  std::unique_ptr<Server> server_;
};

TEST_F(Beast, serves_plain_and_tls_requests_over_kept_connections) {
  serve({});
  const auto plain = client();
  auto post = request("POST", "/a?b=c");
  post.body = std::string(100'000, 'x');
  for (int i = 0; i < 3; ++i) {
    const auto response = plain->send(post, {});
    ASSERT_TRUE(response) << response.error().text();
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "POST /a?b=c " + post.body);
    EXPECT_EQ(response->headers.get("x-host"), post.origin.text());
  }
  EXPECT_EQ(plain->send(request("HEAD", "/a"), {})->body, "");

  server_.reset();
  serve(tls_options());
  const auto tls = client({.ca_pem = ca_.certificate_pem});
  for (int i = 0; i < 3; ++i) {
    const auto response = tls->send(request("GET", "/t", "https"), {});
    ASSERT_TRUE(response) << response.error().text();
    EXPECT_EQ(response->body, "GET /t ");
  }
}

TEST_F(Beast, a_wrong_certificate_or_plain_http_is_refused_and_others_go_on) {
  serve(tls_options());
  const auto stranger = certificate("other ca", true, {});
  const auto refused = client({.ca_pem = stranger.certificate_pem})->send(request("GET", "/", "https"), {});
  ASSERT_TRUE(refused.failed_with(base::Code::kUnavailable));
  EXPECT_NE(refused.error().text().find("certificate verify failed"), std::string::npos)
      << refused.error().text();
  const auto misnamed = client({.ca_pem = ca_.certificate_pem, .server_name = "elsewhere"});
  EXPECT_FALSE(misnamed->send(request("GET", "/", "https"), {}));
  EXPECT_FALSE(client()->send(request("GET", "/"), {}));  // plain HTTP on a TLS port
  EXPECT_EQ(handler_.requests, 0);
  EXPECT_TRUE(client({.ca_pem = ca_.certificate_pem})->send(request("GET", "/", "https"), {}));
  server_.reset();  // its threads have reported by then
  EXPECT_NE(errors().find("TLS handshake failed"), std::string::npos) << errors();
}

TEST_F(Beast, client_certificates_are_verified_when_presented) {
  auto options = tls_options();
  options.client_ca_pem = ca_.certificate_pem;
  serve(std::move(options));
  const auto named =
      client({.ca_pem = ca_.certificate_pem, .identity = certificate("system:admin", false, ca_)});
  EXPECT_EQ(named->send(request("GET", "/name", "https"), {})->body, "system:admin");
  EXPECT_EQ(client({.ca_pem = ca_.certificate_pem})->send(request("GET", "/name", "https"), {})->body, "");
  const auto forged =
      client({.ca_pem = ca_.certificate_pem, .identity = certificate("system:admin", false, {})});
  EXPECT_FALSE(forged->send(request("GET", "/name", "https"), {}));
}

TEST_F(Beast, a_rotated_certificate_is_used_for_the_next_connection) {
  serve(tls_options());
  const auto first = client({.ca_pem = ca_.certificate_pem});
  ASSERT_TRUE(first->send(request("GET", "/", "https"), {}));
  const auto next_ca = certificate("next ca", true, {});
  identity_ = certificate("server", false, next_ca);
  EXPECT_TRUE(client({.ca_pem = next_ca.certificate_pem})->send(request("GET", "/", "https"), {}));
  EXPECT_TRUE(first->send(request("GET", "/", "https"), {})) << "a running connection is not disturbed";
}

TEST_F(Beast, limits_answer_with_the_right_status) {
  ServerOptions options;
  options.max_body_bytes = 1000;
  options.max_header_bytes = 2000;
  options.header_timeout = milliseconds(50);
  options.body_timeout = milliseconds(50);
  serve(options);
  auto large = request("POST", "/");
  large.body = std::string(200'000, 'x');
  const auto refused = client()->send(large, {});
  ASSERT_TRUE(refused) << refused.error().text();
  EXPECT_EQ(refused->status, 413);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"GET / HTTP/1.1\r\nX: " + std::string(4000, 'x') + "\r\n\r\n", "HTTP/1.1 431 "},
      {"POST / HTTP/1.1\r\nContent-Length: 5000\r\n\r\n", "HTTP/1.1 413 "},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + std::string(2000, 'x'),
       "HTTP/1.1 413 "},
      {"GET / HTTP/1.1\r\nHost: slow", "HTTP/1.1 408 "},
      {"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab", "HTTP/1.1 408 "},
      {"NONSENSE\r\n\r\n", "HTTP/1.1 400 "},
  };
  for (const auto& [bytes, want] : cases)
    EXPECT_EQ(raw(bytes).substr(0, want.size()), want) << bytes.substr(0, 60);
  EXPECT_EQ(raw("").size(), 0U) << "a client that says nothing is closed without an answer";
  EXPECT_EQ(handler_.requests, 0);
  EXPECT_EQ(client()->send(request("GET", "/throw"), {})->status, 500);
  EXPECT_EQ(errors(), "handler threw an exception (path=/throw, exception=on purpose)\n");
  EXPECT_EQ(client()->send(request("GET", "/"), {})->status, 200);
}

TEST_F(Beast, limits_bodies_by_path_and_in_sum) {
  ServerOptions options;
  options.max_body_bytes = 4096;
  options.max_body_bytes_of = [](std::string_view path) { return path == "/small" ? 10U : 4096U; };
  options.max_bodies_bytes = 2500;
  serve(std::move(options));
  EXPECT_TRUE(raw("POST /small?x HTTP/1.1\r\nContent-Length: 11\r\n\r\n").starts_with("HTTP/1.1 413"))
      << "before a byte of the body has come";
  EXPECT_TRUE(raw("POST /small HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n")
                  .starts_with("HTTP/1.1 413"));
  EXPECT_EQ(handler_.requests, 0);

  const std::string body(1500, 'x');
  Socket held;
  ASSERT_TRUE(held.connect("127.0.0.1", server_->port(), kLong));
  ASSERT_TRUE(held.write("POST /hold HTTP/1.1\r\nContent-Length: 1500\r\n\r\n" + body, kLong));
  handler_.wait_until_held();
  const std::string other =
      "POST /other HTTP/1.1\r\nConnection: close\r\nContent-Length: 1500\r\n\r\n" + body;
  EXPECT_TRUE(raw(other).starts_with("HTTP/1.1 503"));
  handler_.release();
  EXPECT_TRUE(held.read(kLong)->starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(raw(other).starts_with("HTTP/1.1 200")) << "an answered request counts no longer";
}

TEST_F(Beast, serves_as_soon_as_there_is_a_certificate) {
  const TlsIdentity later = std::exchange(identity_, {});
  serve(tls_options());
  const auto trusting = client({.ca_pem = ca_.certificate_pem});
  EXPECT_TRUE(trusting->send(request("GET", "/", "https"), {}).failed_with(base::Code::kUnavailable));
  EXPECT_NE(errors().find("TLS server without certificate"), std::string::npos);
  identity_ = later;
  EXPECT_TRUE(trusting->send(request("GET", "/", "https"), {}).has_value());
}

TEST_F(Beast, large_bodies_pass_both_ways) {
  auto options = tls_options();
  options.max_body_bytes = 8U << 20U;
  serve(std::move(options));
  const auto trusting = client({.ca_pem = ca_.certificate_pem});
  auto large = request("POST", "/large", "https");
  for (std::size_t i = 0; large.body.size() < (5U << 20U); ++i) large.body += std::to_string(i) + " ";
  const auto answer = trusting->send(large, {});
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_TRUE(answer->body == "POST /large " + large.body);
}

TEST_F(Beast, pipelined_requests_and_expect_continue_are_served_in_order) {
  serve({});
  const auto out =
      raw("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
          "POST /2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab");
  const auto first = out.find("GET /1 ");
  ASSERT_NE(first, std::string::npos);
  EXPECT_NE(out.find("POST /2 ab", first), std::string::npos);

  Socket socket;
  ASSERT_TRUE(socket.connect("127.0.0.1", server_->port(), kLong));
  ASSERT_TRUE(socket.write("POST /3 HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n", kLong));
  EXPECT_EQ(*socket.read(kLong), "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST_F(Beast, connections_above_the_cap_get_503) {
  ServerOptions options;
  options.max_connections = 1;
  serve(options);
  const auto held = client();
  ASSERT_TRUE(held->send(request("GET", "/"), {}));  // its pooled connection stays open
  EXPECT_EQ(client()->send(request("GET", "/"), {})->status, 503);
  EXPECT_EQ(held->send(request("GET", "/"), {})->status, 200);
}

// A server of one connection at a time that answers each once and then closes, as one that restarts would.
class ClosingServer {
 public:
  explicit ClosingServer(runtime::Runtime& runtime) : listener_(Listener::bind("127.0.0.1", 0).value()) {
    runtime.spawn("closing", [this](const std::stop_token&) {
      for (;;) {
        auto socket = listener_->accept();
        if (!socket) return;
        ++accepted;
        if (auto bytes = (*socket)->read(kLong); !bytes || bytes->empty()) continue;
        static_cast<void>((*socket)->write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", kLong));
        // The next request is read and never answered.
        static_cast<void>((*socket)->read(kLong));
      }
    });
  }
  Listener& listener() { return *listener_; }
  std::atomic<int> accepted = 0;

 private:
  std::unique_ptr<Listener> listener_;
};

TEST_F(Beast, an_idempotent_request_survives_a_pooled_connection_that_was_closed) {
  ClosingServer closing(*runtime_);
  const auto transport = client();
  HttpRequest get;
  get.origin = {"http", "127.0.0.1", closing.listener().port()};
  get.idempotent = Idempotent::kYes;
  ASSERT_TRUE(transport->send(get, {}));
  const auto again = transport->send(get, {});
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(closing.accepted, 2);
  get.idempotent = Idempotent::kNo;
  EXPECT_TRUE(transport->send(get, {}).failed_with(base::Code::kUnavailable)) << "it may have been done";
  closing.listener().close();
  runtime_->join_all();
}

TEST_F(Beast, deadline_and_stop_end_a_request) {
  serve({});
  const auto transport = client();
  const auto late =
      transport->send(request("GET", "/hold"), Call{.deadline = runtime_->mono() + milliseconds(30)});
  ASSERT_TRUE(late.failed_with(base::Code::kTimeout));
  EXPECT_NE(late.error().text().find("/hold"), std::string::npos);
  std::stop_source stop;
  runtime_->spawn("stopper", [&](const std::stop_token&) {
    handler_.wait_until_held();
    stop.request_stop();
  });
  EXPECT_TRUE(transport->send(request("GET", "/hold"), Call{.stop = stop.get_token()})
                  .failed_with(base::Code::kCancelled));
}

TEST_F(Beast, an_unreachable_or_unknown_host_is_unavailable) {
  serve({});
  auto nowhere = request("GET", "/");
  server_.reset();
  EXPECT_TRUE(client()->send(nowhere, {}).failed_with(base::Code::kUnavailable));
  nowhere.target = "/a b";
  EXPECT_TRUE(client()->send(nowhere, {}).failed_with(base::Code::kInvalid));
}

TEST_F(Beast, a_watch_times_out_without_dying_and_ends_when_cancelled) {
  serve({});
  const auto transport = client();
  auto stream = transport->open(request("GET", "/watch"), {});
  ASSERT_TRUE(stream) << stream.error().text();
  std::string seen;
  while (!seen.ends_with("tick")) seen += (*stream)->next({}).value();
  EXPECT_EQ(seen, "GET /watch tick");
  const Call soon{.deadline = runtime_->mono() + milliseconds(5)};
  EXPECT_TRUE((*stream)->next(soon).failed_with(base::Code::kTimeout));
  EXPECT_TRUE((*stream)->next(soon).failed_with(base::Code::kTimeout));
  EXPECT_EQ(handler_.streams, 1);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE((*stream)->next(Call{.stop = stop.get_token()}).failed_with(base::Code::kCancelled));
  EXPECT_TRUE((*stream)->next({}).failed_with(base::Code::kUnavailable));

  stream->reset();  // the server notices within its polling interval, and lets go of the handler's stream
  const auto give_up = runtime_->mono() + kLong;
  while (handler_.streams > 0 && runtime_->mono() < give_up) {
    ASSERT_TRUE(runtime::sleep_for(*runtime_, milliseconds(5), {}));
  }
  EXPECT_EQ(handler_.streams, 0);
}

TEST_F(Beast, drain_ends_streams_and_lets_running_requests_finish) {
  serve({});
  const auto transport = client();
  auto watch = transport->open(request("GET", "/watch"), {});
  ASSERT_TRUE(watch);
  base::Result<HttpResponse> held = HttpResponse{};
  const auto hold = request("GET", "/hold");
  runtime_->spawn("holder", [&](const std::stop_token&) { held = transport->send(hold, {}); });
  handler_.wait_until_held();
  std::string seen;
  runtime_->spawn(
      "releaser", [&](const std::stop_token&) {  // the end of the stream shows that draining began
        for (auto chunk = (*watch)->next({}); chunk && !chunk->empty(); chunk = (*watch)->next({}))
          seen += *chunk;
        handler_.release();
      });
  server_->drain(kLong);
  runtime_->join_all();
  ASSERT_TRUE(held) << held.error().text();
  EXPECT_EQ(held->status, 200);
  EXPECT_EQ(held->headers.get("Connection"), "close");
  EXPECT_EQ(seen, "GET /watch tick");
  EXPECT_EQ(handler_.streams, 0);
  EXPECT_FALSE(transport->send(hold, {}));
}

TEST_F(Beast, drain_stops_a_handler_that_outlives_the_grace) {
  serve({});
  const auto transport = client();
  base::Result<HttpResponse> held = HttpResponse{};
  const auto hold = request("GET", "/hold");
  runtime_->spawn("holder", [&](const std::stop_token&) { held = transport->send(hold, {}); });
  handler_.wait_until_held();
  server_->drain(milliseconds(1));  // returns: the handler's call was stopped
  runtime_->join_all();             // returns: the client got an answer or an end
  EXPECT_FALSE(transport->send(hold, {}));
}

TEST_F(Beast, a_port_in_use_is_reported_with_address_and_port) {
  serve({});
  const auto second = start_server(*runtime_, handler_, ServerOptions{.port = server_->port(), .tls = {}});
  ASSERT_TRUE(second.failed_with(base::Code::kUnavailable));
  EXPECT_NE(second.error().text().find(std::to_string(server_->port())), std::string::npos);
}

}  // namespace
}  // namespace karpenter::net
