#include "controller/nodepool/validation.h"

#include <string>
#include <utility>

#include "common/admission/admission.h"
#include "common/base/strings.h"
#include "common/model/conditions.h"

namespace karpenter::nodepool {

namespace {

constexpr std::size_t kMessageLimit = 32768;  // of the API. spec: api §8.1

std::string text_of(const std::vector<admission::Violation>& violations) {
  std::vector<std::string> lines;
  for (const auto& violation : violations) lines.push_back(violation.path + ": " + violation.message);
  auto text = base::join(lines, "; ");
  if (text.size() > kMessageLimit) text.resize(kMessageLimit);
  return text;
}

}  // namespace

reconcile::ControllerSpec Validation::spec() {
  return {.name = "nodepool.validation", .group = "karpenter.sh", .kind = "NodePool", .workers = 10};
}

base::Result<reconcile::Outcome> Validation::reconcile(const model::ObjectKey& key, const Call& call) {
  constexpr reconcile::Outcome kDone = reconcile::Done{};
  const auto pool = services_.find_managed(key);
  if (!pool) return kDone;
  model::NodePool after = *pool;
  auto conditions = model::conditions_of(after, services_.runtime.now());
  const auto violations = admission::runtime_violations(*pool);
  if (violations.empty()) {
    conditions.set_true(model::condition::kValidationSucceeded);
  } else {
    conditions.set_false(model::condition::kValidationSucceeded, "NodePoolValidationFailed",
                         text_of(violations));
  }
  auto written =
      kube::Api<model::NodePool>(services_.client).patch_status(*pool, after, kube::Locking::kLocked, call);
  if (!written) return reconcile::outcome_of(std::move(written).error());
  return kDone;
}

}  // namespace karpenter::nodepool
