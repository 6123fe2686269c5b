#include <algorithm>

#include "common/base/strings.h"
#include "tests/devcluster/aws/services.h"

// Instance profiles and the one node role. spec: aws §2.11, §11.7, §11.12

namespace karpenter::devcluster::aws_emulator {
namespace {

base::Error no_profile(const std::string& name) {
  return failure("NoSuchEntity", "Instance Profile " + name + " cannot be found.");
}
base::Error no_role(const std::string& name) {
  return failure("NoSuchEntity", "The role with name " + name + " cannot be found.");
}

void write_role(Xml& xml, const Account& account, const std::string& role) {
  xml.text("Path", "/").text("RoleName", role).text("RoleId", "AROA00000000000000001");
  xml.text("Arn", arn(account, "iam", "role/" + role)).text("CreateDate", "2026-01-01T00:00:00Z");
  xml.text(
      "AssumeRolePolicyDocument",
      base::percent_encode(
          R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},)"
          R"("Action":"sts:AssumeRole"}]})"));
}

void write_profile(Xml& xml, const Account& account, const InstanceProfile& profile) {
  xml.text("Path", profile.path)
      .text("InstanceProfileName", profile.name)
      .text("InstanceProfileId", profile.id);
  xml.text("Arn", arn(account, "iam", "instance-profile" + profile.path + profile.name));
  xml.text("CreateDate", base::format_rfc3339(profile.created));
  xml.node("Roles", [&](Xml& roles) {
    if (!profile.role.empty())
      roles.node("member", [&](Xml& member) { write_role(member, account, profile.role); });
  });
  xml.node("Tags", [&](Xml& tags) {
    for (const auto& [key, value] : profile.tags) {
      tags.node("member", [&](Xml& member) { member.text("Key", key).text("Value", value); });
    }
  });
}

std::string profile_xml(const Account& account, const InstanceProfile& profile) {
  Xml xml;
  xml.node("InstanceProfile", [&](Xml& out) { write_profile(out, account, profile); });
  return xml.str();
}

Tags read_member_tags(const Param& params) {
  Tags tags;
  for (const auto& tag : params["Tags"]["member"].list())
    tags[tag["Key"].required()] = tag["Value"].text_or("");
  return tags;
}

bool is_valid_name(std::string_view name) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-";
  return !name.empty() && name.size() <= 128 && name.find_first_not_of(kAllowed) == std::string_view::npos;
}

// Reads InstanceProfileName, finishes the form and finds the profile.
base::Result<InstanceProfile*> get_named_profile(QueryCall& call) {
  const auto name = call.params["InstanceProfileName"].required();
  RETURN_IF_ERROR(call.form.finish());
  const auto found = call.account.instance_profiles.find(name);
  if (found == call.account.instance_profiles.end()) return no_profile(name);
  return &found->second;
}

base::Result<std::string> get_instance_profile(QueryCall& call) {
  ASSIGN_OR_RETURN(const auto* profile, get_named_profile(call));
  return profile_xml(call.account, *profile);
}

base::Result<std::string> create_instance_profile(QueryCall& call) {
  Account& account = call.account;
  const auto name = call.params["InstanceProfileName"].required();
  const auto path = call.params["Path"].text_or("/");
  auto tags = read_member_tags(call.params);
  RETURN_IF_ERROR(call.form.finish());
  if (!is_valid_name(name)) {
    return failure("ValidationError",
                   "The specified value for instanceProfileName is invalid. It must contain only "
                   "alphanumeric characters and/or the following: +=,.@_-");
  }
  if (!path.starts_with("/") || !path.ends_with("/") || path.size() > 512) {
    return failure("ValidationError",
                   "The specified value for path is invalid. It must begin and end with / and contain only "
                   "alphanumeric characters and/or / characters.");
  }
  if (account.instance_profiles.contains(name))
    return failure("EntityAlreadyExists", "Instance Profile " + name + " already exists.");
  InstanceProfile profile{name,
                          make_id(account, "AIPA"),
                          path,
                          "",
                          std::move(tags),
                          account.runtime.now(),
                          account.runtime.mono() + account.switches.instance_profile_lag};
  const auto& stored = account.instance_profiles.emplace(name, std::move(profile)).first->second;
  return profile_xml(account, stored);
}

