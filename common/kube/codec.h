#pragma once

#include "common/json/json.h"

namespace karpenter::kube {

// JSON <-> model, through the field tables of common/schema. Declared here, instantiated in codec.cc for
// every type that kind_of knows, so that no user pays for the tables. encode() writes apiVersion, kind and
// every present field.
template <class T>
[[nodiscard]] base::Result<T> decode(json::View object);
template <class T>
[[nodiscard]] json::Value encode(const T& object);

}  // namespace karpenter::kube
