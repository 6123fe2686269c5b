#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "common/net/http.h"

// HTTP/1.1 on the wire: incremental parsing over Beast's parsers, and printing. No sockets.

namespace karpenter::net {

enum class ParseProblem : std::uint8_t { kNone, kMalformed, kHeaderTooLarge, kBodyTooLarge };

// Reads one request. Bytes after its end stay in rest() for the next one.
class RequestParser {
 public:
  RequestParser(std::size_t max_header_bytes, std::size_t max_body_bytes);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  ParseProblem feed(std::string_view bytes);
  [[nodiscard]] bool header_done() const;
  [[nodiscard]] bool done() const;
  [[nodiscard]] bool keep_alive() const;
  [[nodiscard]] bool expects_continue() const;
  // After header_done(): the path of the target, the size of the body (as announced, or as read when that is
  // not known), and what has been read of it.
  [[nodiscard]] std::string_view path() const;
  [[nodiscard]] std::size_t body_bytes() const;
  [[nodiscard]] std::size_t body_bytes_read() const;
  [[nodiscard]] HttpRequest take();  // once, after done(); without origin
  [[nodiscard]] std::string take_rest();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Reads one response.
class ResponseParser {
 public:
  enum class Body : std::uint8_t { kExpected, kNone };  // kNone: the answer to HEAD
  // `max_body_bytes` 0: no limit, for streams.
  ResponseParser(Body body, std::size_t max_body_bytes);
  ~ResponseParser();
  ResponseParser(const ResponseParser&) = delete;
  ResponseParser& operator=(const ResponseParser&) = delete;

  base::Status feed(std::string_view bytes);  // kInternal when malformed or too large
  base::Status feed_end();                    // the peer closed: kUnavailable when something is missing
  [[nodiscard]] bool header_done() const;
  [[nodiscard]] bool done() const;
  [[nodiscard]] bool keep_alive() const;  // the connection may serve another request
  [[nodiscard]] int status() const;
  [[nodiscard]] HttpResponse head() const;  // status and headers
  [[nodiscard]] std::string take_body();    // what has arrived since the last call

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// kInvalid when the method, target or a header would break the message apart.
[[nodiscard]] base::Result<std::string> print_request(const HttpRequest& request);

enum class Framing : std::uint8_t { kLength, kChunked };
enum class Persistence : std::uint8_t { kKeepAlive, kClose };
// Status line and headers, blank line included. Headers that would break the message apart are left out.
[[nodiscard]] std::string print_response_head(const HttpResponse& response, Framing framing,
                                              Persistence persistence);
[[nodiscard]] std::string print_chunk(std::string_view data);  // "" gives the last chunk

}  // namespace karpenter::net
