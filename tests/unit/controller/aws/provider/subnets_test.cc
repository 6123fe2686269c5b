#include "controller/aws/provider/subnets.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/controller/aws/provider/aws_fixture.h"

namespace karpenter::aws {
namespace {

// spec: aws §5.1
TEST(Subnets, addresses_in_flight_count_until_the_next_refresh) {
  AwsFixture fixture;
  auto& subnets = *fixture.aws->parts().subnets;
  auto node_class = a_node_class();
  EXPECT_TRUE(subnets.choose(node_class, {}).failed_with(base::Code::kInvalid));  // nothing resolved
  const auto listed = subnets.list(node_class, {});
  ASSERT_TRUE(listed) << listed.error().text();
  ASSERT_EQ(listed->size(), 3U);
  // Two subnets in one zone: the one with more free addresses is chosen, until launches have eaten its lead.
  const Subnet& first = listed->at(0);
  const Subnet& second = listed->at(1);
  node_class.status.subnets = {{first.id, "z", ""}, {second.id, "z", ""}};
  const auto choose = [&](std::int64_t needed) {
    return subnets.choose(node_class, {{"z", needed}})->at("z");
  };
  const auto one = choose(100);
  EXPECT_EQ(one.subnet_id, first.id);
  const auto two = choose(1);
  EXPECT_EQ(two.subnet_id, second.id);
  subnets.give_back(one);
  subnets.give_back(two);
  EXPECT_EQ(choose(0).subnet_id, first.id);
  subnets.mark_full(first.id);
  EXPECT_EQ(choose(0).subnet_id, second.id);
  fixture.runtime.run_for(std::chrono::minutes(2));
  ASSERT_TRUE(subnets.list(node_class, {}));  // what EC2 says now wins
  EXPECT_EQ(choose(0).subnet_id, first.id);
}

}  // namespace
}  // namespace karpenter::aws
