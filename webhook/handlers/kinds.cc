#include "webhook/handlers/kinds.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "common/schema/codec.h"

namespace karpenter::webhook {
namespace {

using model::v1alpha1::AwsNodeTemplate;
using model::v1alpha5::Provisioner;

template <class T>
concept HasWarnings = requires(const T& object) {
  admission::warnings(object);
};

template <class T>
AdmissionAnswer validate_object(json::View object) {
  AdmissionAnswer answer;
  auto decoded = schema::decode<T>(object);
  if (!decoded) {
    answer.violations.push_back({.path = "", .message = decoded.error().text()});
    return answer;
  }
  answer.violations = admission::validate(*decoded);
  if constexpr (HasWarnings<T>) answer.warnings = admission::warnings(*decoded);
  return answer;
}

// Adds to `out` what `after` has and `before` has not or otherwise. What is there already stays as it was
// written; null counts as absent. spec: api §13.4
void add_new(json::Ref out, json::View before, json::View after) {
  for (const auto& [key, value] : after.members()) {
    const auto present = out.view()[key];
    const bool is_absent = !present.exists() || present.is_null();
    if (is_absent && before[key] == value) continue;
    if (is_absent && !before[key].is_object()) {
      out[key].set(value);
    } else {
      add_new(out[key], before[key], value);
    }
  }
  const auto items = after.items();
  const auto known = before.size();
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i >= known) out.push_back(items[i]);
    if (i < known && i < out.view().size()) add_new(out[i], before[i], items[i]);
  }
}

template <class T>
base::Result<json::Value> default_object(json::View object) {
  ASSIGN_OR_RETURN(T decoded, schema::decode<T>(object));
  const json::Value before = schema::encode(decoded);
  admission::set_defaults(decoded);
  json::Value out(object);
  add_new(out.ref(), before, schema::encode(decoded));
  return out;
}

constexpr std::string_view kCore = model::kKarpenterGroup;
constexpr std::string_view kAws = model::kAwsGroup;

constexpr std::array kKinds{
    AdmissionKind{kAws, "v1", "EC2NodeClass", validate_object<model::Ec2NodeClass>,
                  default_object<model::Ec2NodeClass>},
    AdmissionKind{kAws, "v1alpha1", "AWSNodeTemplate", validate_object<AwsNodeTemplate>, nullptr},
    AdmissionKind{kAws, "v1beta1", "EC2NodeClass", validate_object<model::v1beta1::Ec2NodeClass>,
                  default_object<model::v1beta1::Ec2NodeClass>, false},
    AdmissionKind{kCore, "v1", "NodeClaim", validate_object<model::NodeClaim>,
                  default_object<model::NodeClaim>, false},  // its spec is immutable
    AdmissionKind{kCore, "v1", "NodePool", validate_object<model::NodePool>, default_object<model::NodePool>},
    AdmissionKind{kCore, "v1alpha5", "Provisioner", validate_object<Provisioner>,
                  default_object<Provisioner>},
    AdmissionKind{kCore, "v1beta1", "NodeClaim", validate_object<model::v1beta1::NodeClaim>, nullptr},
    AdmissionKind{kCore, "v1beta1", "NodePool", validate_object<model::v1beta1::NodePool>,
                  default_object<model::v1beta1::NodePool>, false},
};

}  // namespace

std::span<const AdmissionKind> admission_kinds() { return kKinds; }

const AdmissionKind* find_admission_kind(std::string_view group, std::string_view version,
                                         std::string_view kind) {
  const auto* it = std::ranges::find_if(kKinds, [&](const AdmissionKind& k) {
    return std::tie(k.group, k.version, k.kind) == std::tie(group, version, kind);
  });
  return it == kKinds.end() ? nullptr : it;
}

}  // namespace karpenter::webhook
