#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <tuple>

#include "common/net/beast/beast.h"
#include "common/net/beast/messages.h"
#include "common/net/beast/resolver.h"
#include "common/net/beast/socket.h"

namespace karpenter::net {
namespace {

using runtime::Lock;
using runtime::Mono;
using runtime::Mutex;
using runtime::Runtime;
using SocketPtr = std::unique_ptr<Socket>;

std::chrono::nanoseconds time_left(const Runtime& runtime, Mono deadline) {
  if (deadline == Mono::max()) return std::chrono::nanoseconds::max();
  return std::max(deadline - runtime.mono(), std::chrono::nanoseconds(0));
}

base::Error about(base::Error error, const HttpRequest& request) {
  return std::move(error)
      .add("method", request.method)
      .add("url", request.origin.text() + std::string(request.path()));
}

// Contexts by origin: parsing roots costs a millisecond, so one is kept until the settings change.
class TlsContexts {
 public:
  base::Result<std::shared_ptr<TlsContext>> get(const Origin& origin, const ClientTls& tls) {
    const Lock lock(mutex_);
    auto& entry = entries_[origin];
    if (entry.context && same(entry.tls, tls)) return entry.context;
    ASSIGN_OR_RETURN(entry.context, make_client_context(tls));
    entry.tls = tls;
    return entry.context;
  }

 private:
  struct Entry {
    ClientTls tls;
    std::shared_ptr<TlsContext> context;
  };
  static bool same(const ClientTls& a, const ClientTls& b) {
    const auto parts = [](const ClientTls& t) {
      return std::tie(t.ca_pem, t.identity.certificate_pem, t.identity.key_pem);
    };
    return parts(a) == parts(b);
  }
  Mutex mutex_;
  std::map<Origin, Entry> entries_;
};

// Idle keep-alive connections by origin, the latest used first.
class Pool {
 public:
  Pool(Runtime& runtime, std::size_t max_idle, std::chrono::seconds idle_timeout)
      : runtime_(runtime), max_idle_(max_idle), idle_timeout_(idle_timeout) {}

  SocketPtr take(const Origin& origin) {
    const Lock lock(mutex_);
    auto& idle = idle_[origin];
    drop_old(idle);
    while (!idle.empty()) {
      auto socket = std::move(idle.back().socket);
      idle.pop_back();
      if (!socket->peer_gone()) return socket;
    }
    return nullptr;
  }

  void give(const Origin& origin, SocketPtr socket) {
    const Lock lock(mutex_);
    auto& idle = idle_[origin];
    drop_old(idle);
    if (idle.size() < max_idle_) idle.push_back({std::move(socket), runtime_.mono() + idle_timeout_});
  }

 private:
  struct Idle {
    SocketPtr socket;
    Mono until;
  };
  void drop_old(std::deque<Idle>& idle) {
    while (!idle.empty() && idle.front().until <= runtime_.mono()) idle.pop_front();
  }
  Runtime& runtime_;
  std::size_t max_idle_;
  std::chrono::seconds idle_timeout_;
  Mutex mutex_;
  std::map<Origin, std::deque<Idle>> idle_;
};

// Feeds the parser once.
base::Status read_more(Runtime& runtime, Socket& socket, ResponseParser& parser, Mono deadline) {
  ASSIGN_OR_RETURN(const std::string_view bytes, socket.read(time_left(runtime, deadline)));
  return bytes.empty() ? parser.feed_end() : parser.feed(bytes);
}

class BeastStream final : public ByteStream {
 public:
  BeastStream(Runtime& runtime, SocketPtr socket, std::unique_ptr<ResponseParser> parser)
      : runtime_(runtime), socket_(std::move(socket)), parser_(std::move(parser)) {}

  base::Result<std::string> next(const Call& call) override {
    if (dead_) return base::make_error(base::Code::kUnavailable, "stream is closed");
    const std::stop_callback cancel(call.stop, [this] { socket_->abort(); });
    for (;;) {
      if (auto chunk = parser_->take_body(); !chunk.empty()) return chunk;
      if (parser_->done()) return std::string();
      auto status = read_more(runtime_, *socket_, *parser_, call.deadline);
      if (status) continue;
      dead_ = status.error().code != base::Code::kTimeout;
      return std::move(status).error();
    }
  }

 private:
  Runtime& runtime_;
  SocketPtr socket_;
  std::unique_ptr<ResponseParser> parser_;
  bool dead_ = false;
};

class BeastTransport final : public Transport {
 public:
  BeastTransport(Runtime& runtime, ClientOptions options)
      : runtime_(runtime),
        options_(std::move(options)),
        resolver_(runtime),
        pool_(runtime, options_.max_idle_per_origin, options_.idle_timeout) {}

  base::Result<HttpResponse> send(const HttpRequest& request, const Call& call) override {
    auto exchange = begin(request, call, options_.max_body_bytes);
    if (!exchange) return about(std::move(exchange).error(), request);
    auto response = finish(*exchange, request, call);
    if (!response) return about(std::move(response).error(), request);
    return response;
  }

  base::Result<std::unique_ptr<ByteStream>> open(const HttpRequest& request, const Call& call) override {
    auto exchange = begin(request, call, 0);
    if (!exchange) return about(std::move(exchange).error(), request);
    if (exchange->parser->status() == 200) {
      return std::unique_ptr<ByteStream>(
          std::make_unique<BeastStream>(runtime_, std::move(exchange->socket), std::move(exchange->parser)));
    }
    auto response = finish(*exchange, request, call);
    if (!response) return about(std::move(response).error(), request);
    return error_of_status(response->status, response->headers, response->body);
  }

