#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "common/net/http.h"

namespace karpenter::kube {

// Gives out pieces in order, then ends in order, or with `end` when that is an error.
class PieceStream final : public net::ByteStream {
 public:
  PieceStream(std::vector<std::string> pieces, base::Status end)
      : pieces_(pieces.begin(), pieces.end()), end_(std::move(end)) {}
  base::Result<std::string> next(const net::Call&) override {
    if (pieces_.empty()) {
      if (!end_) return end_.error();
      return std::string();
    }
    auto piece = std::move(pieces_.front());
    pieces_.pop_front();
    return piece;
  }

 private:
  std::deque<std::string> pieces_;
  base::Status end_;
};

// Answers with a function and remembers `METHOD target body` of every request.
class ScriptedTransport final : public net::Transport {
 public:
  using Answer = std::function<base::Result<net::HttpResponse>(const net::HttpRequest&)>;
  explicit ScriptedTransport(Answer answer) : answer_(std::move(answer)) {}

  base::Result<net::HttpResponse> send(const net::HttpRequest& request, const net::Call&) override {
    remember(request);
    return answer_(request);
  }
  base::Result<std::unique_ptr<net::ByteStream>> open(const net::HttpRequest& request,
                                                      const net::Call&) override {
    remember(request);
    auto response = answer_(request);
    if (!response) return std::move(response).error();
    if (response->status != 200) {
      return net::error_of_status(response->status, response->headers, response->body);
    }
    if (response->stream) return std::move(response->stream);
    return std::unique_ptr<net::ByteStream>(
        std::make_unique<PieceStream>(std::vector<std::string>{response->body}, base::ok()));
  }

  std::vector<std::string> lines;
  net::HttpRequest last;

 private:
  void remember(const net::HttpRequest& request) {
    last = request;
    lines.push_back(request.method + " " + request.target + (request.body.empty() ? "" : " " + request.body));
  }
  Answer answer_;
};

}  // namespace karpenter::kube
