#include "common/kube/connect/connect.h"

#include <utility>

#include "common/net/beast/beast.h"

namespace karpenter::kube {

Connection connect(runtime::Runtime& runtime, const ClusterConfig& config, Client::Options options) {
  net::ClientOptions transport;
  transport.tls = [tls = client_tls(config)](const net::Origin&) { return tls; };
  options.origin = config.origin;
  options.bearer_token = token_source(runtime, config);
  Connection out;
  out.transport = net::make_beast_transport(runtime, std::move(transport));
  out.client = std::make_unique<Client>(runtime, *out.transport, std::move(options));
  return out;
}

}  // namespace karpenter::kube
