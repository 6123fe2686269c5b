#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/options/setting.h"

// The settings of the controller. Immutable after parse(); handed down by const reference.

namespace karpenter::options {

// spec: lifecycle §2.3
struct FeatureGates {
  bool node_repair = false;
  bool reserved_capacity = true;
  bool spot_to_spot_consolidation = false;
  bool node_overlay = false;
  bool static_capacity = false;
  bool capacity_buffer = false;
  bool terminate_first_drift = false;
  bool terminate_first_repair = false;
  bool pod_deletion_cost_management = false;
  friend bool operator==(const FeatureGates&, const FeatureGates&) = default;
};

struct AwsFeatureGates {
  bool node_class_cel = false;
  bool dra_nvidia_gpu = false;
  bool dra_efa = false;
  bool reboot_for_repair = false;
  friend bool operator==(const AwsFeatureGates&, const AwsFeatureGates&) = default;
};

enum class LogLevel : std::uint8_t { kDebug, kInfo, kError };
enum class LogFormat : std::uint8_t { kJson, kConsole };
enum class PreferencePolicy : std::uint8_t { kRespect, kIgnore };
enum class MinValuesPolicy : std::uint8_t { kStrict, kBestEffort };

// Names, defaults and meaning: the table in options.cc, which prints them with --help. spec: lifecycle §2.2
struct Options {
  std::string karpenter_service;
  int metrics_port = 8080;
  int health_probe_port = 8081;
  std::string bind_address = "0.0.0.0";  // not in the reference
  int kube_client_qps = 200;
  int kube_client_burst = 300;
  bool enable_profiling = false;
  bool disable_controller_warmup = true;
  bool disable_leader_election = false;
  bool disable_cluster_state_observability = false;
  std::string leader_election_name = "karpenter-leader-election";
  std::string leader_election_namespace;
  std::int64_t memory_limit = -1;    // bytes; used only when > 0
  std::int64_t cpu_requests = 1000;  // millicores, always > 0
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kJson;
  std::vector<std::string> log_output_paths{"stdout"};
  std::vector<std::string> log_error_output_paths{"stderr"};
  std::chrono::nanoseconds batch_max_duration = std::chrono::seconds(10);
  std::chrono::nanoseconds batch_idle_duration = std::chrono::seconds(1);
  PreferencePolicy preference_policy = PreferencePolicy::kRespect;
  MinValuesPolicy min_values_policy = MinValuesPolicy::kStrict;
  bool ignore_dra_requests = true;
  FeatureGates feature_gates;
  std::string scheduler_config;  // YAML or JSON as given; decoded by its user (spec: lifecycle §2.2.1)
  bool legacy_node_repair = false;
  std::chrono::nanoseconds disruption_poll_interval = std::chrono::seconds(10);        // not in the reference
  std::chrono::nanoseconds consolidation_validation_delay = std::chrono::seconds(15);  // not in the reference

  std::string cluster_name;  // never empty
  std::string cluster_endpoint;
  std::string cluster_ca_bundle;
  bool isolated_vpc = false;
  bool eks_control_plane = false;
  double vm_memory_overhead_percent = 0.075;
  std::string interruption_queue;
  int reserved_enis = 0;
  bool disable_dry_run = false;
  bool enable_zonal_shift = false;
  std::chrono::nanoseconds ami_refresh_interval = std::chrono::minutes(1);
  std::chrono::nanoseconds subnet_refresh_interval = std::chrono::minutes(1);
  std::chrono::nanoseconds security_group_refresh_interval = std::chrono::minutes(1);
  AwsFeatureGates aws_feature_gates;
};

// The settings from the arguments (without the program name) and the environment. kInvalid with one clear
// line in Error::text() when anything is unknown, malformed or not allowed; the program then ends with exit
// code 2. Arguments that ask for help or the version are not known here: see find_question().
[[nodiscard]] base::Result<Options> parse(std::span<const std::string> args, const Environment& environment);

// The settings feature-gates and aws-feature-gates, bound to `target`; for every program that has gates.
[[nodiscard]] Setting feature_gates(FeatureGates& target);
[[nodiscard]] Setting aws_feature_gates(AwsFeatureGates& target);

// What --help prints.
[[nodiscard]] std::string help();

// Concurrency between `min` (one core or less) and `max` (60 cores or more). spec: lifecycle §2.4
[[nodiscard]] int scale(const Options& options, int min, int max);

}  // namespace karpenter::options
