#include "common/base/check.h"
#include "common/reconcile/controller.h"
#include "common/reconcile/reconciler.h"

namespace karpenter::reconcile {

struct Manager::State {
  runtime::Runtime& runtime;
  telemetry::Log& log;
  telemetry::Metrics& metrics;
  std::vector<std::unique_ptr<Controller>> controllers;
  bool started = false;
};

Manager::Manager(runtime::Runtime& runtime, telemetry::Log& log, telemetry::Metrics& metrics)
    : state_(std::make_unique<State>(State{runtime, log, metrics, {}})) {}

Manager::~Manager() {
  stop(std::chrono::nanoseconds(0));
  for (auto& controller : state_->controllers) controller->drained(runtime::Mono::max());
}

Queue& Manager::add(ControllerSpec spec, Reconciler& reconciler) {
  KARP_CHECK(!state_->started);
  auto& s = *state_;
  s.controllers.push_back(
      std::make_unique<Controller>(s.runtime, s.log, s.metrics, std::move(spec), reconciler));
  return *s.controllers.back();
}

void Manager::start() {
  state_->started = true;
  for (auto& controller : state_->controllers) controller->start();
}

void Manager::stop(std::chrono::nanoseconds grace) {
  for (auto& controller : state_->controllers) controller->stop();
  const auto deadline = state_->runtime.mono() + grace;
  for (auto& controller : state_->controllers) controller->drained(deadline);
  for (auto& controller : state_->controllers) controller->cancel();
}

void Manager::update_gauges() {
  for (auto& controller : state_->controllers) controller->update_gauges();
}

}  // namespace karpenter::reconcile
