#pragma once

#include <string>
#include <string_view>

namespace karpenter::kube {

// One resource of the API server.
struct Kind {
  std::string_view group;    // "" for core
  std::string_view version;  // "v1"
  std::string_view kind;     // "NodeClaim"
  std::string_view plural;   // "nodeclaims"
  bool namespaced = false;

  [[nodiscard]] std::string api_version() const;  // "karpenter.sh/v1", "v1"
};

// The Kind a model type is stored under. Specialised in kinds.cc for every type of common/model that is read
// or written.
template <class T>
[[nodiscard]] const Kind& kind_of();

}  // namespace karpenter::kube
