#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "common/net/http.h"
#include "tests/support/sim_runtime.h"

// Between one life of the controller and the world: where a killed process stops having any effect.

namespace karpenter::simulation {

// The write at which the controller dies, counted over its whole life from 1.
struct Death {
  enum class Write : std::uint8_t { kNeverSent, kDoneButUnanswered };
  std::uint64_t at_write = 0;
  Write write = Write::kNeverSent;
};

// What all wires of one process share. Touched by one simulated thread at a time.
struct Lifeline {
  bool cut = false;                              // nothing passes any more, in either direction
  std::uint64_t writes = 0;                      // requests that change the world, without leases and events
  std::vector<std::uint64_t> cloud_writes = {};  // which of them went to AWS
  std::optional<Death> death = {};
};

// Whether a request changes the world by more than a lease or an event.
[[nodiscard]] bool is_write(const net::HttpRequest& request);
[[nodiscard]] bool is_to_aws(const net::HttpRequest& request);

// Mixes every request and its status into the trace.
class Wire final : public net::Transport {
 public:
  // All outlive it.
  Wire(support::SimRuntime& sim, net::Transport& world, Lifeline& life)
      : sim_(sim), world_(world), life_(life) {}
  base::Result<net::HttpResponse> send(const net::HttpRequest& request, const net::Call& call) override;
  base::Result<std::unique_ptr<net::ByteStream>> open(const net::HttpRequest& request,
                                                      const net::Call& call) override;

 private:
  support::SimRuntime& sim_;
  net::Transport& world_;
  Lifeline& life_;
};

}  // namespace karpenter::simulation
