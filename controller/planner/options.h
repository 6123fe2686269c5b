#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/base/result.h"
#include "common/base/time.h"
#include "controller/scheduling/schedule.h"

namespace karpenter::planner {

enum class Output : std::uint8_t { kTable, kJson };

// What `karpenter-controller plan` was asked for.
struct Options {
  std::vector<std::string> cluster;
  std::string instance_types;
  Output output = Output::kTable;
  scheduling::Options scheduling;  // reserved is strict, as in the provisioner
  std::optional<base::Time> now;   // else the machine's

  // ---- what if
  std::vector<std::pair<std::string, std::string>> set;  // nodepool.NAME.FIELD -> value
  std::vector<std::string> delete_nodes;
  std::vector<std::string> add_pods;                          // files
  std::vector<std::pair<std::string, double>> price_factors;  // capacity type -> factor
  bool diff = false;

  [[nodiscard]] bool has_changes() const {
    return !set.empty() || !delete_nodes.empty() || !add_pods.empty() || !price_factors.empty();
  }
};

// The options from the arguments after `plan`. kInvalid with the argument.
[[nodiscard]] base::Result<Options> parse_options(std::span<const std::string> args);

// What `plan --help` prints.
[[nodiscard]] std::string help();

}  // namespace karpenter::planner
