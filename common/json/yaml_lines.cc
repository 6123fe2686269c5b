#include "common/json/yaml_lines.h"

#include <yaml-cpp/yaml.h>

#include <optional>

#include "common/base/strings.h"

namespace karpenter::json {
namespace {

// One step down: the line of the key or item, what is there, and how much of the path it took.
struct Step {
  int line;
  YAML::Node node;
  std::size_t length;
};

bool ends_step(std::string_view rest) {
  return rest.empty() || rest.starts_with('.') || rest.starts_with('[');
}

// The longest key that the path names, as `key` or `[key]`: keys may hold dots and brackets themselves.
std::optional<Step> into_map(const YAML::Node& map, std::string_view path) {
  std::optional<Step> best;
  for (const auto& entry : map) {
    if (!entry.first.IsScalar()) continue;
    const std::string& key = entry.first.Scalar();
    for (const std::string& name : {key, "[" + key + "]"}) {
      if (name.empty() || !path.starts_with(name) || !ends_step(path.substr(name.size()))) continue;
      if (!best || best->length < name.size())
        best = Step{.line = entry.first.Mark().line + 1, .node = entry.second, .length = name.size()};
    }
  }
  return best;
}

std::optional<Step> into_list(const YAML::Node& list, std::string_view path) {
  const auto close = path.find(']');
  if (!path.starts_with('[') || close == std::string_view::npos) return std::nullopt;
  const auto index = base::parse_int64(path.substr(1, close - 1));
  if (!index || *index < 0 || static_cast<std::size_t>(*index) >= list.size()) return std::nullopt;
  YAML::Node item = list[static_cast<std::size_t>(*index)];
  return Step{.line = item.Mark().line + 1, .node = item, .length = close + 1};
}

int line_of(const YAML::Node& root, std::string_view path) {
  YAML::Node node;
  node.reset(root);
  int line = root.Mark().line + 1;
  while (!path.empty()) {
    if (path.starts_with('.')) path.remove_prefix(1);
    const auto step = node.IsMap()        ? into_map(node, path)
                      : node.IsSequence() ? into_list(node, path)
                                          : std::nullopt;
    if (!step) break;
    line = step->line;
    node.reset(step->node);
    path.remove_prefix(step->length);
  }
  return line;
}

}  // namespace

std::vector<int> lines_of(std::string_view document, std::span<const std::string> paths) {
  std::vector<int> out(paths.size(), 0);
  try {
    const YAML::Node root = YAML::Load(std::string(document));
    for (std::size_t i = 0; i < paths.size(); ++i) out[i] = line_of(root, paths[i]);
  } catch (const YAML::Exception&) {
    return std::vector<int>(paths.size(), 0);
  }
  return out;
}

}  // namespace karpenter::json
