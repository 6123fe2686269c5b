#include "common/telemetry/log.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "tests/support/sim_runtime.h"

namespace karpenter::telemetry {
namespace {

using std::chrono_literals::operator""s;
using support::SimRuntime;

class LogTest : public ::testing::Test {
 protected:
  Log log(LogOptions options = {}) { return Log(sim_, sink_, std::move(options)); }
  std::string last() const { return sink_.lines().empty() ? "" : sink_.lines().back(); }

  SimRuntime sim_;
  MemorySink sink_;
};

// spec: lifecycle §2.5
TEST_F(LogTest, prints_the_keys_of_the_reference) {
  const Log nodeclaim = log({.commit = "1a2b3c4"})
                            .with({{"controller", "nodeclaim.lifecycle"},
                                   {"NodeClaim", object_ref("default-x7k2p")},
                                   {"Pod", object_ref("web", "prod")}});
  nodeclaim.info("launched nodeclaim", {{"instance-type", "m5.large"},
                                        {"pods", 3},
                                        {"spot", true},
                                        {"price", 0.096},
                                        {"timeout", std::chrono::nanoseconds(90s)},
                                        {"zones", json_list(std::vector<std::string>{"a", "b"})}});
  EXPECT_EQ(
      last(),
      R"({"level":"INFO","time":"2026-01-01T00:00:00.000Z","logger":"controller","message":"launched nodeclaim",)"
      R"("commit":"1a2b3c4","controller":"nodeclaim.lifecycle","NodeClaim":{"name":"default-x7k2p"},)"
      R"("Pod":{"name":"web","namespace":"prod"},"instance-type":"m5.large","pods":3,"spot":true,"price":0.096,)"
      R"("timeout":"1m30s","zones":["a","b"]})");
}

// spec: lifecycle §2.5
TEST_F(LogTest, hoists_the_pairs_of_an_error_sorted_and_repeated_ones_as_lists) {
  const base::Error error = base::internal("creating instance")
                                .add("zone", "a")
                                .add("NodeClaim", "x")
                                .add("zone", "b")
                                .add("Node", "inner");
  log().error(error, "failed launching nodeclaim", {{"Node", "outer"}});
  EXPECT_EQ(last(),
            R"({"level":"ERROR","time":"2026-01-01T00:00:00.000Z","logger":"controller",)"
            R"("message":"failed launching nodeclaim","Node":"outer","NodeClaim":"x","zones":["a","b"],)"
            R"("error":"creating instance"})");
}

TEST_F(LogTest, a_key_occurs_once_and_the_later_field_wins) {
  log().with({{"queue", "a"}, {"zone", "z"}}).with({{"queue", "b"}}).info("x", {{"queue", "c"}});
  EXPECT_NE(last().find(R"("message":"x","queue":"c","zone":"z"})"), std::string::npos) << last();
}

TEST_F(LogTest, levels_below_the_chosen_one_are_dropped) {
  struct Case {
    Level level;
    std::size_t lines;
  };
  for (const Case& c : {Case{Level::kDebug, 3}, Case{Level::kInfo, 2}, Case{Level::kError, 1}}) {
    MemorySink sink;
    const Log logger(sim_, sink, {.level = c.level});
    logger.debug("d");
    logger.info("i");
    logger.error("e");
    EXPECT_EQ(sink.lines().size(), c.lines);
  }
}

TEST_F(LogTest, the_caller_is_shown_at_level_debug_only) {
  log().info("x");
  EXPECT_EQ(last().find("caller"), std::string::npos);
  log({.level = Level::kDebug}).info("x");
  EXPECT_NE(last().find(R"("caller":"telemetry/log_test.cc:)"), std::string::npos) << last();
}

TEST_F(LogTest, console_lines_carry_the_fields_at_the_end) {
  const Log console = log({.format = LogFormat::kConsole});
  console.info("started");
  EXPECT_EQ(last(), "2026-01-01T00:00:00.000Z\tINFO\tcontroller\tstarted");
  console.error(base::not_found("gone"), "failed", {{"queue", "q"}});
  EXPECT_EQ(last(),
            "2026-01-01T00:00:00.000Z\tERROR\tcontroller\tfailed\t{\"queue\":\"q\",\"error\":\"gone\"}");
}

TEST_F(LogTest, whatever_the_text_the_line_is_valid_json) {
  log().info("a\"b\\c\n\t\x01", {{"ok", "\xC3\xA9\xF0\x9F\x98\x80"},
                                 {"bad", "x\xFFy\xC3"},
                                 {"surrogate", "\xED\xA0\x80"},
                                 {"nan", std::numeric_limits<double>::quiet_NaN()}});
  EXPECT_NE(
      last().find(
          R"("message":"a\"b\\c\n\t\u0001","ok":")"
          "\xC3\xA9\xF0\x9F\x98\x80\",\"bad\":\"x\xEF\xBF\xBDy\xEF\xBF\xBD\",\"surrogate\":\"\xEF\xBF\xBD"),
      std::string::npos)
      << last();
  EXPECT_NE(last().find(R"("nan":"nan"})"), std::string::npos) << last();
}

// spec: lifecycle §2.5
TEST_F(LogTest, sampling_passes_100_lines_a_second_then_every_100th) {
  const Log logger = log();
  for (int i = 0; i < 350; ++i) logger.info("same");
  EXPECT_EQ(sink_.lines().size(), 102U);
  logger.error("same");
  logger.info("other");
  EXPECT_EQ(sink_.lines().size(), 104U);
  sim_.run_for(1s);
  logger.info("same");
  EXPECT_EQ(sink_.lines().size(), 105U);
  const Log all = log({.sampling = false});
  for (int i = 0; i < 350; ++i) all.info("same");
  EXPECT_EQ(sink_.lines().size(), 455U);
}

TEST(LogSink, appends_whole_lines_to_files_and_names_a_file_it_cannot_open) {
  const std::string path = ::testing::TempDir() + "karpenter_log_test.log";
  std::remove(path.c_str());
  for (int run = 0; run < 2; ++run) {
    const auto sink = make_sink({path});
    ASSERT_TRUE(sink);
    (*sink)->write("{\"a\":\"%v {}\"}");
    std::ifstream file(path);
    std::string text((std::istreambuf_iterator<char>(file)), {});
    EXPECT_EQ(text, run == 0 ? "{\"a\":\"%v {}\"}\n" : "{\"a\":\"%v {}\"}\n{\"a\":\"%v {}\"}\n");
  }
  std::remove(path.c_str());
  const auto broken = make_sink({"stdout", "/proc/no/such/file"});
  ASSERT_TRUE(broken.failed_with(base::Code::kInvalid));
  EXPECT_NE(broken.error().text().find("path=/proc/no/such/file"), std::string::npos);
  EXPECT_FALSE(make_sink({}));
}

}  // namespace
}  // namespace karpenter::telemetry
