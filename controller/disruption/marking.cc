#include "controller/disruption/marking.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "common/model/conditions.h"
#include "common/model/labels.h"

namespace karpenter::disruption {

namespace {

using base::Code;

constexpr int kAttempts = 4;

model::Taint disrupted_taint() {
  return {.key = std::string(model::labels::kDisruptedTaint),
          .value = "",
          .effect = std::string(model::kNoSchedule),
          .time_added = std::nullopt};
}

bool is_tainted(const model::Node& node) {
  return std::ranges::any_of(node.spec.taints,
                             [](const model::Taint& t) { return t.same_key_and_effect(disrupted_taint()); });
}

bool has_reason(const model::NodeClaim& claim) {
  return model::find_condition(claim.status.conditions, model::condition::kDisruptionReason) != nullptr;
}

// Runs `attempt` until it succeeds, at most four times. Not found means that there is nothing left to do.
base::Status with_backoff(runtime::Runtime& runtime, const Call& call,
                          const std::function<base::Status()>& attempt) {
  std::chrono::milliseconds pause{10};
  for (int i = 1;; ++i) {
    auto status = attempt();
    if (status || status.error().code == Code::kNotFound) return base::ok();
    if (i == kAttempts) return status;
    RETURN_IF_ERROR(runtime::sleep_for(runtime, pause, call));
    pause *= 5;
  }
}

// Reads the live object, lets `change` alter it and writes the difference.
template <class T>
base::Status update(const Services& services, const model::ObjectMeta& meta, const Call& call,
                    const std::function<base::Status(const kube::Api<T>&, const T&)>& change) {
  const kube::Api<T> api(services.client);
  return with_backoff(services.runtime, call, [&]() -> base::Status {
    ASSIGN_OR_RETURN(const T live, api.get(model::key_of(meta), call));
    if (live.meta.uid != meta.uid) return base::ok();  // a successor of the same name
    return change(api, live);
  });
}

base::Status set_taint(const Services& services, const plan::NodeView& view, const Call& call) {
  return update<model::Node>(services, view.node->meta, call,
                             [&](const auto& api, const model::Node& live) -> base::Status {
                               if (is_tainted(live)) return base::ok();
                               model::Node after = live;
                               after.spec.taints.push_back(disrupted_taint());
                               RETURN_IF_ERROR(api.patch(live, after, kube::Locking::kLocked, call));
                               return base::ok();
                             });
}

base::Status remove_taint(const Services& services, const plan::NodeView& view, const Call& call) {
  return update<model::Node>(
      services, view.node->meta, call, [&](const auto& api, const model::Node& live) -> base::Status {
        if (live.meta.is_deleting() || !is_tainted(live)) return base::ok();
        model::Node after = live;
        std::erase_if(after.spec.taints,
                      [](const model::Taint& t) { return t.same_key_and_effect(disrupted_taint()); });
        RETURN_IF_ERROR(api.patch(live, after, kube::Locking::kLocked, call));
        return base::ok();
      });
}

base::Status set_reason(const Services& services, const plan::NodeView& view, plan::Reason reason,
                        const Call& call) {
  return update<model::NodeClaim>(
      services, view.claim->meta, call, [&](const auto& api, const auto& live) -> base::Status {
        model::NodeClaim after = live;
        const auto name = plan::name_of(reason);
        model::conditions_of(after, services.runtime.now())
            .set_true(model::condition::kDisruptionReason, name, name);
        RETURN_IF_ERROR(api.patch_status(live, after, kube::Locking::kUnlocked, call));
        return base::ok();
      });
}

base::Status remove_reason(const Services& services, const plan::NodeView& view, const Call& call) {
  return update<model::NodeClaim>(
      services, view.claim->meta, call, [&](const auto& api, const auto& live) -> base::Status {
        if (!has_reason(live)) return base::ok();
        model::NodeClaim after = live;
        model::conditions_of(after, services.runtime.now()).clear(model::condition::kDisruptionReason);
        RETURN_IF_ERROR(api.patch_status(live, after, kube::Locking::kLocked, call));
        return base::ok();
      });
}

}  // namespace

base::Status mark(const Services& services, const plan::NodeView& view, plan::Reason reason,
                  const Call& call) {
  RETURN_IF_ERROR(set_taint(services, view, call));
  return set_reason(services, view, reason, call);
}

base::Status unmark(const Services& services, const plan::NodeView& view, const Call& call) {
  RETURN_IF_ERROR(remove_taint(services, view, call));
  return remove_reason(services, view, call);
}

bool has_marks(const plan::NodeView& view) {
  const bool tainted = view.node && !view.node->meta.is_deleting() && is_tainted(*view.node);
  return tainted || (view.initialized() && view.claim && has_reason(*view.claim));
}

}  // namespace karpenter::disruption
