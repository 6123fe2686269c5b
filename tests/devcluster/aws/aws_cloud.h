#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/http.h"
#include "common/runtime/runtime.h"

// The AWS emulator "at the wire": one endpoint for EC2, SQS, SSM, IAM, EKS, Pricing and STS, told apart by
// the service in the SigV4 credential scope. In memory it is routed by net::LoopbackTransport, as a process
// by net::start_server. Stricter than AWS: unknown parameters, holes in lists and bad signatures are errors.

namespace karpenter::devcluster {

using base::Nanos;

// The seeded account.
struct AwsOptions {
  std::string region = "us-west-2";  // its zones are <region>a..c
  std::string account_id = "123456789012";
  std::string access_key = "test";
  std::string secret_key = "test";
  std::string cluster_name = "demo";                        // EKS cluster and discovery tag value
  std::string cluster_endpoint = "https://127.0.0.1:6443";  // what EKS DescribeCluster answers
  std::string cluster_ca_pem = {};                          // answered base64-encoded
  std::string cluster_version = "1.34";
  std::string service_cidr = "10.96.0.0/12";
  std::string node_role = "KarpenterNodeRole-demo";
  std::string queue_name = "demo";
  std::string instance_profile = {};  // one that exists from the start, with node_role; empty: none
};

// How the emulator behaves. All durations are runtime time.
struct AwsSwitches {
  Nanos pending_delay = std::chrono::seconds(2);          // pending -> running
  Nanos shutdown_delay = std::chrono::seconds(3);         // shutting-down -> terminated
  Nanos terminated_retention = std::chrono::minutes(60);  // how long Describe shows terminated instances
  Nanos spot_warning = std::chrono::minutes(2);           // interruption message -> shutting-down
  Nanos describe_lag{0};  // new instances stay unknown to DescribeInstances that long
  Nanos launch_template_lag{
      0};  // new launch templates stay unknown to CreateFleet and RunInstances that long
  Nanos instance_profile_lag{0};     // new instance profiles stay unknown to EC2 that long
  std::uint64_t throttle_every = 0;  // every Nth EC2 request answers RequestLimitExceeded; 0: never
  double mutating_rate = 0;  // token bucket over mutating EC2 requests, tokens per second; 0: no bucket
  double mutating_burst = 50;
  std::int64_t fleet_limit =
      0;  // instances one CreateFleet yields at most; 0: as many as asked (partial fleets)
  std::int64_t page_limit = 0;  // rows per page at most, below what the caller allows; 0: as the caller asked
  bool state_change_events = true;  // EC2 state changes are sent to the queue, as by an EventBridge rule
};

enum class InstanceState : std::uint8_t { kPending, kRunning, kShuttingDown, kTerminated };
[[nodiscard]] std::string_view state_name(
    InstanceState state);  // "pending", "running", "shutting-down", "terminated"

// What a kubelet on the instance would know about its machine. A copy: stays as it was.
struct InstanceView {
  std::string id;  // i-0123456789abcdef0
  std::string type;
  std::string zone;
  std::string zone_id;
  std::string region;
  std::string subnet_id;
  std::string image_id;
  std::string image_name;
  std::string architecture;   // of the image: x86_64 or arm64
  std::string capacity_type;  // spot or on-demand
  InstanceState state = InstanceState::kPending;
  base::Time launch_time;
  std::string private_dns_name;  // ip-192-168-1-5.us-west-2.compute.internal
  std::string private_ip;
  std::string instance_profile;
  std::string user_data;  // decoded
  std::map<std::string, std::string> tags;
  std::int64_t vcpus = 0;
  std::int64_t memory_mib = 0;
  std::int64_t network_interfaces = 0;  // ENIs; EKS max pods = ENIs * (IPv4 per ENI - 1) + 2
  std::int64_t ipv4_per_network_interface = 0;
  std::int64_t max_pods = 0;
  std::int64_t gpus = 0;
  std::string gpu_manufacturer;  // NVIDIA
  double price = 0;              // $/h now, on demand or spot in its zone
  std::int64_t volume_gib = 0;   // root (largest) EBS volume: ephemeral storage
  [[nodiscard]] std::string provider_id() const { return "aws:///" + zone + "/" + id; }
};

// One API request as a fault hook sees it.
struct AwsRequest {
  std::string service;    // signing name: ec2, sqs, ssm, iam, eks, pricing, sts
  std::string operation;  // CreateFleet
  std::uint64_t number;   // 1-based, over all services
};

// What a hook makes of a request. kBefore: fails without doing the work; kAfter: does it and loses the
// answer.
struct AwsFault {
  enum class When : std::uint8_t { kBefore, kAfter };
  When when = When::kBefore;
  int status = 500;
  std::string code = "InternalError";
  std::string message = "An internal error has occurred";
};
using AwsFaultHook = std::function<std::optional<AwsFault>(const AwsRequest&)>;

struct AwsRequestCount {
  std::string service;
  std::string operation;
  std::uint64_t signed_requests = 0;    // with a verified signature
  std::uint64_t unsigned_requests = 0;  // without or with a bad one
  std::uint64_t errors = 0;             // answered 4xx or 5xx (a passing dry run is none)
};

namespace aws_emulator {
struct Account;
}

// Thread-safe. Needs no thread of its own: timed changes happen when somebody looks, and wait_change wakes up
// for them. Deterministic for a given order of calls: ids come from Runtime::random(). spec: aws §2, §4.2,
// §5, §6, §12
class AwsCloud final : public net::Handler {
 public:
  explicit AwsCloud(runtime::Runtime& runtime, AwsOptions options = {});
  ~AwsCloud() override;

