#include <gtest/gtest.h>

#include <algorithm>

#include "common/json/json.h"
#include "tests/unit/webhook/offline/files.h"
#include "webhook/offline/offline.h"

namespace karpenter::webhook::offline {
namespace {

constexpr const char* kGood = R"(apiVersion: karpenter.sh/v1
kind: NodePool
metadata:
  name: good
spec:
  template:
    spec:
      nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: c}
      requirements: []
)";
constexpr const char* kBad = R"(# two faults
apiVersion: karpenter.sh/v1
kind: NodePool
metadata:
  name: bad
spec:
  weight: 101
  template:
    spec:
      nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: c}
      requirements:
      - key: karpenter.sh/foo
        operator: Exists
        typo: 1
)";
constexpr const char* kOther = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n";

using Args = std::vector<std::string>;

TEST(Validate, says_nothing_of_valid_objects_and_objects_of_others) {
  const auto ran = run(validate, Args{"-f", "-"}, std::string(kGood) + "---\n" + kOther);
  EXPECT_EQ(ran.code, 0) << ran.out;
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, "1 object checked, 0 invalid, 0 warnings; 1 object of other kinds\n");
}

TEST(Validate, names_file_document_path_and_line) {  // spec: api §13.3
  const Folder folder;
  const auto file = folder.write("pools.yaml", std::string(kGood) + "---\n" + kBad);
  const auto ran = run(validate, Args{"-f", file});
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(
      ran.out,
      file +
          ":2: spec.template.spec.requirements[0].key: Invalid value: \"karpenter.sh/foo\": label domain "
          "\"karpenter.sh\" is restricted (line 22)\n" +
          file + ":2: spec.template.spec.requirements[0].typo: unknown field (line 24)\n" + file +
          ":2: spec.weight: Invalid value: 101: should be less than or equal to 100 (line 17)\n");
  EXPECT_EQ(ran.err, "2 objects checked, 1 invalid, 0 warnings; 0 objects of other kinds\n");
}

TEST(Validate, reads_folders_and_lists_and_json) {
  const Folder folder;
  folder.write("b/list.yaml",
               "apiVersion: v1\nkind: List\nitems:\n- apiVersion: karpenter.sh/v1\n  kind: NodePool\n"
               "  metadata: {name: x}\n  spec: {weight: many}\n");
  folder.write("a.json",
               R"({"apiVersion":"karpenter.sh/v1","kind":"NodePool","metadata":{"name":"y"},"spec":[]})");
  const auto ran = run(validate, Args{"-f", folder.path()});
  EXPECT_EQ(ran.code, 1);
  const auto& p = folder.path();
  EXPECT_EQ(ran.out.find(p + "/a.json:1: spec: "), 0U) << ran.out;
  EXPECT_NE(ran.out.find(p + "/b/list.yaml:1: items[0].spec.weight: "), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find(p + "/b/list.yaml:1: items[0].spec.template: Required value (line 7)"),
            std::string::npos)
      << ran.out;
}

TEST(Validate, a_malformed_document_does_not_hide_the_others) {
  const auto ran =
      run(validate, Args{"-f", "-"}, "a: [\n---\n" + std::string(kBad) + "---\nkind: NodePool\n");
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.out.find("-:1: malformed YAML"), 0U) << ran.out;
  EXPECT_NE(ran.out.find("-:2: spec.weight"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("-:3: no Kubernetes object: apiVersion or kind is missing"), std::string::npos)
      << ran.out;
  EXPECT_EQ(ran.err, "3 objects checked, 3 invalid, 0 warnings; 0 objects of other kinds\n");
}

TEST(Validate, knows_a_kind_that_is_nearly_ours) {
  const auto verdict_of = [](const std::string& api_version, const std::string& kind) {
    return run(validate, Args{"-f", "-"},
               "apiVersion: " + api_version + "\nkind: " + kind + "\nmetadata: {name: x}\n");
  };
  EXPECT_EQ(
      verdict_of("karpenter.sh/v1", "NodePol").out,
      "-:1: no kind \"NodePol\" in version \"karpenter.sh/v1\" (did you mean \"NodePool\"?) (line 1)\n");
  EXPECT_EQ(verdict_of("karpenter.sh/v2", "NodePool").out,
            "-:1: no kind \"NodePool\" in version \"karpenter.sh/v2\" (did you mean apiVersion "
            "\"karpenter.sh/v1\"?) "
            "(line 1)\n");
  EXPECT_EQ(verdict_of("karpenter.sh/v9", "Whatever").code, 0);
  EXPECT_EQ(verdict_of("example.com/v1", "NodePool").code, 0);
}

