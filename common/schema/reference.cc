#include "common/schema/reference.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/base/strings.h"
#include "common/schema/patterns.h"

namespace karpenter::schema {
namespace {

std::string code(std::string_view text) { return "`" + std::string(text) + "`"; }

// In a table cell a bar ends the cell, also inside code.
std::string cell(std::string text) { return base::replace_all(std::move(text), "|", "\\|"); }

std::string row(const std::vector<std::string>& cells) {
  std::string out = "|";
  for (const auto& text : cells) out.append(" ").append(cell(text)).append(" |");
  return out + "\n";
}

std::string head(const std::vector<std::string>& names) {
  std::string out = row(names) + "|";
  for (std::size_t i = 0; i < names.size(); ++i) out += "---|";
  return out + "\n";
}

std::string type_text(const Type& type) {
  switch (type.shape) {
    case Shape::kBool:
      return "boolean";
    case Shape::kInt32:
      return "int32";
    case Shape::kInt64:
      return type.has_format ? "int64" : "integer";
    case Shape::kDateTime:
      return "date-time";
    case Shape::kIntOrString:
      return "quantity";
    case Shape::kList:
      return "list of " + type_text(*type.item);
    case Shape::kMap:
      return "map to " + type_text(*type.item);
    case Shape::kOpen:
      return "any object";
    case Shape::kObject:
    case Shape::kMeta:
      return "object";
    default:
      return "string";
  }
}

void add_bounds(std::vector<std::string>& out, const Limits& limits) {
  const auto text = [](std::int64_t number) { return std::to_string(number); };
  if (limits.minimum && limits.maximum) {
    out.push_back(text(*limits.minimum) + " to " + text(*limits.maximum));
  } else if (limits.minimum) {
    out.push_back("at least " + text(*limits.minimum));
  }
  if (limits.min_items >= 0) out.push_back("at least " + text(limits.min_items) + " entries");
  if (limits.max_items >= 0) out.push_back("at most " + text(limits.max_items) + " entries");
  if (limits.max_properties >= 0) out.push_back("at most " + text(limits.max_properties) + " keys");
}

// "label key" as a link to its line in the index.
std::string format_link(std::string_view pattern) {
  const auto* const it = std::find_if(patterns::kFormats.begin(), patterns::kFormats.end(),
                                      [&](const auto& format) { return format.pattern == pattern; });
  KARP_CHECK(it != patterns::kFormats.end());  // every pattern of the tables has a name
  return "[" + std::string(it->name) + "](README.md#formats)";
}

void add_text_limits(std::vector<std::string>& out, const Limits& limits) {
  const auto text = [](std::int64_t number) { return std::to_string(number); };
  if (limits.min_length == 1) out.emplace_back("not empty");
  if (limits.min_length > 1) out.push_back("at least " + text(limits.min_length) + " characters");
  if (limits.max_length >= 0) out.push_back("at most " + text(limits.max_length) + " characters");
  if (!limits.pattern.empty()) out.push_back(format_link(limits.pattern));
}

std::string limits_text(const Type& type) {
  std::vector<std::string> out;
  if (type.is_required) out.emplace_back("**required**");
  // Limits of a text on a list have no effect.
  if (type.shape == Shape::kString) add_text_limits(out, type.limits);
  add_bounds(out, type.limits);
  if (!type.limits.one_of.empty()) {
    std::vector<std::string> words;
    for (const auto word : type.limits.one_of) words.push_back(code(word));
    out.push_back("one of " + base::join(words, ", "));
  }
  if (type.list_type == "set") out.emplace_back("no duplicates");
  if (type.list_type == "map") out.push_back("one entry per " + code(type.map_key));
  const bool has_entries = type.shape == Shape::kList || type.shape == Shape::kMap;
  if (has_entries && type.item->shape != Shape::kObject) {
    const auto of_entries = limits_text(*type.item);
    if (!of_entries.empty()) out.push_back("each: " + of_entries);
  }
  return base::join(out, "; ");
}

// Every member below `type`, depth first, as `visit(path, description, type)`.
template <class Visit>
void walk(const Type& type, const std::string& path, const Visit& visit) {
  if (type.shape == Shape::kList) return walk(*type.item, path + "[]", visit);
  if (type.shape == Shape::kMap) return walk(*type.item, path + "[*]", visit);
  if (type.shape != Shape::kObject) return;
  for (const auto& field : type.fields) {
    if (field.type.shape == Shape::kMeta) continue;
    const auto here = path.empty() ? std::string(field.name) : path + "." + std::string(field.name);
    visit(here, field.description, field.type);
    walk(field.type, here, visit);
  }
}

std::string fields_text(const Type& root) {
  std::string out = head({"Field", "Type", "Default", "Limits", "Meaning"});
  walk(root, "", [&](const std::string& path, std::string_view description, const Type& type) {
    out += row({code(path), type_text(type), type.default_json.empty() ? "" : code(type.default_json),
                limits_text(type), std::string(description)});
  });
  return out;
}

void add_rules(std::string& out, const std::string& path, const Type& type) {
  for (const auto& rule : type.rules) {
    out += "- " + code(path) + ": " + std::string(rule.message) + "\n\n  ```cel\n  " +
           std::string(rule.rule) + "\n  ```\n";
  }
  const bool has_entries = type.shape == Shape::kList || type.shape == Shape::kMap;
  if (has_entries) add_rules(out, path + (type.shape == Shape::kList ? "[]" : "[*]"), *type.item);
}

std::string rules_text(const Type& root) {
  std::string rules;
  walk(root, "", [&](const std::string& path, std::string_view /*description*/, const Type& type) {
    add_rules(rules, path, type);
  });
  if (rules.empty()) return "";
  return "\nRules that the API server evaluates (one with `oldSelf` on updates only):\n\n" + rules;
}

std::string columns_text(const std::vector<PrinterColumn>& columns) {
  if (columns.empty()) return "";
  std::string out = "\n`kubectl get` shows:\n\n" + head({"Column", "From", "Shown"});
  for (const auto& column : columns) {
    out += row({std::string(column.name), code(column.json_path),
                column.priority == 0 ? "always" : "with `-o wide`"});
  }
  return out;
}

std::string version_text(const CrdVersion& version) {
  std::string out = "\n## " + std::string(version.name) + "\n\n";
  out += version.is_storage ? "Served and stored" : "Served through conversion";
  out += version.has_scale ? "; `kubectl scale` sets `spec.replicas`.\n" : ".\n";
  out += columns_text(version.columns);
  return out + "\nFields:\n\n" + fields_text(*version.type) + rules_text(*version.type);
}

std::string versions_list(const Crd& crd) {
  std::vector<std::string> names;
  for (const auto& version : crd.versions) names.emplace_back(version.name);
  return base::join(names, ", ");
}

}  // namespace

std::string reference_page(const Crd& crd) {
  std::vector<std::string> shorts;
  for (const auto name : crd.short_names) shorts.push_back(code(name));
  std::string out = "# " + std::string(crd.kind) + "\n\nGenerated from the field tables; do not edit.\n\n";
  out += head({"Resource", "Scope", "Short names", "Category"});
  out += row({code(std::string(crd.plural) + "." + std::string(crd.group)),
              crd.scope == Scope::kCluster ? "cluster" : "namespace", base::join(shorts, ", "),
              std::string(crd.category)});
  for (const auto& version : crd.versions) out += version_text(version);
  return out;
}

std::string reference_file(const Crd& crd) { return std::string(crd.singular) + ".md"; }

std::string reference_index(const std::vector<Crd>& crds) {
  std::string out =
      "# API reference\n\nEvery kind, field by field. Generated from the field tables of common/schema by "
      "`karpenter-crdgen manifests/crds docs/reference`;\na golden test fails when a page is out of "
      "date.\n\n";
  out += head({"Kind", "Group", "Versions"});
  for (const auto& crd : crds) {
    out += row({"[" + std::string(crd.kind) + "](" + reference_file(crd) + ")", std::string(crd.group),
                versions_list(crd)});
  }
  out += "\n## Formats\n\n" + head({"Format", "A text that is", "Pattern"});
  for (const auto& [pattern, name, meaning] : patterns::kFormats) {
    out += row({std::string(name), std::string(meaning), code(pattern)});
  }
  return out;
}

}  // namespace karpenter::schema
