#include "controller/aws/provider/instance_profiles.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "controller/aws/client/errors.h"
#include "controller/aws/provider/hash.h"
#include "controller/aws/provider/tags.h"

namespace karpenter::aws {
namespace {

constexpr std::chrono::minutes kProfileTtl{15};
constexpr std::chrono::minutes kShortTtl{1};

// IAM answers role names without their path. spec: aws §18 46
std::string bare_role(const std::string& role) { return role.substr(role.rfind('/') + 1); }

bool is_valid_profile_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("_+=,.@-").find(c) != std::string_view::npos;
  };
  return !name.empty() && name.size() <= 128 && std::ranges::all_of(name, allowed);
}

}  // namespace

std::string legacy_profile_name(std::string_view cluster, std::string_view region,
                                std::string_view node_class) {
  return std::string(cluster) + "_" + std::to_string(fnv1(std::string(region) + std::string(node_class)));
}

InstanceProfileProvider::InstanceProfileProvider(runtime::Runtime& runtime, IamApi& iam, Options options)
    : runtime_(runtime),
      iam_(iam),
      options_(std::move(options)),
      profiles_(runtime),
      missing_roles_(runtime),
      recreated_(runtime) {}

std::string InstanceProfileProvider::path_of(const model::Ec2NodeClass& node_class) const {
  return "/karpenter/" + options_.region + "/" + options_.cluster_name + "/" + node_class.meta.uid + "/";
}

// The role of a profile, "" when the profile or its role does not exist.
base::Result<std::string> InstanceProfileProvider::current_role(const std::string& profile,
                                                                const Call& call) {
  auto known = profiles_.find(profile);
  if (!known) {
    auto found = iam_.get_instance_profile(profile, call);
    if (!found && is_not_found(found.error())) return std::string();
    if (!found) return std::move(found).error().add("instance-profile", profile);
    known = std::move(found).value();
    profiles_.put(profile, *known, kProfileTtl);
  }
  return known->roles.empty() ? std::string() : bare_role(known->roles.front());
}

base::Status InstanceProfileProvider::ensure_role(const InstanceProfile& profile, const std::string& role,
                                                  const Call& call) {
  for (const auto& attached : profile.roles) {
    if (bare_role(attached) == role) return base::ok();
    RETURN_IF_ERROR(iam_.remove_role(profile.name, attached, call));
  }
  auto added = iam_.add_role(profile.name, role, call);
  if (!added && is_role_missing(added.error())) missing_roles_.put(role, true, kShortTtl);
  return added;
}

base::Status InstanceProfileProvider::create(const model::Ec2NodeClass& node_class, const std::string& name,
                                             const Call& call) {
  const std::string role = bare_role(node_class.spec.role);
  if (missing_roles_.find(role)) return base::not_found("the IAM role does not exist").add("role", role);
  auto profile = iam_.get_instance_profile(name, call);
  if (!profile && is_not_found(profile.error())) {
    profile = iam_.create_instance_profile(
        name, path_of(node_class), profile_tags(node_class, options_.cluster_name, options_.region), call);
  }
  if (!profile) return std::move(profile).error();
  RETURN_IF_ERROR(ensure_role(*profile, role, call));
  profiles_.put(name, {name, {role}}, kProfileTtl);
  return base::ok();
}

base::Result<std::string> InstanceProfileProvider::resolve(const model::Ec2NodeClass& node_class,
                                                           const Call& call) {
  if (!node_class.spec.instance_profile.empty()) return node_class.spec.instance_profile;
  const std::string role = bare_role(node_class.spec.role);
  if (role.empty()) return base::invalid("the EC2NodeClass has neither role nor instanceProfile");
  const std::string recreation_key = role + "/" + node_class.meta.uid;
  const std::string present = recreated_.find(recreation_key).value_or(node_class.status.instance_profile);
  if (!present.empty()) {
    ASSIGN_OR_RETURN(const std::string current, current_role(present, call));
    if (current == role) return present;
  }
  const std::string name =
      options_.cluster_name + "_" +
      std::to_string(fnv1a(options_.region + node_class.meta.name + runtime::random_uuid(runtime_)));
  if (auto made = create(node_class, name, call); !made) {
    static_cast<void>(remove(name, call));  // an orphan per attempt would pile up
    return std::move(made).error().add("role", node_class.spec.role);
  }
  recreated_.put(recreation_key, name, kShortTtl);
  return name;
}

base::Status InstanceProfileProvider::remove(const std::string& name, const Call& call) {
  profiles_.erase(name);
  auto profile = iam_.get_instance_profile(name, call);
  if (!profile && is_not_found(profile.error())) return base::ok();
  if (!profile) return std::move(profile).error();
  for (const auto& role : profile->roles) RETURN_IF_ERROR(iam_.remove_role(name, role, call));
  auto removed = iam_.delete_instance_profile(name, call);
  if (!removed && !is_not_found(removed.error())) return removed;
  return base::ok();
}

base::Status InstanceProfileProvider::delete_all(const model::Ec2NodeClass& node_class, const Call& call) {
  ASSIGN_OR_RETURN(const auto names, iam_.list_instance_profiles(path_of(node_class), call));
  for (const auto& name : names) RETURN_IF_ERROR(remove(name, call));
  const std::string legacy =
      legacy_profile_name(options_.cluster_name, options_.region, node_class.meta.name);
  if (is_valid_profile_name(legacy)) RETURN_IF_ERROR(remove(legacy, call));
  return base::ok();
}

void InstanceProfileProvider::sweep() {
  static_cast<void>(profiles_.sweep());
  static_cast<void>(missing_roles_.sweep());
  static_cast<void>(recreated_.sweep());
}

}  // namespace karpenter::aws
