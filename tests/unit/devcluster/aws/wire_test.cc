#include "tests/devcluster/aws/wire.h"

#include <gtest/gtest.h>

#include "tests/devcluster/aws/ec2.h"

namespace karpenter::devcluster::aws_emulator {
namespace {

std::string complaint(const Form& form) {
  const auto status = form.finish();
  return status ? "" : status.error().reason + ": " + status.error().message;
}

// spec: aws §2.6
TEST(Form, reads_nested_names_and_lists) {
  Form form("Action=X&Filter.1.Name=a%3Ab&Filter.1.Value.1=1&Filter.1.Value.2=2+3&Flag=true&Number=0.25");
  const auto root = form.root();
  EXPECT_EQ(root["Action"].required(), "X");
  const auto filters = root["Filter"].list();
  ASSERT_EQ(filters.size(), 1U);
  EXPECT_EQ(filters[0]["Name"].required(), "a:b");
  EXPECT_EQ(filters[0]["Value"].texts(), (std::vector<std::string>{"1", "2 3"}));
  EXPECT_TRUE(root["Flag"].flag(false));
  EXPECT_EQ(root["Number"].number(), 0.25);
  EXPECT_FALSE(root["Nothing"]["Below"].text());
  EXPECT_EQ(complaint(form), "");
}

TEST(Form, complains_about_what_aws_refuses) {
  struct Case {
    std::string body;
    void (*read)(const Param&);
    std::string want;
  };
  const std::vector<Case> cases = {
      {"A.B=1", [](const Param&) {}, "UnknownParameter: The parameter A.B is not recognized"},
      {"", [](const Param& p) { static_cast<void>(p["A"]["B"].required()); },
       "MissingParameter: The request must contain the parameter A.B"},
      {"A=x", [](const Param& p) { static_cast<void>(p["A"].integer()); },
       "InvalidParameterValue: Value (x) for parameter A is invalid. Expected an integer."},
      {"A=yes", [](const Param& p) { static_cast<void>(p["A"].flag(false)); },
       "InvalidParameterValue: Value (yes) for parameter A is invalid."},
      {"A.2=x", [](const Param& p) { static_cast<void>(p["A"].texts()); },
       "InvalidParameter: The list A must be numbered from 1 without gaps: A.1 is missing"},
      {"A=1&A=2", [](const Param& p) { static_cast<void>(p["A"].text()); },
       "InvalidParameter: The parameter A is given more than once"},
  };
  for (const auto& test : cases) {
    Form form(test.body);
    test.read(form.root());
    EXPECT_EQ(complaint(form), test.want) << test.body;
  }
}

TEST(Xml, escapes_and_nests) {
  Xml xml;
  xml.node("a", [](Xml& a) { a.text("b", "<&\">").integer("c", 3).flag("d", true).number("e", 0.1); })
      .items("f", {"x", "y"});
  EXPECT_EQ(
      xml.str(),
      "<a><b>&lt;&amp;&quot;&gt;</b><c>3</c><d>true</d><e>0.1</e></a><f><item>x</item><item>y</item></f>");
}

TEST(Wildcard, star_and_question_mark) {
  EXPECT_TRUE(wildcard_match("a*c", "abbc"));
  EXPECT_TRUE(wildcard_match("*a*b*", "xaxxb"));
  EXPECT_TRUE(wildcard_match("*", ""));
  EXPECT_TRUE(wildcard_match("a?c", "abc"));
  EXPECT_FALSE(wildcard_match("a?c", "ac"));
  EXPECT_FALSE(wildcard_match("a*c", "abd"));
  EXPECT_FALSE(wildcard_match("", "a"));
}

}  // namespace
}  // namespace karpenter::devcluster::aws_emulator
