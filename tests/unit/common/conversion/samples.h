#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "common/conversion/conversion.h"
#include "common/json/yaml.h"

// Objects as YAML, for the tests of this folder.

namespace karpenter::conversion {

inline json::Value yaml(std::string_view text) {
  auto documents = json::parse_yaml(text);
  if (documents && documents->size() == 1) return std::move(documents->front());
  ADD_FAILURE() << "bad YAML in a test: " << text;
  return json::Value::object();
}

inline json::Value changed(json::Value object, const std::string& change) {
  json::apply_merge_patch(object.ref(), yaml(change));
  return object;
}

inline std::string api_version(std::string_view kind, std::string_view version) {
  return std::string(kind == "EC2NodeClass" ? "karpenter.k8s.aws/" : "karpenter.sh/") + std::string(version);
}

// The object at the version, or a null value and a failure. Const: its operator[] reads.
inline const json::Value at(json::View object, std::string_view version, const Options& options = {}) {
  auto out = convert(object, api_version(object["kind"].string_or(""), version), {}, options);
  if (out) return std::move(out).value();
  ADD_FAILURE() << out.error().text() << "\n" << object.dump();
  return {};
}

}  // namespace karpenter::conversion
