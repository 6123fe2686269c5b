#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "common/model/requirements.h"

// The requirement algebra against brute force, over every requirement of a small world.

namespace karpenter::model {
namespace {

constexpr std::array<const char*, 8> kUniverse = {"-1", "0", "1", "2", "3", "x", "y", ""};

std::vector<Requirement> every_requirement() {
  std::vector<Requirement> out;
  const auto add = [&](Requirement::Op op, std::vector<std::string> values,
                       std::optional<std::int64_t> min = {}) {
    auto made = Requirement::make("k", op, values, min);
    EXPECT_TRUE(made.has_value());
    out.push_back(std::move(made).value());
  };
  const std::array<std::string, 4> pool = {"0", "1", "2", "x"};
  for (unsigned subset = 0; subset < 16; ++subset) {
    std::vector<std::string> values;
    for (unsigned bit = 0; bit < 4; ++bit) {
      if ((subset >> bit & 1U) != 0) values.push_back(pool[bit]);
    }
    add(Requirement::Op::kIn, values);
    add(Requirement::Op::kNotIn, values);
  }
  add(Requirement::Op::kExists, {}, 2);
  add(Requirement::Op::kDoesNotExist, {});
  for (const char* bound : {"-1", "0", "1", "2"}) {
    add(Requirement::Op::kGt, {bound});
    add(Requirement::Op::kLt, {bound}, 3);
    add(Requirement::Op::kGte, {bound});
    add(Requirement::Op::kLte, {bound});
  }
  return out;
}

// spec: scheduling §5.3, §5.4, §5.5
TEST(RequirementAlgebra, intersection_is_membership_in_both) {
  const auto all = every_requirement();
  for (const auto& a : all) {
    for (const auto& b : all) {
      const auto both = a.intersect(b);
      for (const char* value : kUniverse) {
        ASSERT_EQ(both.has(value), a.has(value) && b.has(value))
            << a.text() << " & " << b.text() << " on " << value;
      }
      ASSERT_EQ(a.has_intersection(b), !both.empty()) << a.text() << " & " << b.text();
    }
  }
}

TEST(RequirementAlgebra, is_commutative_idempotent_and_has_exists_as_its_one) {
  const auto all = every_requirement();
  for (const auto& a : all) {
    ASSERT_EQ(a.intersect(a), a) << a.text();
    ASSERT_EQ(a.intersect(Requirement::exists("k")), a) << a.text();
    ASSERT_TRUE(a.intersect(Requirement::does_not_exist("k")).empty()) << a.text();
    for (const auto& b : all) {
      ASSERT_EQ(a.intersect(b), b.intersect(a)) << a.text() << " & " << b.text();
      ASSERT_EQ(a.has_intersection(b), b.has_intersection(a));
    }
  }
}

TEST(RequirementAlgebra, is_associative) {
  const auto all = every_requirement();
  for (const auto& a : all) {
    for (const auto& b : all) {
      const auto ab = a.intersect(b);
      for (const auto& c : all) {
        ASSERT_EQ(ab.intersect(c), a.intersect(b.intersect(c)))
            << a.text() << " & " << b.text() << " & " << c.text();
      }
    }
  }
}

// Excluded values of a bounded set have no place in the API (scheduling §5.8); everything else survives.
TEST(RequirementAlgebra, the_api_form_means_the_same) {
  const auto all = every_requirement();
  for (const auto& a : all) {
    for (const auto& b : all) {
      Requirements set;
      set.add(a);
      set.add(b);
      const auto& merged = *set.find("k");
      const bool lossy = merged.complement() && !merged.values().empty() &&
                         (merged.greater_or_equal().has_value() || merged.less_or_equal().has_value());
      const auto again = Requirements::of(set.to_api());
      ASSERT_TRUE(again.has_value());
      ASSERT_TRUE(lossy || *again == set) << merged.text();
    }
  }
}

// spec: scheduling §5.6
TEST(RequirementAlgebra, compatible_asks_the_same_of_sets_as_of_their_members) {
  const auto all = every_requirement();
  for (const auto& a : all) {
    Requirements node;
    node.add(a);
    for (const auto& b : all) {
      Requirements pod;
      pod.add(b);
      const auto absent_ok = [](const Requirement& r) {
        return r.op() == Requirement::Op::kNotIn || r.op() == Requirement::Op::kDoesNotExist;
      };
      ASSERT_EQ(node.compatible(pod, {}), a.has_intersection(b) || (absent_ok(a) && absent_ok(b)));
      ASSERT_EQ(Requirements().compatible(pod, {}), absent_ok(b));
      ASSERT_TRUE(Requirements().compatible(pod, {"k"}));
      ASSERT_TRUE(node.compatible(Requirements(), {}));
    }
  }
}

}  // namespace
}  // namespace karpenter::model
