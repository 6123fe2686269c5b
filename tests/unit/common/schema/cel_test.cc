#include "common/schema/cel.h"

#include <gtest/gtest.h>

#include "common/json/yaml.h"

namespace karpenter::schema::cel {
namespace {

constexpr std::array kVariables{Variable{"self"}, Variable{"n", Kind::kInt}, Variable{"x", Kind::kDouble},
                                Variable{"s", Kind::kString}};

json::Value read(std::string_view yaml) { return json::parse_yaml(yaml).value().at(0); }

// The value as text; errors as "error: reason", of compilation as "no: reason".
std::string result(std::string_view expression, std::string_view self = "{}",
                   Library library = Library::kCrd) {
  const auto program = Program::compile(expression, kVariables, library);
  if (!program) return "no: " + program.error().with.back().second;
  const auto document = read(self);
  const std::array values{Value::of(document.view()), Value::of(std::int64_t{7}), Value::of(2.5),
                          Value::of(std::string_view("m5.large"))};
  std::string keep;
  const auto value = program->evaluate(values, keep);
  switch (value.kind) {
    case Kind::kError:
      return "error: " + keep;
    case Kind::kBool:
      return value.truth ? "true" : "false";
    case Kind::kInt:
      return std::to_string(value.integer);
    case Kind::kDouble:
      return std::to_string(value.real);
    default:
      return "other";
  }
}

struct Case {
  const char* expression;
  const char* want;
};

// spec: api §1.6
TEST(Cel, follows_the_language) {
  for (const auto& [expression, want] : {
           Case{"1 + 2 * 3 - -4", "11"},
           Case{"(1 + 2) * 3", "9"},
           Case{"7 / 2", "3"},
           Case{"-7 % 3", "-1"},
           Case{"7.0 / 2.0", "3.500000"},
           Case{"-9223372036854775808", "-9223372036854775808"},
           Case{"1 < 2 && 2.5 >= 2.5 && 'a' < 'b'", "true"},
           Case{"true ? 1 : 2", "1"},
           Case{"false ? 1 : true ? 2 : 3", "2"},
           Case{"!true || !false", "true"},
           Case{"n == 7 && x == 2.5", "true"},
           Case{"[1, 2, 3].all(i, i > 0)", "true"},
           Case{"[1, 2, 3].exists(i, i == 2)", "true"},
           Case{"[1, 2, 2].exists_one(i, i == 2)", "false"},
           Case{"[1, 2, 3].filter(i, i > 1).size()", "2"},
           Case{"[1, 2].map(i, i * 2)[1]", "4"},
           Case{"[[1], [2]].all(l, l.all(i, i > 0))", "true"},
           Case{"2 in [1, 2]", "true"},
           Case{"[1] + [2] == [1, 2]", "true"},
           Case{"'a' + \"b\" == 'ab'", "true"},
           Case{"r'\\d' == '\\\\d'", "true"},
           Case{"s.startsWith('m5') && s.endsWith(\"large\")", "true"},
           Case{"s.contains('.') && s.matches('^m[0-9]')", "true"},
           Case{"size('grüße')", "5"},
           Case{"int('+5') + int(2.9) + int('-0')", "7"},
           Case{"double('2.5') + double(1)", "3.500000"},
           Case{"string(5) == '5' && bool('true')", "true"},
           Case{"'a@b@c'.split('@')[1] == 'b'", "true"},
           Case{"'a/b/c'.find('^[^/]*') == 'a'", "true"},
           Case{"dyn(1) == 1.0", "true"},
           Case{"1 // and so on", "1"},
       }) {
    EXPECT_EQ(result(expression), want) << expression;
  }
}

TEST(Cel, evaluation_errors_are_values) {
  for (const auto& [expression, want] : {
           Case{"1 / 0", "error: division by zero"},
           Case{"1 % 0", "error: modulus by zero"},
           Case{"9223372036854775807 + 1", "error: integer overflow"},
           Case{"int('abc')", "error: type conversion error"},
           Case{"int('+-5')", "error: type conversion error"},
           Case{"int(1e30)", "error: integer overflow"},
           Case{"[1][1]", "error: index out of bounds"},
           Case{"self.a", "error: no such key"},
           Case{"self.a == 1 || true", "true"},
           Case{"true || self.a == 1", "true"},
           Case{"self.a == 1 && false", "false"},
           Case{"[1, 0].all(i, 1 / i > 0)", "error: division by zero"},
           Case{"[1, 0, 2].exists(i, 4 / i == 2)", "true"},
           Case{"has(self.a)", "false"},
           Case{"has(self.a.b)", "error: no such key"},
           Case{"self + 1", "error: no such overload"},
           Case{"[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, "
                "[1,2,3,4,5,6,7,8,9,10].all(d, [1,2,3,4,5,6,7,8,9,10].all(e, [1,2,3,4,5,6,7,8,9,10].all(f, "
                "true))))))",
                "error: too many steps"},
       }) {
    EXPECT_EQ(result(expression), want) << expression;
  }
}

// spec: api §4.6
TEST(Cel, checks_types_before_it_runs) {
  for (const auto& [expression, want] : {
           Case{"n + x", "no: found no matching overload for '+' applied to (int, double)"},
           Case{"n < x", "no: found no matching overload for '<' applied to (int, double)"},
           Case{"n == 's'", "no: found no matching overload for '==' applied to (int, string)"},
           Case{"n && true", "no: expected bool, found int"},
           Case{"true ? 1 : 'a'", "no: found no matching overload for '?:' applied to (int, string)"},
           Case{"cores", "no: undeclared reference to 'cores'"},
           Case{"foo(1)", "no: undeclared reference to 'foo'"},
           Case{"n.foo", "no: type 'int' has no field 'foo'"},
           Case{"-s", "no: '-' needs a number"},
           Case{"max(1, 2)", "no: undeclared reference to 'max'"},
           Case{"size(n)", "no: 'size' cannot take int"},
           Case{"n.all(i, true)", "no: a macro needs a list or map"},
           Case{"[1].all(i, i)", "no: expected bool, found int"},
           Case{"", "no: unexpected end"},
           Case{"1 +", "no: unexpected end"},
           Case{"1 2", "no: unexpected text"},
           Case{"(1", "no: expected ')'"},
           Case{"'a", "no: unterminated text"},
           Case{"1u", "no: unsupported number '1u'"},
           Case{"99999999999999999999", "no: unsupported number '99999999999999999999'"},
           Case{"'\\q'", "no: unsupported escape"},
           Case{"has(n)", "no: has() needs a field"},
           Case{"[1", "no: expected ','"},
           Case{"i", "no: undeclared reference to 'i'"},
       }) {
    EXPECT_EQ(result(expression), want) << expression;
  }
  EXPECT_EQ(result("max(n, 2.5)", "{}", Library::kKubelet), "7.000000");
  EXPECT_EQ(result("min(n, 3)", "{}", Library::kKubelet), "3");
  EXPECT_EQ(result("max(1, 2, 3)", "{}", Library::kKubelet), "no: 'max' takes 2 operands");
}

TEST(Cel, is_bounded_on_hostile_text) {
  EXPECT_EQ(result(std::string(49'000, '(') + "1" + std::string(49'000, ')')), "no: nested too deep");
  EXPECT_EQ(result(std::string(90'000, '!') + "true"), "no: nested too deep");
  EXPECT_EQ(result(std::string(90'000, '-') + "n"), "no: nested too deep");
  EXPECT_EQ(result(std::string(200'000, '1')), "no: longer than 100000 bytes");
  std::string sum = "1";
  for (int i = 0; i < 20'000; ++i) sum += "+1";
  EXPECT_EQ(result(sum), "no: nested too deep");
  std::string chain = "self";
  for (int i = 0; i < 20'000; ++i) chain += ".a";
  EXPECT_EQ(result(chain), "no: nested too deep");
}

// spec: api §13.3
TEST(Cel, names_the_entries_that_break_a_rule) {
  const auto blamed = [](std::string_view rule, std::string_view self) {
    const auto document = read(self);
    const std::array variables{Value::of(document.view()), Value(), Value(), Value()};
    std::string out;
    for (const auto& blame : Program::compile(rule, kVariables, Library::kCrd)->failures(variables)) {
      out += out.empty() ? "" : " ";
      for (const auto step : blame.steps) out.append(".").append(step);
      if (blame.index) out += "[" + std::to_string(*blame.index) + "]";
      if (blame.key) out += "[" + std::string(*blame.key) + "]";
      if (blame.steps.empty() && !blame.index && !blame.key) out += "whole";
    }
    return out;
  };
  EXPECT_EQ(blamed("self.all(i, i > 1)", "[1, 2, 0]"), "[0] [2]");
  EXPECT_EQ(blamed("self.all(k, k != 'b')", "{a: 1, b: 2}"), "[b]");
  EXPECT_EQ(blamed("!has(self.m) || self.m.all(k, k == 'a')", "{m: {a: 1, c: 1}}"), ".m[c]");
  EXPECT_EQ(blamed("!has(self.m) || self.m.all(k, k == 'a')", "{}"), "");
  EXPECT_EQ(blamed("self.all(i, self.exists_one(j, j == i))", "[1, 2, 1, 3, 1]"), "[2] [4]")
      << "the later ones";
  EXPECT_EQ(blamed("!self.all(i, i > 1)", "[2, 3]"), "whole");
  EXPECT_EQ(blamed("self.all(i, i.v > 1)", "[{v: 2}, {}]"), "[1]") << "an evaluation error breaks the rule";
  EXPECT_EQ(blamed("self.m.all(k, true)", "{}"), "whole");
}

}  // namespace
}  // namespace karpenter::schema::cel
