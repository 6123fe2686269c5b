#pragma once

#include <string>
#include <vector>

#include "tests/devcluster/kube/context.h"

namespace karpenter::devcluster {

// A metav1.Table of `objects` with the columns of the resource; `include_object` is None, Metadata or Object.
struct TableInput {
  const ResourceVersion& version;
  std::vector<json::View> objects;
  json::View list_metadata;
  std::string include_object = "Metadata";
  base::Time now;
};
[[nodiscard]] json::Value make_table(const TableInput& input);

// "5s", "3m20s", "7h", "2d" as kubectl prints ages. spec: duration.HumanDuration of apimachinery
[[nodiscard]] std::string human_duration(std::chrono::seconds age);

// The values a simple JSONPath selects: .a.b, .a['b.c'], .a\.b, .list[0], .list[*].x, .list[?(@.k=="v")].x.
[[nodiscard]] std::vector<json::View> select_path(json::View root, std::string_view path);

// The computed cell "@name" of a built-in kind.
[[nodiscard]] json::Value computed_cell(std::string_view name, json::View object, base::Time now);
// Time since an RFC 3339 timestamp, or "<unknown>".
[[nodiscard]] std::string age_of(json::View timestamp, base::Time now);

}  // namespace karpenter::devcluster
