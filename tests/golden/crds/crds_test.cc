#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "common/json/yaml.h"
#include "common/schema/crd.h"
#include "common/schema/pattern.h"

// manifests/crds is what the field tables print. To accept a change: build/dev/bin/karpenter-crdgen
// manifests/crds

namespace karpenter::schema {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(CrdManifests, are_what_the_field_tables_print) {
  const char* root = std::getenv("KARPENTER_SOURCE_DIR");  // set by ctest
  if (root == nullptr) GTEST_SKIP() << "KARPENTER_SOURCE_DIR is not set: run me through ctest";
  for (const auto& crd : crds()) {
    const std::string name = std::string(crd.group) + "_" + std::string(crd.plural) + ".yaml";
    const bool equal =
        read_file(std::string(root) + "/manifests/crds/" + name) == json::to_yaml(crd_manifest(crd));
    EXPECT_TRUE(equal)
        << name << " is out of date: run build/dev/bin/karpenter-crdgen manifests/crds and read the diff";
  }
}

void check_schema(json::View schema, const std::string& path) {
  if (const auto pattern = schema["pattern"].string()) {
    EXPECT_TRUE(Pattern::compile(*pattern).has_value()) << path;
  }
  EXPECT_TRUE(schema["type"].is_string() || schema["x-kubernetes-int-or-string"].bool_or(false)) << path;
  std::set<std::string> messages;
  for (const auto rule : schema["x-kubernetes-validations"].items()) {
    const auto text = rule["rule"].string_or("");
    EXPECT_TRUE(text.find("self") != std::string::npos) << path << ": " << text;
    EXPECT_EQ(std::count(text.begin(), text.end(), '('), std::count(text.begin(), text.end(), ')'))
        << path << ": " << text;
    EXPECT_EQ(std::count(text.begin(), text.end(), '\''), std::count(text.begin(), text.end(), '\'') / 2 * 2)
        << text;
    EXPECT_TRUE(messages.insert(rule["message"].string_or("")).second) << path << ": a message twice";
  }
  for (const auto& [name, member] : schema["properties"].members())
    check_schema(member, path + "." + std::string(name));
  for (const auto name : schema["required"].items()) {
    EXPECT_TRUE(schema["properties"][name.string_or("")].exists()) << path;
  }
  if (schema["items"].exists()) check_schema(schema["items"], path + "[]");
  if (schema["additionalProperties"].exists()) check_schema(schema["additionalProperties"], path + "{}");
}

// spec: api §2.1, §3.1, §4.1
TEST(CrdManifests, are_structural_and_say_what_the_reference_says) {
  for (const auto& crd : crds()) {
    const auto manifest = crd_manifest(crd);
    int stored = 0;
    for (const auto version : manifest["spec"]["versions"].items()) {
      stored += version["storage"].bool_or(false) ? 1 : 0;
      check_schema(version["schema"]["openAPIV3Schema"],
                   std::string(crd.kind) + "/" + version["name"].string_or(""));
    }
    EXPECT_EQ(stored, 1) << crd.kind;
  }
  const auto pools = crd_manifest(crds().at(0));
  const auto v1 = pools["spec"]["versions"][std::size_t{0}];
  EXPECT_EQ(
      v1["subresources"].dump(),
      R"({"scale":{"specReplicasPath":".spec.replicas","statusReplicasPath":".status.nodes"},"status":{}})");
  std::string columns;
  for (const auto column : v1["additionalPrinterColumns"].items())
    columns += column["name"].string_or("") + " ";
  EXPECT_EQ(columns, "NodeClass Nodes Ready Age Weight CPU Memory ");
  EXPECT_EQ(pools["spec"]["conversion"]["webhook"]["conversionReviewVersions"].dump(), R"(["v1beta1","v1"])");
}

}  // namespace
}  // namespace karpenter::schema
