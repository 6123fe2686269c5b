#include "common/base/strings.h"
#include "tests/devcluster/aws/ec2.h"

// The seeded network, and the two kinds of groups this account has none of. spec: aws §5

namespace karpenter::devcluster::aws_emulator {
namespace {

constexpr std::string_view kVpc = "vpc-0000000000000000a";

base::Status check_ids(const std::vector<std::string>& ids, const auto& known, std::string_view code,
                       std::string_view what, std::string_view prefix) {
  for (const auto& id : ids) {
    if (!known.contains(id)) return no_such_id(code, what, id, prefix);
  }
  return base::ok();
}

bool is_wanted(const std::vector<std::string>& ids, const std::string& id) {
  return ids.empty() || std::find(ids.begin(), ids.end(), id) != ids.end();
}

}  // namespace

base::Result<std::string> describe_availability_zones(Ec2Call& call) {
  ASSIGN_OR_RETURN(const auto filters,
                   read_filters(call.params, {"zone-name", "zone-id", "state", "region-name", "zone-type",
                                              "opt-in-status"}));
  const auto names = call.params["ZoneName"].texts();
  static_cast<void>(call.params["AllAvailabilityZones"].flag(false));
  RETURN_IF_ERROR(call.ready());
  std::vector<Row> rows;
  for (const auto& zone : call.account.zones) {
    const Fields fields = {{"zone-name", {zone.name}},
                           {"zone-id", {zone.id}},
                           {"state", {"available"}},
                           {"region-name", {call.account.options.region}},
                           {"zone-type", {"availability-zone"}},
                           {"opt-in-status", {"opt-in-not-required"}}};
    if (!is_wanted(names, zone.name) || !matches(filters, fields, {})) continue;
    Xml xml;
    xml.text("zoneName", zone.name).text("zoneId", zone.id).text("zoneState", "available");
    xml.text("regionName", call.account.options.region)
        .text("zoneType", "availability-zone")
        .text("optInStatus", "opt-in-not-required");
    rows.push_back({zone.name, xml.str()});
  }
  return page_of("availabilityZoneInfo", std::move(rows), {});
}

base::Result<std::string> describe_subnets(Ec2Call& call) {
  ASSIGN_OR_RETURN(const auto filters,
                   read_filters(call.params, {"subnet-id", "availability-zone", "availability-zone-id",
                                              "vpc-id", "state", "cidr-block"}));
  const auto ids = call.params["SubnetId"].texts();
  ASSIGN_OR_RETURN(const auto page, read_page(call, {5, 1000}));
  RETURN_IF_ERROR(check_ids(ids, call.account.subnets, "InvalidSubnetID", "subnet ID", "subnet-"));
  RETURN_IF_ERROR(call.ready());
  std::vector<Row> rows;
  for (const auto& [id, subnet] : call.account.subnets) {
    const auto& zone = call.account.zones[subnet.zone];
    const Fields fields = {{"subnet-id", {id}},
                           {"availability-zone", {zone.name}},
                           {"availability-zone-id", {zone.id}},
                           {"vpc-id", {std::string(kVpc)}},
                           {"state", {"available"}},
                           {"cidr-block", {subnet.cidr()}}};
    if (!is_wanted(ids, id) || !matches(filters, fields, subnet.tags)) continue;
    Xml xml;
    xml.text("subnetId", id).text("state", "available").text("vpcId", kVpc).text("cidrBlock", subnet.cidr());
    xml.integer("availableIpAddressCount", subnet.available_addresses());
    xml.text("availabilityZone", zone.name).text("availabilityZoneId", zone.id);
    xml.flag("defaultForAz", false)
        .flag("mapPublicIpOnLaunch", false)
        .text("ownerId", call.account.options.account_id);
    write_tags(xml, subnet.tags);
    rows.push_back({id, xml.str()});
  }
  return page_of("subnetSet", std::move(rows), page);
}

base::Result<std::string> describe_security_groups(Ec2Call& call) {
  ASSIGN_OR_RETURN(const auto filters, read_filters(call.params, {"group-id", "group-name", "vpc-id",
                                                                  "owner-id", "description"}));
  const auto ids = call.params["GroupId"].texts();
  ASSIGN_OR_RETURN(const auto page, read_page(call, {5, 1000}));
  RETURN_IF_ERROR(check_ids(ids, call.account.security_groups, "InvalidGroup", "security group", "sg-"));
  RETURN_IF_ERROR(call.ready());
  std::vector<Row> rows;
  for (const auto& [id, group] : call.account.security_groups) {
    const Fields fields = {{"group-id", {id}},
                           {"group-name", {group.name}},
                           {"vpc-id", {std::string(kVpc)}},
                           {"owner-id", {call.account.options.account_id}},
                           {"description", {group.name}}};
    if (!is_wanted(ids, id) || !matches(filters, fields, group.tags)) continue;
    Xml xml;
    xml.text("ownerId", call.account.options.account_id).text("groupId", id).text("groupName", group.name);
    xml.text("groupDescription", group.name).text("vpcId", kVpc);
    write_tags(xml, group.tags);
    rows.push_back({id, xml.str()});
  }
  return page_of("securityGroupInfo", std::move(rows), page);
}

base::Result<std::string> describe_placement_groups(Ec2Call& call) {
  ASSIGN_OR_RETURN(const auto filters, read_filters(call.params, {"group-name", "group-id", "state",
                                                                  "strategy", "spread-level"}));
  const auto names = call.params["GroupName"].texts();
  const auto ids = call.params["GroupId"].texts();
  if (!names.empty())
    return failure("InvalidPlacementGroup.Unknown",
                   "The Placement Group '" + names.front() + "' is unknown.");
  if (!ids.empty())
    return failure("InvalidPlacementGroupId.NotFound",
                   "The placement group '" + ids.front() + "' does not exist");
  RETURN_IF_ERROR(call.ready());
  return page_of("placementGroupSet", {}, {});
}

base::Result<std::string> describe_capacity_reservations(Ec2Call& call) {
  ASSIGN_OR_RETURN(const auto filters,
                   read_filters(call.params, {"state", "owner-id", "instance-match-criteria", "instance-type",
                                              "availability-zone"}));
  const auto ids = call.params["CapacityReservationId"].texts();
  ASSIGN_OR_RETURN(const auto page, read_page(call, {1, 1000}));
  if (!ids.empty() && page.limit > 0) {
    return failure("InvalidParameterCombination",
                   "The parameter CapacityReservationIds cannot be used with the parameter MaxResults");
  }
  if (!ids.empty())
    return no_such_id("InvalidCapacityReservationId", "capacity reservation", ids.front(), "cr-");
  RETURN_IF_ERROR(call.ready());
  return page_of("capacityReservationSet", {}, {});
}

}  // namespace karpenter::devcluster::aws_emulator
