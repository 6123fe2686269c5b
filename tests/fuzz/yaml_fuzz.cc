#include "common/json/yaml.h"

#include <array>

#include "common/json/yaml_lines.h"
#include "tests/fuzz/fuzz.h"

namespace json = karpenter::json;

// What is read and printed as YAML or JSON is read as the same.
KARP_FUZZ(text) {
  static const std::array<std::string, 3> kPaths{"a.b[0]", "[0].a", "metadata.labels[a.b/c]"};
  static_cast<void>(json::lines_of(text, kPaths));
  const auto values = json::parse_yaml(text);
  if (!values) {
    KARP_CHECK(!values.error().message.empty());
    return;
  }
  for (const auto& value : *values) {
    const auto as_json = json::parse(value.dump());
    KARP_CHECK(as_json.has_value());
    const auto again = json::parse_yaml(json::to_yaml(*as_json));
    KARP_CHECK(again.has_value());
    KARP_CHECK(again->size() == 1);
    KARP_CHECK(again->front() == *as_json);
  }
}
