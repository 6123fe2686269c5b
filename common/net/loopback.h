#pragma once

#include <map>

#include "common/net/http.h"

namespace karpenter::net {

// A Transport that calls Handlers in memory, by origin: simulation, tests, the embedded cluster. Not a socket
// in sight. Handlers outlive it. Unknown origins answer kUnavailable. Thread-safe once routes are set.
class LoopbackTransport final : public Transport {
 public:
  void route(Origin origin, Handler& handler) { handlers_.insert_or_assign(std::move(origin), &handler); }
  base::Result<HttpResponse> send(const HttpRequest& request, const Call& call) override;
  base::Result<std::unique_ptr<ByteStream>> open(const HttpRequest& request, const Call& call) override;

 private:
  std::map<Origin, Handler*> handlers_;
};

}  // namespace karpenter::net
