#include <algorithm>
#include <array>
#include <map>

#include "common/admission/rules.h"
#include "common/base/duration.h"
#include "common/base/strings.h"
#include "common/json/json.h"

// The kubelet configuration: an open map at v1, a typed object before. spec: api §4.4, §4.5, §10.4

namespace karpenter::admission {
namespace {

enum class FieldType : std::uint8_t { kBool, kInteger, kNumber, kString, kDuration, kList, kObject };

struct FieldGroup {
  FieldType type;
  std::string_view names;  // separated by one blank
};
// The members of KubeletConfiguration. What is inside lists and objects is not looked at here.
constexpr std::array kFieldGroups{
    FieldGroup{
        FieldType::kBool,
        "enableServer rotateCertificates serverTLSBootstrap enableDebuggingHandlers "
        "enableContentionProfiling "
        "cgroupsPerQOS singleProcessOOMKill runOnce cpuCFSQuota serializeImagePulls "
        "mergeDefaultEvictionSettings "
        "enableControllerAttachDetach protectKernelDefaults makeIPTablesUtilChains failSwapOn "
        "kernelMemcgNotification enableSystemLogHandler enableSystemLogQuery enableProfilingHandler "
        "enableDebugFlagsHandler seccompDefault registerNode localStorageCapacityIsolation failCgroupV1"},
    FieldGroup{
        FieldType::kInteger,
        "port readOnlyPort registryPullQPS registryBurst eventRecordQPS eventBurst healthzPort oomScoreAdj "
        "nodeLeaseDurationSeconds imageGCHighThresholdPercent imageGCLowThresholdPercent maxPods "
        "nodeStatusMaxImages kubeAPIQPS kubeAPIBurst maxParallelImagePulls evictionMaxPodGracePeriod "
        "podsPerCore "
        "iptablesMasqueradeBit iptablesDropBit containerLogMaxFiles containerLogMaxWorkers podPidsLimit "
        "maxOpenFiles"},
    FieldGroup{FieldType::kNumber, "memoryThrottlingFactor"},
    FieldGroup{FieldType::kString,
               "kind apiVersion staticPodPath podLogsDir staticPodURL address tlsCertFile tlsPrivateKeyFile "
               "tlsMinVersion "
               "imagePullCredentialsVerificationPolicy healthzBindAddress clusterDomain kubeletCgroups "
               "systemCgroups "
               "cgroupRoot cgroupDriver cpuManagerPolicy memoryManagerPolicy topologyManagerPolicy "
               "topologyManagerScope "
               "hairpinMode podCIDR resolvConf contentType containerLogMaxSize "
               "configMapAndSecretChangeDetectionStrategy "
               "reservedSystemCPUs showHiddenMetricsForVersion systemReservedCgroup kubeReservedCgroup "
               "volumePluginDir "
               "providerID memoryReservationPolicy containerRuntimeEndpoint imageServiceEndpoint"},
    FieldGroup{FieldType::kDuration,
               "syncFrequency fileCheckFrequency httpCheckFrequency streamingConnectionIdleTimeout "
               "nodeStatusUpdateFrequency nodeStatusReportFrequency imageMinimumGCAge imageMaximumGCAge "
               "volumeStatsAggPeriod cpuManagerReconcilePeriod runtimeRequestTimeout cpuCFSQuotaPeriod "
               "evictionPressureTransitionPeriod containerLogMonitorInterval shutdownGracePeriod "
               "shutdownGracePeriodCriticalPods"},
    FieldGroup{FieldType::kList,
               "tlsCipherSuites preloadedImagesVerificationAllowlist clusterDNS enforceNodeAllocatable "
               "allowedUnsafeSysctls tlsCurvePreferences shutdownGracePeriodByPodPriority reservedMemory "
               "registerWithTaints"},
    FieldGroup{
        FieldType::kObject,
        "cpuManagerPolicyOptions topologyManagerPolicyOptions qosReserved evictionHard evictionSoft "
        "evictionSoftGracePeriod evictionMinimumReclaim systemReserved kubeReserved defaultPodSysctls "
        "featureGates "
        "staticPodURLHeader authentication authorization memorySwap crashLoopBackOff userNamespaces tracing "
        "logging"},
};

constexpr std::array<std::string_view, 12> kManaged{"clusterDNS",
                                                    "maxPods",
                                                    "podsPerCore",
                                                    "systemReserved",
                                                    "kubeReserved",
                                                    "evictionHard",
                                                    "evictionSoft",
                                                    "evictionSoftGracePeriod",
                                                    "evictionMaxPodGracePeriod",
                                                    "imageGCHighThresholdPercent",
                                                    "imageGCLowThresholdPercent",
                                                    "cpuCFSQuota"};
constexpr std::array<std::string_view, 6> kSignals{"memory.available",   "nodefs.available",
                                                   "nodefs.inodesFree",  "imagefs.available",
                                                   "imagefs.inodesFree", "pid.available"};
constexpr std::array<std::string_view, 4> kReservable{"cpu", "memory", "ephemeral-storage", "pid"};
constexpr std::string_view kExpression =
    "spec.kubelet contains a CEL expression, but the NodeClassCEL feature gate is disabled";

template <class Words>
bool is_one_of(std::string_view word, const Words& words) {
  return std::ranges::find(words, word) != words.end();
}

std::optional<FieldType> type_of_field(std::string_view name) {
  static const auto kTypes = [] {
    std::map<std::string, FieldType, std::less<>> out;
    for (const auto& group : kFieldGroups) {
      for (auto& word : base::split(group.names, ' ')) out.emplace(std::move(word), group.type);
    }
    return out;
  }();
  const auto it = kTypes.find(name);
  return it == kTypes.end() ? std::nullopt : std::optional(it->second);
}

bool has_type(json::View value, FieldType type) {
  switch (type) {
    case FieldType::kBool:
      return value.is_bool();
    case FieldType::kInteger:
      return value.integer().has_value();
    case FieldType::kNumber:
      return value.is_number();
    case FieldType::kString:
      return value.is_string();
    case FieldType::kDuration:
      return value.is_string() && base::parse_duration(*value.string()).has_value();
    case FieldType::kList:
      return value.is_array();
    case FieldType::kObject:
      return value.is_object();
  }
  return false;
}

void refuse(Violations& out, std::string path, json::View value, std::string text) {
  add(out, std::move(path), ViolationKind::kInvalid, shortened(value.dump(), 256), std::move(text));
}

// EC-R1, EC-R2.
void check_fields(json::View kubelet, Violations& out) {
  for (const auto& [name, value] : kubelet.members()) {
    const std::string path = "spec.kubelet." + std::string(name);
    if (name == "registerWithTaints") {
      refuse(out, path, value, "can't be set, taints belong to the NodePool");
      continue;
    }
    if (value.is_null() || (name == "maxPods" && value.is_string())) continue;  // a string is an expression
    const auto type = type_of_field(name);
    if (!type) refuse(out, path, value, "unknown field \"" + std::string(name) + "\"");
    if (type && !has_type(value, *type)) refuse(out, path, value, "wrong type");
  }
}

// EC-R13.
void check_family(json::View kubelet, std::string_view family, Violations& out) {
  if (family == "Custom" || kubelet.size() == 0) return;
  const auto servers = kubelet["clusterDNS"].size();
  if (family == "AL2023") return;
  std::vector<std::string> dropped;
  for (const auto& [name, value] : kubelet.members()) {
    const bool applies = is_one_of(name, kManaged) && !(family == "Bottlerocket" && name == "podsPerCore");
    if (!applies) dropped.emplace_back(name);
  }
  if (!dropped.empty()) {
    add(out, "spec.kubelet", ViolationKind::kInvalid, "",
        "spec.kubelet has fields not applied by the " + std::string(family) +
            " AMI family that would be silently dropped: " + base::join(dropped, ", "));
  }
  if (servers > 1) {
    refuse(out, "spec.kubelet.clusterDNS", kubelet["clusterDNS"],
           "the " + std::string(family) + " AMI family doesn't accept multiple entries, only one, but " +
               std::to_string(servers) + " were set");
  }
}

// EC-R4, EC-R5.
void check_threshold(const std::string& path, json::View value, Violations& out) {
  const std::string text = value.string_or("");
  if (text.ends_with('%')) {
    const auto percent = base::parse_double(std::string_view(text).substr(0, text.size() - 1));
    if (!percent || *percent < 0 || *percent > 100)
      refuse(out, path, value, "must be a percentage or a resource quantity");
    return;
  }
  const auto quantity = model::Quantity::parse(text);
  if (!quantity) refuse(out, path, value, "must be a percentage or a resource quantity");
  if (quantity && *quantity < model::Quantity::of(0))
    refuse(out, path, value, "can't be a negative resource quantity");
}

// EC-R6.
void check_grace(const std::string& path, json::View value, Violations& out) {
  const auto duration = base::parse_duration(value.string_or(""));
  if (!duration) refuse(out, path, value, "must be a duration");
  if (duration && duration->count() < 0) refuse(out, path, value, "can't be a negative duration");
}

// EC-R3…R8.
void check_eviction(json::View kubelet, const std::string& parent, Violations& out) {
  for (const auto* field :
       {"evictionHard", "evictionSoft", "evictionSoftGracePeriod", "evictionMinimumReclaim"}) {
    const std::string path = parent + "." + field;
    for (const auto& [signal, value] : kubelet[field].members()) {
      if (!is_one_of(signal, kSignals)) {
        const auto near = base::nearest_word(signal, kSignals);
        add(out, member(path, signal), ViolationKind::kNotSupported, quoted(signal),
            "isn't a valid eviction signal" +
                (near ? " (did you mean \"" + std::string(*near) + "\"?)" : ""));
      }
      if (!value.is_string()) continue;
      const bool is_grace = std::string_view(field) == "evictionSoftGracePeriod";
      is_grace ? check_grace(member(path, signal), value, out)
               : check_threshold(member(path, signal), value, out);
    }
  }
  const auto unmatched = [&](const std::string& field, const std::string& other) {
    for (const auto& [signal, value] : kubelet[field].members()) {
      if (kubelet[other][signal].exists()) continue;
      add(out, member(parent + "." + field, signal), ViolationKind::kInvalid, "", "has no matching " + other);
    }
  };
  unmatched("evictionSoft", "evictionSoftGracePeriod");
  unmatched("evictionSoftGracePeriod", "evictionSoft");
}

// EC-R9, EC-R10, and values that are no quantities: expressions.
void check_reserved(json::View kubelet, const std::string& parent, Violations& out) {
  for (const auto* field : {"kubeReserved", "systemReserved"}) {
    const std::string path = parent + "." + field;
    for (const auto& [resource, value] : kubelet[field].members()) {
      if (!is_one_of(resource, kReservable)) {
        add(out, member(path, resource), ViolationKind::kNotSupported, quoted(resource),
            "isn't a reservable resource, must be one of cpu, memory, ephemeral-storage, pid");
      }
      if (!value.is_string()) continue;
      if (value.string_or("").starts_with('-')) {
        refuse(out, member(path, resource), value, "can't be a negative resource quantity");
      } else if (!model::Quantity::parse(value.string_or(""))) {
        refuse(out, member(path, resource), value, std::string(kExpression));
      }
    }
  }
}

// EC-R11.
void check_numbers(json::View kubelet, const std::string& parent, Violations& out) {
  for (const auto* field : {"imageGCHighThresholdPercent", "imageGCLowThresholdPercent"}) {
    const auto percent = kubelet[field].integer();
    if (percent && (*percent < 0 || *percent > 100)) {
      refuse(out, parent + "." + field, kubelet[field], "must be between 0 and 100");
    }
  }
  for (const auto* field : {"podsPerCore", "evictionMaxPodGracePeriod", "maxPods"}) {
    const auto number = kubelet[field].integer();
    if (number && *number < 0) refuse(out, parent + "." + field, kubelet[field], "can't be negative");
  }
}

void check_managed(json::View kubelet, const std::string& parent, Violations& out) {
  check_eviction(kubelet, parent, out);
  check_reserved(kubelet, parent, out);
  check_numbers(kubelet, parent, out);
}

}  // namespace

void check_open_kubelet(std::string_view kubelet, std::string_view family, Violations& out) {
  const auto document = json::parse(kubelet);
  if (!document || !document->view().is_object()) {
    add(out, "spec.kubelet", ViolationKind::kInvalid, quoted(kubelet), "must be an object");
    return;
  }
  const json::View map = document->view();
  check_fields(map, out);
  check_managed(map, "spec.kubelet", out);
  const auto high = map["imageGCHighThresholdPercent"].integer();
  const auto low = map["imageGCLowThresholdPercent"].integer();
  if (high && low && *high <= *low) {  // EC-R12
    add(out, "spec.kubelet", ViolationKind::kInvalid, "",
        "imageGCHighThresholdPercent (" + std::to_string(*high) +
            ") must be greater than imageGCLowThresholdPercent (" + std::to_string(*low) + ")");
  }
  if (map["maxPods"].is_string())
    refuse(out, "spec.kubelet.maxPods", map["maxPods"], std::string(kExpression));
  check_family(map, family, out);
}

void check_typed_kubelet(const model::v1beta1::Kubelet& kubelet, std::string_view path, Violations& out) {
  const auto document = json::parse(model::v1beta1::kubelet_json(kubelet));
  if (!document) return;
  check_managed(*document, std::string(path), out);
  const auto& high = kubelet.image_gc_high_threshold_percent;
  const auto low = kubelet.image_gc_low_threshold_percent.value_or(0);
  if (high && *high < low) {  // equal is fine here
    add(out, std::string(path) + ".imageGCHighThresholdPercent", ViolationKind::kInvalid,
        std::to_string(*high), "must be greater than imageGCLowThresholdPercent");
  }
}

}  // namespace karpenter::admission
