#include "common/options/options.h"

#include <gtest/gtest.h>

#include <array>
#include <map>

namespace karpenter::options {
namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""ms;

using Variables = std::map<std::string, std::string, std::less<>>;

base::Result<Options> parse_with(std::vector<std::string> args, const Variables& variables = {}) {
  const Environment environment = [&variables](std::string_view name) -> std::optional<std::string> {
    const auto it = variables.find(name);
    return it == variables.end() ? std::nullopt : std::optional(it->second);
  };
  args.insert(args.begin(), "--cluster-name=demo");
  return parse(args, environment);
}

std::string failure_of(std::vector<std::string> args, const Variables& variables = {}) {
  const auto options = parse_with(std::move(args), variables);
  return options ? "no failure" : options.error().text();
}

// spec: lifecycle §2.2
TEST(Options, have_the_defaults_of_the_reference) {
  const Options o = parse_with({}).value();
  EXPECT_EQ(o.cluster_name, "demo");
  EXPECT_EQ(o.metrics_port, 8080);
  EXPECT_EQ(o.health_probe_port, 8081);
  EXPECT_EQ(o.kube_client_qps, 200);
  EXPECT_EQ(o.kube_client_burst, 300);
  EXPECT_TRUE(o.disable_controller_warmup);
  EXPECT_EQ(o.leader_election_name, "karpenter-leader-election");
  EXPECT_EQ(o.memory_limit, -1);
  EXPECT_EQ(o.log_output_paths, std::vector<std::string>{"stdout"});
  EXPECT_EQ(o.batch_max_duration, 10s);
  EXPECT_EQ(o.batch_idle_duration, 1s);
  EXPECT_TRUE(o.ignore_dra_requests);
  EXPECT_DOUBLE_EQ(o.vm_memory_overhead_percent, 0.075);
  EXPECT_EQ(o.ami_refresh_interval, 1min);
  EXPECT_EQ(o.feature_gates, FeatureGates{});
  EXPECT_TRUE(o.feature_gates.reserved_capacity);
}

// spec: lifecycle §2.2
TEST(Options, flag_beats_environment_beats_default) {
  const Variables variables{
      {"METRICS_PORT", "9000"}, {"BATCH_IDLE_DURATION", "1500ms"}, {"ISOLATED_VPC", "T"}};
  const Options o =
      parse_with({"--metrics-port=9001", "-log-level", "debug", "--enable-profiling"}, variables).value();
  EXPECT_EQ(o.metrics_port, 9001);
  EXPECT_EQ(o.batch_idle_duration, 1500ms);
  EXPECT_TRUE(o.isolated_vpc);
  EXPECT_TRUE(o.enable_profiling);
  EXPECT_EQ(o.log_level, LogLevel::kDebug);
  // A flag hides even a malformed variable, and the last of a repeated flag counts.
  EXPECT_EQ(
      parse_with({"--metrics-port=1", "--metrics-port=2"}, {{"METRICS_PORT", "x"}}).value().metrics_port, 2);
}

TEST(Options, every_setting_is_read_from_its_environment_variable) {
  const Options o = parse_with({}, {{"KARPENTER_SERVICE", "svc"},
                                    {"HEALTH_PROBE_PORT", "0"},
                                    {"LEADER_ELECTION_NAMESPACE", "kube-system"},
                                    {"MEMORY_LIMIT", "1073741824"},
                                    {"CPU_REQUESTS", "0"},
                                    {"LOG_LEVEL", ""},
                                    {"LOG_FORMAT", "console"},
                                    {"LOG_OUTPUT_PATHS", "stdout, /var/log/k.log,"},
                                    {"PREFERENCE_POLICY", "Ignore"},
                                    {"MIN_VALUES_POLICY", "BestEffort"},
                                    {"IGNORE_DRA_REQUESTS", "0"},
                                    {"CLUSTER_ENDPOINT", "https://api.example:6443"},
                                    {"VM_MEMORY_OVERHEAD_PERCENT", "0.1"},
                                    {"RESERVED_ENIS", "1"},
                                    {"INTERRUPTION_QUEUE", "demo"},
                                    {"KUBE_CLIENT_QPS", ""}})
                        .value();
  EXPECT_EQ(o.karpenter_service, "svc");
  EXPECT_EQ(o.health_probe_port, 0);
  EXPECT_EQ(o.leader_election_namespace, "kube-system");
  EXPECT_EQ(o.memory_limit, 1'073'741'824);
  EXPECT_EQ(o.cpu_requests, 1000);
  EXPECT_EQ(o.log_level, LogLevel::kInfo);
  EXPECT_EQ(o.log_format, LogFormat::kConsole);
  EXPECT_EQ(o.log_output_paths, (std::vector<std::string>{"stdout", "/var/log/k.log"}));
  EXPECT_EQ(o.preference_policy, PreferencePolicy::kIgnore);
  EXPECT_EQ(o.min_values_policy, MinValuesPolicy::kBestEffort);
  EXPECT_FALSE(o.ignore_dra_requests);
  EXPECT_EQ(o.cluster_endpoint, "https://api.example:6443");
  EXPECT_DOUBLE_EQ(o.vm_memory_overhead_percent, 0.1);
  EXPECT_EQ(o.reserved_enis, 1);
  EXPECT_EQ(o.interruption_queue, "demo");
  EXPECT_EQ(o.kube_client_qps, 200);
}

TEST(Options, bad_input_is_one_clear_line) {
  struct Case {
    std::vector<std::string> args;
    Variables variables;
    std::string want;
  };
  const std::vector<Case> cases{
      {{"--metrics-prt=1"}, {}, "unknown flag (flag=--metrics-prt, nearest=--metrics-port)"},
      {{"--zzz"}, {}, "unknown flag (flag=--zzz)"},
      {{"serve"}, {}, "unexpected argument (argument=serve)"},
      {{"--"}, {}, "unexpected argument (argument=--)"},
      {{"--metrics-port"}, {}, "flag needs a value (flag=--metrics-port)"},
      {{"--metrics-port=1x"}, {}, "malformed value (flag=--metrics-port, value=1x, want=an integer)"},
      {{"--metrics-port=99999999999"},
       {},
       "malformed value (flag=--metrics-port, value=99999999999, want=an integer)"},
      {{"--metrics-port=65536"},
       {},
       "setting not allowed (--metrics-port=must be at least 0 and at most 65535)"},
      {{"--enable-profiling=1"},
       {},
       "malformed value (flag=--enable-profiling, value=1, want=true or false)"},
      {{"--log-level=warn"},
       {},
       "malformed value (flag=--log-level, value=warn, want=one of info debug error \"\")"},
      {{},
       {{"ENABLE_PROFILING", "yes"}},
       "malformed value (environment=ENABLE_PROFILING, value=yes, want=true or false)"},
      {{},
       {{"BATCH_MAX_DURATION", "10"}},
       "malformed value (environment=BATCH_MAX_DURATION, value=10, want=a duration such as 1m30s)"},
      {{"--vm-memory-overhead-percent=nan"},
       {},
       "malformed value (flag=--vm-memory-overhead-percent, value=nan, want=a number)"},
      {{"--feature-gates=NodeRepair"},
       {},
       "malformed value (flag=--feature-gates, value=NodeRepair, want=a comma separated list of Name=true or "
       "Name=false)"},
      {{"--ami-refresh-interval=30s", "--reserved-enis=-1", "--cluster-endpoint=/api", "--cluster-name="},
       {},
       "setting not allowed (--cluster-name=required, as flag or as environment variable CLUSTER_NAME, "
       "--cluster-endpoint=must be an absolute URL with a host, --reserved-enis=must be at least 0, "
       "--ami-refresh-interval=must be at least 1m0s)"},
  };
  for (const Case& c : cases) EXPECT_EQ(failure_of(c.args, c.variables), c.want);
}

// spec: lifecycle §2.3
TEST(Options, feature_gates_ignore_unknown_names_and_keep_defaults) {
  const Options o =
      parse_with({"--feature-gates= NodeRepair = true ,,Drift=true,SpotToSpotConsolidation=T"},
                 {{"AWS_FEATURE_GATES", "DRAEFA=1,NodeClassCEL=false"}, {"FEATURE_GATES", "broken"}})
          .value();
  FeatureGates want;
  want.node_repair = true;
  want.spot_to_spot_consolidation = true;
  EXPECT_EQ(o.feature_gates, want);
  AwsFeatureGates want_aws;
  want_aws.dra_efa = true;
  EXPECT_EQ(o.aws_feature_gates, want_aws);
  EXPECT_FALSE(
      parse_with({"--feature-gates=ReservedCapacity=false"}).value().feature_gates.reserved_capacity);
  EXPECT_FALSE(parse_with({"--feature-gates=NodeRepair=maybe"}));
}

TEST(Options, cluster_endpoint_must_be_absolute) {
  for (const auto& url : {"https://a", "http://10.0.0.1:8443/x", "https://user@host?q"}) {
    EXPECT_TRUE(parse_with({std::string("--cluster-endpoint=") + url})) << url;
  }
  for (const auto& url : {"a", "//a", "https://", "https://:443", "https:///x", "ht tp://a", "://a"}) {
    EXPECT_FALSE(parse_with({std::string("--cluster-endpoint=") + url})) << url;
  }
}

TEST(Options, help_names_every_setting_with_default_and_variable) {
  const std::string text = help();
  EXPECT_NE(text.find("--metrics-port=<value>   METRICS_PORT   (default 8080)"), std::string::npos) << text;
  EXPECT_NE(text.find("--isolated-vpc   ISOLATED_VPC   (default false)"), std::string::npos);
  EXPECT_NE(
      text.find(
          "(default NodeRepair=false,ReservedCapacity=true,SpotToSpotConsolidation=false,NodeOverlay=false,"
          "StaticCapacity=false,CapacityBuffer=false,TerminateFirstDrift=false,TerminateFirstRepair=false,"
          "PodDeletionCostManagement=false)"),
      std::string::npos);
  constexpr std::array<std::string_view, 39> kReference{"KARPENTER_SERVICE",
                                                        "METRICS_PORT",
                                                        "HEALTH_PROBE_PORT",
                                                        "KUBE_CLIENT_QPS",
                                                        "KUBE_CLIENT_BURST",
                                                        "ENABLE_PROFILING",
                                                        "DISABLE_CONTROLLER_WARMUP",
                                                        "DISABLE_LEADER_ELECTION",
                                                        "DISABLE_CLUSTER_STATE_OBSERVABILITY",
                                                        "LEADER_ELECTION_NAME",
                                                        "LEADER_ELECTION_NAMESPACE",
                                                        "MEMORY_LIMIT",
                                                        "CPU_REQUESTS",
                                                        "LOG_LEVEL",
                                                        "LOG_OUTPUT_PATHS",
                                                        "LOG_ERROR_OUTPUT_PATHS",
                                                        "BATCH_MAX_DURATION",
                                                        "BATCH_IDLE_DURATION",
                                                        "PREFERENCE_POLICY",
                                                        "MIN_VALUES_POLICY",
                                                        "IGNORE_DRA_REQUESTS",
                                                        "FEATURE_GATES",
                                                        "SCHEDULER_CONFIG",
                                                        "LEGACY_NODE_REPAIR",
                                                        "CLUSTER_NAME",
                                                        "CLUSTER_ENDPOINT",
                                                        "CLUSTER_CA_BUNDLE",
                                                        "ISOLATED_VPC",
                                                        "EKS_CONTROL_PLANE",
                                                        "VM_MEMORY_OVERHEAD_PERCENT",
                                                        "INTERRUPTION_QUEUE",
                                                        "RESERVED_ENIS",
                                                        "DISABLE_DRY_RUN",
                                                        "ENABLE_ZONAL_SHIFT",
                                                        "AMI_REFRESH_INTERVAL",
                                                        "SUBNET_REFRESH_INTERVAL",
                                                        "SECURITY_GROUP_REFRESH_INTERVAL",
                                                        "AWS_FEATURE_GATES",
                                                        "LOG_FORMAT"};
  for (const std::string_view variable : kReference) {
    const std::string flag = base::replace_all(base::to_lower(variable), "_", "-");
    EXPECT_NE(text.find("--" + flag), std::string::npos) << flag;
    EXPECT_NE(text.find("   " + std::string(variable)), std::string::npos) << variable;
  }
}

TEST(Options, questions_are_found_before_parsing) {
  EXPECT_EQ(find_question(std::vector<std::string>{"--metrics-port=1", "--version"}), Question::kVersion);
  EXPECT_EQ(find_question(std::vector<std::string>{"-h"}), Question::kHelp);
  EXPECT_EQ(find_question(std::vector<std::string>{"--metrics-port=1"}), std::nullopt);
}

// spec: lifecycle §2.4
TEST(Options, concurrency_scales_with_cpu) {
  const auto scaled = [](std::int64_t millicores) {
    Options o;
    o.cpu_requests = millicores;
    return scale(o, 10, 1000);
  };
  EXPECT_EQ(scaled(500), 10);
  EXPECT_EQ(scaled(1000), 10);
  EXPECT_EQ(scaled(1001), 26);  // two cores: 990/59 = 16.8
  EXPECT_EQ(scaled(60'000), 1000);
  EXPECT_EQ(scaled(1'000'000), 1000);
}

}  // namespace
}  // namespace karpenter::options
