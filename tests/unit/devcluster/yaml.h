#pragma once

#include <gtest/gtest.h>

#include <string_view>
#include <utility>

#include "common/json/yaml.h"
#include "common/kube/codec.h"

// Objects of the actors' tests, written in YAML.

namespace karpenter::devcluster {

// One document; a test that cannot be read fails.
inline json::Value object_of(std::string_view text) {
  auto documents = json::parse_yaml(text);
  if (!documents.has_value() || documents->size() != 1) {
    ADD_FAILURE() << "bad YAML in a test: " << text;
    return json::Value::object();
  }
  return std::move(documents->front());
}

template <class T>
T model_of(std::string_view text) {
  auto decoded = kube::decode<T>(object_of(text));
  if (!decoded) ADD_FAILURE() << decoded.error().text() << " in " << text;
  return decoded ? std::move(decoded).value() : T{};
}

}  // namespace karpenter::devcluster
