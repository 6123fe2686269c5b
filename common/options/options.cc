#include "common/options/options.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace karpenter::options {
namespace {

template <class Gates>
using GateNames = std::span<const std::pair<std::string_view, bool Gates::*>>;

constexpr std::array<std::pair<std::string_view, bool FeatureGates::*>, 9> kGates{{
    {"NodeRepair", &FeatureGates::node_repair},
    {"ReservedCapacity", &FeatureGates::reserved_capacity},
    {"SpotToSpotConsolidation", &FeatureGates::spot_to_spot_consolidation},
    {"NodeOverlay", &FeatureGates::node_overlay},
    {"StaticCapacity", &FeatureGates::static_capacity},
    {"CapacityBuffer", &FeatureGates::capacity_buffer},
    {"TerminateFirstDrift", &FeatureGates::terminate_first_drift},
    {"TerminateFirstRepair", &FeatureGates::terminate_first_repair},
    {"PodDeletionCostManagement", &FeatureGates::pod_deletion_cost_management},
}};

constexpr std::array<std::pair<std::string_view, bool AwsFeatureGates::*>, 4> kAwsGates{{
    {"NodeClassCEL", &AwsFeatureGates::node_class_cel},
    {"DRANVIDIAGPU", &AwsFeatureGates::dra_nvidia_gpu},
    {"DRAEFA", &AwsFeatureGates::dra_efa},
    {"RebootForRepair", &AwsFeatureGates::reboot_for_repair},
}};

// `Name=bool,...`. Gates that are not named keep their default; unknown names are ignored, so that gates of
// older and newer releases (such as Drift) do not stop the start. Nothing when the text is malformed.
template <class Gates>
std::optional<Gates> parse_gates(std::string_view text, GateNames<Gates> names) {
  Gates gates;
  for (const std::string& part : base::split(text, ',')) {
    if (base::trim(part).empty()) continue;
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos) return std::nullopt;
    const std::string_view name = base::trim(std::string_view(part).substr(0, equals));
    const auto value =
        parse_bool(base::trim(std::string_view(part).substr(equals + 1)), Source::kEnvironment);
    if (!value) return std::nullopt;
    const auto known = std::ranges::find(names, name, &GateNames<Gates>::value_type::first);
    if (known != names.end()) gates.*known->second = *value;
  }
  return gates;
}

template <class Gates>
Setting gates(std::string flag, Gates& target, GateNames<Gates> names, std::string help) {
  Setting setting{.flag = std::move(flag), .help = std::move(help)};
  for (const auto& [name, member] : names) {
    if (!setting.default_text.empty()) setting.default_text += ',';
    setting.default_text += std::string(name) + (target.*member ? "=true" : "=false");
  }
  setting.set = [&target, names](std::string_view text, Source) -> std::optional<std::string> {
    const auto parsed = parse_gates<Gates>(text, names);
    if (!parsed) return "a comma separated list of Name=true or Name=false";
    target = *parsed;
    return std::nullopt;
  };
  return setting;
}

// Absolute: scheme, "://" and a host.
bool is_absolute_url(std::string_view url) {
  const std::size_t colon = url.find("://");
  if (colon == 0 || colon == std::string_view::npos) return false;
  const auto scheme_char = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '-' || c == '.';
  };
  if (!std::ranges::all_of(url.substr(0, colon), scheme_char)) return false;
  if (url.find_first_of(" \t\r\n") != std::string_view::npos) return false;
  std::string_view authority = url.substr(colon + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  const std::size_t user = authority.rfind('@');
  if (user != std::string_view::npos) authority.remove_prefix(user + 1);
  return !authority.empty() && !authority.starts_with(':');
}

Setting url(std::string flag, std::string& target, std::string help) {
  Setting setting = text(std::move(flag), target, std::move(help));
  setting.check = [&target]() -> std::optional<std::string> {
    if (target.empty() || is_absolute_url(target)) return std::nullopt;
    return "must be an absolute URL with a host";
  };
  return setting;
}

