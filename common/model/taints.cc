#include "common/model/taints.h"

#include <algorithm>

#include "common/base/strings.h"
#include "common/model/labels.h"

namespace karpenter::model {
namespace {

// Numbers of the Lt and Gt operators must be written the one canonical way.
std::optional<std::int64_t> canonical_int(std::string_view text) {
  const auto value = base::parse_int64(text);
  return value && std::to_string(*value) == text ? value : std::nullopt;
}

bool compares(const Toleration& toleration, const Taint& taint) {
  const auto wanted = canonical_int(toleration.value);
  const auto actual = canonical_int(taint.value);
  if (!wanted || !actual) return false;
  return toleration.op == "Lt" ? *actual < *wanted : *actual > *wanted;
}

}  // namespace

std::string Taint::text() const {
  std::string out = key;
  if (!value.empty()) out += "=" + value;
  if (!effect.empty()) out += ":" + effect;
  return out;
}

bool tolerates(const Toleration& toleration, const Taint& taint) {
  if (!toleration.effect.empty() && toleration.effect != taint.effect) return false;
  if (!toleration.key.empty() && toleration.key != taint.key) return false;
  if (toleration.op.empty() || toleration.op == "Equal") return toleration.value == taint.value;
  if (toleration.op == "Exists") return true;
  return (toleration.op == "Lt" || toleration.op == "Gt") && compares(toleration, taint);
}

const Taint* find_untolerated(std::span<const Taint> taints, std::span<const Toleration> tolerations) {
  const auto it = std::find_if(taints.begin(), taints.end(), [&](const Taint& taint) {
    return std::none_of(tolerations.begin(), tolerations.end(),
                        [&](const auto& t) { return tolerates(t, taint); });
  });
  return it == taints.end() ? nullptr : &*it;
}

bool is_known_ephemeral(const Taint& taint) {
  if (taint.key.starts_with("readiness.k8s.io/")) return true;
  if (taint.key == "node.kubernetes.io/not-ready")
    return taint.effect == kNoSchedule || taint.effect == kNoExecute;
  if (taint.key == labels::kUnregisteredTaint) return taint.effect == kNoExecute;
  return taint.effect == kNoSchedule && (taint.key == "node.kubernetes.io/unreachable" ||
                                         taint.key == "node.cloudprovider.kubernetes.io/uninitialized");
}

}  // namespace karpenter::model
