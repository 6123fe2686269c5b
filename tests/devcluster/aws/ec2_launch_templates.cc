#include "common/base/strings.h"
#include "tests/devcluster/aws/ec2.h"

// Launch templates: every field Karpenter sends is read, anything else is refused. spec: aws §7.3

namespace karpenter::devcluster::aws_emulator {
namespace {

constexpr std::size_t kMaxUserData = 16384;

base::Error name_not_found() {
  return failure("InvalidLaunchTemplateName.NotFoundException",
                 "At least one of the launch templates specified in the request does not exist.");
}

NetworkInterfaceSpec read_interface(const Param& param) {
  NetworkInterfaceSpec out;
  out.type = param["InterfaceType"].one_of({"interface", "efa", "efa-only"}, "interface");
  out.device_index = param["DeviceIndex"].integer().value_or(0);
  out.card_index = param["NetworkCardIndex"].integer().value_or(0);
  out.security_groups = param["SecurityGroupId"].texts();
  out.subnet_id = param["SubnetId"].text_or("");
  static_cast<void>(param["AssociatePublicIpAddress"].flag(false));
  static_cast<void>(param["DeleteOnTermination"].flag(true));
  static_cast<void>(param["PrimaryIpv6"].flag(false));
  for (const std::string_view count :
       {"Ipv4PrefixCount", "Ipv6PrefixCount", "Ipv6AddressCount", "SecondaryPrivateIpAddressCount"}) {
    static_cast<void>(param[count].integer());
  }
  for (const std::string_view timeout : {"TcpEstablishedTimeout", "UdpStreamTimeout", "UdpTimeout"}) {
    static_cast<void>(param["ConnectionTrackingSpecification"][timeout].integer());
  }
  return out;
}

VolumeSpec read_volume(const Param& param) {
  VolumeSpec out;
  out.device = param["DeviceName"].required();
  const auto ebs = param["Ebs"];
  out.type = ebs["VolumeType"].one_of({"gp2", "gp3", "io1", "io2", "st1", "sc1", "standard"}, "gp2");
  out.gib = ebs["VolumeSize"].integer().value_or(0);
  static_cast<void>(ebs["DeleteOnTermination"].flag(true));
  static_cast<void>(ebs["Encrypted"].flag(false));
  for (const std::string_view number : {"Iops", "Throughput", "VolumeInitializationRate"})
    static_cast<void>(ebs[number].integer());
  for (const std::string_view text : {"KmsKeyId", "SnapshotId"}) static_cast<void>(ebs[text].text());
  return out;
}

void read_placement(const Param& param, LaunchTemplateData& out) {
  out.tenancy = param["Placement"]["Tenancy"].one_of({"default", "dedicated", "host"}, "default");
  out.placement_group_id = param["Placement"]["GroupId"].text_or("");
  out.partition = param["Placement"]["PartitionNumber"].integer().value_or(0);
  const auto reservation = param["CapacityReservationSpecification"];
  out.reservation_preference =
      reservation["CapacityReservationPreference"].one_of({"open", "none", "capacity-reservations-only"}, "");
  out.reservation_id = reservation["CapacityReservationTarget"]["CapacityReservationId"].text_or("");
  static_cast<void>(param["InstanceMarketOptions"]["MarketType"].one_of(
      {"spot", "capacity-block", "interruptible-capacity-reservation"}, ""));
}

void read_metadata_options(const Param& param, LaunchTemplateData& out) {
  const auto keep = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) out.metadata_options[std::string(name)] = value;
  };
  keep("HttpEndpoint", param["HttpEndpoint"].one_of({"enabled", "disabled"}, ""));
  keep("HttpProtocolIpv6", param["HttpProtocolIpv6"].one_of({"enabled", "disabled"}, ""));
  keep("HttpTokens", param["HttpTokens"].one_of({"required", "optional"}, ""));
  keep("InstanceMetadataTags", param["InstanceMetadataTags"].one_of({"enabled", "disabled"}, ""));
  if (const auto hops = param["HttpPutResponseHopLimit"].integer())
    keep("HttpPutResponseHopLimit", std::to_string(*hops));
}

