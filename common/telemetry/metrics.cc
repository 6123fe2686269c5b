#include "common/telemetry/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>
#include <prometheus/summary.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <variant>

#include "common/base/check.h"
#include "common/runtime/runtime.h"

namespace karpenter::telemetry {
namespace {

// One metric name: prometheus-cpp's family and its series by label, which the library itself cannot look up.
template <class Metric>
struct Family {
  prometheus::Family<Metric>* family = nullptr;
  std::map<Labels, Metric*> series;

  template <class... Args>
  Metric& at(const Labels& labels, Args&&... args) {
    Metric*& metric = series[labels];
    if (metric == nullptr) metric = &family->Add(labels, std::forward<Args>(args)...);
    return *metric;
  }

  void remove_if(const auto& matches) {
    for (auto it = series.begin(); it != series.end();) {
      if (!matches(it->first)) {
        ++it;
        continue;
      }
      family->Remove(it->second);
      it = series.erase(it);
    }
  }
};

using AnyFamily = std::variant<Family<prometheus::Counter>, Family<prometheus::Gauge>,
                               Family<prometheus::Histogram>, Family<prometheus::Summary>>;

template <class Metric>
auto builder_of() {
  if constexpr (std::is_same_v<Metric, prometheus::Counter>) return prometheus::BuildCounter();
  if constexpr (std::is_same_v<Metric, prometheus::Gauge>) return prometheus::BuildGauge();
  if constexpr (std::is_same_v<Metric, prometheus::Histogram>) return prometheus::BuildHistogram();
  if constexpr (std::is_same_v<Metric, prometheus::Summary>) return prometheus::BuildSummary();
}

double number_of(const prometheus::Counter& metric) { return metric.Value(); }
double number_of(const prometheus::Gauge& metric) { return metric.Value(); }
double number_of(const prometheus::Histogram& metric) {
  return static_cast<double>(metric.Collect().histogram.sample_count);
}
double number_of(const prometheus::Summary& metric) {
  return static_cast<double>(metric.Collect().summary.sample_count);
}

const prometheus::Summary::Quantiles& quantiles() {
  static const prometheus::Summary::Quantiles kQuantiles{
      {0, 0.01}, {0.5, 0.01}, {0.9, 0.01}, {0.99, 0.01}, {1, 0.01}};
  return kQuantiles;
}

bool label_order(const prometheus::ClientMetric& a, const prometheus::ClientMetric& b) {
  return std::ranges::lexicographical_compare(a.label, b.label, [](const auto& x, const auto& y) {
    return std::tie(x.name, x.value) < std::tie(y.name, y.value);
  });
}

}  // namespace

struct Metrics::State {
  mutable runtime::Mutex mutex;
  prometheus::Registry registry;
  std::map<std::string, std::string> help KARP_GUARDED_BY(mutex);
  std::map<std::string, AnyFamily> families KARP_GUARDED_BY(mutex);

  template <class Metric>
  Family<Metric>& family(const std::string& name) KARP_REQUIRES(mutex) {
    const auto known = families.find(name);
    if (known != families.end()) {
      auto* same = std::get_if<Family<Metric>>(&known->second);
      KARP_CHECK(same != nullptr);  // one name, two types
      return *same;
    }
    Family<Metric> made{.family = &builder_of<Metric>().Name(name).Help(help[name]).Register(registry),
                        .series = {}};
    return std::get<Family<Metric>>(families.emplace(name, std::move(made)).first->second);
  }

  void remove_if(const std::string& name, const auto& matches) {
    const runtime::Lock lock(mutex);
    const auto known = families.find(name);
    if (known == families.end()) return;
    std::visit([&matches](auto& family) { family.remove_if(matches); }, known->second);
  }
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

void Metrics::describe(const std::string& name, const std::string& help) {
  const runtime::Lock lock(state_->mutex);
  state_->help[name] = help;
}

void Metrics::count(const std::string& name, const Labels& labels, double by) {
  const runtime::Lock lock(state_->mutex);
  state_->family<prometheus::Counter>(name).at(labels).Increment(by);
}

void Metrics::gauge(const std::string& name, const Labels& labels, double value) {
  const runtime::Lock lock(state_->mutex);
  state_->family<prometheus::Gauge>(name).at(labels).Set(value);
}

void Metrics::observe(const std::string& name, const Labels& labels, double value,
                      const std::vector<double>& buckets) {
  const runtime::Lock lock(state_->mutex);
  state_->family<prometheus::Histogram>(name).at(labels, buckets).Observe(value);
}

void Metrics::summarize(const std::string& name, const Labels& labels, double value) {
  const runtime::Lock lock(state_->mutex);
  state_->family<prometheus::Summary>(name).at(labels, quantiles(), std::chrono::minutes(10)).Observe(value);
}

void Metrics::remove(const std::string& name, const Labels& labels) {
  state_->remove_if(name, [&labels](const Labels& series) { return series == labels; });
}

void Metrics::remove_matching(const std::string& name, const Labels& labels) {
  state_->remove_if(name, [&labels](const Labels& series) { return std::ranges::includes(series, labels); });
}

double Metrics::value(const std::string& name, const Labels& labels) const {
  const runtime::Lock lock(state_->mutex);
  const auto known = state_->families.find(name);
  if (known == state_->families.end()) return 0;
  return std::visit(
      [&labels](const auto& family) {
        const auto metric = family.series.find(labels);
        return metric == family.series.end() ? 0 : number_of(*metric->second);
      },
      known->second);
}

std::string Metrics::text() const {
  std::vector<prometheus::MetricFamily> families;
  {
    const runtime::Lock lock(state_->mutex);
    families = state_->registry.Collect();
  }
  std::erase_if(families, [](const auto& family) { return family.metric.empty(); });
  std::ranges::sort(families, {}, &prometheus::MetricFamily::name);
  for (auto& family : families) std::ranges::sort(family.metric, label_order);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace karpenter::telemetry
