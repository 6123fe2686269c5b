#include "common/options/program.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace karpenter::options {
namespace {

struct Answer {
  std::optional<int> code;
  std::string out;
  std::string err;
  int parsed = 0;
};

Answer ask(std::vector<std::string> args, const base::Status& status = base::ok()) {
  Answer answer;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  answer.code = answer_or_parse(
      "karpenter-thing", args, [] { return std::string("all the flags\n"); },
      [&] {
        ++answer.parsed;
        return status;
      });
  answer.out = testing::internal::GetCapturedStdout();
  answer.err = testing::internal::GetCapturedStderr();
  return answer;
}

TEST(Program, answers_questions_without_looking_at_the_rest) {
  const auto help = ask({"--help", "--bad"}, base::invalid("bad"));
  EXPECT_EQ(help.code, 0);
  EXPECT_EQ(help.out, "all the flags\n");
  EXPECT_EQ(help.err + std::to_string(help.parsed), "0");
  const auto version = ask({"--x=1", "--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_EQ(version.out, "karpenter-thing " KARPENTER_VERSION "\n");
  EXPECT_EQ(version.parsed, 0);
}

// spec: lifecycle §2.2
TEST(Program, a_bad_setting_is_one_line_and_exit_code_2) {
  const auto bad = ask({"--x=1"}, base::invalid("unknown flag").add("flag", "--x"));
  EXPECT_EQ(bad.code, 2);
  EXPECT_EQ(bad.out, "");
  EXPECT_TRUE(bad.err.starts_with("karpenter-thing: unknown flag")) << bad.err;
  EXPECT_NE(bad.err.find("--x"), std::string::npos);
  EXPECT_EQ(std::count(bad.err.begin(), bad.err.end(), '\n'), 1);
}

TEST(Program, good_settings_go_on_in_silence) {
  const auto good = ask({});
  EXPECT_EQ(good.code, std::nullopt);
  EXPECT_EQ(good.out + good.err, "");
  EXPECT_EQ(good.parsed, 1);
}

}  // namespace
}  // namespace karpenter::options
