#include "controller/planner/report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "common/base/strings.h"
#include "common/model/labels.h"

namespace karpenter::planner {
namespace {

using scheduling::NewNode;

constexpr std::size_t kPodsShown = 5;
constexpr std::size_t kReasonsShown = 25;

std::string key_text(const model::Pod* pod) { return model::key_of(pod->meta).text(); }

std::vector<std::string> pod_names(const std::vector<const model::Pod*>& pods) {
  std::vector<std::string> out;
  for (const auto* pod : pods) out.push_back(key_text(pod));
  std::ranges::sort(out);
  return out;
}

double price_of(const NewNode& node) { return std::isfinite(node.price) ? node.price : 0; }

// Claims in the order of their NodePool and pods.
std::vector<const NewNode*> sorted_nodes(const scheduling::Plan& plan) {
  std::vector<std::pair<std::vector<std::string>, const NewNode*>> keyed;
  for (const auto& node : plan.create) keyed.emplace_back(pod_names(node.pods), &node);
  std::ranges::sort(keyed, [](const auto& a, const auto& b) {
    return std::tie(a.second->node_pool, a.first) < std::tie(b.second->node_pool, b.first);
  });
  std::vector<const NewNode*> out;
  for (const auto& entry : keyed) out.push_back(entry.second);
  return out;
}

// Existing nodes that receive pods, by name.
std::map<std::string, std::vector<const model::Pod*>> onto_existing(const Answer& answer) {
  std::map<std::string, std::vector<const model::Pod*>> out;
  for (const auto& placement : answer.plan.onto_existing)
    out[answer.problem.problem.nodes[placement.node].name].push_back(placement.pod);
  return out;
}

std::map<std::string, const scheduling::Unplaced*> unplaced(const Answer& answer) {
  std::map<std::string, const scheduling::Unplaced*> out;
  for (const auto& entry : answer.plan.unplaced) out.emplace(key_text(entry.pod), &entry);
  return out;
}

const model::NodePool* pool_of(const Answer& answer, const NewNode& node) {
  for (const auto& pool : answer.problem.pools)
    if (pool.node_pool->meta.name == node.node_pool) return pool.node_pool.get();
  return nullptr;
}

// ---- table

struct Table {
  std::vector<std::vector<std::string>> rows;

