#include "common/net/loopback.h"

#include "common/base/strings.h"

namespace karpenter::net {
namespace {

// First what was in the body, then what the handler's stream yields.
class LoopbackStream final : public ByteStream {
 public:
  explicit LoopbackStream(HttpResponse response) : response_(std::move(response)) {}

  base::Result<std::string> next(const Call& call) override {
    if (call.stop.stop_requested()) return base::make_error(base::Code::kCancelled, "stream cancelled");
    if (!response_.body.empty()) return std::exchange(response_.body, {});
    if (!response_.stream) return std::string();
    return response_.stream->next(call);
  }

 private:
  HttpResponse response_;
};

base::Status read_all(HttpResponse& response, const Call& call) {
  if (!response.stream) return base::ok();
  for (;;) {
    ASSIGN_OR_RETURN(const std::string chunk, response.stream->next(call));
    if (chunk.empty()) break;
    response.body += chunk;
  }
  response.stream.reset();
  return base::ok();
}

base::Result<HttpResponse> dispatch(const std::map<Origin, Handler*>& handlers, const HttpRequest& request,
                                    const Call& call) {
  if (call.stop.stop_requested()) return base::make_error(base::Code::kCancelled, "request cancelled");
  const auto it = handlers.find(request.origin);
  if (it == handlers.end()) {
    return base::make_error(base::Code::kUnavailable, "no route to host")
        .add("origin", request.origin.text());
  }
  auto response = it->second->handle(request, call);
  if (request.method == "HEAD") {
    response.body.clear();
    response.stream.reset();
  }
  return response;
}

}  // namespace

base::Result<HttpResponse> LoopbackTransport::send(const HttpRequest& request, const Call& call) {
  ASSIGN_OR_RETURN(auto response, dispatch(handlers_, request, call));
  RETURN_IF_ERROR(read_all(response, call));
  return response;
}

base::Result<std::unique_ptr<ByteStream>> LoopbackTransport::open(const HttpRequest& request,
                                                                  const Call& call) {
  ASSIGN_OR_RETURN(auto response, dispatch(handlers_, request, call));
  if (response.status != 200) {
    RETURN_IF_ERROR(read_all(response, call));
    return error_of_status(response.status, response.headers, response.body);
  }
  return std::unique_ptr<ByteStream>(std::make_unique<LoopbackStream>(std::move(response)));
}

}  // namespace karpenter::net
