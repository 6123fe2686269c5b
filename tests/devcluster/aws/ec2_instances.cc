#include "common/base/strings.h"
#include "tests/devcluster/aws/ec2.h"

// spec: aws §2.10, §10.2, §12.5

namespace karpenter::devcluster::aws_emulator {
namespace {

int state_code(InstanceState state) {
  switch (state) {
    case InstanceState::kPending:
      return 0;
    case InstanceState::kRunning:
      return 16;
    case InstanceState::kShuttingDown:
      return 32;
    case InstanceState::kTerminated:
      return 48;
  }
  return 0;
}

void write_state(Xml& xml, std::string_view tag, InstanceState state) {
  xml.node(tag, [&](Xml& out) { out.integer("code", state_code(state)).text("name", state_name(state)); });
}

bool is_visible(const Account& account, const Instance& instance) {
  return instance.visible_at <= account.runtime.mono();
}

// Every id must be known (and, for describing, visible): one that is not fails the whole call.
base::Status check_instances(const Account& account, const std::vector<std::string>& ids,
                             const auto& is_known) {
  std::vector<std::string> missing;
  for (const auto& id : ids) {
    const auto found = account.instances.find(id);
    if (found != account.instances.end() && is_known(found->second)) continue;
    if (auto error = no_such_id("InvalidInstanceID", "instance ID", id, "i-");
        error.reason.ends_with(".Malformed"))
      return error;
    missing.push_back(id);
  }
  if (missing.empty()) return base::ok();
  const bool one = missing.size() == 1;
  return failure("InvalidInstanceID.NotFound", std::string(one ? "The instance ID '" : "The instance IDs '") +
                                                   base::join(missing, ", ") +
                                                   (one ? "' does not exist" : "' do not exist"));
}

Fields instance_fields(const Instance& instance) {
  const auto& view = instance.view;
  return {
      {"instance-id", {view.id}},
      {"instance-state-name", {std::string(state_name(view.state))}},
      {"instance-type", {view.type}},
      {"availability-zone", {view.zone}},
      {"subnet-id", {view.subnet_id}},
      {"image-id", {view.image_id}},
      {"private-dns-name", {view.private_dns_name}},
      {"private-ip-address", {view.private_ip}},
      {"instance-lifecycle",
       view.capacity_type == "spot" ? std::vector<std::string>{"spot"} : std::vector<std::string>{}},
  };
}

void write_groups(Xml& xml, const Account& account, const std::vector<std::string>& ids) {
  xml.node("groupSet", [&](Xml& set) {
    for (const auto& id : ids) {
      set.node("item", [&](Xml& item) {
        const auto group = account.security_groups.find(id);
        item.text("groupId", id)
            .text("groupName", group == account.security_groups.end() ? "" : group->second.name);
      });
    }
  });
}

void write_interfaces(Xml& xml, const Account& account, const Instance& instance) {
  auto interfaces = instance.launch.interfaces;
  if (interfaces.empty()) interfaces.push_back({"interface", 0, 0, instance.launch.security_groups, ""});
  xml.node("networkInterfaceSet", [&](Xml& set) {
    for (const auto& entry : interfaces) {
      set.node("item", [&](Xml& item) {
        item.text("subnetId", instance.view.subnet_id)
            .text("status", "in-use")
            .text("privateIpAddress", instance.view.private_ip);
        write_groups(item, account, entry.security_groups);
        item.node("attachment", [&](Xml& attachment) {
          attachment.integer("deviceIndex", entry.device_index)
              .text("status", "attached")
              .integer("networkCardIndex", entry.card_index);
        });
        item.text("interfaceType", entry.type);
      });
    }
  });
}

void write_placement(Xml& xml, const Instance& instance) {
  const auto& view = instance.view;
  xml.node("placement", [&](Xml& placement) {
    placement.text("availabilityZone", view.zone)
        .text("availabilityZoneId", view.zone_id)
        .text("groupName", "");
    placement.text("tenancy", instance.launch.tenancy);
    if (instance.launch.partition > 0) placement.integer("partitionNumber", instance.launch.partition);
  });
}

std::string instance_xml(const Account& account, const Instance& instance) {
  const auto& view = instance.view;
  const auto& launch = instance.launch;
  const bool gone = view.state == InstanceState::kTerminated;
  Xml xml;
  xml.text("instanceId", view.id).text("imageId", view.image_id);
  write_state(xml, "instanceState", view.state);
  xml.text("privateDnsName", gone ? "" : view.private_dns_name)
      .text("dnsName", "")
      .text("reason", instance.stop_reason);
  xml.integer("amiLaunchIndex", 0)
      .text("instanceType", view.type)
      .text("launchTime", base::format_rfc3339_milli(view.launch_time));
  write_placement(xml, instance);
  xml.node("monitoring", [&](Xml& out) { out.text("state", launch.monitoring ? "enabled" : "disabled"); });
  if (!gone) {
    xml.text("subnetId", view.subnet_id).text("privateIpAddress", view.private_ip);
    write_groups(
        xml, account,
        launch.interfaces.empty() ? launch.security_groups : launch.interfaces.front().security_groups);
  }
  xml.text("architecture", view.architecture).text("rootDeviceType", "ebs").text("virtualizationType", "hvm");
  if (!instance.spot_request_id.empty()) {
    xml.text("instanceLifecycle", "spot").text("spotInstanceRequestId", instance.spot_request_id);
  }
  write_tags(xml, view.tags);
  xml.text("hypervisor", "xen");
  if (!gone) write_interfaces(xml, account, instance);
  if (!view.instance_profile.empty()) {
    xml.node("iamInstanceProfile", [&](Xml& out) {
      out.text("arn", arn(account, "iam", "instance-profile/" + view.instance_profile));
    });
  }
  xml.node("capacityReservationSpecification", [&](Xml& out) {
    out.text("capacityReservationPreference",
             launch.reservation_preference.empty() ? "open" : launch.reservation_preference);
  });
  xml.node("metadataOptions", [&](Xml& out) {
    out.text("state", "applied");
    for (const auto& [name, value] : launch.metadata_options) {
      out.text(base::to_lower(name.substr(0, 1)) + name.substr(1), value);
    }
  });
  return xml.str();
}

}  // namespace

base::Result<std::string> describe_instances(Ec2Call& call) {
  ASSIGN_OR_RETURN(
      const auto filters,
      read_filters(call.params,
                   {"instance-id", "instance-state-name", "instance-type", "availability-zone", "subnet-id",
                    "image-id", "private-dns-name", "private-ip-address", "instance-lifecycle"}));
  const auto ids = call.params["InstanceId"].texts();
  ASSIGN_OR_RETURN(const auto page, read_page(call, {5, 1000}));
  if (!ids.empty() && page.limit > 0) {
    return failure("InvalidParameterCombination",
                   "The parameter instancesSet cannot be used with the parameter maxResults");
  }
  RETURN_IF_ERROR(call.form.finish());
  const Account& account = call.account;
  RETURN_IF_ERROR(
      check_instances(account, ids, [&](const Instance& instance) { return is_visible(account, instance); }));
  RETURN_IF_ERROR(call.ready());
  std::vector<Row> rows;
  for (const auto& [id, instance] : account.instances) {
    if (!is_visible(account, instance)) continue;
    if (!ids.empty() && std::find(ids.begin(), ids.end(), id) == ids.end()) continue;
    if (!matches(filters, instance_fields(instance), instance.view.tags)) continue;
    Xml xml;
    xml.text("reservationId", instance.reservation_id)
        .text("ownerId", account.options.account_id)
        .text("groupSet", "");
    xml.node("instancesSet", [&](Xml& set) {
      set.node("item", [&](Xml& item) { item.raw(instance_xml(account, instance)); });
    });
    rows.push_back({id, xml.str()});
  }
  return page_of("reservationSet", std::move(rows), page);
}

base::Result<std::string> describe_instance_status(Ec2Call& call) {
  ASSIGN_OR_RETURN(const auto filters,
                   read_filters(call.params, {"instance-status.status", "instance-status.reachability",
                                              "system-status.status", "system-status.reachability",
                                              "event.code", "instance-state-name", "availability-zone"}));
  const auto ids = call.params["InstanceId"].texts();
  const bool all = call.params["IncludeAllInstances"].flag(false);
  ASSIGN_OR_RETURN(const auto page, read_page(call, {5, 1000}));
  RETURN_IF_ERROR(call.form.finish());
  RETURN_IF_ERROR(check_instances(call.account, ids, [](const Instance&) { return true; }));
  RETURN_IF_ERROR(call.ready());
  std::vector<Row> rows;
  for (const auto& [id, instance] : call.account.instances) {
    const auto& view = instance.view;
    if (!all && view.state != InstanceState::kRunning) continue;
    if (!ids.empty() && std::find(ids.begin(), ids.end(), id) == ids.end()) continue;
    // Instances here are always healthy and without scheduled events.
    const std::string health = view.state == InstanceState::kRunning ? "ok" : "not-applicable";
    const Fields fields = {{"instance-status.status", {health}},
                           {"instance-status.reachability", {"passed"}},
                           {"system-status.status", {health}},
                           {"system-status.reachability", {"passed"}},
                           {"instance-state-name", {std::string(state_name(view.state))}},
                           {"availability-zone", {view.zone}}};
    if (!matches(filters, fields, view.tags)) continue;
    Xml xml;
    xml.text("instanceId", id).text("availabilityZone", view.zone);
    write_state(xml, "instanceState", view.state);
    for (const std::string_view tag : {"systemStatus", "instanceStatus"}) {
      xml.node(tag, [&](Xml& status) {
        status.text("status", health);
        status.node("details", [](Xml& details) {
          details.node("item", [](Xml& item) { item.text("name", "reachability").text("status", "passed"); });
        });
      });
    }
    rows.push_back({id, xml.str()});
  }
  return page_of("instanceStatusSet", std::move(rows), page);
}

base::Result<std::string> terminate_instances(Ec2Call& call) {
  const auto ids = call.params["InstanceId"].texts();
  RETURN_IF_ERROR(call.form.finish());
  if (ids.empty()) return failure("MissingParameter", "The request must contain the parameter InstanceId");
  RETURN_IF_ERROR(check_instances(call.account, ids, [](const Instance&) { return true; }));
  RETURN_IF_ERROR(call.ready());
  Xml xml;
  xml.node("instancesSet", [&](Xml& set) {
    for (const auto& id : ids) {
      auto& instance = call.account.instances.find(id)->second;
      const auto before = instance.view.state;
      begin_shutdown(call.account, instance, "User initiated");
      set.node("item", [&](Xml& item) {
        item.text("instanceId", id);
        write_state(item, "currentState", instance.view.state);
        write_state(item, "previousState", before);
      });
    }
  });
  return xml.str();
}

base::Result<std::string> reboot_instances(Ec2Call& call) {
  const auto ids = call.params["InstanceId"].texts();
  RETURN_IF_ERROR(call.form.finish());
  if (ids.empty()) return failure("MissingParameter", "The request must contain the parameter InstanceId");
  RETURN_IF_ERROR(check_instances(call.account, ids, [](const Instance&) { return true; }));
  RETURN_IF_ERROR(call.ready());
  return Xml().flag("return", true).str();
}

}  // namespace karpenter::devcluster::aws_emulator