  // Signed API requests, and the unsigned admin interface under /_admin/ (see README.md). SQS long polls
  // block in here until a message, their wait time or the end of `call`.
  net::HttpResponse handle(const net::HttpRequest& request, const net::Call& call) override;

  // --- for kubelets and tests ---
  // Instances that Describe would show without lag, terminated ones included, ordered by id.
  [[nodiscard]] std::vector<InstanceView> instances() const;
  [[nodiscard]] std::optional<InstanceView> find_instance(std::string_view id) const;
  // Waits until something about instances (existence, state, tags) changed after `seen` and returns the new
  // revision; returns `seen` at the end of `call`. Start with 0.
  [[nodiscard]] std::uint64_t wait_change(std::uint64_t seen, const net::Call& call);
  [[nodiscard]] std::uint64_t revision() const;

  // --- switches and events ---
  void set_switches(const AwsSwitches& switches);
  [[nodiscard]] AwsSwitches switches() const;
  void set_fault_hook(AwsFaultHook hook);  // empty: none. Called without any lock held.
  // Instances that can still be launched; "*" matches every type, zone or capacity type; nullopt: no limit.
  // Later rules win. A launch takes one from its rule, a termination gives none back.
  void set_capacity(std::string_view type, std::string_view zone, std::string_view capacity_type,
                    std::optional<std::int64_t> count);
  void reset_capacity();
  base::Status set_on_demand_price(std::string_view type, double dollars_per_hour);
  base::Status set_spot_price(std::string_view type, std::string_view zone, double dollars_per_hour);
  // A new image for every alias of `family` (al2, al2023, bottlerocket); the older ones stay. Returns the
  // version.
  base::Result<std::string> release_ami(std::string_view family);
  // Sends the two-minute warning to the queue and terminates the instance after spot_warning. kNotFound, or
  // kInvalid when it is not a running spot instance.
  base::Status interrupt(std::string_view instance_id);
  // Ends an instance from outside, as an operator in the console would. kNotFound.
  base::Status terminate(std::string_view instance_id);
  void send_message(std::string body);  // to the queue, as it is

  // --- observations ---
  [[nodiscard]] std::vector<AwsRequestCount> request_counts() const;  // ordered by service, operation
  void reset_request_counts();
  [[nodiscard]] std::vector<std::string> launch_template_names() const;
  [[nodiscard]] std::vector<std::string> instance_profile_names() const;
  [[nodiscard]] std::size_t queued_messages() const;  // visible and in flight

 private:
  std::unique_ptr<aws_emulator::Account> account_;
};

}  // namespace karpenter::devcluster