 private:
  // A request that has been sent and whose response headers have come.
  struct Exchange {
    SocketPtr socket;
    std::unique_ptr<ResponseParser> parser;
    Mono deadline;
    bool answered = false;  // a byte of the response has come
  };

  base::Result<Exchange> begin(const HttpRequest& request, const Call& call, std::size_t max_body);
  base::Status perform(Exchange& exchange, const HttpRequest& request, const std::string& wire,
                       const Call& call, std::size_t max_body);
  base::Result<HttpResponse> finish(Exchange& exchange, const HttpRequest& request, const Call& call);
  base::Result<SocketPtr> connect(const Origin& origin, const Call& call);
  base::Result<SocketPtr> connect_within(const Origin& origin, const Call& call);

  Runtime& runtime_;
  ClientOptions options_;
  Resolver resolver_;
  TlsContexts contexts_;
  Pool pool_;
};

base::Result<BeastTransport::Exchange> BeastTransport::begin(const HttpRequest& request, const Call& call,
                                                             std::size_t max_body) {
  ASSIGN_OR_RETURN(const std::string wire, print_request(request));
  const auto limited = runtime::within(runtime_, call, options_.request_timeout);
  Exchange exchange{.socket = pool_.take(request.origin), .parser = nullptr, .deadline = limited.deadline};
  if (exchange.socket) {
    auto status = perform(exchange, request, wire, limited, max_body);
    if (status) return exchange;
    // The server may have closed an idle connection just now: once more on a fresh one (architecture §7.10).
    const bool repeat = status.failed_with(base::Code::kUnavailable) && !exchange.answered &&
                        request.idempotent == Idempotent::kYes;
    if (!repeat) return std::move(status).error();
  }
  ASSIGN_OR_RETURN(exchange.socket, connect(request.origin, limited));
  RETURN_IF_ERROR(perform(exchange, request, wire, limited, max_body));
  return exchange;
}

// Sends the request and reads until the headers of the response are there.
base::Status BeastTransport::perform(Exchange& exchange, const HttpRequest& request, const std::string& wire,
                                     const Call& call, std::size_t max_body) {
  const auto body = request.method == "HEAD" ? ResponseParser::Body::kNone : ResponseParser::Body::kExpected;
  exchange.parser = std::make_unique<ResponseParser>(body, max_body);
  const std::stop_callback cancel(call.stop, [&exchange] { exchange.socket->abort(); });
  const auto written = exchange.socket->write(wire, time_left(runtime_, call.deadline));
  // A server that refuses a body early (413) answers and closes while we still write: the answer is what
  // counts.
  if (!written && !written.failed_with(base::Code::kUnavailable)) return written.error();
  while (!exchange.parser->header_done()) {
    auto bytes = exchange.socket->read(time_left(runtime_, call.deadline));
    if (!bytes) return written ? std::move(bytes).error() : written.error();
    exchange.answered = exchange.answered || !bytes->empty();
    RETURN_IF_ERROR(bytes->empty() ? exchange.parser->feed_end() : exchange.parser->feed(*bytes));
  }
  return base::ok();
}

// Reads the rest of the body and returns the connection to the pool.
base::Result<HttpResponse> BeastTransport::finish(Exchange& exchange, const HttpRequest& request,
                                                  const Call& call) {
  {
    const std::stop_callback cancel(call.stop, [&exchange] { exchange.socket->abort(); });
    while (!exchange.parser->done()) {
      RETURN_IF_ERROR(read_more(runtime_, *exchange.socket, *exchange.parser, exchange.deadline));
    }
  }
  auto response = exchange.parser->head();
  response.body = exchange.parser->take_body();
  if (exchange.parser->keep_alive() && !call.stop.stop_requested()) {
    pool_.give(request.origin, std::move(exchange.socket));
  }
  return response;
}

base::Result<SocketPtr> BeastTransport::connect(const Origin& origin, const Call& call) {
  const auto limited = runtime::within(runtime_, call, options_.connect_timeout);
  auto socket = connect_within(origin, limited);
  // Nothing was sent yet: only the caller's own deadline is a timeout, ours means that the peer is
  // unavailable.
  if (socket.failed_with(base::Code::kTimeout) && limited.deadline < call.deadline) {
    return base::make_error(base::Code::kUnavailable, "connection timed out");
  }
  return socket;
}

base::Result<SocketPtr> BeastTransport::connect_within(const Origin& origin, const Call& call) {
  ASSIGN_OR_RETURN(const auto addresses, resolver_.resolve(origin.host, call));
  base::Status status = base::make_error(base::Code::kUnavailable, "host has no address");
  for (const auto& address : addresses) {
    auto socket = std::make_unique<Socket>();
    const std::stop_callback cancel(call.stop, [raw = socket.get()] { raw->abort(); });
    status = socket->connect(address, origin.port, time_left(runtime_, call.deadline));
    if (!status) continue;
    if (origin.scheme == "https") {
      const auto tls = options_.tls ? options_.tls(origin) : ClientTls{};
      ASSIGN_OR_RETURN(auto context, contexts_.get(origin, tls));
      RETURN_IF_ERROR(
          socket->handshake_client(std::move(context), tls, origin.host, time_left(runtime_, call.deadline)));
    }
    return socket;
  }
  return std::move(status).error();
}

}  // namespace

std::unique_ptr<Transport> make_beast_transport(runtime::Runtime& runtime, ClientOptions options) {
  return std::make_unique<BeastTransport>(runtime, std::move(options));
}

}  // namespace karpenter::net
