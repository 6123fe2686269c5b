#include "tests/devcluster/kube/table.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/base/strings.h"
#include "common/base/time.h"

namespace karpenter::devcluster {
namespace {

// One step of a JSONPath.
struct PathStep {
  enum class Kind : std::uint8_t { kMember, kIndex, kAll, kFilter } kind = Kind::kMember;
  std::string name;   // member, or the member a filter looks at ("a.b")
  std::string value;  // of a filter
  std::size_t index = 0;
};

std::string read_member(std::string_view path, std::size_t& at) {
  std::string name;
  while (at < path.size() && path[at] != '.' && path[at] != '[') {
    if (path[at] == '\\' && at + 1 < path.size()) ++at;
    name += path[at++];
  }
  return name;
}

std::string unquoted(std::string_view text) {
  text = base::trim(text);
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\''))
    text = text.substr(1, text.size() - 2);
  return base::replace_all(std::string(text), "\\", "");
}

std::optional<PathStep> bracket_step(std::string_view body) {
  if (body == "*") return PathStep{.kind = PathStep::Kind::kAll, .name = {}, .value = {}};
  if (body.starts_with("?(") && body.ends_with(")")) {
    const std::string_view inner = body.substr(2, body.size() - 3);
    const std::size_t equals = inner.find("==");
    if (!inner.starts_with("@.") || equals == std::string_view::npos) return std::nullopt;
    return PathStep{.kind = PathStep::Kind::kFilter,
                    .name = std::string(base::trim(inner.substr(2, equals - 2))),
                    .value = unquoted(inner.substr(equals + 2))};
  }
  if (body.starts_with('\'') || body.starts_with('"')) return PathStep{.name = unquoted(body), .value = {}};
  const auto index = base::parse_int64(body);
  if (!index.has_value() || *index < 0) return std::nullopt;
  return PathStep{
      .kind = PathStep::Kind::kIndex, .name = {}, .value = {}, .index = static_cast<std::size_t>(*index)};
}

// nullopt: not a path of the simple sort.
std::optional<std::vector<PathStep>> parse_path(std::string_view path) {
  std::vector<PathStep> steps;
  std::size_t at = 0;
  while (at < path.size()) {
    if (path[at] == '[') {
      // A quoted name or filter may hold a bracket, but never "]" followed by the end of a step.
      const std::size_t close = path.find(path.substr(at).starts_with("[?(") ? ")]" : "]", at);
      if (close == std::string_view::npos) return std::nullopt;
      const std::size_t end = path[close] == ')' ? close + 1 : close;
      auto step = bracket_step(path.substr(at + 1, end - at - 1));
      if (!step.has_value()) return std::nullopt;
      steps.push_back(std::move(*step));
      at = end + 1;
      continue;
    }
    if (path[at] == '.') ++at;
    if (at < path.size() && path[at] == '[') continue;
    std::string name = read_member(path, at);
    if (!name.empty()) steps.push_back({.name = std::move(name), .value = {}});
  }
  return steps;
}

json::View member_at(json::View value, const std::string& dotted) {
  for (const std::string& step : base::split(dotted, '.')) value = value[step];
  return value;
}

std::vector<json::View> take_step(json::View from, const PathStep& step) {
  std::vector<json::View> out;
  switch (step.kind) {
    case PathStep::Kind::kMember:
      out.push_back(from[step.name]);
      break;
    case PathStep::Kind::kIndex:
      out.push_back(from[step.index]);
      break;
    case PathStep::Kind::kAll:
      out = from.items();
      break;
    case PathStep::Kind::kFilter:
      for (const json::View item : from.items()) {
        const json::View value = member_at(item, step.name);
        if ((value.is_string() ? value.string_or("") : value.dump()) == step.value) out.push_back(item);
      }
      break;
  }
  std::erase_if(out, [](json::View value) { return !value.exists(); });
  return out;
}