base::Status read_user_data(const Param& param, LaunchTemplateData& out) {
  const auto decoded = base::base64_decode(param.text_or(""));
  if (!decoded) return failure("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data.");
  if (decoded->size() > kMaxUserData)
    return failure("InvalidUserData.Malformed", "User data is limited to 16384 bytes");
  out.user_data = *decoded;
  return base::ok();
}

base::Result<LaunchTemplateData> read_data(const Param& param) {
  if (!param.exists())
    return failure("MissingParameter", "The request must contain the parameter LaunchTemplateData");
  LaunchTemplateData out;
  out.image_id = param["ImageId"].text_or("");
  out.instance_type = param["InstanceType"].text_or("");
  RETURN_IF_ERROR(read_user_data(param["UserData"], out));
  out.instance_profile = param["IamInstanceProfile"]["Name"].text_or("");
  out.security_groups = param["SecurityGroupId"].texts();
  for (const auto& entry : param["NetworkInterface"].list()) out.interfaces.push_back(read_interface(entry));
  for (const auto& entry : param["BlockDeviceMapping"].list()) out.volumes.push_back(read_volume(entry));
  ASSIGN_OR_RETURN(out.tags, read_tag_specifications(param, {"instance", "volume", "network-interface",
                                                             "spot-instances-request"}));
  out.monitoring = param["Monitoring"]["Enabled"].flag(false);
  static_cast<void>(param["EnclaveOptions"]["Enabled"].flag(false));
  static_cast<void>(param["EbsOptimized"].flag(false));
  static_cast<void>(param["CpuOptions"]["NestedVirtualization"].one_of({"enabled", "disabled"}, ""));
  read_metadata_options(param["MetadataOptions"], out);
  read_placement(param, out);
  if (!out.interfaces.empty() && !out.security_groups.empty()) {
    return failure(
        "InvalidParameterCombination",
        "Network interfaces and an instance-level security groups may not be specified on the same request");
  }
  return out;
}

std::string template_xml(const Account& account, const LaunchTemplate& entry) {
  Xml xml;
  xml.text("launchTemplateId", entry.id).text("launchTemplateName", entry.name);
  xml.text("createTime", base::format_rfc3339_milli(entry.created))
      .text("createdBy", arn(account, "iam", "user/test"));
  xml.integer("defaultVersionNumber", 1).integer("latestVersionNumber", 1);
  write_tags(xml, entry.tags);
  return xml.str();
}

bool is_valid_name(std::string_view name) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789().-/_";
  return name.size() >= 3 && name.size() <= 128 && name.find_first_not_of(kAllowed) == std::string_view::npos;
}

const LaunchTemplate* find_by_id(const Account& account, std::string_view id) {
  for (const auto& [name, entry] : account.launch_templates) {
    if (entry.id == id) return &entry;
  }
  return nullptr;
}

}  // namespace

base::Result<const LaunchTemplate*> find_launch_template(const Ec2Call& call, const Param& spec) {
  const auto id = spec["LaunchTemplateId"].text_or("");
  const auto name = spec["LaunchTemplateName"].text_or("");
  const auto version = spec["Version"].text_or("$Default");
  if (id.empty() == name.empty()) {
    return failure(id.empty() ? "MissingParameter" : "InvalidParameterCombination",
                   "The request must contain exactly one of " + spec.path() + ".LaunchTemplateId and " +
                       spec.path() + ".LaunchTemplateName");
  }
  const auto found = call.account.launch_templates.find(name);
  const LaunchTemplate* entry = !id.empty()                                    ? find_by_id(call.account, id)
                                : found == call.account.launch_templates.end() ? nullptr
                                                                               : &found->second;
  if (entry == nullptr || entry->usable_at > call.account.runtime.mono()) {
    return id.empty() ? name_not_found()
                      : failure("InvalidLaunchTemplateId.NotFound",
                                "The launch template ID '" + id + "' does not exist.");
  }
  if (version != "$Latest" && version != "$Default" && version != "1") {
    return failure("InvalidLaunchTemplateId.VersionNotFound",
                   "Could not find launch template version " + version);
  }
  return entry;
}

