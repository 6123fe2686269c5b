#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "common/conversion/conversion.h"
#include "common/json/yaml.h"
#include "common/schema/codec.h"

// Each *.yaml of this folder: `input` objects and what becomes of them, `output`. Quantities compare by
// value. `back: true`: the output converts to the input again. Alpha input: `settings` of the conversion, and
// the codes of all `diagnostics`.

namespace karpenter::conversion {
namespace {

namespace fs = std::filesystem;

template <class T>
json::Value respelled(json::View object) {
  auto decoded = schema::decode<T>(object);
  if (!decoded) {
    ADD_FAILURE() << decoded.error().text() << "\n" << object.dump_pretty();
    return {};
  }
  return schema::encode(*decoded);
}

// The object as this project would print it, so that equal ones are equal texts.
std::string printed(json::View object) {
  const auto kind = object["kind"].string_or("");
  const bool is_v1 = object["apiVersion"].string_or("").ends_with("/v1");
  json::Value out;
  if (kind == "NodePool")
    out = is_v1 ? respelled<model::NodePool>(object) : respelled<model::v1beta1::NodePool>(object);
  if (kind == "NodeClaim")
    out = is_v1 ? respelled<model::NodeClaim>(object) : respelled<model::v1beta1::NodeClaim>(object);
  if (kind == "EC2NodeClass") {
    out = is_v1 ? respelled<model::Ec2NodeClass>(object) : respelled<model::v1beta1::Ec2NodeClass>(object);
  }
  out["apiVersion"].set(object["apiVersion"]);
  out["kind"].set(object["kind"]);
  return out.view().dump_pretty();
}

void expect_converted(json::View file, json::View input, json::View output) {
  Lookups lookups;
  lookups.expire_after = [&](std::string_view name) -> base::Result<std::optional<std::string>> {
    const auto found = file["nodePools"][name].string();
    return found ? std::optional<std::string>(*found) : std::nullopt;
  };
  const auto got = convert(input, output["apiVersion"].string_or(""), lookups);
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(printed(*got), printed(output));
}

template <class T>
json::Value stamped(const T& object, std::string_view api_version, std::string_view kind) {
  json::Value out = schema::encode(object);
  out["apiVersion"].set(api_version);
  out["kind"].set(kind);
  return out;
}

void expect_materialised(json::View file) {
  const auto inputs = file["input"].items();
  const auto provisioner = schema::decode<model::v1alpha5::Provisioner>(inputs.front());
  ASSERT_TRUE(provisioner) << provisioner.error().text();
  std::optional<model::v1alpha1::AwsNodeTemplate> node_template;
  if (inputs.size() > 1) node_template = schema::decode<model::v1alpha1::AwsNodeTemplate>(inputs[1]).value();
  const auto settings = file["settings"];
  const auto out = from_v1alpha5(*provisioner, node_template ? &*node_template : nullptr,
                                 {.cluster_name = settings["clusterName"].string_or(""),
                                  .default_instance_profile = "",
                                  .cluster_version = settings["clusterVersion"].string_or("")});
  std::vector<std::string> codes;
  std::vector<std::string> wanted;
  for (const auto& diagnostic : out.diagnostics) codes.push_back(diagnostic.code);
  for (const auto code : file["diagnostics"].items()) wanted.push_back(code.string_or(""));
  std::ranges::sort(codes);
  std::ranges::sort(wanted);
  EXPECT_EQ(codes, wanted);
  for (const auto output : file["output"].items()) {
    const auto made = output["kind"].string_or("") == "NodePool"
                          ? stamped(out.pool, "karpenter.sh/v1", "NodePool")
                          : stamped(out.node_class, "karpenter.k8s.aws/v1", "EC2NodeClass");
    EXPECT_EQ(printed(made), printed(output));
  }
}

TEST(ConversionPairs, convert_as_written) {
  const char* root = std::getenv("KARPENTER_SOURCE_DIR");  // set by ctest
  if (root == nullptr) GTEST_SKIP() << "KARPENTER_SOURCE_DIR is not set: run me through ctest";
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(std::string(root) + "/tests/golden/conversion")) {
    if (entry.path().extension() != ".yaml") continue;
    ++files;
    SCOPED_TRACE(entry.path().filename().string());
    std::ifstream in(entry.path());
    const auto documents = json::parse_yaml(std::string(std::istreambuf_iterator<char>(in), {}));
    ASSERT_TRUE(documents && documents->size() == 1);
    const json::View file = documents->front();
    const auto inputs = file["input"].items();
    ASSERT_FALSE(inputs.empty());
    if (inputs.front()["kind"].string_or("") == "Provisioner") {
      expect_materialised(file);
      continue;
    }
    expect_converted(file, inputs.front(), file["output"][std::size_t{0}]);
    if (file["back"].bool_or(false)) expect_converted(file, file["output"][std::size_t{0}], inputs.front());
  }
  EXPECT_GE(files, 15U);
}

}  // namespace
}  // namespace karpenter::conversion
