#include <algorithm>
#include <atomic>
#include <exception>
#include <optional>
#include <set>

#include "common/base/strings.h"
#include "common/net/beast/beast.h"
#include "common/net/beast/messages.h"
#include "common/net/beast/socket.h"

namespace karpenter::net {
namespace {

using runtime::Lock;
using runtime::Mono;
using runtime::Mutex;
using runtime::Runtime;

constexpr auto kStreamPoll = std::chrono::seconds(1);  // how soon a stream notices that its client went
constexpr auto kLingerTime = std::chrono::seconds(2);  // for the rest of a refused body
constexpr auto kAcceptPause = std::chrono::milliseconds(50);
constexpr std::size_t kOnePiece = 64U << 10U;  // head and body up to here go out together
constexpr std::size_t kMaxRefusals = 32;       // threads that do nothing but answer 503

// What the connections of one server share.
struct ServerState {
  ServerState(Runtime& r, Handler& h, ServerOptions o)
      : runtime(r), handler(h), options(std::move(o)), changed(r.make_event()) {}
  Runtime& runtime;
  Handler& handler;
  ServerOptions options;
  std::stop_source stop;          // running handlers
  std::stop_source stop_streams;  // endless answers: they end first, in order
  std::atomic<bool> draining = false;
  std::atomic<std::size_t> body_bytes = 0;  // of all requests that are being read and answered

  // The context of the present identity, made anew when that changes.
  base::Result<std::shared_ptr<TlsContext>> tls_context();

  Mutex mutex;
  TlsIdentity tls_identity;  // what tls was made from
  std::shared_ptr<TlsContext> tls;
  std::unique_ptr<runtime::Event> changed;
  std::set<class Connection*> open;
  std::size_t threads = 0;  // of connections, and the acceptor's
};

base::Result<std::shared_ptr<TlsContext>> ServerState::tls_context() {
  auto identity = options.tls();
  {
    const Lock lock(mutex);
    if (tls && tls_identity == identity) return tls;
  }
  ASSIGN_OR_RETURN(auto made, make_server_context(identity, options.client_ca_pem));
  const Lock lock(mutex);
  tls = made;
  tls_identity = std::move(identity);
  return made;
}

// The bytes of one request's body, counted against the limit of all.
class BodyBytes {
 public:
  explicit BodyBytes(std::atomic<std::size_t>& all) : all_(all) {}
  ~BodyBytes() { all_ -= own_; }
  BodyBytes(const BodyBytes&) = delete;
  BodyBytes& operator=(const BodyBytes&) = delete;
  // The sum over all requests.
  std::size_t set(std::size_t own) {
    const auto more = own - std::exchange(own_, own);
    return all_.fetch_add(more) + more;
  }

 private:
  std::atomic<std::size_t>& all_;
  std::size_t own_ = 0;
};

// Serves one accepted connection on its own thread until it closes.
class Connection {
 public:
  enum class Mode : std::uint8_t { kServe, kRefuse };
  Connection(ServerState& server, std::unique_ptr<Socket> socket, Mode mode)
      : server_(server), socket_(std::move(socket)), mode_(mode) {}

  void run();
  void abort() { socket_->abort(); }
  [[nodiscard]] bool idle() const { return idle_; }

 private:
  enum class Next : std::uint8_t { kAnother, kClose };
  bool handshake();
  void report(const base::Error& error) const;
  Next serve_one();
  bool read_request(RequestParser& parser, BodyBytes& body);
  bool within_limits(const RequestParser& parser, BodyBytes& body);
  void refuse(int status, std::string_view why);
  Next answer(const HttpRequest& request, bool keep_alive);
  HttpResponse call_handler(const HttpRequest& request);
  bool send_stream(HttpResponse& response);
  base::Status send(std::string_view bytes) { return socket_->write(bytes, server_.options.write_timeout); }
  [[nodiscard]] std::chrono::nanoseconds until(Mono deadline) const {
    return deadline - server_.runtime.mono();
  }