base::Result<std::string> create_launch_template(Ec2Call& call) {
  return idempotently(call, "CreateLaunchTemplate", [&]() -> base::Result<std::string> {
    Account& account = call.account;
    const auto name = call.params["LaunchTemplateName"].required();
    ASSIGN_OR_RETURN(auto data, read_data(call.params["LaunchTemplateData"]));
    ASSIGN_OR_RETURN(auto tags, read_tag_specifications(call.params, {"launch-template"}));
    RETURN_IF_ERROR(call.form.finish());
    if (!is_valid_name(name)) {
      return failure(
          "InvalidLaunchTemplateName.MalformedException",
          "A launch template name must be between 3 and 128 characters, and may contain letters, numbers, "
          "and the following characters: - ( ) . / _.");
    }
    RETURN_IF_ERROR(call.ready());
    if (account.launch_templates.contains(name)) {
      return failure("InvalidLaunchTemplateName.AlreadyExistsException",
                     "Launch template name already in use.");
    }
    LaunchTemplate entry{make_id(account, "lt-"),
                         name,
                         std::move(tags["launch-template"]),
                         account.runtime.now(),
                         account.runtime.mono() + account.switches.launch_template_lag,
                         std::move(data)};
    const auto& stored = account.launch_templates.emplace(name, std::move(entry)).first->second;
    Xml xml;
    xml.node("launchTemplate", [&](Xml& out) { out.raw(template_xml(account, stored)); });
    return xml.str();
  });
}

base::Result<std::string> describe_launch_templates(Ec2Call& call) {
  ASSIGN_OR_RETURN(const auto filters, read_filters(call.params, {"launch-template-name", "create-time"}));
  const auto names = call.params["LaunchTemplateName"].texts();
  const auto ids = call.params["LaunchTemplateId"].texts();
  ASSIGN_OR_RETURN(const auto page, read_page(call, {1, 200}));
  for (const auto& name : names) {
    if (!call.account.launch_templates.contains(name)) return name_not_found();
  }
  for (const auto& id : ids) {
    if (find_by_id(call.account, id) == nullptr)
      return failure("InvalidLaunchTemplateId.NotFound",
                     "The launch template ID '" + id + "' does not exist.");
  }
  RETURN_IF_ERROR(call.ready());
  const auto wanted = [](const std::vector<std::string>& list, const std::string& value) {
    return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
  };
  std::vector<Row> rows;
  for (const auto& [name, entry] : call.account.launch_templates) {
    if (!wanted(names, name) || !wanted(ids, entry.id)) continue;
    if (matches(filters, {{"launch-template-name", {name}}}, entry.tags))
      rows.push_back({name, template_xml(call.account, entry)});
  }
  return page_of("launchTemplates", std::move(rows), page);
}

base::Result<std::string> delete_launch_template(Ec2Call& call) {
  const auto id = call.params["LaunchTemplateId"].text_or("");
  const auto name = call.params["LaunchTemplateName"].text_or("");
  RETURN_IF_ERROR(call.form.finish());
  if (id.empty() == name.empty()) {
    return failure(id.empty() ? "MissingParameter" : "InvalidParameterCombination",
                   "The request must contain exactly one of LaunchTemplateId and LaunchTemplateName");
  }
  auto& templates = call.account.launch_templates;
  const auto found = std::find_if(templates.begin(), templates.end(), [&](const auto& entry) {
    return id.empty() ? entry.first == name : entry.second.id == id;
  });
  if (found == templates.end()) {
    return id.empty()
               ? failure("InvalidLaunchTemplateName.NotFoundException",
                         "The specified launch template, with template name " + name + ", does not exist.")
               : failure("InvalidLaunchTemplateId.NotFound",
                         "The specified launch template, with template ID " + id + ", does not exist.");
  }
  RETURN_IF_ERROR(call.ready());
  Xml xml;
  xml.node("launchTemplate", [&](Xml& out) { out.raw(template_xml(call.account, found->second)); });
  templates.erase(found);
  return xml.str();
}

}  // namespace karpenter::devcluster::aws_emulator
