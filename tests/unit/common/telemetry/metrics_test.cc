#include "common/telemetry/metrics.h"

#include <gtest/gtest.h>

namespace karpenter::telemetry {
namespace {

// spec: lifecycle §14
TEST(Metrics, prints_text_format_sorted_by_name_and_label) {
  Metrics metrics;
  metrics.describe("karpenter_nodes_total", "Nodes.");
  metrics.gauge("karpenter_nodes_total", {{"zone", "b"}, {"nodepool", "p"}}, 2);
  metrics.gauge("karpenter_nodes_total", {{"zone", "a"}, {"nodepool", "p"}}, 1.5);
  metrics.count("a_total");
  metrics.count("a_total", {}, 2);
  metrics.observe("seconds", {{"q", "x\"y"}}, 0.3, {0.1, 1});
  metrics.observe("seconds", {{"q", "x\"y"}}, 5, {0.1, 1});
  EXPECT_EQ(metrics.text(), R"(# TYPE a_total counter
a_total 3
# HELP karpenter_nodes_total Nodes.
# TYPE karpenter_nodes_total gauge
karpenter_nodes_total{nodepool="p",zone="a"} 1.5
karpenter_nodes_total{nodepool="p",zone="b"} 2
# TYPE seconds histogram
seconds_count{q="x\"y"} 2
seconds_sum{q="x\"y"} 5.3
seconds_bucket{q="x\"y",le="0.1"} 0
seconds_bucket{q="x\"y",le="1"} 1
seconds_bucket{q="x\"y",le="+Inf"} 2
)");
}

TEST(Metrics, values_and_removal) {
  Metrics metrics;
  EXPECT_EQ(metrics.value("nodes", {}), 0);
  metrics.gauge("nodes", {{"pool", "a"}, {"zone", "1"}}, 4);
  metrics.gauge("nodes", {{"pool", "a"}, {"zone", "2"}}, 5);
  metrics.gauge("nodes", {{"pool", "b"}, {"zone", "1"}}, 6);
  metrics.gauge("nodes", {{"pool", "b"}, {"zone", "1"}}, 7);
  EXPECT_EQ(metrics.value("nodes", {{"pool", "b"}, {"zone", "1"}}), 7);
  metrics.remove("nodes", {{"pool", "a"}});  // no such series
  EXPECT_EQ(metrics.value("nodes", {{"pool", "a"}, {"zone", "2"}}), 5);
  metrics.remove_matching("nodes", {{"pool", "a"}});
  EXPECT_EQ(metrics.value("nodes", {{"pool", "a"}, {"zone", "1"}}), 0);
  EXPECT_EQ(metrics.text(), "# TYPE nodes gauge\nnodes{pool=\"b\",zone=\"1\"} 7\n");
  metrics.remove("nodes", {{"pool", "b"}, {"zone", "1"}});
  metrics.remove("unknown", {});
  EXPECT_EQ(metrics.text(), "");
  metrics.gauge("nodes", {{"pool", "b"}, {"zone", "1"}}, 1);
  EXPECT_EQ(metrics.value("nodes", {{"pool", "b"}, {"zone", "1"}}), 1);
}

TEST(Metrics, summaries_have_the_quantiles_of_the_reference) {
  Metrics metrics;
  for (int i = 1; i <= 100; ++i) metrics.summarize("startup_seconds", {}, i);
  EXPECT_EQ(metrics.value("startup_seconds", {}), 100);
  const std::string text = metrics.text();
  for (const auto quantile : {"0", "0.5", "0.9", "0.99", "1"}) {
    EXPECT_NE(text.find("startup_seconds{quantile=\"" + std::string(quantile) + "\"}"), std::string::npos)
        << text;
  }
  EXPECT_EQ(text.find("NaN"), std::string::npos) << text;
  EXPECT_NE(text.find("startup_seconds_sum 5050"), std::string::npos) << text;
}

TEST(MetricsDeathTest, one_name_with_two_types_is_a_programmer_error) {
  Metrics metrics;
  metrics.count("x");
  EXPECT_DEATH(metrics.gauge("x", {}, 1), "check failed");
}

}  // namespace
}  // namespace karpenter::telemetry
