#pragma once

#include <map>
#include <optional>
#include <string>

#include "common/json/json.h"
#include "common/runtime/runtime.h"
#include "common/schema/cel.h"

// The x-kubernetes-validations of CRDs. spec: api §1.6

namespace karpenter::devcluster {

// Why the text is no rule; nullopt when it is one.
[[nodiscard]] std::optional<std::string> rule_error(std::string_view rule);

// Judges values by rules, each compiled once. Thread-safe.
class RuleBook {
 public:
  // The message of the entry `rule` (of x-kubernetes-validations) when `self` breaks it. `old_self` is
  // missing on a create; transition rules then pass.
  [[nodiscard]] std::optional<std::string> judge(json::View rule, json::View self, json::View old_self) const;

 private:
  using Program = schema::cel::Program;
  [[nodiscard]] std::optional<Program> program(std::string_view text) const;

  mutable runtime::Mutex mutex_;
  mutable std::map<std::string, Program, std::less<>> programs_;
};

}  // namespace karpenter::devcluster
