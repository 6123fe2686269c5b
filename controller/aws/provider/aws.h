#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "common/base/result.h"
#include "common/kube/client.h"
#include "common/kube/store.h"
#include "common/model/karpenter/v1.h"
#include "common/net/http.h"
#include "common/runtime/runtime.h"
#include "common/telemetry/events.h"
#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"
#include "controller/aws/client/credentials.h"
#include "controller/aws/client/endpoints.h"
#include "controller/cloud/cloud_provider.h"

namespace karpenter::aws {

struct AwsParts;

// Everything the AWS side must be told; the app fills it from options and environment. spec: aws §1.2, §2.2,
// §2.4
struct AwsSettings {
  std::string cluster_name;      // required
  std::string cluster_endpoint;  // "": asked from EKS at start
  std::string
      cluster_ca_bundle;       // base64; the app passes that of its own API server when the option is empty
  EndpointSettings endpoints;  // with the region
  CredentialSettings credentials;
  std::string interruption_queue;  // "": no interruption controller
  bool isolated_vpc = false;
  bool eks_control_plane = false;
  double vm_memory_overhead_percent = 0.075;
  std::int64_t reserved_enis = 0;
  std::chrono::nanoseconds ami_refresh_interval = std::chrono::minutes(1);
  std::chrono::nanoseconds subnet_refresh_interval = std::chrono::minutes(1);
  std::chrono::nanoseconds security_group_refresh_interval = std::chrono::minutes(1);
  int max_attempts = 3;         // AWS_MAX_ATTEMPTS
  std::string version = "dev";  // of this program, for the user agent
};

// What the AWS side stands on. All outlive the Aws object.
struct AwsSeams {
  runtime::Runtime& runtime;
  net::Transport& transport;
  telemetry::Log& log;
  telemetry::Metrics& metrics;
  telemetry::EventRecorder& events;
  kube::Client& kube;  // version and kube-dns at start; status and annotations later
  const kube::Store<model::Ec2NodeClass>& node_classes;
  const kube::Store<model::NodePool>& node_pools;
};

// Owns the AWS clients, providers and the CloudProvider. Thread-safe once started; destroy it after every
// thread that uses it has returned. The reconcilers over it are in
// controller/aws/reconcile/aws_controllers.h.
class Aws {
 public:
  // Checks settings and builds everything; sends nothing. kInvalid names the setting that is wrong.
  [[nodiscard]] static base::Result<std::unique_ptr<Aws>> make(AwsSettings settings, AwsSeams seams);
  ~Aws();

  // The start-up steps: reachability, cluster endpoint, DNS address, version, instance types, first prices.
  // The error says which step failed. Call before any reconciler runs; may be repeated. spec: aws §1.3
  base::Status start(const runtime::Call& call);
  // After leadership was won: adopts the launch templates of earlier runs and starts the thread that sweeps
  // caches (it ends with Runtime::stop_all). spec: aws §7.6
  void on_elected(const runtime::Call& call);

  [[nodiscard]] cloud::CloudProvider& cloud();
  [[nodiscard]] AwsParts& parts();  // for controller/aws/reconcile and tests

 private:
  explicit Aws(std::unique_ptr<AwsParts> parts);
  std::unique_ptr<AwsParts> parts_;
};

}  // namespace karpenter::aws
