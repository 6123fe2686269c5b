#pragma once

#include <string>

#include "common/net/http.h"
#include "tests/devcluster/kube/context.h"

namespace karpenter::devcluster {

// Who sends this request; 401 for an unknown token. Without credentials: system:anonymous.
[[nodiscard]] base::Result<UserInfo> authenticate(const World& world, const net::HttpRequest& request);
[[nodiscard]] base::Result<UserInfo> user_of_token(const World& world, const std::string& token);

// What someone wants to do, as RBAC sees it.
struct Attributes {
  UserInfo user;
  std::string verb = {};
  std::string group = {};
  std::string plural = {};
  std::string subresource = {};
  std::string namespace_name = {};
  std::string name = {};
  std::string path = {};  // non-resource requests
  bool is_resource = false;
};
[[nodiscard]] bool is_allowed(const World& world, const Attributes& attributes);
[[nodiscard]] Attributes attributes_of(const UserInfo& user, const RequestInfo& info);
// 403 in the server's words.
[[nodiscard]] base::Status authorize(const World& world, const UserInfo& user, const RequestInfo& info);

}  // namespace karpenter::devcluster
