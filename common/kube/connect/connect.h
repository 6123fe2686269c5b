#pragma once

#include <memory>

#include "common/kube/client.h"
#include "common/kube/config.h"

namespace karpenter::kube {

// A client over real sockets with what it stands on. `runtime` outlives it.
struct Connection {
  std::unique_ptr<net::Transport> transport;
  std::unique_ptr<Client> client;
};

// Opens no socket yet. `options` carries rate and user agent; origin and token come from `config`.
[[nodiscard]] Connection connect(runtime::Runtime& runtime, const ClusterConfig& config,
                                 Client::Options options);

}  // namespace karpenter::kube
