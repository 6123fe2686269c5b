#include "tests/devcluster/kube/auth.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/strings.h"
#include "tests/devcluster/kube/status.h"

namespace karpenter::devcluster {
namespace {

constexpr std::string_view kRbacPrefix = "rbac.authorization.k8s.io/";
constexpr std::string_view kAccountPrefix = "system:serviceaccount:";

bool has_group(const UserInfo& user, std::string_view group) {
  return std::ranges::find(user.groups, group) != user.groups.end();
}

bool lists_word(json::View list, std::string_view word) {
  return std::ranges::any_of(list.items(), [&](json::View entry) {
    const std::string text = entry.string_or("");
    return text == "*" || text == word;
  });
}

bool lists_path(json::View list, const std::string& path) {
  return std::ranges::any_of(list.items(), [&](json::View entry) {
    const std::string text = entry.string_or("");
    if (text == "*" || text == path) return true;
    return text.ends_with('*') && path.starts_with(text.substr(0, text.size() - 1));
  });
}

bool rule_allows(json::View rule, const Attributes& wanted) {
  if (!lists_word(rule["verbs"], wanted.verb)) return false;
  if (!wanted.is_resource) return lists_path(rule["nonResourceURLs"], wanted.path);
  if (!lists_word(rule["apiGroups"], wanted.group)) return false;
  const std::string full =
      wanted.subresource.empty() ? wanted.plural : wanted.plural + "/" + wanted.subresource;
  const bool any_parent =
      !wanted.subresource.empty() && lists_word(rule["resources"], "*/" + wanted.subresource);
  if (!lists_word(rule["resources"], full) && !any_parent) return false;
  const json::View names = rule["resourceNames"];
  return names.size() == 0 || (!wanted.name.empty() && lists_word(names, wanted.name));
}

bool role_allows(const World& world, json::View role_ref, const std::string& space,
                 const Attributes& wanted) {
  const std::string name = role_ref["name"].string_or("");
  const bool cluster = role_ref["kind"].string_or("") == "ClusterRole";
  const std::string id = std::string(kRbacPrefix) + (cluster ? "clusterroles" : "roles");
  const Object role = world.storage.get(id, cluster ? name : storage_key(space, name));
  if (role == nullptr) return false;
  const std::vector<json::View> rules = role->view()["rules"].items();
  return std::ranges::any_of(rules, [&](json::View rule) { return rule_allows(rule, wanted); });
}

bool is_subject(json::View subject, const UserInfo& user) {
  const std::string kind = subject["kind"].string_or("");
  const std::string name = subject["name"].string_or("");
  if (kind == "User") return user.name == name;
  if (kind == "Group") return has_group(user, name);
  return kind == "ServiceAccount" &&
         user.name == std::string(kAccountPrefix) + subject["namespace"].string_or("") + ":" + name;
}

bool binding_allows(const World& world, json::View binding, const Attributes& wanted) {
  const std::vector<json::View> subjects = binding["subjects"].items();
  const bool mine =
      std::ranges::any_of(subjects, [&](json::View subject) { return is_subject(subject, wanted.user); });
  return mine &&
         role_allows(world, binding["roleRef"], binding["metadata"]["namespace"].string_or(""), wanted);
}

// Discovery and health are open to everybody who is authenticated, as system:discovery makes them.
bool is_public(const Attributes& wanted) {
  constexpr std::array<std::string_view, 7> kPaths = {"/api",     "/apis",  "/openapi", "/version",
                                                      "/healthz", "/livez", "/readyz"};
  if (wanted.is_resource || wanted.verb != "get") return false;
  return std::ranges::any_of(kPaths, [&](std::string_view path) {
    return wanted.path == path || wanted.path.starts_with(std::string(path) + "/");
  });
}

std::string describe(const Attributes& wanted) {
  std::string text = "User \"" + wanted.user.name + "\" cannot " + wanted.verb;
  if (!wanted.is_resource) return text + " path \"" + wanted.path + "\"";
  text += " resource \"" + wanted.plural + (wanted.subresource.empty() ? "" : "/" + wanted.subresource) +
          "\" in API group \"" + wanted.group + "\"";
  return text + (wanted.namespace_name.empty() ? " at the cluster scope"
                                               : " in the namespace \"" + wanted.namespace_name + "\"");
}

}  // namespace

base::Result<UserInfo> user_of_token(const World& world, const std::string& token) {
  const auto found = world.options.tokens.find(token);
  if (found == world.options.tokens.end()) return unauthorized();
  UserInfo user = found->second;
  user.groups.emplace_back("system:authenticated");
  if (user.name.starts_with(kAccountPrefix)) {
    const std::vector<std::string> parts = base::split(user.name, ':');
    user.groups.emplace_back("system:serviceaccounts");
    if (parts.size() == 4) user.groups.push_back("system:serviceaccounts:" + parts[2]);
  }
  return user;
}

base::Result<UserInfo> authenticate(const World& world, const net::HttpRequest& request) {
  const std::string header = request.headers.get("Authorization");
  if (!header.empty()) {
    if (!header.starts_with("Bearer ")) return unauthorized();
    return user_of_token(world, std::string(base::trim(std::string_view(header).substr(7))));
  }
  if (!request.client_common_name.empty()) {
    UserInfo user{.name = request.client_common_name, .groups = {}};
    const auto groups = world.options.certificate_groups.find(user.name);
    if (groups != world.options.certificate_groups.end()) user.groups = groups->second;
    user.groups.emplace_back("system:authenticated");
    return user;
  }
  return UserInfo{.name = "system:anonymous", .groups = {"system:unauthenticated"}};
}

Attributes attributes_of(const UserInfo& user, const RequestInfo& info) {
  return {.user = user,
          .verb = info.verb,
          .group = info.group,
          .plural = info.plural,
          .subresource = info.subresource,
          .namespace_name = info.namespace_name,
          .name = info.name,
          .path = info.path,
          .is_resource = info.is_resource};
}

bool is_allowed(const World& world, const Attributes& wanted) {
  if (world.options.allow_all || has_group(wanted.user, "system:masters")) return true;
  if (is_public(wanted) && has_group(wanted.user, "system:authenticated")) return true;
  if (wanted.group == "authorization.k8s.io" && wanted.plural.starts_with("self")) return true;
  const Snapshot cluster = world.storage.list(std::string(kRbacPrefix) + "clusterrolebindings", "");
  for (const auto& [key, binding] : cluster.objects) {
    if (binding_allows(world, *binding, wanted)) return true;
  }
  if (wanted.namespace_name.empty()) return false;
  const Snapshot local = world.storage.list(std::string(kRbacPrefix) + "rolebindings", wanted.namespace_name);
  return std::ranges::any_of(local.objects,
                             [&](const auto& entry) { return binding_allows(world, *entry.second, wanted); });
}

base::Status authorize(const World& world, const UserInfo& user, const RequestInfo& info) {
  const Attributes wanted = attributes_of(user, info);
  if (is_allowed(world, wanted)) return base::ok();
  if (info.is_resource) return forbidden({info.group, info.plural, ""}, info.name, describe(wanted));
  return error_with_code("forbidden: " + describe(wanted), "Forbidden", 403);
}

}  // namespace karpenter::devcluster
