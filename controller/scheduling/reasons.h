#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

// Why a pod has no place. Pods that no rule can tell apart share one explanation. spec: scheduling §12.3

namespace karpenter::scheduling {

struct Unplaced;

enum class ReasonCode : std::uint8_t {
  kNoNodePools,
  kRequirementsConflict,  // pod requirement vs template's
  kTaintNotTolerated,
  kLimitExceeded,
  kNoInstanceTypeFits,  // resources
  kNoOffering,          // requirements and availability
  kTopology,
  kUnsupported,  // the pod asks for what this scheduler does not place
  kStepsExhausted,
  kMinValues,
  kHostPort,
  kVolume,            // volume topology or attachment limits
  kReservedCapacity,  // the pod waits for a reservation; it is deferred, not failed. spec: §17.2
  kNotReady,          // a node that is under consolidateAfter or overdrawn
};

// Why one NodePool makes no node for the pod.
struct Reason {
  ReasonCode code = ReasonCode::kNoNodePools;
  std::string node_pool = {};  // "" when not about one pool
  std::string detail = {};     // as events word it, complete
  std::string nearest = {};    // the least change that would help, "" when none is known
};

// Why existing nodes do not take the pod: one entry per code, with how many nodes it holds back.
struct NodeReason {
  ReasonCode code = ReasonCode::kNoInstanceTypeFits;
  std::size_t nodes = 0;
  std::string example = {};  // name of the first such node
  std::string detail = {};   // about the example
  std::string nearest = {};
};

// Shared and immutable. Never empty in a plan. Iterates over the reasons of the pools, in their order.
class Reasons {
 public:
  Reasons() = default;
  explicit Reasons(std::vector<Reason> pools, std::vector<NodeReason> nodes = {})
      : all_(std::make_shared<const All>(All{std::move(pools), std::move(nodes)})) {}

  [[nodiscard]] auto begin() const { return pools().begin(); }
  [[nodiscard]] auto end() const { return pools().end(); }
  [[nodiscard]] bool empty() const { return pools().empty(); }
  [[nodiscard]] std::size_t size() const { return pools().size(); }
  [[nodiscard]] const Reason& front() const { return pools().front(); }
  [[nodiscard]] const Reason& at(std::size_t i) const { return pools().at(i); }
  [[nodiscard]] const std::vector<Reason>& pools() const { return all().pools; }
  [[nodiscard]] const std::vector<NodeReason>& nodes() const { return all().nodes; }
  // The pod waits for reserved capacity: no event, not counted as unschedulable. spec: scheduling §17.2,
  // §23.1
  [[nodiscard]] bool is_deferred() const;

 private:
  struct All {
    std::vector<Reason> pools;
    std::vector<NodeReason> nodes;
  };
  [[nodiscard]] const All& all() const;
  std::shared_ptr<const All> all_;
};

// One word per code, for tables and JSON.
[[nodiscard]] const char* name_of(ReasonCode code);
// One line as events word it: the pools only. spec: scheduling §12.3, §23.1
[[nodiscard]] std::string render(const Unplaced& unplaced);
// Everything, one line per pool and per kind of existing node, each with its nearest change.
[[nodiscard]] std::vector<std::string> render_in_full(const Unplaced& unplaced);

}  // namespace karpenter::scheduling
