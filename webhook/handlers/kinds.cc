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
concept HasWarnings = requires(const T& object) { admission::warnings(object); };

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

// Only what defaulting changed is carried over to the object, so that nothing else of it is touched or reformatted.
template <class T>
base::Result<json::Value> default_object(json::View object) {
  ASSIGN_OR_RETURN(T decoded, schema::decode<T>(object));
  const json::Value before = schema::encode(decoded);
  admission::set_defaults(decoded);
  const json::Value changes = json::make_merge_patch(before, schema::encode(decoded));
  json::Value out(object);
  json::apply_merge_patch(out.ref(), changes);
  return out;
}

constexpr std::string_view kCore = model::kKarpenterGroup;
constexpr std::string_view kAws = model::kAwsGroup;

constexpr std::array kKinds{
    AdmissionKind{kAws, "v1", "EC2NodeClass", validate_object<model::Ec2NodeClass>, default_object<model::Ec2NodeClass>},
    AdmissionKind{kAws, "v1alpha1", "AWSNodeTemplate", validate_object<AwsNodeTemplate>, nullptr},
    AdmissionKind{kAws, "v1beta1", "EC2NodeClass", validate_object<model::v1beta1::Ec2NodeClass>,
                  default_object<model::v1beta1::Ec2NodeClass>},
    AdmissionKind{kCore, "v1", "NodeClaim", validate_object<model::NodeClaim>, default_object<model::NodeClaim>},
    AdmissionKind{kCore, "v1", "NodePool", validate_object<model::NodePool>, default_object<model::NodePool>},
    AdmissionKind{kCore, "v1alpha5", "Provisioner", validate_object<Provisioner>, default_object<Provisioner>},
    AdmissionKind{kCore, "v1beta1", "NodeClaim", validate_object<model::v1beta1::NodeClaim>, nullptr},
    AdmissionKind{kCore, "v1beta1", "NodePool", validate_object<model::v1beta1::NodePool>,
                  default_object<model::v1beta1::NodePool>},
};

}  // namespace

std::span<const AdmissionKind> admission_kinds() { return kKinds; }

const AdmissionKind* find_admission_kind(std::string_view group, std::string_view version, std::string_view kind) {
  const auto* it = std::ranges::find_if(kKinds, [&](const AdmissionKind& k) {
    return std::tie(k.group, k.version, k.kind) == std::tie(group, version, kind);
  });
  return it == kKinds.end() ? nullptr : it;
}

}  // namespace karpenter::webhook
