#pragma once

#include <map>
#include <string>
#include <vector>

#include "controller/nodeclaim/services.h"

namespace karpenter::nodeclaim {

// nodeclaim.consistency: tells when a node has clearly less capacity than its claim promised. spec: lifecycle
// §5.4
//
// Key: the claim's name. Triggers: NodeClaim and Node (claim_of) changes; each claim is looked at once in ten
// minutes.
class Consistency final : public reconcile::Reconciler {
 public:
  explicit Consistency(Services services);
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key, const Call& call) override;
  [[nodiscard]] static reconcile::ControllerSpec spec();

 private:
  [[nodiscard]] bool is_due(const std::string& uid);

  Services services_;
  runtime::Mutex mutex_;
  std::map<std::string, base::Mono> checked_ KARP_GUARDED_BY(mutex_);  // by UID
};

// One text per requested resource of which the node has less than 90 % of the claim's capacity; empty until
// initialized.
[[nodiscard]] std::vector<std::string> find_shape_issues(const model::NodeClaim& claim,
                                                         const model::Node& node);

}  // namespace karpenter::nodeclaim
