#include <gtest/gtest.h>

#include "common/admission/kubelet_expression.h"

namespace karpenter::admission {
namespace {

constexpr InstanceFacts kLarge{.vcpus = 2,
                               .memory_mib = 8192,
                               .default_enis = 3,
                               .ips_per_eni = 10,
                               .max_pods = 29,
                               .instance_type = "m5.large"};

// The value, or the reason why there is none.
std::string evaluated(std::string_view text) {
  const auto expression = KubeletExpression::compile(text);
  if (!expression) return "no: " + expression.error().with.back().second;
  const auto value = expression->evaluate(kLarge);
  return value ? std::to_string(*value) : "failed: " + value.error().with.front().second;
}

std::string reserved(std::string_view resource, std::string_view text) {
  const auto value = evaluate_reserved(KubeletExpression::compile(text).value(), resource, kLarge);
  return value ? *value : value.error().text();
}

// spec: api §4.6
TEST(KubeletExpressions, compute_numbers_of_an_instance_type) {
  EXPECT_EQ(evaluated("110"), "110");
  EXPECT_EQ(evaluated("default_enis * (ips_per_eni - 1) + 2"), "29");
  EXPECT_EQ(evaluated("min(max_pods, 20)"), "20");
  EXPECT_EQ(evaluated("double(memory_mib) * 0.05"), "409") << "cut off";
  EXPECT_EQ(evaluated("-2.9"), "-2") << "towards zero";
  EXPECT_EQ(evaluated("instance_type.startsWith('m5') ? vcpus : 0"), "2");
  EXPECT_EQ(evaluated("[60, 10].exists(i, i == vcpus * 5) ? 1 : 0"), "1");
}

// spec: api §4.6
TEST(KubeletExpressions, that_are_no_numbers_do_not_compile) {
  EXPECT_EQ(evaluated("instance_type"), "no: the result must be an int or a double");
  EXPECT_EQ(evaluated("vcpus > 2"), "no: the result must be an int or a double");
  EXPECT_EQ(evaluated("dyn(1)"), "no: the result must be an int or a double");
  EXPECT_EQ(evaluated("memory_mib * 0.05"),
            "no: found no matching overload for '*' applied to (int, double)");
  EXPECT_EQ(evaluated("max(1, 2, 3)"), "no: 'max' takes 2 operands");
  EXPECT_EQ(evaluated("self"), "no: undeclared reference to 'self'");
}

// spec: api §4.6
TEST(KubeletExpressions, fail_where_there_is_no_number) {
  EXPECT_EQ(evaluated("vcpus / 0"), "failed: division by zero");
  EXPECT_EQ(evaluated("1.0 / 0.0"), "failed: the result is no finite 64-bit number");
  EXPECT_EQ(evaluated("0.0 / 0.0"), "failed: the result is no finite 64-bit number");
  EXPECT_EQ(evaluated("1e30"), "failed: the result is no finite 64-bit number");
  const auto pods = [](std::string_view text) {
    return evaluate_max_pods(KubeletExpression::compile(text).value(), kLarge);
  };
  EXPECT_EQ(pods("2147483647").value(), 2147483647);
  EXPECT_FALSE(pods("2147483648"));
  EXPECT_FALSE(pods("-1"));
  EXPECT_EQ(pods("-0.5").value(), 0);
}

// spec: api §4.6
TEST(KubeletExpressions, reserve_in_round_units) {
  EXPECT_EQ(reserved("cpu", "81"), "90m");
  EXPECT_EQ(reserved("cpu", "80"), "80m");
  EXPECT_EQ(reserved("memory", "1025"), "1040Mi");
  EXPECT_EQ(reserved("memory", "9223372036854775807"), "9223372036854775807Mi")
      << "no rounding beyond 64 bits";
  EXPECT_EQ(reserved("ephemeral-storage", "3"), "3Gi");
  EXPECT_EQ(reserved("pid", "1000"), "1000");
  EXPECT_EQ(reserved("cpu", "0"), "0m");
  EXPECT_NE(reserved("cpu", "-1").find("must not be negative"), std::string::npos);
  EXPECT_TRUE(is_reserved_expression("vcpus * 10"));
  EXPECT_TRUE(is_reserved_expression(""));
  EXPECT_FALSE(is_reserved_expression("100"));
  EXPECT_FALSE(is_reserved_expression("1Gi"));
}

}  // namespace
}  // namespace karpenter::admission
