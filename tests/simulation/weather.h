#pragma once

#include <optional>

#include "tests/devcluster/aws/aws_cloud.h"
#include "tests/devcluster/kube/api_server.h"
#include "tests/simulation/spec.h"
#include "tests/support/sim_runtime.h"

namespace karpenter::simulation {

// Of the pods, of the other objects, and of AWS.
struct Revision {
  std::uint64_t pods = 0;
  std::uint64_t others = 0;
  std::uint64_t aws = 0;
  friend bool operator==(const Revision&, const Revision&) = default;
};

// What goes wrong between the controller and the emulators: refused and lost answers, small pages,
// brown-outs, and how AWS behaves. The actors of the embedded cluster never feel it: they stand for what is
// outside our process. Touched by one simulated thread at a time.
class Weather {
 public:
  // `sim` and `spec` outlive it.
  Weather(support::SimRuntime& sim, const Spec& spec) : sim_(sim), spec_(spec) {}
  static constexpr const char* kControllerToken = "controller-token";  // by which requests are known as ours

  [[nodiscard]] devcluster::FaultHooks api_faults();
  void rule_over(devcluster::AwsCloud& aws);  // which outlives it
  void begin() { on_ = true; }
  void end();  // from now on the world behaves
  void brown_out(const Brownout& brownout);
  // Of what the world consists of; changes with it.
  [[nodiscard]] Revision revision() const { return {pod_writes_, other_writes_, aws_->revision()}; }

 private:
  bool chance(double probability);
  [[nodiscard]] bool is_out(Brownout::Of what) const;
  std::optional<net::HttpResponse> refuse_or_not(const net::HttpRequest& request);
  std::optional<net::HttpResponse> lose_or_not(const net::HttpRequest& request);
  std::optional<devcluster::AwsFault> aws_fault();
  void count(const net::HttpRequest& request);
  [[nodiscard]] devcluster::AwsSwitches fair() const;

  support::SimRuntime& sim_;
  const Spec& spec_;
  devcluster::AwsCloud* aws_ = nullptr;
  bool on_ = false;
  base::Mono api_out_until_{};
  base::Mono aws_out_until_{};
  std::uint64_t pod_writes_ = 0;    // done by the API server
  std::uint64_t other_writes_ = 0;  // leases and events aside
};

}  // namespace karpenter::simulation
