#include "common/schema/tables/aws_shared.h"

#include <utility>

#include "common/model/karpenter/v1.h"
#include "common/schema/binding.h"
#include "common/schema/patterns.h"

namespace karpenter::schema {
namespace {

std::vector<Field> ebs_fields() {
  using model::Ebs;
  return {
      field<&Ebs::delete_on_termination>("deleteOnTermination", "Whether the volume goes with the instance."),
      field<&Ebs::encrypted>("encrypted", "Whether the volume is encrypted."),
      field<&Ebs::iops>("iops", "I/O operations per second."),
      field<&Ebs::kms_key_id>("kmsKeyID", "The key to encrypt with: id, alias or ARN."),
      field<&Ebs::snapshot_id>("snapshotID", "The snapshot to start from."),
      field<&Ebs::throughput>("throughput", "MiB per second, for gp3."),
      field<&Ebs::volume_size>("volumeSize", string().pattern(patterns::kVolumeSize),
                               "Size in Gi, G, Ti or T."),
      field<&Ebs::volume_type>("volumeType",
                               string().one_of({"standard", "io1", "io2", "gp2", "sc1", "st1", "gp3"}),
                               "Kind of volume."),
  };
}

Type block_devices(Type ebs) {
  using model::BlockDeviceMapping;
  return list(object({
                  field<&BlockDeviceMapping::device_name>("deviceName",
                                                          "Name of the device, such as /dev/xvda."),
                  field<&BlockDeviceMapping::ebs>("ebs", std::move(ebs), "The EBS volume."),
                  field<&BlockDeviceMapping::root_volume>(
                      "rootVolume", "Whether this volume holds what kubelet and pods write."),
              }))
      .max_items(50)
      .rule("self.filter(x, has(x.rootVolume) && x.rootVolume).size() <= 1",
            "must have only one blockDeviceMappings with rootVolume");
}

Type ebs_object(std::vector<Field> fields) {
  return object(std::move(fields))
      .rule("has(self.snapshotID) || has(self.volumeSize)", "snapshotID or volumeSize must be defined");
}

std::vector<Field> ami_fields() {
  using model::AmiStatus;
  return {
      field<&AmiStatus::id>("id", string().required(), "Id of the image."),
      field<&AmiStatus::name>("name", "Name of the image."),
      field<&AmiStatus::requirements>("requirements",
                                      list(type_of<model::NodeSelectorRequirement>()).required(),
                                      "Which nodes the image can be used for."),
  };
}

}  // namespace

Type selector_tags() {
  return strings().max_properties(20).rule("self.all(k, k != '' && self[k] != '')",
                                           "empty tag keys or values aren't supported");
}

Type subnet_terms(std::string_view mutual_exclusion_message) {
  using model::SelectorTerm;
  return list(object({
                  field<&SelectorTerm::id>("id", string().pattern(patterns::kSubnetId), "Id of the subnet."),
                  field<&SelectorTerm::tags>("tags", selector_tags(), "Tags to match; * matches any value."),
              }))
      .required()
      .max_items(30)
      .rule("self.size() != 0", "subnetSelectorTerms cannot be empty")
      .rule("self.all(x, has(x.tags) || has(x.id))", "expected at least one, got none, ['tags', 'id']")
      .rule("!self.all(x, has(x.id) && has(x.tags))", mutual_exclusion_message);
}

Type security_group_terms(std::string_view id_message, std::string_view name_message) {
  using model::SelectorTerm;
  return list(object({
                  field<&SelectorTerm::id>("id", string().pattern(patterns::kSecurityGroupId),
                                           "Id of the group."),
                  field<&SelectorTerm::name>("name", "Name of the group (not its Name tag)."),
                  field<&SelectorTerm::tags>("tags", selector_tags(), "Tags to match; * matches any value."),
              }))
      .required()
      .max_items(30)
      .rule("self.size() != 0", "securityGroupSelectorTerms cannot be empty")
      .rule("self.all(x, has(x.tags) || has(x.id) || has(x.name))",
            "expected at least one, got none, ['tags', 'id', 'name']")
      .rule("!self.all(x, has(x.id) && (has(x.tags) || has(x.name)))", id_message)
      .rule("!self.all(x, has(x.name) && (has(x.tags) || has(x.id)))", name_message);
}

Type status_subnets() {
  using model::SubnetStatus;
  return list(object({
      field<&SubnetStatus::id>("id", string().required(), "Id of the subnet."),
      field<&SubnetStatus::zone>("zone", string().required(), "Name of its zone."),
      field<&SubnetStatus::zone_id>("zoneID", "Id of its zone."),
  }));
}

Type status_security_groups() {
  using model::SecurityGroupStatus;
  return list(object({
      field<&SecurityGroupStatus::id>("id", string().required(), "Id of the group."),
      field<&SecurityGroupStatus::name>("name", "Name of the group."),
  }));
}

Type status_amis() {
  auto fields = ami_fields();
  fields.push_back(field<&model::AmiStatus::deprecated>("deprecated", "Whether the image is deprecated."));
  return list(object(std::move(fields)));
}

Type status_legacy_amis() { return list(object(ami_fields())); }

Type node_tags() {
  return strings()
      .rule("self.all(k, k != '')", "empty tag keys aren't supported")
      .rule("self.all(k, !k.startsWith('kubernetes.io/cluster'))",
            "tag contains a restricted tag matching kubernetes.io/cluster/")
      .rule("self.all(k, k != 'karpenter.sh/nodepool')",
            "tag contains a restricted tag matching karpenter.sh/nodepool")
      .rule("self.all(k, k != 'karpenter.sh/nodeclaim')",
            "tag contains a restricted tag matching karpenter.sh/nodeclaim")
      .rule("self.all(k, k != 'karpenter.k8s.aws/ec2nodeclass')",
            "tag contains a restricted tag matching karpenter.k8s.aws/ec2nodeclass");
}

Type metadata_options(MetadataDefaults defaults) {
  using model::MetadataOptions;
  return object(
             {
                 field<&MetadataOptions::http_endpoint>(
                     "httpEndpoint", string().one_of({"enabled", "disabled"}).defaulted(R"("enabled")"),
                     "Whether instances can reach the metadata service."),
                 field<&MetadataOptions::http_protocol_ipv6>(
                     "httpProtocolIPv6", string().one_of({"enabled", "disabled"}).defaulted(R"("disabled")"),
                     "Whether the metadata service has an IPv6 endpoint."),
                 field<&MetadataOptions::http_put_response_hop_limit>(
                     "httpPutResponseHopLimit", int64().range(1, 64).defaulted(defaults.hop_limit),
                     "How many network hops a token may travel; 1 keeps it from pods."),
                 field<&MetadataOptions::http_tokens>(
                     "httpTokens", string().one_of({"required", "optional"}).defaulted(R"("required")"),
                     "Whether requests need a session token."),
             })
      .defaulted(defaults.object);
}

Type beta_block_devices() { return block_devices(ebs_object(ebs_fields())); }

Type v1_block_devices() {
  auto fields = ebs_fields();
  fields.push_back(
      field<&model::Ebs::volume_initialization_rate>("volumeInitializationRate", int32().range(100, 300),
                                                     "MiB per second to read from the snapshot at launch."));
  return block_devices(
      ebs_object(std::move(fields))
          .rule("!has(self.volumeInitializationRate) || (has(self.snapshotID) && self.snapshotID != '')",
                "snapshotID must be set when volumeInitializationRate is set"));
}

}  // namespace karpenter::schema