  ServerState& server_;
  std::unique_ptr<Socket> socket_;
  Mode mode_;
  std::string client_name_;
  std::string rest_;  // bytes that came behind the last request
  bool first_ = true;
  std::atomic<bool> idle_ = false;  // waits for the first byte of a request; drain() may close it
};

void Connection::run() {
  if (!handshake()) return;
  if (mode_ == Mode::kRefuse) return refuse(503, "too many connections");
  client_name_ = socket_->peer_common_name();
  while (serve_one() == Next::kAnother) first_ = false;
}

bool Connection::handshake() {
  if (!server_.options.tls) return true;
  auto context = server_.tls_context();
  if (!context) return report(std::move(context).error()), false;
  auto status = socket_->handshake_server(std::move(context).value(), server_.options.header_timeout);
  if (!status) report(std::move(status).error());
  return status.has_value();
}

void Connection::report(const base::Error& error) const {
  if (server_.options.on_error) server_.options.on_error(error);
}

Connection::Next Connection::serve_one() {
  RequestParser parser(server_.options.max_header_bytes, server_.options.max_body_bytes);
  BodyBytes body(server_.body_bytes);
  if (!read_request(parser, body)) return Next::kClose;
  const bool keep_alive = parser.keep_alive() && !server_.draining;
  auto request = parser.take();
  rest_ = parser.take_rest();
  request.client_common_name = client_name_;
  const std::string scheme = server_.options.tls ? "https" : "http";
  if (auto url = parse_url(scheme + "://" + request.headers.get("Host"))) request.origin = url->origin;
  return answer(request, keep_alive);
}

// False when the connection is to be closed: at its end, or after a refusal.
bool Connection::read_request(RequestParser& parser, BodyBytes& body) {
  const auto& options = server_.options;
  auto& runtime = server_.runtime;
  std::string left = std::exchange(rest_, {});
  std::string_view bytes = left;
  if (bytes.empty()) {
    idle_ = true;
    if (server_.draining) return false;  // drain() looks at idle_ after it has set draining
    const auto first = socket_->read(first_ ? options.header_timeout : options.idle_timeout);
    idle_ = false;
    if (!first || first->empty()) return false;
    bytes = *first;
  }
  std::optional<Mono> deadline;  // once the message does not come in one piece
  bool in_body = false;
  for (;;) {
    switch (parser.feed(bytes)) {
      case ParseProblem::kNone:
        break;
      case ParseProblem::kMalformed:
        return refuse(400, "malformed HTTP request"), false;
      case ParseProblem::kHeaderTooLarge:
        return refuse(431, "request header too large"), false;
      case ParseProblem::kBodyTooLarge:
        return refuse(413, "request body too large"), false;
    }
    if (parser.header_done() && !within_limits(parser, body)) return false;
    if (parser.done()) return true;
    if (!deadline) deadline = runtime.mono() + options.header_timeout;
    if (parser.header_done() && !in_body) {
      in_body = true;
      deadline = runtime.mono() + options.body_timeout;
      if (parser.expects_continue() && !send("HTTP/1.1 100 Continue\r\n\r\n")) return false;
    }
    const auto more = socket_->read(until(*deadline));
    if (more.failed_with(base::Code::kTimeout)) return refuse(408, "request took too long"), false;
    if (!more || more->empty()) return false;
    bytes = *more;
  }
}

bool Connection::within_limits(const RequestParser& parser, BodyBytes& body) {
  const auto& options = server_.options;
  if (options.max_body_bytes_of && parser.body_bytes() > options.max_body_bytes_of(parser.path())) {
    return refuse(413, "request body too large"), false;
  }
  if (body.set(parser.body_bytes_read()) > options.max_bodies_bytes) {
    return refuse(503, "too many bytes in work"), false;
  }
  return true;
}

// Answers and closes. What the client still sends is read for a moment: closing over unread bytes would reset
// the connection, and the client might never see the answer.
void Connection::refuse(int status, std::string_view why) {
  const auto response = text_response(status, std::string(why) + "\n");
  if (!send(print_response_head(response, Framing::kLength, Persistence::kClose) + response.body)) return;
  socket_->shutdown_write();
  const auto deadline = server_.runtime.mono() + kLingerTime;
  for (;;) {
    const auto bytes = socket_->read(until(deadline));
    if (!bytes || bytes->empty()) return;
  }
}

HttpResponse Connection::call_handler(const HttpRequest& request) {
  try {
    return server_.handler.handle(request, Call{.deadline = Mono::max(), .stop = server_.stop.get_token()});
  } catch (const std::exception& e) {  // one bad request must not end the process
    report(base::internal("handler threw an exception")
               .add("path", std::string(request.path()))
               .add("exception", e.what()));
  } catch (...) {
    report(base::internal("handler threw an exception").add("path", std::string(request.path())));
  }
  return text_response(500, "internal error\n");
}

Connection::Next Connection::answer(const HttpRequest& request, bool keep_alive) {
  auto response = call_handler(request);
  keep_alive = keep_alive && !server_.draining;
  const auto persistence = keep_alive ? Persistence::kKeepAlive : Persistence::kClose;
  const auto framing = response.stream ? Framing::kChunked : Framing::kLength;
  std::string out = print_response_head(response, framing, persistence);
  const bool head_only = request.method == "HEAD";
  const bool large = !response.stream && response.body.size() > kOnePiece;
  if (!head_only && !large) {
    out += response.stream && !response.body.empty() ? print_chunk(response.body) : response.body;
  }
  if (!send(out)) return Next::kClose;
  if (!head_only && large && !send(response.body)) return Next::kClose;
  if (response.stream && !head_only && !send_stream(response)) return Next::kClose;
  return keep_alive ? Next::kAnother : Next::kClose;
}

// True when the stream ended in order and the connection may go on.
bool Connection::send_stream(HttpResponse& response) {
  for (;;) {
    const Call call{.deadline = server_.runtime.mono() + kStreamPoll,
                    .stop = server_.stop_streams.get_token()};
    auto chunk = response.stream->next(call);
    if (socket_->peer_gone()) return false;
    if (chunk.failed_with(base::Code::kTimeout)) continue;
    if (chunk.failed_with(base::Code::kCancelled))
      chunk = std::string();  // we stop: an orderly end for the client
    if (!chunk || !send(print_chunk(*chunk))) return false;
    if (chunk->empty()) return true;
  }
}

class BeastServer final : public Server {
 public:
  BeastServer(Runtime& runtime, Handler& handler, ServerOptions options, std::unique_ptr<Listener> listener)
      : state_(runtime, handler, std::move(options)), listener_(std::move(listener)) {
    state_.threads = 1;
    runtime.spawn("net-accept", [this](const std::stop_token&) { accept_loop(); });
  }
  ~BeastServer() override { drain(std::chrono::milliseconds(0)); }

