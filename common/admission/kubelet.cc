#include <algorithm>
#include <array>

#include "common/admission/kubelet_expression.h"
#include "common/admission/kubelet_fields.h"
#include "common/admission/rules.h"
#include "common/base/duration.h"
#include "common/base/strings.h"
#include "common/json/json.h"
#include "common/schema/codec.h"
#include "common/schema/validate.h"

// The kubelet configuration: an open map at v1, a typed object before. spec: api §4.4, §4.5, §10.4

namespace karpenter::admission {
namespace {

constexpr std::array<std::string_view, 4> kEvictionMaps{"evictionHard", "evictionSoft",
                                                        "evictionSoftGracePeriod", "evictionMinimumReclaim"};
constexpr std::array<std::string_view, 2> kReservedMaps{"kubeReserved", "systemReserved"};

std::string comma_list(std::span<const std::string_view> words) {
  std::string out;
  for (const auto word : words) out.append(out.empty() ? "" : ", ").append(word);
  return out;
}

void refuse(Violations& out, std::string path, json::View value, std::string text) {
  add(out, std::move(path), ViolationKind::kInvalid, shortened(value.dump(), 256), std::move(text));
}

// ---- EC-R1, EC-R2: what a strict decoder of the kubelet says

std::vector<std::string_view> known_fields() {
  std::vector<std::string_view> out{kKubeletFloat};
  for (const auto& field : kubelet_configuration().fields) out.push_back(field.name);
  return out;
}

json::View at_dotted(json::View from, std::string_view path) {
  for (; !path.empty(); path.remove_prefix(std::min(path.find('.'), path.size() - 1) + 1)) {
    from = from[path.substr(0, path.find('.'))];
    if (path.find('.') == std::string_view::npos) break;
  }
  return from;
}

void check_strictly(json::View kubelet, Violations& out) {
  static const schema::Checker kChecker(kubelet_configuration());
  const auto under = [](const std::string& path) {
    return path.empty() ? "spec.kubelet" : "spec.kubelet." + path;
  };
  const bool is_expression = kubelet["maxPods"].is_string();
  for (const auto& problem : kChecker.check(kubelet)) {
    if (is_expression && problem.path == "maxPods") continue;
    add(out, under(problem.path), ViolationKind::kInvalid, problem.value, problem.message);
  }
  for (const auto& path : schema::unknown_fields(kubelet_configuration(), kubelet)) {
    if (path == kKubeletFloat || path == "kind" || path == "apiVersion") continue;
    const bool is_nested = path.find_first_of(".[") != std::string::npos;
    refuse(out, under(path), at_dotted(kubelet, path),
           "unknown field \"" + shown(path) + "\"" +
               (is_nested ? "" : schema::suggestion(path, known_fields())));
  }
  const auto factor = kubelet[kKubeletFloat];
  if (factor.exists() && !factor.is_null() && !factor.is_number()) {
    refuse(out, under(std::string(kKubeletFloat)), factor, "must be a number");
  }
  for (const auto path : kubelet_durations()) {
    const auto value = at_dotted(kubelet, path);
    if (value.is_string() && !base::parse_duration(*value.string())) {
      refuse(out, under(std::string(path)), value, "must be a duration");
    }
  }
  const auto taints = kubelet["registerWithTaints"];
  if (taints.exists())
    refuse(out, under("registerWithTaints"), taints, "can't be set, taints belong to the NodePool");
}

// ---- EC-R3…R12

// EC-R4, EC-R5.
void check_threshold(const Path& path, json::View value, Violations& out) {
  const auto text = *value.string();
  const auto say = [&](std::string_view fault) {
    refuse(out, path.text(), value, quoted(text) + std::string(fault));
  };
  if (text.ends_with('%')) {
    const auto percent = base::parse_double(text.substr(0, text.size() - 1));
    if (!percent || *percent < 0 || *percent > 100) say(" must be a percentage or a resource quantity");
    return;
  }
  const auto quantity = model::Quantity::parse(text);
  if (!quantity) say(" must be a percentage or a resource quantity");
  if (quantity && *quantity < model::Quantity::of(0)) say(" can't be a negative resource quantity");
}

// EC-R6.
void check_grace(const Path& path, json::View value, Violations& out) {
  const auto duration = base::parse_duration(*value.string());
  if (!duration) refuse(out, path.text(), value, quoted(*value.string()) + " must be a duration");
  if (duration && duration->count() < 0) {
    refuse(out, path.text(), value, quoted(*value.string()) + " can't be a negative duration");
  }
}

void check_eviction(json::View kubelet, const Path& parent, Violations& out) {
  for (const auto field : kEvictionMaps) {
    const Path path = step(parent, field);
    for (const auto& [signal, value] : kubelet[field].members()) {
      const Path here = entry(path, signal);
      if (!is_one_of(signal, kEvictionSignals)) {
        add(out, here.text(), ViolationKind::kNotSupported, quoted(signal),
            quoted(signal) + " isn't a valid eviction signal, must be one of " +
                comma_list(kEvictionSignals) + schema::suggestion(signal, kEvictionSignals));
      }
      if (!value.is_string()) continue;
      field == "evictionSoftGracePeriod" ? check_grace(here, value, out) : check_threshold(here, value, out);
    }
  }
}

// EC-R7, EC-R8.
void check_pairs(json::View kubelet, const Path& parent, std::string_view field, std::string_view other,
                 std::string_view text, Violations& out) {
  const Path path = step(parent, field);
  for (const auto& [signal, value] : kubelet[field].members()) {
    if (kubelet[other][signal].exists()) continue;
    add(out, entry(path, signal).text(), ViolationKind::kInvalid, "", std::string(text));
  }
}

// EC-R9, EC-R10.
void check_reserved(json::View kubelet, const Path& parent, Violations& out) {
  for (const auto field : kReservedMaps) {
    const Path path = step(parent, field);
    for (const auto& [resource, value] : kubelet[field].members()) {
      const Path here = entry(path, resource);
      if (!is_one_of(resource, kReservable)) {
        add(out, here.text(), ViolationKind::kNotSupported, quoted(resource),
            quoted(resource) + " isn't a reservable resource, must be one of " + comma_list(kReservable) +
                schema::suggestion(resource, kReservable));
      }
      if (value.is_string() && value.string()->starts_with('-')) {
        refuse(out, here.text(), value, quoted(*value.string()) + " can't be a negative resource quantity");
      }
    }
  }
}

// EC-R11, EC-R12.
void check_numbers(json::View kubelet, const Path& parent, Violations& out) {
  const auto high = kubelet["imageGCHighThresholdPercent"].integer();
  const auto low = kubelet["imageGCLowThresholdPercent"].integer();
  for (const std::string_view field : {"imageGCHighThresholdPercent", "imageGCLowThresholdPercent"}) {
    const auto percent = kubelet[field].integer();
    if (!percent || (*percent >= 0 && *percent <= 100)) continue;
    refuse(out, step(parent, field).text(), kubelet[field],
           std::to_string(*percent) + " must be between 0 and 100");
  }
  for (const std::string_view field : {"podsPerCore", "evictionMaxPodGracePeriod", "maxPods"}) {
    const auto number = kubelet[field].integer();
    if (!number || *number >= 0) continue;
    refuse(out, step(parent, field).text(), kubelet[field], std::to_string(*number) + " can't be negative");
  }
  if (high && low && *high <= *low) {
    add(out, parent.text(), ViolationKind::kInvalid, "",
        "imageGCHighThresholdPercent (" + std::to_string(*high) +
            ") must be greater than imageGCLowThresholdPercent (" + std::to_string(*low) + ")");
  }
}

// ---- expressions and families

void check_expression(const Path& path, json::View value, const Gates& gates, Violations& out) {
  if (!gates.node_class_cel) {
    return refuse(out, path.text(), value,
                  "spec.kubelet contains a CEL expression, but the NodeClassCEL feature gate is disabled");
  }
  const auto compiled = KubeletExpression::compile(*value.string());
  if (!compiled)
    refuse(out, path.text(), value, "field=" + path.text() + ": " + shown(compiled.error().text()));
}

// spec: api §4.6, §4.7 steps 4 and 5
void check_expressions(json::View kubelet, const Path& parent, const Gates& gates, Violations& out) {
  if (kubelet["maxPods"].is_string())
    check_expression(step(parent, "maxPods"), kubelet["maxPods"], gates, out);
  for (const auto field : kReservedMaps) {
    const Path path = step(parent, field);
    for (const auto& [resource, value] : kubelet[field].members()) {
      const bool is_negative = value.is_string() && value.string()->starts_with('-');  // said by EC-R10
      if (!value.is_string() || is_negative || !is_reserved_expression(*value.string())) continue;
      check_expression(entry(path, resource), value, gates, out);
    }
  }
}

// EC-R13.
void check_family(json::View kubelet, const Path& parent, std::string_view family, Violations& out) {
  if (family == "Custom" || family == "AL2023") return;
  for (const auto& [name, value] : kubelet.members()) {
    const bool applies =
        is_one_of(name, kubelet_managed_fields()) && !(family == "Bottlerocket" && name == "podsPerCore");
    if (applies) continue;
    add(out, step(parent, name).text(), ViolationKind::kForbidden, "",
        "spec.kubelet has fields not applied by the " + std::string(family) +
            " AMI family that would be silently dropped: " + shown(name));
  }
  const auto servers = kubelet["clusterDNS"].size();
  if (servers < 2) return;
  refuse(out, step(parent, "clusterDNS").text(), kubelet["clusterDNS"],
         "the " + std::string(family) + " AMI family doesn't accept multiple entries, only one, but " +
             std::to_string(servers) + " were set");
}

// ---- the typed object, in the words of the old webhook

void check_old_threshold(const Path& path, std::string_view text, Violations& out) {
  const auto say = [&](std::string_view fault) {
    add(out, path.text(), ViolationKind::kInvalid, quoted(text), std::string(fault));
  };
  if (!text.ends_with('%')) {
    if (!model::Quantity::parse(text))
      say("Value could not be parsed as a resource quantity, malformed quantity");
    return;
  }
  const auto percent = base::parse_double(text.substr(0, text.size() - 1));
  if (!percent) return say("Value could not be parsed as a percentage value, malformed number");
  if (*percent < 0) say("Percentage values cannot be negative");
  if (*percent > 100) say("Percentage values cannot be greater than 100");
}

void check_old_keys(const model::StringMap& values, std::span<const std::string_view> known, const Path& path,
                    Violations& out) {
  for (const auto& [key, value] : values) {
    if (is_one_of(key, known)) continue;
    add(out, entry(path, key).text(), ViolationKind::kInvalid, quoted(key),
        "invalid key name \"" + shown(key) + "\"" + schema::suggestion(key, known));
  }
}

void check_old_reserved(const model::StringMap& values, const Path& path, Violations& out) {
  check_old_keys(values, kReservable, path, out);
  for (const auto& [key, value] : values) {
    const auto quantity = model::Quantity::parse(value);
    if (quantity && *quantity >= model::Quantity::of(0)) continue;
    add(out, entry(path, key).text(), ViolationKind::kInvalid, quoted(value),
        quantity ? "Value cannot be a negative resource quantity" : "Value must be a quantity value");
  }
}

void check_old_pairs(const model::StringMap& values, const model::StringMap& others, const Path& path,
                     const std::string& text, Violations& out) {
  for (const auto& [key, value] : values) {
    if (!others.contains(key)) add(out, entry(path, key).text(), ViolationKind::kInvalid, "", text);
  }
}

}  // namespace

void check_open_kubelet(std::string_view kubelet, std::string_view family, const Gates& gates,
                        Violations& out) {
  const auto document = json::parse(kubelet);
  if (!document || !document->view().is_object()) return;  // the schema says so
  const json::View map = document->view();
  const Path root;
  const Path spec = step(root, "spec");
  const Path path = step(spec, "kubelet");
  check_strictly(map, out);
  check_eviction(map, path, out);
  check_pairs(map, path, "evictionSoft", "evictionSoftGracePeriod", "has no matching evictionSoftGracePeriod",
              out);
  check_pairs(map, path, "evictionSoftGracePeriod", "evictionSoft", "has no matching evictionSoft", out);
  check_reserved(map, path, out);
  check_numbers(map, path, out);
  check_expressions(map, path, gates, out);
  check_family(map, path, family, out);
}

void check_typed_kubelet(const model::v1beta1::Kubelet& kubelet, const Path& path, Era era, Violations& out) {
  const Path hard = step(path, "evictionHard");
  const Path soft = step(path, "evictionSoft");
  const Path grace = step(path, "evictionSoftGracePeriod");
  const std::string pair =
      std::string(era == Era::kAlpha ? "Key" : "OwnerKey") + " does not have a matching ";
  check_old_keys(kubelet.eviction_hard, kEvictionSignals, hard, out);
  check_old_keys(kubelet.eviction_soft, kEvictionSignals, soft, out);
  check_old_keys(kubelet.eviction_soft_grace_period, kEvictionSignals, grace, out);
  for (const auto& [signal, value] : kubelet.eviction_hard)
    check_old_threshold(entry(hard, signal), value, out);
  for (const auto& [signal, value] : kubelet.eviction_soft)
    check_old_threshold(entry(soft, signal), value, out);
  for (const auto& [signal, value] : kubelet.eviction_soft_grace_period) {
    if (base::parse_duration(value)) continue;
    add(out, entry(grace, signal).text(), ViolationKind::kInvalid, quoted(value), "must be a duration");
  }
  check_old_reserved(kubelet.kube_reserved, step(path, "kubeReserved"), out);
  check_old_reserved(kubelet.system_reserved, step(path, "systemReserved"), out);
  check_old_pairs(kubelet.eviction_soft, kubelet.eviction_soft_grace_period, soft,
                  pair + "evictionSoftGracePeriod", out);
  check_old_pairs(kubelet.eviction_soft_grace_period, kubelet.eviction_soft, grace,
                  pair + "evictionSoft threshold value", out);
  const auto& high = kubelet.image_gc_high_threshold_percent;
  const auto low = kubelet.image_gc_low_threshold_percent.value_or(0);
  if (era == Era::kBeta || !high || *high >= low)
    return;  // the CEL of v1beta1 is stricter: equal is refused there
  add(out, step(path, "imageGCHighThresholdPercent").text(), ViolationKind::kInvalid, std::to_string(*high),
      "must be greater than imageGCLowThresholdPercent");
  add(out, step(path, "imageGCLowThresholdPercent").text(), ViolationKind::kInvalid, std::to_string(low),
      "must be less than imageGCHighThresholdPercent");
}

}  // namespace karpenter::admission