  void add(std::vector<std::string> row) { rows.push_back(std::move(row)); }
  // Columns two blanks apart, indented by two.
  [[nodiscard]] std::string text() const {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
      widths.resize(std::max(widths.size(), row.size()));
      for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::string out;
    for (const auto& row : rows) {
      std::string line = "  ";
      for (std::size_t i = 0; i < row.size(); ++i) {
        line += row[i];
        if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
      }
      out += line + "\n";
    }
    return out;
  }
};

std::string money(double price) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4f", price);
  return text.data();
}

std::string pods_text(const std::vector<const model::Pod*>& pods) {
  auto names = pod_names(pods);
  const std::size_t others = names.size() > kPodsShown ? names.size() - kPodsShown : 0;
  names.resize(names.size() - others);
  const std::string list = base::join(names, ", ");
  return std::to_string(pods.size()) + ": " + list + (others == 0 ? "" : ", +" + std::to_string(others));
}

// Where it is cheapest, and whether the claim leaves another choice: "b or other".
std::string choice_text(const NewNode& node, std::string_view key, std::string cheapest) {
  const auto* requirement = node.requirements.find(key);
  const bool is_only =
      requirement != nullptr && !requirement->complement() && requirement->values().size() == 1;
  if (is_only) return *requirement->values().begin();
  return cheapest.empty() ? "any" : std::move(cheapest) + " or other";
}

std::string types_text(const NewNode& node) {
  if (node.instance_types.empty()) return "none";
  const std::size_t others = node.instance_types.size() - 1;
  return node.instance_types.front()->name + (others == 0 ? "" : " or " + std::to_string(others) + " more");
}

std::string new_nodes_text(const Answer& answer) {
  if (answer.plan.create.empty()) return "";
  Table table;
  table.add({"NODEPOOL", "TYPE", "ZONE", "CAPACITY", "$/H", "CPU", "MEMORY", "PODS"});
  for (const auto* node : sorted_nodes(answer.plan)) {
    const auto* offering = node->instance_types.empty()
                               ? nullptr
                               : cloud::find_cheapest(*node->instance_types.front(), node->requirements);
    table.add({node->node_pool, types_text(*node),
               choice_text(*node, model::labels::kZone, offering ? offering->zone : ""),
               choice_text(*node, model::labels::kCapacityType, offering ? offering->capacity_type : ""),
               money(price_of(*node)), node->requests.get(model::kCpu).text(),
               node->requests.get(model::kMemory).text(), pods_text(node->pods)});
  }
  return "NEW NODES: " + std::to_string(answer.plan.create.size()) + "\n" + table.text() + "\n";
}

std::string existing_text(const Answer& answer) {
  const auto nodes = onto_existing(answer);
  if (nodes.empty()) return "";
  Table table;
  table.add({"NODE", "PODS"});
  for (const auto& [name, pods] : nodes) table.add({name, pods_text(pods)});
  return "ON EXISTING NODES: " + std::to_string(answer.plan.onto_existing.size()) + " pods\n" + table.text() +
         "\n";
}

// Pods with the same explanation are named together.
std::string unplaced_text(const Answer& answer) {
  if (answer.plan.unplaced.empty()) return "";
  std::map<std::vector<std::string>, std::vector<const model::Pod*>> by_reason;
  for (const auto& entry : answer.plan.unplaced)
    by_reason[scheduling::render_in_full(entry)].push_back(entry.pod);
  std::string out = "WITHOUT A PLACE: " + std::to_string(answer.plan.unplaced.size()) + " pods\n";
  for (const auto& [lines, pods] : by_reason) {
    out += "  " + pods_text(pods) + "\n";
    for (std::size_t i = 0; i < std::min(lines.size(), kReasonsShown); ++i) out += "    " + lines[i] + "\n";
    if (lines.size() > kReasonsShown)
      out += "    and " + std::to_string(lines.size() - kReasonsShown) + " more reasons (-o json has them)\n";
  }
  return out + "\n";
}

std::string ignored_text(const Answer& answer) {
  if (answer.ignored.empty()) return "";
  std::string out = "NOT PLANNED FOR: " + std::to_string(answer.ignored.size()) + " pods\n";
  for (const auto& entry : answer.ignored)
    out += "  " + key_text(entry.pod.get()) + ": " + base::join(entry.errors, "; ") + "\n";
  return out + "\n";
}

// ---- JSON

void set_names(json::Ref to, const std::vector<std::string>& names) {
  to.set_array();
  for (const auto& name : names) to.push_back(std::string_view(name));
}

void set_resources(json::Ref to, const model::Resources& resources) {
  to.set_object();
  for (const auto& [name, amount] : resources) to[name].set(amount.text());
}

void set_requirements(json::Ref to, const std::vector<model::NodeSelectorRequirement>& requirements) {
  to.set_array();
  for (const auto& requirement : requirements) {
    const json::Ref out = to.push_back();
    out["key"].set(requirement.key);
    out["operator"].set(requirement.op);
    // instanceTypes lists them.
    if (requirement.key != model::labels::kInstanceType && !requirement.values.empty())
      set_names(out["values"], requirement.values);
    if (requirement.min_values) out["minValues"].set(*requirement.min_values);
  }
}

void set_claim(json::Ref to, const Answer& answer, const NewNode& node) {
  to["nodePool"].set(node.node_pool);
  const auto* pool = pool_of(answer, node);
  if (pool != nullptr) set_requirements(to["requirements"], make_node_claim(node, *pool).spec.requirements);
  std::vector<std::string> types;
  for (const auto& type : node.instance_types) types.push_back(type->name);
  set_names(to["instanceTypes"], types);
  set_names(to["pods"], pod_names(node.pods));
  set_resources(to["requests"], node.requests);
  to["cheapestPrice"].set(price_of(node));
}

void set_unplaced(json::Ref to, const scheduling::Unplaced& entry) {
  to.set_object();
  to["message"].set(scheduling::render(entry));
  to["deferred"].set(entry.reasons.is_deferred());
  to["nodePools"].set_array();
  for (const auto& reason : entry.reasons) {
    const json::Ref out = to["nodePools"].push_back();
    out["nodePool"].set(reason.node_pool);
    out["code"].set(scheduling::name_of(reason.code));
    out["detail"].set(reason.detail);
    if (!reason.nearest.empty()) out["nearest"].set(reason.nearest);
  }
  to["existingNodes"].set_array();
  for (const auto& reason : entry.reasons.nodes()) {
    const json::Ref out = to["existingNodes"].push_back();
    out["code"].set(scheduling::name_of(reason.code));
    out["nodes"].set(static_cast<std::int64_t>(reason.nodes));
    out["example"].set(reason.example);
    out["detail"].set(reason.detail);
    if (!reason.nearest.empty()) out["nearest"].set(reason.nearest);
  }
}

double seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

// As Go's encoder prints a sum of prices, so that equal plans compare equal.
double rounded(double price) { return std::round(price * 1e9) / 1e9; }

double total_price(const scheduling::Plan& plan) {
  double total = 0;
  for (const auto& node : plan.create) total += price_of(node);
  return rounded(total);
}

// ---- differences

struct Difference {
  double price = 0;
  std::size_t nodes_before = 0;
  std::size_t nodes_after = 0;
  std::vector<std::string> placed;     // had no place before
  std::vector<std::string> displaced;  // have none now
};

Difference difference(const Answer& before, const Answer& after) {
  Difference out{.price = total_price(after.plan) - total_price(before.plan),
                 .nodes_before = before.plan.create.size(),
                 .nodes_after = after.plan.create.size(),
                 .placed = {},
                 .displaced = {}};
  const auto without = unplaced(before);
  const auto without_now = unplaced(after);
  for (const auto& [name, entry] : without)
    if (!without_now.contains(name)) out.placed.push_back(name);
  for (const auto& [name, entry] : without_now)
    if (!without.contains(name)) out.displaced.push_back(name);
  return out;
}

std::string names_line(std::string_view title, const std::vector<std::string>& names) {
  return names.empty() ? "" : "  " + std::string(title) + ": " + base::join(names, ", ") + "\n";
}

}  // namespace

