#include "common/model/requirements.h"

#include <gtest/gtest.h>

#include <limits>

#include "common/model/labels.h"

namespace karpenter::model {
namespace {

using Op = Requirement::Op;

Requirement make(std::string_view key, std::string_view op, std::vector<std::string> values = {},
                 std::optional<std::int64_t> min_values = std::nullopt) {
  auto result = Requirement::make(key, *Requirement::parse_op(op), values, min_values);
  EXPECT_TRUE(result.has_value());
  return std::move(result).value();
}

Requirements set(std::vector<Requirement> items) {
  Requirements out;
  for (auto& item : items) out.add(std::move(item));
  return out;
}

// spec: scheduling §5.1
TEST(Requirement, is_a_set_of_values) {
  EXPECT_TRUE(make("k", "In", {"a", "b"}).has("a"));
  EXPECT_FALSE(make("k", "In", {"a", "b"}).has("c"));
  EXPECT_FALSE(make("k", "NotIn", {"a"}).has("a"));
  EXPECT_TRUE(make("k", "NotIn", {"a"}).has("x"));
  EXPECT_TRUE(make("k", "Exists").has("anything"));
  EXPECT_FALSE(make("k", "DoesNotExist").has("anything"));
  EXPECT_EQ(make("k", "In"), make("k", "DoesNotExist"));
  EXPECT_TRUE(make("k", "Gt", {"3"}).has("4"));
  EXPECT_FALSE(make("k", "Gt", {"3"}).has("3"));
  EXPECT_TRUE(make("k", "Gte", {"3"}).has("3"));
  EXPECT_TRUE(make("k", "Lt", {"3"}).has("-5"));
  EXPECT_FALSE(make("k", "Lt", {"3"}).has("3"));
  EXPECT_TRUE(make("k", "Lte", {"3"}).has("3"));
  EXPECT_FALSE(make("k", "Gt", {"3"}).has("large")) << "text is out of every bound";
}

TEST(Requirement, handles_the_ends_of_the_integers) {
  const std::string most = std::to_string(std::numeric_limits<std::int64_t>::max());
  const auto beyond = make("k", "Gt", {most}, 3);
  EXPECT_EQ(beyond.op(), Op::kDoesNotExist);
  EXPECT_EQ(beyond.min_values(), std::nullopt) << "spec: scheduling §5.1";
  EXPECT_TRUE(make("k", "Gte", {most}).has(most));
  for (const auto& bad :
       std::vector<std::vector<std::string>>{{}, {"1", "2"}, {"x"}, {""}, {"1.5"}, {"9223372036854775808"}}) {
    EXPECT_FALSE(Requirement::make("k", Op::kGt, bad).has_value());
  }
  EXPECT_TRUE(Requirement::make("k", Op::kGt, std::vector<std::string>{"+5"}).has_value());
  EXPECT_EQ(Requirement::parse_op("in"), std::nullopt);
}

// spec: scheduling §5.2
TEST(Requirement, normalises_older_label_names) {
  EXPECT_EQ(make("failure-domain.beta.kubernetes.io/zone", "Exists").key(), labels::kZone);
  EXPECT_EQ(make("topology.ebs.csi.aws.com/zone", "Exists").key(), labels::kZone);
  EXPECT_EQ(make("beta.kubernetes.io/arch", "Exists").key(), labels::kArch);
  EXPECT_EQ(make("example.com/zone", "Exists").key(), "example.com/zone");
}

// spec: scheduling §5.4
TEST(Requirement, intersects) {
  struct Case {
    Requirement a;
    Requirement b;
    std::string want;
  };
  const std::vector<Case> cases = {
      {make("k", "In", {"a", "b"}), make("k", "In", {"b", "c"}), "k In [b]"},
      {make("k", "In", {"a"}), make("k", "In", {"b"}), "k DoesNotExist"},
      {make("k", "In", {"a", "b"}), make("k", "NotIn", {"a"}), "k In [b]"},
      {make("k", "NotIn", {"a"}), make("k", "NotIn", {"b"}), "k NotIn [a b]"},
      {make("k", "Exists"), make("k", "NotIn", {"b"}), "k NotIn [b]"},
      {make("k", "Exists"), make("k", "Exists"), "k Exists"},
      {make("k", "In", {"1", "5", "x"}), make("k", "Gt", {"1"}), "k In [5]"},
      {make("k", "Gt", {"1"}), make("k", "Lt", {"9"}), "k Exists >=2 <=8"},
      {make("k", "Gt", {"5"}), make("k", "Lt", {"6"}), "k DoesNotExist"},
      {make("k", "Gt", {"1"}), make("k", "NotIn", {"0", "3", "x"}), "k NotIn [3] >=2"},
      {make("k", "In", {"a"}, 2), make("k", "Exists", {}, 3), "k In [a] minValues 3"},
      {make("k", "Gt", {"5"}, 2), make("k", "Lt", {"2"}), "k DoesNotExist minValues 2"},
      {make("k", "DoesNotExist"), make("k", "Exists"), "k DoesNotExist"},
  };
  for (const auto& [a, b, want] : cases) {
    EXPECT_EQ(a.intersect(b).text(), want);
    EXPECT_EQ(b.intersect(a).text(), want);
  }
}

// spec: scheduling §5.7
TEST(Requirements, are_compatible_as_the_table_says) {
  const std::vector<Requirement> kinds = {make("k", "In", {"a"}), make("k", "NotIn", {"b"}),
                                          make("k", "Exists"), make("k", "DoesNotExist")};
  const std::vector<std::vector<bool>> want = {{true, true, true, false},
                                               {true, true, true, true},
                                               {true, true, true, false},
                                               {false, true, false, true}};
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    for (std::size_t j = 0; j < kinds.size(); ++j) {
      EXPECT_EQ(set({kinds[i]}).compatible(set({kinds[j]}), {}), want[i][j])
          << kinds[i].text() << " / " << kinds[j].text();
    }
  }
  EXPECT_FALSE(set({make("k", "In", {"a"})}).compatible(set({make("k", "NotIn", {"a"})}), {}));
  EXPECT_FALSE(set({make("k", "Gt", {"5"})}).compatible(set({make("k", "Lt", {"5"})}), {}));
}

// spec: scheduling §5.6
TEST(Requirements, treat_keys_of_one_side_only) {
  const Requirements node;
  EXPECT_FALSE(node.compatible(set({make("k", "In", {"a"})}), {}));
  EXPECT_FALSE(node.compatible(set({make("k", "Exists")}), {}));
  EXPECT_TRUE(node.compatible(set({make("k", "NotIn", {"a"})}), {}));
  EXPECT_TRUE(node.compatible(set({make("k", "DoesNotExist")}), {}));
  EXPECT_TRUE(node.compatible(set({make("k", "In", {"a"})}), {"k"}));
  EXPECT_TRUE(node.compatible(set({make(labels::kZone, "In", {"z"})}), well_known_labels()));
  EXPECT_TRUE(set({make("k", "In", {"a"})}).compatible(node, {})) << "a key that only the node has";
}

TEST(Requirements, add_intersects_and_conflicts_are_named) {
  auto a = set({make("a", "In", {"1", "2"}), make("a", "NotIn", {"1"}), make("b", "Exists")});
  EXPECT_EQ(a.find("a")->text(), "a In [2]");
  const auto b = set({make("a", "In", {"2"}), make("b", "DoesNotExist"), make("c", "Exists")});
  ASSERT_NE(a.find_conflict(b), nullptr);
  EXPECT_EQ(a.find_conflict(b)->key(), "b");
  a.replace(make("b", "DoesNotExist"));
  EXPECT_EQ(a.find_conflict(b), nullptr);
  a.erase("b");
  EXPECT_FALSE(a.has("b"));
  EXPECT_EQ(a.labels(), (StringMap{{"a", "2"}}));
}

// spec: scheduling §5.8
TEST(Requirements, are_written_as_the_api_has_them) {
  const auto all = set({make("a", "Gt", {"1"}, 2), make("a", "Lt", {"9"}), make("b", "NotIn", {"y", "x"}),
                        make("c", "Exists"), make("d", "DoesNotExist"), make("e", "In", {"z", "a"})});
  std::string text;
  for (const auto& item : all.to_api()) {
    text += item.key + " " + item.op;
    for (const auto& value : item.values) text += " " + value;
    if (item.min_values) text += " min=" + std::to_string(*item.min_values);
    text += "; ";
  }
  EXPECT_EQ(text, "a Gte 2 min=2; a Lte 8 min=2; b NotIn x y; c Exists; d DoesNotExist; e In a z; ");
  const auto again = Requirements::of(all.to_api());
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(*again, all);
}

TEST(Requirements, refuse_what_nobody_can_read) {
  const std::vector<NodeSelectorRequirement> bad = {
      {.key = "k", .op = "in", .values = {"a"}, .min_values = {}}};
  const auto result = Requirements::of(bad);
  ASSERT_FALSE(result.has_value());
  EXPECT_NE(result.error().text().find("operator=in"), std::string::npos);
}

// spec: scheduling §5.10
TEST(WellKnownLabels, are_the_36_of_the_reference) {
  EXPECT_EQ(well_known_labels().size(), 36U);
  EXPECT_TRUE(well_known_labels().contains("karpenter.k8s.aws/instance-gpu-count"));
  EXPECT_TRUE(well_known_labels().contains("topology.k8s.aws/zone-id"));
  EXPECT_FALSE(well_known_labels().contains(labels::kNodeClass));
  EXPECT_FALSE(well_known_labels().contains(labels::kHostname));
}

}  // namespace
}  // namespace karpenter::model
