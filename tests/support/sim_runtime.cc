#include "tests/support/sim_runtime.h"

#include <utility>

#include "tests/support/sim_scheduler.h"

namespace karpenter::support {

// The threads spawned through one Runtime interface, with their own stop request and random numbers.
class SimProcess final : public runtime::Runtime {
 public:
  SimProcess(SimScheduler& scheduler, std::string name)
      : scheduler_(scheduler), name_(std::move(name)), random_(scheduler.process_seed()), ended_(scheduler) {}

  ~SimProcess() override {
    stop_all();
    join_all();
  }

  runtime::Time now() const override { return scheduler_.now(); }
  runtime::Mono mono() const override { return scheduler_.mono(); }

  std::uint64_t random() override {
    const std::uint64_t value = random_.next();
    scheduler_.mix(value);
    return value;
  }

  std::unique_ptr<runtime::Event> make_event() override { return std::make_unique<SimEvent>(scheduler_); }

  void spawn(std::string name, std::function<void(std::stop_token)> body) override {
    ++living_;
    scheduler_.spawn(name_.empty() ? std::move(name) : name_ + "/" + name,
                     [this, run = std::move(body)]() mutable {
                       run(stop_.get_token());
                       run = nullptr;  // what the body holds is released before the thread counts as ended
                       --living_;
                       ended_.notify_all();
                     });
  }

  void stop_all() override { stop_.request_stop(); }

  void join_all() override {
    while (living_ > 0) scheduler_.park(&ended_, runtime::Mono::max());
  }

 private:
  SimScheduler& scheduler_;
  std::string name_;
  SplitMix random_;
  std::stop_source stop_;
  SimEvent ended_;
  std::size_t living_ = 0;
};

SimRuntime::SimRuntime(SimOptions options)
    : scheduler_(std::make_unique<SimScheduler>(options)),
      process_(std::make_unique<SimProcess>(*scheduler_, "")) {}

SimRuntime::~SimRuntime() {
  stop_all();
  join_all();
}

runtime::Time SimRuntime::now() const { return scheduler_->now(); }
runtime::Mono SimRuntime::mono() const { return scheduler_->mono(); }
std::uint64_t SimRuntime::random() { return process_->random(); }
std::unique_ptr<runtime::Event> SimRuntime::make_event() { return process_->make_event(); }

void SimRuntime::spawn(std::string name, std::function<void(std::stop_token)> body) {
  process_->spawn(std::move(name), std::move(body));
}

void SimRuntime::stop_all() { process_->stop_all(); }
void SimRuntime::join_all() { process_->join_all(); }

std::unique_ptr<runtime::Runtime> SimRuntime::make_process(std::string name) {
  return std::make_unique<SimProcess>(*scheduler_, std::move(name));
}

bool SimRuntime::run_until(const std::function<bool()>& done, runtime::Mono deadline) {
  while (!done()) {
    if (mono() >= deadline) return false;
    scheduler_->wait_quiescent(deadline);
  }
  return true;
}

bool SimRuntime::run_until(const std::function<bool()>& done, std::chrono::nanoseconds limit) {
  return run_until(done, runtime::within(*this, {}, limit).deadline);
}

void SimRuntime::run_for(std::chrono::nanoseconds duration) {
  run_until([] { return false; }, duration);
}

void SimRuntime::step_wall_clock(std::chrono::nanoseconds by) { scheduler_->step_wall_clock(by); }
void SimRuntime::trace(std::string_view fact) { scheduler_->trace(fact); }
std::uint64_t SimRuntime::trace_hash() const { return scheduler_->trace_hash(); }
const std::vector<std::string>& SimRuntime::trace_lines() const { return scheduler_->trace_lines(); }
std::uint64_t SimRuntime::switches() const { return scheduler_->switches(); }
std::string SimRuntime::report() const { return scheduler_->report(); }

}  // namespace karpenter::support
