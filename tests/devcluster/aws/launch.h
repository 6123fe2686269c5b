#pragma once

#include <optional>
#include <string>

#include "tests/devcluster/aws/ec2.h"

// What CreateFleet and RunInstances share: one way to launch, its obstacles, and the launch itself.

namespace karpenter::devcluster::aws_emulator {

// A launch template with one override.
struct LaunchPlan {
  const LaunchTemplate* launch_template = nullptr;
  std::string version;  // as asked: $Latest
  std::string type;
  std::string subnet_id;
  std::string zone;  // the subnet's
  std::string image_id;
  std::optional<double> priority;
  std::string capacity_type = "on-demand";  // or spot
};

// Why this can never launch as it is (unknown image, wrong architecture, missing profile, type not sold in
// the zone, ...), or empty. Capacity is no matter here.
[[nodiscard]] std::optional<base::Error> find_launch_problem(const Account& account, const LaunchPlan& plan);

// Starts an instance. The plan has no problem and its subnet has a free address. Takes one from the capacity
// rule.
[[nodiscard]] Instance& launch_instance(Account& account, const LaunchPlan& plan, const Tags& tags);

}  // namespace karpenter::devcluster::aws_emulator
