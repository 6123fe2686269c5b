#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace karpenter::telemetry {

using Labels = std::map<std::string, std::string>;

// One process's metrics, over prometheus-cpp. Thread-safe. The same name must always carry the same label names and help.
// Values are created on first use; a gauge series disappears with remove().
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void describe(const std::string& name, const std::string& help);  // optional, before first use
  void count(const std::string& name, const Labels& labels = {}, double by = 1);
  void gauge(const std::string& name, const Labels& labels, double value);
  void remove(const std::string& name, const Labels& labels);
  // `buckets` are used on the first observation of `name`.
  void observe(const std::string& name, const Labels& labels, double value, const std::vector<double>& buckets);
  [[nodiscard]] double value(const std::string& name, const Labels& labels) const;  // 0 when absent; for tests

  // Prometheus text format 0.0.4, names sorted.
  [[nodiscard]] std::string text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace karpenter::telemetry
