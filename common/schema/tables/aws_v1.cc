#include <deque>
#include <string>
#include <utility>

#include "common/model/karpenter/v1.h"
#include "common/schema/binding.h"
#include "common/schema/patterns.h"
#include "common/schema/tables/aws_shared.h"
#include "common/schema/tables/shared.h"

// karpenter.k8s.aws/v1. spec: api §4.2, §4.3, §4.8

namespace karpenter::schema {
namespace {

using Spec = model::Ec2NodeClassSpec;

Type ami_terms() {
  using model::AmiSelectorTerm;
  constexpr std::string_view kFamilies =
      "['al2', 'al2023', 'bottlerocket', 'windows2019', 'windows2022', 'windows2025']";
  static const std::string family_rule = "self.find('^[^@]*') in " + std::string(kFamilies);
  Type alias =
      string()
          .max_length(30)
          .rule("self.matches('^[a-zA-Z0-9]+@.+$')",
                "'alias' is improperly formatted, must match the format 'family@version'")
          .rule(family_rule,
                "family is not supported, must be one of the following: 'al2', 'al2023', 'bottlerocket', "
                "'windows2019', 'windows2022', 'windows2025'")
          .rule(
              "!(self.split('@')[0] in ['windows2019', 'windows2022', 'windows2025']) || "
              "self.split('@')[1] == 'latest'",
              "windows families may only specify version 'latest'");
  return list(object({
                  field<&AmiSelectorTerm::alias>("alias", std::move(alias), "An image family and version."),
                  field<&AmiSelectorTerm::id>("id", string().pattern(patterns::kAmiId), "Id of the image."),
                  field<&AmiSelectorTerm::name>("name", "Name of the image (not its Name tag)."),
                  field<&AmiSelectorTerm::owner>("owner", "Account that owns the image, self or amazon."),
                  field<&AmiSelectorTerm::ssm_parameter>("ssmParameter",
                                                         "Name or ARN of the parameter that has the id."),
                  field<&AmiSelectorTerm::tags>("tags", selector_tags(),
                                                "Tags to match; * matches any value."),
              }))
      .required()
      .min_items(1)
      .max_items(30)
      .rule("self.all(x, has(x.tags) || has(x.id) || has(x.name) || has(x.alias) || has(x.ssmParameter))",
            "expected at least one, got none, ['tags', 'id', 'name', 'alias', 'ssmParameter']")
      .rule(
          "!self.exists(x, has(x.id) && (has(x.alias) || has(x.tags) || has(x.name) || has(x.owner)))",
          "'id' is mutually exclusive, cannot be set with a combination of other fields in amiSelectorTerms")
      .rule("!self.exists(x, has(x.alias) && (has(x.id) || has(x.tags) || has(x.name) || has(x.owner)))",
            "'alias' is mutually exclusive, cannot be set with a combination of other fields in "
            "amiSelectorTerms")
      .rule("!self.exists(x, has(x.alias)) || self.size() == 1",
            "'alias' is mutually exclusive, cannot be set with a combination of other amiSelectorTerms");
}

Type reservation_terms() {
  using Term = model::CapacityReservationSelectorTerm;
  return list(object({
                  field<&Term::id>("id", string().pattern(patterns::kCapacityReservationId),
                                   "Id of the reservation."),
                  field<&Term::instance_match_criteria>("instanceMatchCriteria",
                                                        string().one_of({"open", "targeted"}),
                                                        "How instances match the reservation."),
                  field<&Term::owner_id>("ownerID", string().pattern(patterns::kAccountId),
                                         "Account of the owner."),
                  field<&Term::tags>("tags", selector_tags(), "Tags to match; * matches any value."),
              }))
      .max_items(30)
      .rule("self.all(x, has(x.tags) || has(x.id) || has(x.instanceMatchCriteria))",
            "expected at least one, got none, ['tags', 'id', 'instanceMatchCriteria']")
      .rule("!self.all(x, has(x.id) && (has(x.tags) || has(x.ownerID) || has(x.instanceMatchCriteria)))",
            "'id' is mutually exclusive, cannot be set along with other fields in a capacity reservation "
            "selector term");
}

Type placement_group() {
  using model::PlacementGroupSelector;
  return object(
             {
                 field<&PlacementGroupSelector::id>("id", string().pattern(patterns::kPlacementGroupId),
                                                    "Id of the group."),
                 field<&PlacementGroupSelector::name>("name", string().min_length(1), "Name of the group."),
             })
      .rule("has(self.name) || has(self.id)", "expected at least one, got none, ['name', 'id']")
      .rule("!(has(self.name) && has(self.id))", "'name' and 'id' are mutually exclusive");
}

Type network_interfaces() {
  using model::NetworkInterfaceSpec;
  return list(object({
                  field<&NetworkInterfaceSpec::device_index>("deviceIndex", int32().required().at_least(0),
                                                             "Device index on the card."),
                  field<&NetworkInterfaceSpec::interface_type>(
                      "interfaceType", string().required().one_of({"interface", "efa-only"}),
                      "Kind of interface."),
                  field<&NetworkInterfaceSpec::network_card_index>(
                      "networkCardIndex", int32().required().at_least(0), "Index of the network card."),
              }))
      .max_items(150)
      .rule(
          "self.size() == 0 || self.exists(x, x.deviceIndex == 0 && x.networkCardIndex == 0 && "
          "x.interfaceType == 'interface')",
          "networkInterfaces must include a primary interface with interfaceType='interface'")
      .rule(
          "self.all(x, self.exists_one(y, x.networkCardIndex == y.networkCardIndex && "
          "x.deviceIndex == y.deviceIndex) && self.filter(y, x.networkCardIndex == y.networkCardIndex && "
          "y.interfaceType == 'efa-only').size() <= 1)",
          "networkInterfaces must not have duplicate networkCardIndex and deviceIndex pairs, and can have at "
          "most one "
          "efa device per network card");
}

Type connection_tracking() {
  using model::ConnectionTracking;
  return object(
             {
                 field<&ConnectionTracking::tcp_established_timeout>(
                     "tcpEstablishedTimeout", int32().range(60, 432000),
                     "Seconds until an idle TCP connection is forgotten."),
                 field<&ConnectionTracking::udp_stream_timeout>(
                     "udpStreamTimeout", int32().range(60, 180),
                     "Seconds until an idle UDP stream is forgotten."),
                 field<&ConnectionTracking::udp_timeout>("udpTimeout", int32().range(30, 60),
                                                         "Seconds until a single UDP exchange is forgotten."),
             })
      .rule("has(self.tcpEstablishedTimeout) || has(self.udpStreamTimeout) || has(self.udpTimeout)",
            "at least one of tcpEstablishedTimeout, udpStreamTimeout, or udpTimeout must be set");
}

// EC-C23 to EC-C28: an explicit family must agree with the family of the alias.
std::vector<Rule> family_rules() {
  struct Family {
    std::string alias;
    std::string family;
    std::string article;
  };
  static std::deque<std::string> texts;
  std::vector<Rule> rules;
  for (const auto& [alias, family, article] :
       {Family{"al2", "AL2", "an"}, Family{"al2023", "AL2023", "an"},
        Family{"bottlerocket", "Bottlerocket", "a"}, Family{"windows2019", "Windows2019", "a"},
        Family{"windows2022", "Windows2022", "a"}, Family{"windows2025", "Windows2025", "a"}}) {
    const std::string& rule = texts.emplace_back(
        "!has(self.amiFamily) || self.amiFamily in ['" + family +
        "', 'Custom'] || !self.amiSelectorTerms.exists(x, has(x.alias) && x.alias.find('^[^@]*') == '" +
        alias + "')");
    const std::string& message =
        texts.emplace_back("if set, amiFamily must be '" + family + "' or 'Custom' when using " + article +
                           " " + family + " alias");
    rules.push_back({.rule = rule, .message = message});
  }
  return rules;
}

std::vector<Field> selector_fields() {
  return {
      field<&Spec::ami_family>(
          "amiFamily",
          string().one_of(
              {"AL2", "AL2023", "Bottlerocket", "Custom", "Windows2019", "Windows2022", "Windows2025"}),
          "The image family: decides user data and defaults; from the alias when absent."),
      field<&Spec::ami_selector_terms>("amiSelectorTerms", ami_terms(),
                                       "Which images to use; terms are ORed."),
      field<&Spec::capacity_reservation_selector_terms>(
          "capacityReservationSelectorTerms", reservation_terms(),
          "Which capacity reservations to use; terms are ORed."),
      field<&Spec::placement_group_selector>("placementGroupSelector", placement_group(),
                                             "The placement group to launch into."),
      field<&Spec::security_group_selector_terms>(
          "securityGroupSelectorTerms",
          security_group_terms(
              "'id' is mutually exclusive, cannot be set with a combination of other fields in a "
              "security group selector term",
              "'name' is mutually exclusive, cannot be set with a combination of other fields in a "
              "security group selector term"),
          "Which security groups to use; terms are ORed."),
      field<&Spec::subnet_selector_terms>(
          "subnetSelectorTerms",
          subnet_terms("'id' is mutually exclusive, cannot be set with a combination "
                       "of other fields in a subnet selector term"),
          "Which subnets to use; terms are ORed."),
  };
}

std::vector<Field> instance_fields() {
  Type tags = node_tags().rule("self.all(k, k != 'eks:eks-cluster-name')",
                               "tag contains a restricted tag matching eks:eks-cluster-name");
  return {
      field<&Spec::associate_public_ip_address>("associatePublicIPAddress",
                                                "Whether instances get a public address."),
      field<&Spec::block_device_mappings>("blockDeviceMappings", v1_block_devices(),
                                          "Volumes of the instances."),
      field<&Spec::connection_tracking>("connectionTracking", connection_tracking(),
                                        "Connection tracking timeouts."),
      field<&Spec::context>("context", "Reserved field of EC2."),
      group("cpuOptions",
            object({field<&Spec::nested_virtualization>("nestedVirtualization",
                                                        string().one_of({"enabled", "disabled"}),
                                                        "Whether instances can run virtual machines.")}),
            "CPU options of the instances."),
      field<&Spec::detailed_monitoring>("detailedMonitoring",
                                        "Whether instances report metrics every minute."),
      group("enclaveOptions",
            object({field<&Spec::enclaves_enabled>("enabled", boolean().required(),
                                                   "Whether instances can run enclaves.")}),
            "Nitro enclaves of the instances."),
      field<&Spec::instance_profile>("instanceProfile",
                                     string().rule("self != ''", "instanceProfile cannot be empty"),
                                     "The instance profile to use, instead of role."),
      field<&Spec::instance_store_policy>("instanceStorePolicy", string().one_of({"RAID0"}),
                                          "How local disks are used."),
      field<&Spec::ip_prefix_count>("ipPrefixCount", int32().at_least(0),
                                    "IPv4 prefixes of the first interface."),
      field<&Spec::kubelet>("kubelet", open_object(), "Configuration of the kubelet."),
      field<&Spec::metadata_options>(
          "metadataOptions",
          metadata_options({.object = R"({"httpEndpoint":"enabled","httpProtocolIPv6":"disabled",)"
                                      R"("httpPutResponseHopLimit":1,"httpTokens":"required"})",
                            .hop_limit = "1"}),
          "The metadata service of the instances."),
      field<&Spec::network_interfaces>("networkInterfaces", network_interfaces(), "Network interfaces."),
      field<&Spec::role>("role", string().rule("self != ''", "role cannot be empty"),
                         "The IAM role of the instances; an instance profile is made for it."),
      field<&Spec::tags>("tags", std::move(tags), "Tags of everything that is made for a node."),
      field<&Spec::user_data>("userData", "User data of the instances, merged with what the family needs."),
  };
}

Type spec_type() {
  std::vector<Field> fields = selector_fields();
  for (auto& more : instance_fields()) fields.push_back(std::move(more));
  Type type = object(std::move(fields))
                  .rule("has(self.role) != has(self.instanceProfile)",
                        "must specify exactly one of ['role', 'instanceProfile']");
  for (auto& rule : family_rules()) type.rules.push_back(rule);
  return std::move(type).rule("has(self.amiFamily) || self.amiSelectorTerms.exists(x, has(x.alias))",
                              "must specify amiFamily if amiSelectorTerms does not contain an alias");
}

Type status_reservations() {
  using Status = model::CapacityReservationStatus;
  return list(object({
      field<&Status::availability_zone>("availabilityZone", string().required(), "Zone of the reservation."),
      field<&Status::end_time>("endTime", "When the reservation ends."),
      field<&Status::id>("id", string().required().pattern(patterns::kCapacityReservationId),
                         "Id of the reservation."),
      field<&Status::instance_match_criteria>("instanceMatchCriteria",
                                              string().required().one_of({"open", "targeted"}),
                                              "How instances match the reservation."),
      field<&Status::instance_type>("instanceType", string().required(), "Instance type of the reservation."),
      field<&Status::interruptible>("interruptible", "Whether the owner may reclaim the capacity."),
      field<&Status::owner_id>("ownerID", string().required().pattern(patterns::kAccountId),
                               "Account of the owner."),
      field<&Status::reservation_type>(
          "reservationType", string().one_of({"default", "capacity-block"}).defaulted(R"("default")"),
          "Kind of reservation."),
      field<&Status::state>("state", string().one_of({"active", "expiring"}).defaulted(R"("active")"),
                            "State of the reservation."),
  }));
}

}  // namespace

template <>
const Type& type_of<model::Ec2NodeClass>() {
  using Status = model::Ec2NodeClassStatus;
  static const Type type = object({
      metadata<&model::Ec2NodeClass::meta>(),
      field<&model::Ec2NodeClass::spec>("spec", spec_type(), "What instances are launched with."),
      field<&model::Ec2NodeClass::status>(
          "status",
          object({
              field<&Status::amis>("amis", status_amis(), "The images that the terms select."),
              field<&Status::capacity_reservations>("capacityReservations", status_reservations(),
                                                    "The capacity reservations that the terms select."),
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