base::Result<std::string> add_role(QueryCall& call) {
  const auto role = call.params["RoleName"].required();
  ASSIGN_OR_RETURN(auto* profile, get_named_profile(call));
  if (role != call.account.options.node_role) return no_role(role);
  if (!profile->role.empty())
    return failure("LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
  profile->role = role;
  return std::string();
}

base::Result<std::string> remove_role(QueryCall& call) {
  const auto role = call.params["RoleName"].required();
  ASSIGN_OR_RETURN(auto* profile, get_named_profile(call));
  if (profile->role != role) return no_role(role);
  profile->role.clear();
  return std::string();
}

base::Result<std::string> delete_instance_profile(QueryCall& call) {
  ASSIGN_OR_RETURN(const auto* profile, get_named_profile(call));
  if (!profile->role.empty())
    return failure("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.");
  call.account.instance_profiles.erase(std::string(profile->name));
  return std::string();
}

base::Result<std::string> tag_instance_profile(QueryCall& call) {
  const auto tags = read_member_tags(call.params);
  ASSIGN_OR_RETURN(auto* profile, get_named_profile(call));
  for (const auto& [key, value] : tags) profile->tags[key] = value;
  return std::string();
}

base::Result<std::string> list_instance_profiles(QueryCall& call) {
  const auto prefix = call.params["PathPrefix"].text_or("/");
  const auto marker = call.params["Marker"].text_or("");
  auto limit =
      static_cast<std::size_t>(std::max<std::int64_t>(0, call.params["MaxItems"].integer().value_or(100)));
  RETURN_IF_ERROR(call.form.finish());
  if (limit < 1 || limit > 1000)
    return failure("ValidationError",
                   "Value at 'maxItems' failed to satisfy constraint: Member must be between 1 and 1000");
  const auto after = base::base64_decode(marker);
  if (!after) return failure("ValidationError", "Invalid Marker");
  if (const auto cap = call.account.switches.page_limit; cap > 0)
    limit = std::min(limit, static_cast<std::size_t>(cap));
  std::vector<const InstanceProfile*> found;
  for (const auto& [name, profile] : call.account.instance_profiles) {
    if (name > *after && profile.path.starts_with(prefix)) found.push_back(&profile);
  }
  const bool more = found.size() > limit;
  if (more) found.resize(limit);
  Xml xml;
  xml.node("InstanceProfiles", [&](Xml& list) {
    for (const auto* profile : found)
      list.node("member", [&](Xml& member) { write_profile(member, call.account, *profile); });
  });
  xml.flag("IsTruncated", more);
  if (more) xml.text("Marker", base::base64_encode(found.back()->name));
  return xml.str();
}

base::Result<std::string> get_role(QueryCall& call) {
  const auto role = call.params["RoleName"].required();
  RETURN_IF_ERROR(call.form.finish());
  if (role != call.account.options.node_role) return no_role(role);
  Xml xml;
  xml.node("Role", [&](Xml& out) { write_role(out, call.account, role); });
  return xml.str();
}

}  // namespace

QueryOperation find_iam_operation(std::string_view name) {
  static const std::map<std::string_view, QueryOperation> operations = {
      {"AddRoleToInstanceProfile", add_role},
      {"CreateInstanceProfile", create_instance_profile},
      {"DeleteInstanceProfile", delete_instance_profile},
      {"GetInstanceProfile", get_instance_profile},
      {"GetRole", get_role},
      {"ListInstanceProfiles", list_instance_profiles},
      {"RemoveRoleFromInstanceProfile", remove_role},
      {"TagInstanceProfile", tag_instance_profile},
  };
  const auto found = operations.find(name);
  return found == operations.end() ? nullptr : found->second;
}

}  // namespace karpenter::devcluster::aws_emulator
