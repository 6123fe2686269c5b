#include "controller/disruption/report.h"

#include <algorithm>
#include <cstdio>
#include <set>
#include <utility>

#include "common/base/strings.h"
#include "common/json/json.h"
#include "common/model/labels.h"

namespace karpenter::disruption {

namespace {

namespace labels = model::labels;
using telemetry::Labels;

constexpr std::chrono::minutes kUnconsolidatableFor{15};
constexpr std::chrono::minutes kBudgetFor{1};
constexpr std::size_t kTypesShown = 5;

const std::vector<double>& duration_buckets() {
  static const std::vector<double> kBuckets{
      0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7,
      0.8,   0.9,  1,     1.25, 1.5, 1.75, 2,   2.5,  3,   3.5,  4,   4.5,  5,   6,   7,
      8,     9,    10,    15,   20,  25,   30,  40,   50,  60,   120, 150,  300, 450, 600};
  return kBuckets;
}

std::string dollars(double amount) {
  char text[64];
  std::snprintf(text, sizeof text, "$%.2f", amount);
  return text;
}

std::string with_savings(const plan::Command& command) {
  return command.text() + " (savings: " + dollars(command.savings) + ")";
}

telemetry::EventObject object_of(const model::Node& node) {
  return {.api_version = "v1",
          .kind = "Node",
          .namespace_name = "",
          .name = node.meta.name,
          .uid = node.meta.uid};
}

telemetry::EventObject object_of(const model::ObjectMeta& meta, std::string kind) {
  return {.api_version = "karpenter.sh/v1",
          .kind = std::move(kind),
          .namespace_name = "",
          .name = meta.name,
          .uid = meta.uid};
}

std::set<std::string> pools_of(const plan::Command& command) {
  std::set<std::string> out;
  for (const auto& candidate : command.candidates) out.insert(candidate.node_pool);
  return out;
}

std::string disrupted_json(const plan::Command& command) {
  auto out = json::Value::array();
  for (const auto& candidate : command.candidates) {
    const auto entry = out.ref().push_back();
    entry["Node"]["name"].set(candidate.view.node->meta.name);
    entry["NodeClaim"]["name"].set(candidate.view.claim->meta.name);
    entry["instance-type"].set(candidate.view.label(labels::kInstanceType));
    entry["capacity-type"].set(candidate.capacity_type);
  }
  return out.dump();
}

std::string_view planned_capacity_type(const scheduling::NewNode& node) {
  const auto* requirement = node.requirements.find(labels::kCapacityType);
  for (const auto type : {labels::kReserved, labels::kSpot}) {
    if (requirement != nullptr && requirement->has(type)) return type;
  }
  return requirement == nullptr ? labels::kSpot : labels::kOnDemand;
}

std::string types_text(const cloud::InstanceTypes& types) {
  std::vector<std::string> names;
  for (const auto& type : types) names.push_back(type->name);
  const auto shown = std::span(names).first(std::min(names.size(), kTypesShown));
  auto text = base::join(shown, ", ");
  if (names.size() > shown.size())
    text += " and " + std::to_string(names.size() - shown.size()) + " other(s)";
  return text;
}

std::string replacements_json(const plan::Command& command) {
  auto out = json::Value::array();
  for (const auto& node : command.replacements) {
    const auto entry = out.ref().push_back();
    entry["capacity-type"].set(planned_capacity_type(node));
    if (command.replacements.size() == 1) entry["instance-types"].set(types_text(node.instance_types));
  }
  return out.dump();
}

telemetry::Fields log_fields(const plan::Command& command, const std::string& id) {
  std::size_t pods = 0;
  for (const auto& candidate : command.candidates) pods += candidate.reschedulable.size();
  const auto pools = pools_of(command);
  const auto text = std::string(plan::metric_name_of(command.reason)) + "/" + id + ": nodepools=[" +
                    base::join(std::vector<std::string>(pools.begin(), pools.end()), ", ") +
                    "]: " + with_savings(command);
  return {{"command", text},
          {"decision", command.decision()},
          {"disrupted-node-count", command.candidates.size()},
          {"replacement-node-count", command.replacements.size()},
          {"pod-count", pods},
          {"disrupted-nodes", telemetry::Json{disrupted_json(command)}},
          {"replacement-nodes", telemetry::Json{replacements_json(command)}}};
}

Labels command_labels(const plan::Command& command) {
  return {{"decision", std::string(command.decision())},
          {"reason", std::string(plan::metric_name_of(command.reason))},
          {"consolidation_type", command.consolidation_type}};
}

Labels disrupted_labels(const plan::Command& command, const plan::Candidate& candidate) {
  auto out = plan::disrupted_labels(*candidate.view.claim, plan::metric_name_of(command.reason));
  const auto& disruption = candidate.pool->spec.disruption;
  if (!command.consolidation_type.empty() && disruption && disruption->consolidation_policy) {
    out.consolidation_policy = plan::snake_case(*disruption->consolidation_policy);
  }
  return out.map();
}

}  // namespace

void Reporter::publish_both(const plan::NodeView& view, telemetry::Event event) {
  // Each object's own UID leads the identity.
  if (view.node) {
    auto on_node = event;
    on_node.object = object_of(*view.node);
    on_node.dedupe.insert(on_node.dedupe.begin(), view.node->meta.uid);
    services_.events.publish(std::move(on_node));
  }
  if (view.claim) {
    event.object = object_of(view.claim->meta, "NodeClaim");
    event.dedupe.insert(event.dedupe.begin(), view.claim->meta.uid);
    services_.events.publish(std::move(event));
  }
}

void Reporter::blocked(std::span<const plan::Screening::Rejection> rejected) {
  for (const auto& rejection : rejected) {
    publish_both(rejection.view, {.object = {},
                                  .type = "Normal",
                                  .reason = "DisruptionBlocked",
                                  .message = rejection.blocked.message});
  }
}

void Reporter::notes(std::span<const plan::Note> notes) {
  using Kind = plan::Note::Kind;
  for (const auto& note : notes) {
    telemetry::Event event{
        .object = {}, .type = "Normal", .reason = "DisruptionBlocked", .message = note.message};
    if (note.kind == Kind::kUnconsolidatable) {
      event.reason = "Unconsolidatable";
      event.dedupe_timeout = kUnconsolidatableFor;
    } else if (note.kind == Kind::kConsolidationCandidate) {
      event.reason = "ConsolidationCandidate";
      event.dedupe = {note.message};
    }
    publish_both(note.view, std::move(event));
  }
}

void Reporter::rejected(const plan::Command& command, plan::Churn churn) {
  for (const auto& candidate : command.candidates) {
    publish_both(candidate.view, {.object = {},
                                  .type = "Normal",
                                  .reason = "ConsolidationRejected",
                                  .message = with_savings(command) + ": " + std::string(plan::name_of(churn)),
                                  .dedupe = {command.text(), std::string(plan::name_of(churn))}});
  }
}

void Reporter::budgets(const plan::Budgets& budgets, plan::Reason reason, const plan::Pools& pools) {
  const std::string reason_label(plan::metric_name_of(reason));
  for (const auto& [name, budget] : budgets) {
    const Labels series{{"nodepool", name}, {"reason", reason_label}};
    services_.metrics.gauge("karpenter_nodepools_allowed_disruptions", series,
                            static_cast<double>(budget.allowed));
    services_.metrics.gauge("karpenter_nodepools_nodes_consuming_budgets", series,
                            static_cast<double>(budget.disrupting));
    const auto pool = pools.find(name);
    if (budget.total == 0 || budget.allowed > 0 || pool == pools.end()) continue;
    const auto& meta = pool->second.pool->meta;
    services_.events.publish({.object = object_of(meta, "NodePool"),
                              .type = "Normal",
                              .reason = "DisruptionBlocked",
                              .message = "No allowed disruptions for disruption reason " +
                                         std::string(plan::name_of(reason)) + " due to blocking budget",
                              .dedupe = {meta.uid, std::string(plan::name_of(reason))},
                              .dedupe_timeout = kBudgetFor});
  }
}

void Reporter::invalid_budgets(const plan::Pools& pools, Time now) {
  constexpr std::int64_t kDummyTotal = 100;
  std::vector<std::string> problems;
  for (const auto& [name, view] : pools) {
    const auto allowed = plan::allowed_disruptions(*view.pool, plan::Reason::kEmpty, kDummyTotal, now);
    if (allowed.error) problems.push_back(allowed.error->text());
  }
  if (problems.empty()) return;
  services_.log.error(base::invalid(base::join(problems, "; ")), "detected disruption budget errors");
}

void Reporter::starting(const plan::Command& command, const std::string& id) {
  services_.log.info("disrupting node(s)", log_fields(command, id));
}

void Reporter::started(const plan::Command& command) {
  services_.metrics.count("karpenter_voluntary_disruption_decisions_total", command_labels(command));
  for (const auto& pool : pools_of(command)) {
    auto series = command_labels(command);
    series.emplace("nodepool", pool);
    services_.metrics.count("karpenter_voluntary_disruption_decisions_by_nodepool_total", series);
  }
}

void Reporter::succeeded(const plan::Command& command, const std::string& id) {
  services_.log.debug("command succeeded", log_fields(command, id));
}

void Reporter::failed(const plan::Command& command, const std::string& id, const base::Error& error,
                      std::size_t unready) {
  services_.metrics.count("karpenter_voluntary_disruption_queue_failures_total", command_labels(command),
                          static_cast<double>(unready));
  services_.log.error(error, "failed terminating nodes while executing a disruption command",
                      log_fields(command, id));
}

void Reporter::launching(const plan::Command& command, const model::NodeClaim& replacement) {
  const std::string reason(plan::name_of(command.reason));
  services_.events.publish({.object = object_of(replacement.meta, "NodeClaim"),
                            .type = "Normal",
                            .reason = "DisruptionLaunching",
                            .message = "Launching NodeClaim: " + reason,
                            .dedupe = {replacement.meta.uid, reason}});
}

void Reporter::waiting(const model::NodeClaim& replacement) {
  services_.events.publish({.object = object_of(replacement.meta, "NodeClaim"),
                            .type = "Normal",
                            .reason = "DisruptionWaitingReadiness",
                            .message = "Waiting on readiness to continue disruption",
                            .dedupe = {replacement.meta.uid}});
}

void Reporter::terminating(const plan::Command& command, const plan::Candidate& candidate) {
  const std::string reason(plan::name_of(command.reason));
  publish_both(candidate.view, {.object = {},
                                .type = "Normal",
                                .reason = "DisruptionTerminating",
                                .message = "Disrupting Node: " + reason,
                                .dedupe = {reason}});
  const auto series = disrupted_labels(command, candidate);
  services_.metrics.count("karpenter_nodeclaims_disrupted_total", series);
  services_.metrics.count("karpenter_pods_disruption_initiated_total", series,
                          static_cast<double>(candidate.reschedulable.size()));
}

void Reporter::failed_validation(const plan::Command& command, std::size_t count) {
  services_.metrics.count("karpenter_voluntary_disruption_failed_validations_total",
                          {{"consolidation_type", command.consolidation_type}}, static_cast<double>(count));
}

void Reporter::eligible(plan::Reason reason, std::size_t nodes) {
  services_.metrics.gauge("karpenter_voluntary_disruption_eligible_nodes",
                          {{"reason", std::string(plan::metric_name_of(reason))}},
                          static_cast<double>(nodes));
}

void Reporter::evaluated(plan::Reason reason, std::string_view consolidation_type, double seconds) {
  services_.metrics.observe("karpenter_voluntary_disruption_decision_evaluation_duration_seconds",
                            {{"reason", std::string(plan::metric_name_of(reason))},
                             {"consolidation_type", std::string(consolidation_type)}},
                            seconds, duration_buckets());
}

void Reporter::timed_out(std::string_view consolidation_type) {
  services_.metrics.count("karpenter_voluntary_disruption_consolidation_timeouts_total",
                          {{"consolidation_type", std::string(consolidation_type)}});
}

}  // namespace karpenter::disruption