json::Value cell_of(const Column& column, json::View object, base::Time now) {
  if (column.path.starts_with('@'))
    return computed_cell(std::string_view(column.path).substr(1), object, now);
  const std::vector<json::View> found = select_path(object, column.path);
  if (column.type == "date") {
    // A date column of an object without that time stays empty in custom tables.
    if (found.empty()) return column.name == "Age" ? json::Value::of("<unknown>") : json::Value();
    if (column.name == "Created At") return json::Value(found.front());
    return json::Value::of(age_of(found.front(), now));
  }
  if (found.empty()) return column.type == "string" ? json::Value::of("") : json::Value();
  if (column.type == "integer") {
    const auto number = found.front().integer();
    if (!number.has_value()) return {};
    json::Value out;
    out.ref().set(*number);
    return out;
  }
  if (column.type != "string") return json::Value(found.front());
  if (found.size() == 1) {
    return json::Value::of(found.front().is_string() ? found.front().string_or("") : found.front().dump());
  }
  std::vector<std::string> texts;
  for (const json::View value : found)
    texts.push_back(value.is_string() ? value.string_or("") : value.dump());
  return json::Value::of(base::join(texts, ","));
}

void put_definition(json::Ref out, const Column& column) {
  out["name"].set(column.name);
  out["type"].set(column.type == "date" && column.name != "Created At" ? "date" : column.type);
  out["format"].set(column.format);
  out["description"].set(column.description.empty() ? column.name : column.description);
  out["priority"].set(column.priority);
}

void put_row(json::Ref row, const TableInput& input, json::View object) {
  row["cells"].set_array();
  for (const Column& column : input.version.columns)
    row["cells"].push_back(cell_of(column, object, input.now));
  if (input.include_object == "None") return;
  if (input.include_object == "Object") {
    row["object"].set(object);
    return;
  }
  row["object"]["apiVersion"].set("meta.k8s.io/v1");
  row["object"]["kind"].set("PartialObjectMetadata");
  row["object"]["metadata"].set(object["metadata"]);
}

}  // namespace

std::vector<json::View> select_path(json::View root, std::string_view path) {
  const auto steps = parse_path(path);
  if (!steps.has_value()) return {};
  std::vector<json::View> found = {root};
  for (const PathStep& step : *steps) {
    std::vector<json::View> next;
    for (const json::View from : found) {
      for (const json::View to : take_step(from, step)) next.push_back(to);
    }
    found = std::move(next);
  }
  return found;
}

json::Value make_table(const TableInput& input) {
  json::Value table = json::Value::object();
  table["kind"].set("Table");
  table["apiVersion"].set("meta.k8s.io/v1");
  table["metadata"].set_object();
  for (const char* field : {"resourceVersion", "continue", "remainingItemCount"}) {
    if (input.list_metadata[field].exists()) table["metadata"][field].set(input.list_metadata[field]);
  }
  table["columnDefinitions"].set_array();
  for (const Column& column : input.version.columns)
    put_definition(table["columnDefinitions"].push_back(), column);
  table["rows"].set_array();
  for (const json::View object : input.objects) put_row(table["rows"].push_back(), input, object);
  return table;
}

std::string human_duration(std::chrono::seconds age) {
  const std::int64_t seconds = age.count();
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  const auto pair = [](std::int64_t big, char big_unit, std::int64_t small, char small_unit) {
    std::string text = std::to_string(big) + big_unit;
    if (small != 0) text += std::to_string(small) + small_unit;
    return text;
  };
  const std::int64_t minutes = seconds / 60;
  const std::int64_t hours = seconds / 3600;
  const std::int64_t days = hours / 24;
  if (seconds < 120) return std::to_string(seconds) + "s";
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return std::to_string(minutes) + "m";
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return std::to_string(hours) + "h";
  if (hours < 192) return pair(days, 'd', hours % 24, 'h');
  if (days < 365 * 2) return std::to_string(days) + "d";
  if (days < 365 * 8) return pair(days / 365, 'y', days % 365, 'd');
  return std::to_string(days / 365) + "y";
}

std::string age_of(json::View timestamp, base::Time now) {
  const auto then = base::parse_rfc3339(timestamp.string_or(""));
  if (!then.has_value()) return "<unknown>";
  return human_duration(std::chrono::floor<std::chrono::seconds>(now - *then));
}

}  // namespace karpenter::devcluster
