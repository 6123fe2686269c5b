#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.h"
#include "common/runtime/runtime.h"

// HTTP messages and the two seams every byte of this project passes: Transport (client side) and Handler
// (server side).

namespace karpenter::net {

using runtime::Call;

// Header fields in order. Names compare without case.
class Headers {
 public:
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  void set(std::string_view name, std::string value);  // replaces every field of that name
  void remove(std::string_view name);
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;  // the first
  [[nodiscard]] std::string get(std::string_view name) const;                       // the first, or ""
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// Where a request goes: scheme, host and port. Order and equality are by all three; pools are keyed by it.
struct Origin {
  std::string scheme = "https";  // "http" or "https"
  std::string host;              // name or address, without brackets
  std::uint16_t port = 443;
  friend auto operator<=>(const Origin&, const Origin&) = default;
  [[nodiscard]] std::string text() const;  // "https://host:port"
};

struct Url {
  Origin origin = {};
  std::string target = "/";  // path and query, percent-encoded
};
// Absolute http(s) URLs; default ports filled in.
[[nodiscard]] base::Result<Url> parse_url(std::string_view text);

enum class Idempotent : std::uint8_t { kNo, kYes };

struct HttpRequest {
  std::string method = "GET";
  Origin origin = {};
  std::string target = "/";  // path and query, percent-encoded
  Headers headers = {};
  std::string body = {};
  // May be repeated on a fresh connection when a pooled one turns out closed before a byte came back.
  Idempotent idempotent = Idempotent::kNo;
  std::string client_common_name = {};  // server side: subject CN of a verified client certificate, else ""

  [[nodiscard]] std::string_view path() const;   // target up to '?'
  [[nodiscard]] std::string_view query() const;  // after '?', else ""
};

// A body that arrives in pieces: a watch.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // The next non-empty chunk; an empty string at the orderly end. Blocks until data, end, call.deadline
  // (kTimeout) or stop (kCancelled). After a failure other than kTimeout the stream is dead.
  virtual base::Result<std::string> next(const Call& call) = 0;
};

struct HttpResponse {
  int status = 200;
  Headers headers = {};
  std::string body = {};
  // Server side only: when set, sent as a chunked body after `body`, until its end or the client goes.
  std::unique_ptr<ByteStream> stream = nullptr;
};

// The client side of HTTP. Thread-safe. 4xx and 5xx are values, not errors: an Error means that no answer
// came.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual base::Result<HttpResponse> send(const HttpRequest& request, const Call& call) = 0;
  // For streaming answers. A non-200 answer comes back as an Error made by error_of_status with the body in
  // `with`.
  virtual base::Result<std::unique_ptr<ByteStream>> open(const HttpRequest& request, const Call& call) = 0;
};

// The server side of HTTP: webhook, metrics, emulators. Thread-safe. `call` ends when the server stops.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual HttpResponse handle(const HttpRequest& request, const Call& call) = 0;
};

// kNotFound for 404, kConflict for 409, kGone 410, kInvalid 400/422, kForbidden 401/403, kThrottled 429 (with
// Retry-After), kTimeout 408/504, kUnavailable other 5xx.
[[nodiscard]] base::Error error_of_status(int status, const Headers& headers, std::string_view body);

// key=value&key2=value2, decoded, in order.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query);

[[nodiscard]] HttpResponse text_response(int status, std::string body);
[[nodiscard]] HttpResponse json_response(int status, std::string body);

}  // namespace karpenter::net
