#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>

#include "common/admission/admission.h"
#include "common/base/strings.h"
#include "common/json/json.h"
#include "common/json/yaml.h"
#include "common/schema/codec.h"

// Objects as a user writes them: a valid one, and what each case changes in it.

namespace karpenter::admission {

struct Case {
  const char* rule;    // of the reference, with what is tried
  const char* change;  // YAML, a merge patch of the valid object
  const char* want;    // the violations, one a line; "" = accepted; "..." at the end: whatever follows
};

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

template <class T>
void expect_all(std::string_view valid, std::initializer_list<Case> cases) {
  for (const auto& test : cases) {
    const std::string got = lines(validate(object_of<T>(valid, test.change)));
    const std::string_view want = test.want;
    if (want.ends_with("...")) {
      EXPECT_TRUE(got.starts_with(want.substr(0, want.size() - 3))) << test.rule << "\n" << got;
      EXPECT_EQ(got.find('\n'), std::string::npos) << test.rule << "\n" << got;
    } else {
      EXPECT_EQ(got, want) << test.rule;
    }
  }
}

}  // namespace karpenter::admission
