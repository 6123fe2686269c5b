#pragma once

#include <chrono>
#include <string>

#include "common/json/json.h"
#include "controller/planner/plan.h"

// A plan for people and for programs.

namespace karpenter::planner {

struct Timing {
  std::chrono::nanoseconds loading{};
  std::chrono::nanoseconds solving{};
};

// What is bought, what goes where, what does not fit and why, what it costs; ends with a newline.
[[nodiscard]] std::string to_table(const Answer& answer);
// The fields are those of docs/plan.md.
[[nodiscard]] json::Value to_json(const Answer& answer, const Timing& timing);

// What the changes of a question come to: prices, nodes and pods that are different.
[[nodiscard]] std::string diff_table(const Answer& before, const Answer& after);
[[nodiscard]] json::Value diff_json(const Answer& before, const Answer& after);

}  // namespace karpenter::planner
