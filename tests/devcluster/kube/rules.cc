#include "tests/devcluster/kube/rules.h"

#include <array>

namespace karpenter::devcluster {
namespace {

using schema::cel::Program;
using schema::cel::Value;

constexpr std::size_t kOldSelf = 1;

base::Result<Program> compile_rule(std::string_view text) {
  static constexpr std::array kVariables{schema::cel::Variable{"self"}, schema::cel::Variable{"oldSelf"}};
  return Program::compile(text, kVariables, schema::cel::Library::kCrd);
}

}  // namespace

std::optional<std::string> rule_error(std::string_view rule) {
  const auto program = compile_rule(rule);
  if (program.has_value()) return std::nullopt;
  return "compilation failed: " + program.error().text();
}

std::optional<std::string> RuleBook::judge(json::View rule, json::View self, json::View old_self) const {
  const std::string text = rule["rule"].string_or("");
  const auto judged = program(text);
  // Creating the CRD refused rules that do not compile.
  if (!judged.has_value()) return "rule does not compile: " + text;
  if (judged->uses(kOldSelf) && !old_self.exists()) return std::nullopt;
  std::string keep;
  const std::array values{Value::of(self), Value::of(old_self)};
  if (judged->evaluate(values, keep).is(true)) return std::nullopt;
  return rule["message"].string_or("failed rule: " + text);
}

std::optional<Program> RuleBook::program(std::string_view text) const {
  const runtime::Lock lock(mutex_);
  if (const auto known = programs_.find(text); known != programs_.end()) return known->second;
  auto program = compile_rule(text);
  if (!program.has_value()) return std::nullopt;
  return programs_.emplace(std::string(text), std::move(program).value()).first->second;
}

}  // namespace karpenter::devcluster