TEST(Validate, metadata_is_checked_as_the_api_server_does) {
  std::string pool = kGood;
  pool.replace(pool.find("  name: good"), 12, "  labels: {'a b': c, d: 'e f'}\n  annotations: {n: 1}");
  const auto ran = run(validate, Args{"-f", "-"}, pool);
  for (const char* path : {"metadata.name: Required",
                           "metadata.labels[a b]: ", "metadata.labels[d]: ", "metadata.annotations[n]: "})
    EXPECT_NE(ran.out.find(path), std::string::npos) << path << "\n" << ran.out;
}

TEST(Validate, warnings_do_not_fail) {
  std::string pool = kGood;
  pool.replace(pool.find("requirements: []"), 16, "requirements: [{key: a, operator: Exists, values: [b]}]");
  const auto ran = run(validate, Args{"-f", "-"}, pool);
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out.find("-:1: warning: spec.template.spec.requirements[0].values: ignored"), 0U) << ran.out;
  EXPECT_TRUE(ran.out.ends_with(" (line 9)\n")) << ran.out;
}

TEST(Validate, prints_json) {
  const auto ran = run(validate, Args{"-f", "-", "-o", "json"}, kBad);
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.err, "");
  const auto report = json::parse(ran.out);
  ASSERT_TRUE(report.has_value()) << ran.out;
  const auto weight = (*report)["findings"][2U];
  EXPECT_EQ(weight.dump(),
            R"({"document":1,"file":"-","kind":"NodePool","line":7,"message":"Invalid value: 101: should )"
            R"(be less than or equal to 100","name":"bad","path":"spec.weight","rule":"FieldValueInvalid",)"
            R"("severity":"error"})");
  EXPECT_EQ((*report)["summary"].dump(), R"({"invalid":1,"objects":1,"others":0,"warnings":0})");
}

TEST(Validate, prints_sarif_that_code_review_tools_read) {
  const Folder folder;
  const auto file = folder.write("a b.yaml", kBad);
  const auto ran = run(validate, Args{"--filename=" + file, "--output=sarif"});
  const auto report = json::parse(ran.out);
  ASSERT_TRUE(report.has_value()) << ran.out;
  EXPECT_EQ((*report)["version"].string_or(""), "2.1.0");
  const auto run_entry = (*report)["runs"][std::size_t{0}];
  std::vector<std::string> rules;
  for (const auto rule : run_entry["tool"]["driver"]["rules"].items())
    rules.push_back(rule["id"].string_or(""));
  const auto results = run_entry["results"].items();
  ASSERT_EQ(results.size(), 3U);
  for (const auto result : results) {
    EXPECT_EQ(std::ranges::count(rules, result["ruleId"].string_or("")), 1) << result.dump();
    EXPECT_EQ(result["level"].string_or(""), "error");
    const auto place = result["locations"][std::size_t{0}]["physicalLocation"];
    EXPECT_TRUE(place["artifactLocation"]["uri"].string_or("").ends_with("/a%20b.yaml")) << result.dump();
    EXPECT_GE(place["region"]["startLine"].integer_or(0), 7);
  }
}

TEST(Validate, tells_a_wrong_command_line_from_wrong_objects) {
  EXPECT_EQ(run(validate, Args{}).code, 2);
  EXPECT_EQ(run(validate, Args{"-x"}).err, "karpenter-webhook validate: unknown flag (flag=-x)\n");
  EXPECT_EQ(run(validate, Args{"-f"}).err, "karpenter-webhook validate: the flag needs a value (flag=-f)\n");
  EXPECT_EQ(run(validate, Args{"-f", "-", "-o", "xml"}).err,
            "karpenter-webhook validate: --output must be one of human|json|sarif (value=xml)\n");
  EXPECT_EQ(run(validate, Args{"--help"}).code, 0);
}

TEST(Validate, checks_the_other_files_when_one_cannot_be_read) {
  const auto ran = run(validate, Args{"-f", "/nowhere/x.yaml", "-"}, kBad);
  EXPECT_EQ(ran.code, 2);
  EXPECT_NE(ran.err.find("/nowhere/x.yaml: no such file or folder\n"), std::string::npos) << ran.err;
  EXPECT_NE(ran.out.find("spec.weight"), std::string::npos);
}

}  // namespace
}  // namespace karpenter::webhook::offline
