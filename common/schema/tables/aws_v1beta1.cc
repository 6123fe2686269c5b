#include <utility>

#include "common/model/legacy/v1beta1.h"
#include "common/schema/binding.h"
#include "common/schema/patterns.h"
#include "common/schema/tables/aws_shared.h"
#include "common/schema/tables/shared.h"

// karpenter.k8s.aws/v1beta1. spec: api §10.3

namespace karpenter::schema {
namespace {

using Spec = model::v1beta1::Ec2NodeClassSpec;

Type ami_terms() {
  using model::AmiSelectorTerm;
  return list(object({
                  field<&AmiSelectorTerm::id>("id", string().pattern(patterns::kAmiId), "Id of the image."),
                  field<&AmiSelectorTerm::name>("name", "Name of the image (not its Name tag)."),
                  field<&AmiSelectorTerm::owner>("owner", "Account that owns the image, self or amazon."),
                  field<&AmiSelectorTerm::tags>("tags", selector_tags(),
                                                "Tags to match; * matches any value."),
              }))
      .max_items(30)
      .rule("self.all(x, has(x.tags) || has(x.id) || has(x.name))",
            "expected at least one, got none, ['tags', 'id', 'name']")
      .rule(
          "!self.all(x, has(x.id) && (has(x.tags) || has(x.name) || has(x.owner)))",
          "'id' is mutually exclusive, cannot be set with a combination of other fields in amiSelectorTerms");
}

std::vector<Field> spec_fields() {
  Type tags = node_tags().rule("self.all(k, k != 'karpenter.sh/managed-by')",
                               "tag contains a restricted tag matching karpenter.sh/managed-by");
  return {
      field<&Spec::ami_family>("amiFamily",
                               string().required().one_of({"AL2", "AL2023", "Bottlerocket", "Ubuntu",
                                                           "Custom", "Windows2019", "Windows2022"}),
                               "The image family: decides user data and defaults."),
      field<&Spec::ami_selector_terms>("amiSelectorTerms", ami_terms(),
                                       "Which images to use; terms are ORed."),
      field<&Spec::associate_public_ip_address>("associatePublicIPAddress",
                                                "Whether instances get a public address."),
      field<&Spec::block_device_mappings>("blockDeviceMappings", beta_block_devices(),
                                          "Volumes of the instances."),
      field<&Spec::context>("context", "Reserved field of EC2."),
      field<&Spec::detailed_monitoring>("detailedMonitoring",
                                        "Whether instances report metrics every minute."),
      field<&Spec::instance_profile>("instanceProfile",
                                     string().rule("self != ''", "instanceProfile cannot be empty"),
                                     "The instance profile to use, instead of role."),
      field<&Spec::instance_store_policy>("instanceStorePolicy", string().one_of({"RAID0"}),
                                          "How local disks are used."),
      field<&Spec::metadata_options>(
          "metadataOptions",
          // The object and its member disagree on the hop limit; the last v1beta1 CRD had it so. spec:
          // conversion §2.9
          metadata_options({.object = R"({"httpEndpoint":"enabled","httpProtocolIPv6":"disabled",)"
                                      R"("httpPutResponseHopLimit":1,"httpTokens":"required"})",
                            .hop_limit = "2"}),
          "The metadata service of the instances."),
      field<&Spec::role>("role",
                         string()
                             .rule("self != ''", "role cannot be empty")
                             .rule("self == oldSelf", "immutable field changed"),
                         "The IAM role of the instances."),
      field<&Spec::security_group_selector_terms>(
          "securityGroupSelectorTerms",
          security_group_terms(
              "'id' is mutually exclusive, cannot be set with a combination of other fields in "
              "securityGroupSelectorTerms",
              "'name' is mutually exclusive, cannot be set with a combination of other fields in "
              "securityGroupSelectorTerms"),
          "Which security groups to use; terms are ORed."),
      field<&Spec::subnet_selector_terms>(
          "subnetSelectorTerms",
          subnet_terms("'id' is mutually exclusive, cannot be set with a combination "
                       "of other fields in subnetSelectorTerms"),
          "Which subnets to use; terms are ORed."),
      field<&Spec::tags>("tags", std::move(tags), "Tags of everything that is made for a node."),
      field<&Spec::user_data>("userData", "User data of the instances."),
  };
}

Type spec_type() {
  return object(spec_fields())
      .rule("self.amiFamily != 'Custom' || self.amiSelectorTerms.size() > 0",
            "amiSelectorTerms is required when amiFamily == 'Custom'")
      .rule("has(self.role) != has(self.instanceProfile)",
            "must specify exactly one of ['role', 'instanceProfile']")
      .rule(
          "(has(oldSelf.role) && has(self.role)) || (has(oldSelf.instanceProfile) && "
          "has(self.instanceProfile))",
          "changing from 'instanceProfile' to 'role' is not supported. You must delete and recreate this "
          "node class "
          "if you want to change this.");
}

}  // namespace

template <>
const Type& type_of<model::v1beta1::Ec2NodeClass>() {
  using model::v1beta1::Ec2NodeClass;
  using Status = model::Ec2NodeClassStatus;
  static const Type type = object({
      metadata<&Ec2NodeClass::meta>(),
      field<&Ec2NodeClass::spec>("spec", spec_type(), "What instances are launched with."),
      field<&Ec2NodeClass::status>(
          "status",
          object({
              field<&Status::amis>("amis", status_legacy_amis(), "The images that the terms select."),
              field<&Status::conditions>("conditions", limited_conditions(ConditionRules::kStandard),
                                         "Conditions."),
              field<&Status::instance_profile>("instanceProfile", "The instance profile in use."),
              field<&Status::security_groups>("securityGroups", status_security_groups(),
                                              "The security groups that the terms select."),
              field<&Status::subnets>("subnets", status_subnets(), "The subnets that the terms select."),
          }),
          "What the selectors resolve to."),
  });
  return type;
}

}  // namespace karpenter::schema
