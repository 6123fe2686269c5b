#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/net/http.h"

namespace karpenter::devcluster {

// What a request asks for, from method, path and query alone.
struct RequestInfo {
  bool is_resource = false;
  std::string
      verb;  // get list watch create update patch delete deletecollection; the lower-case method otherwise
  std::string path;  // decoded
  std::string group;
  std::string version;
  std::string plural;
  std::string namespace_name;
  std::string name;
  std::string subresource;
  std::map<std::string, std::string> query;  // the first value of each key

  [[nodiscard]] std::string get(std::string_view key) const;
  [[nodiscard]] bool flag(std::string_view key) const;  // present as "true" or "1"
};

// kInvalid when the target is not well-formed. Does not look at what is served.
[[nodiscard]] base::Result<RequestInfo> parse_request(const net::HttpRequest& request);

}  // namespace karpenter::devcluster