void add_core_settings(std::vector<Setting>& s, Options& o) {
  using std::chrono::nanoseconds;
  constexpr int kAny = std::numeric_limits<int>::max();
  constexpr std::int64_t kAny64 = std::numeric_limits<std::int64_t>::max();
  s.push_back(text("karpenter-service", o.karpenter_service, "Accepted for compatibility; has no effect."));
  s.push_back(integer("metrics-port", o.metrics_port, 0, 65535,
                      "Port of /metrics and profiling; 0 takes a free one."));
  s.push_back(integer("health-probe-port", o.health_probe_port, 0, 65535,
                      "Port of /healthz and /readyz; 0 takes a free one."));
  s.push_back(text("bind-address", o.bind_address, "Address of both ports."));
  s.push_back(
      integer("kube-client-qps", o.kube_client_qps, 1, kAny, "Requests per second to the API server."));
  s.push_back(
      integer("kube-client-burst", o.kube_client_burst, 1, kAny, "Requests to the API server in one burst."));
  s.push_back(boolean("enable-profiling", o.enable_profiling, "Serves /debug/pprof/ on the metrics port."));
  s.push_back(boolean("disable-controller-warmup", o.disable_controller_warmup,
                      "When false, queues fill before this replica becomes the leader."));
  s.push_back(boolean("disable-leader-election", o.disable_leader_election,
                      "Runs without a Lease; only safe with a single replica."));
  s.push_back(boolean("disable-cluster-state-observability", o.disable_cluster_state_observability,
                      "Leaves out the controllers that only publish metrics of the cluster."));
  s.push_back(text("leader-election-name", o.leader_election_name, "Name of the Lease."));
  s.push_back(text("leader-election-namespace", o.leader_election_namespace,
                   "Namespace of the Lease; empty takes the namespace of the pod."));
  s.push_back(integer("memory-limit", o.memory_limit, std::numeric_limits<std::int64_t>::min(), kAny64,
                      "Memory of the container in bytes, a bound for caches; used when positive."));
  s.push_back(
      integer("cpu-requests", o.cpu_requests, std::numeric_limits<std::int64_t>::min(), kAny64,
              "CPU of the container in millicores, which scales concurrency; 1000 when not positive."));
  s.push_back(choice<LogLevel>("log-level", o.log_level,
                               {{"info", LogLevel::kInfo},
                                {"debug", LogLevel::kDebug},
                                {"error", LogLevel::kError},
                                {"", LogLevel::kInfo}},
                               "Lowest level that is logged: debug, info or error."));
  s.push_back(choice<LogFormat>("log-format", o.log_format,
                                {{"json", LogFormat::kJson}, {"console", LogFormat::kConsole}},
                                "One JSON object a line, or text for a terminal: json or console."));
  s.push_back(list("log-output-paths", o.log_output_paths, "Where lines go: files, stdout or stderr."));
  s.push_back(
      list("log-error-output-paths", o.log_error_output_paths, "Where the logger reports its own faults."));
  s.push_back(duration("batch-max-duration", o.batch_max_duration, nanoseconds(0),
                       "Longest time a batch of pending pods is collected."));
  s.push_back(duration("batch-idle-duration", o.batch_idle_duration, nanoseconds(0),
                       "A batch ends when no new pod came for this long."));
  s.push_back(choice<PreferencePolicy>(
      "preference-policy", o.preference_policy,
      {{"Respect", PreferencePolicy::kRespect}, {"Ignore", PreferencePolicy::kIgnore}},
      "Whether preferred scheduling terms of pods count: Respect or Ignore."));
  s.push_back(choice<MinValuesPolicy>(
      "min-values-policy", o.min_values_policy,
      {{"Strict", MinValuesPolicy::kStrict}, {"BestEffort", MinValuesPolicy::kBestEffort}},
      "Whether minValues of requirements may be relaxed: Strict or BestEffort."));
  s.push_back(boolean("ignore-dra-requests", o.ignore_dra_requests,
                      "When false, dynamic resource allocation requests of pods are honoured."));
  s.push_back(feature_gates(o.feature_gates));
  s.push_back(text("scheduler-config", o.scheduler_config,
                   "Defaults of topology spreading as inline YAML or JSON; empty has none."));
  s.push_back(boolean("legacy-node-repair", o.legacy_node_repair,
                      "With the gate NodeRepair, repairs nodes by the older method."));
  s.push_back(duration("disruption-poll-interval", o.disruption_poll_interval, std::chrono::milliseconds(100),
                       "How often nodes are looked at for disruption."));
  s.push_back(duration("consolidation-validation-delay", o.consolidation_validation_delay,
                       std::chrono::seconds(0),
                       "How long a consolidation must stay right before it is carried out."));
}

