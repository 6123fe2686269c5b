#pragma once

#include <set>
#include <string>

#include "tests/simulation/checks.h"
#include "tests/simulation/weather.h"

namespace karpenter::simulation {

// Creates an object; kAlreadyExists and what the API server refuses are errors that name it.
base::Status create(kube::Client& client, json::View object);

// Does to the cluster what people and the weather do in a story, and knows when that has had its outcome.
// Driven from the main thread.
class Director {
 public:
  // All outlive it.
  Director(kube::Client& client, devcluster::AwsCloud& aws, Weather& weather, Checker& checker)
      : client_(client), aws_(aws), weather_(weather), checker_(checker) {}

  // Acts (on an Until: nothing). Outcomes are measured from here.
  base::Status perform(const Act& act);
  // What is missing to the outcome, or "".
  [[nodiscard]] std::string find_missing(const Until& until);

 private:
  base::Status act_on(const Scale& scale);
  base::Status act_on(const Change& change);
  base::Status act_on(const Interrupt& interrupt);
  base::Status act_on(const Brownout& brownout);
  base::Status act_on(const Capacity& capacity);
  std::string find_survivor(const std::set<std::string>& doomed) const;
  std::string find_unready_pool();
  std::string find_any_left(const std::string& pool);

  kube::Client& client_;
  devcluster::AwsCloud& aws_;
  Weather& weather_;
  Checker& checker_;
  std::set<std::string> before_;  // instances
  double dollars_before_ = 0;
  std::set<std::string> warned_;
};

}  // namespace karpenter::simulation
