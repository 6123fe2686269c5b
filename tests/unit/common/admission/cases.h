#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "common/admission/admission.h"
#include "common/json/json.h"
#include "common/json/yaml.h"
#include "common/schema/codec.h"

// Objects as a user writes them: a valid one, and what a case changes in it.

namespace karpenter::admission {

inline json::Value yaml(std::string_view text) {
  auto documents = json::parse_yaml(text);
  if (!documents.has_value() || documents->size() != 1) {
    ADD_FAILURE() << "bad YAML in a test: " << text;
    return json::Value::object();
  }
  return std::move(documents->front());
}

template <class T>
T object_of(std::string_view valid, std::string_view change = "{}") {
  json::Value document = yaml(valid);
  json::apply_merge_patch(document.ref(), yaml(change));
  auto decoded = schema::decode<T>(document);
  if (decoded) return std::move(decoded).value();
  ADD_FAILURE() << decoded.error().text();
  return {};
}

inline std::string lines(const Violations& violations) {
  std::string out;
  for (const auto& violation : violations) out += (out.empty() ? "" : "\n") + violation.text();
  return out;
}

}  // namespace karpenter::admission