std::string to_table(const Answer& answer) {
  std::string out =
      new_nodes_text(answer) + existing_text(answer) + unplaced_text(answer) + ignored_text(answer);
  if (out.empty()) out = "Nothing to do.\n\n";
  return out + "TOTAL: " + std::to_string(answer.plan.create.size()) + " new nodes, " +
         money(total_price(answer.plan)) + " $/h\n";
}

json::Value to_json(const Answer& answer, const Timing& timing) {
  json::Value out = json::Value::object();
  out["newNodeClaims"].set_array();
  for (const auto* node : sorted_nodes(answer.plan))
    set_claim(out["newNodeClaims"].push_back(), answer, *node);
  out["existingNodes"].set_array();
  for (const auto& [name, pods] : onto_existing(answer)) {
    const json::Ref node = out["existingNodes"].push_back();
    node["name"].set(name);
    set_names(node["pods"], pod_names(pods));
  }
  out["podErrors"].set_object();
  out["unplaced"].set_object();
  for (const auto& [name, entry] : unplaced(answer)) {
    out["podErrors"][name].set(scheduling::render(*entry));
    set_unplaced(out["unplaced"][name], *entry);
  }
  out["ignoredPods"].set_object();
  for (const auto& entry : answer.ignored)
    out["ignoredPods"][key_text(entry.pod.get())].set(base::join(entry.errors, "; "));
  out["totalPrice"].set(total_price(answer.plan));
  out["complete"].set(answer.plan.complete);
  out["timing"]["loadSeconds"].set(seconds(timing.loading));
  out["timing"]["solveSeconds"].set(seconds(timing.solving));
  return out;
}

std::string diff_table(const Answer& before, const Answer& after) {
  const Difference d = difference(before, after);
  return "COMPARED WITH THE CLUSTER AS IT IS\n  $/h: " + money(total_price(before.plan)) + " -> " +
         money(total_price(after.plan)) + " (" + (d.price < 0 ? "" : "+") + money(d.price) +
         ")\n  new nodes: " + std::to_string(d.nodes_before) + " -> " + std::to_string(d.nodes_after) + "\n" +
         names_line("now placed", d.placed) + names_line("now without a place", d.displaced);
}

json::Value diff_json(const Answer& before, const Answer& after) {
  const Difference d = difference(before, after);
  json::Value out = json::Value::object();
  out["totalPrice"].set(rounded(d.price));
  out["newNodeClaims"].set(static_cast<std::int64_t>(d.nodes_after) -
                           static_cast<std::int64_t>(d.nodes_before));
  set_names(out["placed"], d.placed);
  set_names(out["displaced"], d.displaced);
  return out;
}

}  // namespace karpenter::planner
