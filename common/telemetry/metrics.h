#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace karpenter::telemetry {

using Labels = std::map<std::string, std::string>;

// One process's metrics, over prometheus-cpp. Thread-safe, never blocks for long. A series appears on its
// first use and stays until it is removed. The same name must always have the same type, label names and
// buckets: a second type under one name is a programmer error and aborts. spec: lifecycle §14
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The help text of `name`; optional, effective only before its first use.
  void describe(const std::string& name, const std::string& help);
  void count(const std::string& name, const Labels& labels = {},
             double by = 1);  // by >= 0; 0 shows the series
  void gauge(const std::string& name, const Labels& labels, double value);
  // `buckets` (upper bounds, ascending) are used on the first observation of a series.
  void observe(const std::string& name, const Labels& labels, double value,
               const std::vector<double>& buckets);
  // A summary with the quantiles 0, 0.5, 0.9, 0.99 and 1, each within 0.01, over the last ten minutes.
  void summarize(const std::string& name, const Labels& labels, double value);
  // Removes one series; of any type, without effect when there is none.
  void remove(const std::string& name, const Labels& labels);
  // Removes every series of `name` that carries all of `labels`.
  void remove_matching(const std::string& name, const Labels& labels);

  // Value of a counter or gauge, number of observations of the other types; 0 when absent. For tests.
  [[nodiscard]] double value(const std::string& name, const Labels& labels) const;

  // Prometheus text format 0.0.4; names and, within a name, label values sorted.
  [[nodiscard]] std::string text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace karpenter::telemetry