  [[nodiscard]] std::uint16_t port() const override { return listener_->port(); }
  void drain(std::chrono::milliseconds grace) override;

 private:
  void accept_loop();
  void start(std::unique_ptr<Socket> socket);
  void serve(std::unique_ptr<Socket> socket, Connection::Mode mode);
  void leave();
  bool wait_for_all(Mono deadline);

  ServerState state_;
  std::unique_ptr<Listener> listener_;
};

void BeastServer::accept_loop() {
  for (;;) {
    auto socket = listener_->accept();
    if (socket.failed_with(base::Code::kCancelled)) break;
    if (socket) {
      start(std::move(socket).value());
    } else {  // out of descriptors, or a client that went again: never a busy loop
      static_cast<void>(
          runtime::sleep_for(state_.runtime, kAcceptPause, Call{.stop = state_.stop.get_token()}));
    }
  }
  leave();
}

// Gives the connection a thread. Above the limit a few threads answer 503; beyond those, closing says enough.
void BeastServer::start(std::unique_ptr<Socket> socket) {
  auto mode = Connection::Mode::kServe;
  {
    const Lock lock(state_.mutex);
    const auto connections = state_.threads - 1;
    if (connections >= state_.options.max_connections + kMaxRefusals) return;
    if (connections >= state_.options.max_connections) mode = Connection::Mode::kRefuse;
    ++state_.threads;
  }
  auto shared =
      std::make_shared<std::unique_ptr<Socket>>(std::move(socket));  // std::function wants a copyable one
  state_.runtime.spawn("net-serve",
                       [this, shared, mode](const std::stop_token&) { serve(std::move(*shared), mode); });
}

void BeastServer::serve(std::unique_ptr<Socket> socket, Connection::Mode mode) {
  {
    Connection connection(state_, std::move(socket), mode);
    {
      const Lock lock(state_.mutex);
      state_.open.insert(&connection);
    }
    try {
      if (!state_.stop.stop_requested()) connection.run();
    } catch (
        const std::exception&) {  // out of memory, or a stream that throws: this connection ends, no other
    }
    const Lock lock(state_.mutex);
    state_.open.erase(&connection);
  }
  leave();
}

void BeastServer::leave() {
  const Lock lock(state_.mutex);
  --state_.threads;
  state_.changed->notify_all();
}

bool BeastServer::wait_for_all(Mono deadline) {
  Lock lock(state_.mutex);
  return runtime::wait(*state_.changed, lock, Call{.deadline = deadline},
                       [this] { return state_.threads == 0; })
      .has_value();
}

void BeastServer::drain(std::chrono::milliseconds grace) {
  state_.draining = true;
  listener_->close();
  state_.stop_streams.request_stop();
  {
    const Lock lock(state_.mutex);
    for (auto* connection : state_.open) {
      if (connection->idle()) connection->abort();
    }
  }
  if (wait_for_all(state_.runtime.mono() + grace)) return;
  state_.stop.request_stop();
  {
    const Lock lock(state_.mutex);
    for (auto* connection : state_.open) connection->abort();
  }
  wait_for_all(Mono::max());
}

}  // namespace

base::Result<std::unique_ptr<Server>> start_server(runtime::Runtime& runtime, Handler& handler,
                                                   ServerOptions options) {
  ASSIGN_OR_RETURN(auto listener, Listener::bind(options.address, options.port));
  return std::unique_ptr<Server>(
      std::make_unique<BeastServer>(runtime, handler, std::move(options), std::move(listener)));
}

}  // namespace karpenter::net
