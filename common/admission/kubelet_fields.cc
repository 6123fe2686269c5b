#include "common/admission/kubelet_fields.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace karpenter::admission {
namespace {

using schema::Field;
using schema::Type;

Field plain(std::string_view name, Type type) {
  return {.name = name, .description = {}, .type = std::move(type), .at = nullptr, .binding = nullptr};
}

constexpr std::array<std::string_view, 24> kBooleans{"enableServer",
                                                     "rotateCertificates",
                                                     "serverTLSBootstrap",
                                                     "enableDebuggingHandlers",
                                                     "enableContentionProfiling",
                                                     "cgroupsPerQOS",
                                                     "singleProcessOOMKill",
                                                     "runOnce",
                                                     "cpuCFSQuota",
                                                     "serializeImagePulls",
                                                     "mergeDefaultEvictionSettings",
                                                     "enableControllerAttachDetach",
                                                     "protectKernelDefaults",
                                                     "makeIPTablesUtilChains",
                                                     "failSwapOn",
                                                     "kernelMemcgNotification",
                                                     "enableSystemLogHandler",
                                                     "enableSystemLogQuery",
                                                     "enableProfilingHandler",
                                                     "enableDebugFlagsHandler",
                                                     "seccompDefault",
                                                     "registerNode",
                                                     "localStorageCapacityIsolation",
                                                     "failCgroupV1"};
constexpr std::array<std::string_view, 22> kSmallIntegers{"port",
                                                          "readOnlyPort",
                                                          "registryPullQPS",
                                                          "registryBurst",
                                                          "eventRecordQPS",
                                                          "eventBurst",
                                                          "healthzPort",
                                                          "oomScoreAdj",
                                                          "nodeLeaseDurationSeconds",
                                                          "imageGCHighThresholdPercent",
                                                          "imageGCLowThresholdPercent",
                                                          "maxPods",
                                                          "nodeStatusMaxImages",
                                                          "kubeAPIQPS",
                                                          "kubeAPIBurst",
                                                          "maxParallelImagePulls",
                                                          "evictionMaxPodGracePeriod",
                                                          "podsPerCore",
                                                          "iptablesMasqueradeBit",
                                                          "iptablesDropBit",
                                                          "containerLogMaxFiles",
                                                          "containerLogMaxWorkers"};
constexpr std::array<std::string_view, 34> kTexts{"kind",
                                                  "apiVersion",
                                                  "staticPodPath",
                                                  "podLogsDir",
                                                  "staticPodURL",
                                                  "address",
                                                  "tlsCertFile",
                                                  "tlsPrivateKeyFile",
                                                  "tlsMinVersion",
                                                  "imagePullCredentialsVerificationPolicy",
                                                  "healthzBindAddress",
                                                  "clusterDomain",
                                                  "kubeletCgroups",
                                                  "systemCgroups",
                                                  "cgroupRoot",
                                                  "cgroupDriver",
                                                  "cpuManagerPolicy",
                                                  "memoryManagerPolicy",
                                                  "topologyManagerPolicy",
                                                  "topologyManagerScope",
                                                  "hairpinMode",
                                                  "podCIDR",
                                                  "resolvConf",
                                                  "contentType",
                                                  "containerLogMaxSize",
                                                  "configMapAndSecretChangeDetectionStrategy",
                                                  "reservedSystemCPUs",
                                                  "showHiddenMetricsForVersion",
                                                  "systemReservedCgroup",
                                                  "kubeReservedCgroup",
                                                  "volumePluginDir",
                                                  "providerID",
                                                  "memoryReservationPolicy",
                                                  "containerRuntimeEndpoint"};
constexpr std::array<std::string_view, 20> kDurations{"syncFrequency",
                                                      "fileCheckFrequency",
                                                      "httpCheckFrequency",
                                                      "streamingConnectionIdleTimeout",
                                                      "nodeStatusUpdateFrequency",
                                                      "nodeStatusReportFrequency",
                                                      "imageMinimumGCAge",
                                                      "imageMaximumGCAge",
                                                      "volumeStatsAggPeriod",
                                                      "cpuManagerReconcilePeriod",
                                                      "runtimeRequestTimeout",
                                                      "cpuCFSQuotaPeriod",
                                                      "evictionPressureTransitionPeriod",
                                                      "containerLogMonitorInterval",
                                                      "shutdownGracePeriod",
                                                      "shutdownGracePeriodCriticalPods",
                                                      "authentication.webhook.cacheTTL",
                                                      "authorization.webhook.cacheAuthorizedTTL",
                                                      "authorization.webhook.cacheUnauthorizedTTL",
                                                      "crashLoopBackOff.maxContainerRestartPeriod"};
constexpr std::array<std::string_view, 5> kTextLists{"tlsCipherSuites",
                                                     "preloadedImagesVerificationAllowlist", "clusterDNS",
                                                     "enforceNodeAllocatable", "allowedUnsafeSysctls"};
constexpr std::array<std::string_view, 10> kTextMaps{"cpuManagerPolicyOptions",
                                                     "topologyManagerPolicyOptions",
                                                     "qosReserved",
                                                     "evictionHard",
                                                     "evictionSoft",
                                                     "evictionSoftGracePeriod",
                                                     "evictionMinimumReclaim",
                                                     "systemReserved",
                                                     "kubeReserved",
                                                     "defaultPodSysctls"};
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

Type texts(std::initializer_list<std::string_view> names) {
  std::vector<Field> fields;
  for (const auto name : names) fields.push_back(plain(name, schema::string()));
  return schema::object(std::move(fields));
}

Type buffered_log() {
  return schema::object(
      {plain("splitStream", schema::boolean()), plain("infoBufferSize", schema::int_or_string())});
}

std::vector<Field> nested() {
  using schema::object;
  using schema::string;
  Type enabled = object({plain("enabled", schema::boolean())});
  Type token_review = object({plain("enabled", schema::boolean()), plain("cacheTTL", string())});
  Type log_level = object({plain("filePattern", string()), plain("verbosity", schema::int32())});
  Type formats = object({plain("text", buffered_log()), plain("json", buffered_log())});
  return {
      plain("authentication",
            object({plain("x509", texts({"clientCAFile"})), plain("webhook", std::move(token_review)),
                    plain("anonymous", std::move(enabled))})),
      plain("authorization",
            object({plain("mode", string()),
                    plain("webhook", texts({"cacheAuthorizedTTL", "cacheUnauthorizedTTL"}))})),
      plain("memorySwap", texts({"swapBehavior"})),
      plain("crashLoopBackOff", texts({"maxContainerRestartPeriod"})),
      plain("userNamespaces", object({plain("idsPerPod", schema::int64())})),
      plain("tracing",
            object({plain("endpoint", string()), plain("samplingRatePerMillion", schema::int32())})),
      plain("logging",
            object({plain("format", string()), plain("flushFrequency", schema::int_or_string()),
                    plain("verbosity", schema::int32()), plain("vmodule", schema::list(std::move(log_level))),
                    plain("options", std::move(formats))})),
      plain("shutdownGracePeriodByPodPriority",
            schema::list(object(
                {plain("priority", schema::int32()), plain("shutdownGracePeriodSeconds", schema::int64())}))),
      plain("reservedMemory", schema::list(object({plain("numaNode", schema::int32()),
                                                   plain("limits", schema::quantities())}))),
      plain("registerWithTaints", schema::list(schema::open_object())),
      plain("tlsCurvePreferences", schema::list(schema::int32())),
      plain("featureGates", schema::map(schema::boolean())),
      plain("staticPodURLHeader", schema::map(schema::list(string()))),
      plain("podPidsLimit", schema::int64()),
      plain("maxOpenFiles", schema::int64()),
      plain("imageServiceEndpoint", string()),
  };
}

Type make_configuration() {
  std::vector<Field> fields = nested();
  for (const auto name : kBooleans) fields.push_back(plain(name, schema::boolean()));
  for (const auto name : kSmallIntegers) fields.push_back(plain(name, schema::int32()));
  for (const auto name : kTexts) fields.push_back(plain(name, schema::string()));
  for (const auto name : kDurations) {
    if (name.find('.') == std::string_view::npos) fields.push_back(plain(name, schema::string()));
  }
  for (const auto name : kTextLists) fields.push_back(plain(name, schema::list(schema::string())));
  for (const auto name : kTextMaps) fields.push_back(plain(name, schema::strings()));
  std::ranges::sort(fields, {}, &Field::name);
  return schema::object(std::move(fields));
}

}  // namespace

const schema::Type& kubelet_configuration() {
  static const Type type = make_configuration();
  return type;
}

std::span<const std::string_view> kubelet_durations() { return kDurations; }
std::span<const std::string_view> kubelet_managed_fields() { return kManaged; }

}  // namespace karpenter::admission
