#include "webhook/handlers/kinds.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "common/schema/codec.h"
#include "common/schema/validate.h"

namespace karpenter::webhook {
namespace {

using admission::judge;
using model::v1alpha1::AwsNodeTemplate;
using model::v1alpha5::Machine;
using model::v1alpha5::Provisioner;
namespace v1beta1 = model::v1beta1;

// The defaults of the CRD.
template <class T>
json::Value default_spec(json::View object) {
  json::Value out(object);
  const auto& fields = schema::type_of<T>().fields;
  const auto spec = std::ranges::find(fields, std::string_view("spec"), &schema::Field::name);
  if (object["spec"].is_object()) schema::apply_defaults(spec->type, out["spec"]);
  return out;
}

// The only defaults that the CRD does not have: requirements that are appended. spec: api §11.1
json::Value default_provisioner(json::View object) {
  json::Value out(object);
  const auto given = object["spec"]["requirements"];
  const bool is_absent = !given.exists() || given.is_null();
  if (!object["spec"].is_object() || !(given.is_array() || is_absent)) return out;
  Provisioner known;  // as far as its keys go
  for (std::size_t i = 0; i < given.size(); ++i) {
    known.spec.requirements.push_back(
        {.key = given[i]["key"].string_or(""), .op = {}, .values = {}, .min_values = {}});
  }
  admission::set_defaults(known);
  const auto requirements = out["spec"]["requirements"];
  for (std::size_t i = given.size(); i < known.spec.requirements.size(); ++i) {
    const auto& requirement = known.spec.requirements[i];
    const auto added = requirements.push_back();
    added["key"].set(requirement.key);
    added["operator"].set(requirement.op);
    for (const auto& value : requirement.values) added["values"].push_back(std::string_view(value));
  }
  return out;
}

constexpr std::string_view kCore = model::kKarpenterGroup;
constexpr std::string_view kAws = model::kAwsGroup;

constexpr std::array kKinds{
    AdmissionKind{model::kBufferGroup, "v1beta1", "CapacityBuffer", judge<model::CapacityBuffer>, nullptr},
    AdmissionKind{kAws, "v1", "EC2NodeClass", judge<model::Ec2NodeClass>, default_spec<model::Ec2NodeClass>},
    AdmissionKind{kAws, "v1alpha1", "AWSNodeTemplate", judge<AwsNodeTemplate>, nullptr},
    AdmissionKind{kAws, "v1beta1", "EC2NodeClass", judge<v1beta1::Ec2NodeClass>,
                  default_spec<v1beta1::Ec2NodeClass>, false},
    AdmissionKind{kCore, "v1", "NodeClaim", judge<model::NodeClaim>, default_spec<model::NodeClaim>,
                  false},  // its spec is immutable
    AdmissionKind{kCore, "v1", "NodePool", judge<model::NodePool>, default_spec<model::NodePool>},
    AdmissionKind{kCore, "v1alpha1", "NodeOverlay", judge<model::NodeOverlay>, nullptr},
    AdmissionKind{kCore, "v1alpha5", "Machine", judge<Machine>, nullptr},
    AdmissionKind{kCore, "v1alpha5", "Provisioner", judge<Provisioner>, default_provisioner},
    AdmissionKind{kCore, "v1beta1", "NodeClaim", judge<v1beta1::NodeClaim>, nullptr},
    AdmissionKind{kCore, "v1beta1", "NodePool", judge<v1beta1::NodePool>, default_spec<v1beta1::NodePool>,
                  false},
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