void add_aws_settings(std::vector<Setting>& s, Options& o) {
  constexpr std::chrono::minutes kMinute(1);
  s.push_back(required_text("cluster-name", o.cluster_name, "Name of the cluster; required.").collected());
  s.push_back(url("cluster-endpoint", o.cluster_endpoint,
                  "URL of the API server for new nodes; empty asks the EKS API.")
                  .collected());
  s.push_back(
      text("cluster-ca-bundle", o.cluster_ca_bundle, "Base64 CA bundle of the API server for new nodes."));
  s.push_back(boolean("isolated-vpc", o.isolated_vpc, "No calls to the IAM and Pricing services."));
  s.push_back(boolean("eks-control-plane", o.eks_control_plane,
                      "Takes the version of the cluster from the EKS API."));
  s.push_back(number("vm-memory-overhead-percent", o.vm_memory_overhead_percent, 0,
                     "Part of the memory of an instance type that the hypervisor keeps.")
                  .collected());
  s.push_back(text("interruption-queue", o.interruption_queue, "Name of the SQS queue; empty reads none."));
  s.push_back(integer("reserved-enis", o.reserved_enis, 0, std::numeric_limits<int>::max(),
                      "Network interfaces of a node that pods cannot use.")
                  .collected());
  s.push_back(
      boolean("disable-dry-run", o.disable_dry_run, "Skips the authorization dry runs of an EC2NodeClass."));
  s.push_back(boolean("enable-zonal-shift", o.enable_zonal_shift, "Follows zonal shifts of the cluster."));
  s.push_back(
      duration("ami-refresh-interval", o.ami_refresh_interval, kMinute, "How long found images are reused.")
          .collected());
  s.push_back(duration("subnet-refresh-interval", o.subnet_refresh_interval, kMinute,
                       "How long found subnets are reused.")
                  .collected());
  s.push_back(duration("security-group-refresh-interval", o.security_group_refresh_interval, kMinute,
                       "How long found security groups are reused.")
                  .collected());
  s.push_back(aws_feature_gates(o.aws_feature_gates));
}

// Every setting, bound to `o`.
std::vector<Setting> settings_of(Options& o) {
  std::vector<Setting> settings;
  add_core_settings(settings, o);
  add_aws_settings(settings, o);
  return settings;
}

}  // namespace

Setting feature_gates(FeatureGates& target) {
  return gates<FeatureGates>("feature-gates", target, kGates, "Comma list of Name=true or Name=false.");
}

Setting aws_feature_gates(AwsFeatureGates& target) {
  return gates<AwsFeatureGates>("aws-feature-gates", target, kAwsGates,
                                "Comma list of Name=true or Name=false.");
}

base::Result<Options> parse(std::span<const std::string> args, const Environment& environment) {
  Options options;
  RETURN_IF_ERROR(apply(settings_of(options), args, environment));
  if (options.cpu_requests <= 0) options.cpu_requests = 1000;
  return options;
}

std::string help() {
  Options defaults;
  return help_text(
      "Usage: karpenter-controller [--setting=value ...]\n\nAdds and removes nodes as pods need them.",
      settings_of(defaults));
}

int scale(const Options& options, int min, int max) {
  const std::int64_t cores = options.cpu_requests / 1000 + (options.cpu_requests % 1000 != 0 ? 1 : 0);
  const double slope = static_cast<double>(max - min) / 59;
  const double raw = slope * static_cast<double>(cores - 1);
  return std::clamp(static_cast<int>(std::min(raw, static_cast<double>(max))) + min, min, max);
}

}  // namespace karpenter::options
