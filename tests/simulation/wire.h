#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "common/net/http.h"
#include "tests/support/sim_runtime.h"

// Between one life of the controller and the world: where a killed process stops having any effect.

namespace karpenter::simulation {

// How many requests changed the world by more than a lease or an event, and how many of those went to AWS.
struct Writes {
  std::uint64_t all = 0;
  std::uint64_t to_aws = 0;
};

// The write at which a controller dies, counted from 1 (and from when that was decided).
struct Death {
  enum class Of : std::uint8_t { kAll, kToAws };
  enum class Way : std::uint8_t { kNeverSent, kDoneButUnanswered };
  std::uint64_t at_write = 0;
  Of of = Of::kAll;
  Way way = Way::kNeverSent;
};

// What all wires of one process share. Touched by one simulated thread at a time.
struct Lifeline {
  bool cut = false;  // nothing passes any more, in either direction
  Writes writes = {};
  std::optional<Death> death = {};
  Writes at_decision = {};

  void die_at(const Death& decided) {
    death = decided;
    at_decision = writes;
  }
  // Counts a write; whether the process dies of it.
  bool count(bool to_aws);
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
