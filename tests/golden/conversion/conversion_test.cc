#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "common/conversion/conversion.h"
#include "common/conversion/manifest.h"
#include "common/json/yaml.h"
#include "common/schema/codec.h"

// Each *.yaml of this folder is one pair: `input` objects and what becomes of them, `output`, value for
// value.
//   v1beta1 and v1 objects go through the conversion webhook's function. `back: true`: the output converts to
//   the input again, but for the annotation named by `forgotten`. `options: {upstreamCompat: true}`.
//   Alpha objects, and files with `form: manifest`, go through the offline converter; `mode: controller` one
//   Provisioner and its template through the controller's. `settings` are theirs; `diagnostics` the codes of
//   everything that is said.

namespace karpenter::conversion {
namespace {

namespace fs = std::filesystem;

Lookups lookups_of(json::View file) {
  Lookups out;
  out.expire_after = [file](std::string_view name) -> base::Result<std::optional<std::string>> {
    const auto found = file["nodePools"][name].string();
    return found ? std::optional<std::string>(*found) : std::nullopt;
  };
  return out;
}

void expect_converted(json::View file, json::View input, json::View output) {
  const Options options{.upstream_compat = file["options"]["upstreamCompat"].bool_or(false)};
  auto got = convert(input, output["apiVersion"].string_or(""), lookups_of(file), options);
  ASSERT_TRUE(got) << got.error().text();
  json::Value wanted(output);
  if (const auto forgotten = file["forgotten"].string()) {
    for (auto* object : {&*got, &wanted}) {
      (*object)["metadata"]["annotations"].erase(*forgotten);
      if (object->view()["metadata"]["annotations"].size() == 0) (*object)["metadata"].erase("annotations");
    }
  }
  EXPECT_EQ(got->view().dump_pretty(), wanted.view().dump_pretty());
}

ManifestSettings settings_of(json::View from) {
  ManifestSettings out;
  out.target = from["target"].string_or("v1") == "v1" ? Target::kV1 : Target::kV1beta1;
  auto& alpha = out.alpha;
  alpha.cluster_name = from["clusterName"].string_or("");
  alpha.cluster_version = from["clusterVersion"].string_or("");
  for (const auto& [key, value] : from["defaultTags"].members())
    alpha.default_tags.insert_or_assign(std::string(key), value.string_or(""));
  alpha.eni_limited_pod_density = from["eniLimitedPodDensity"].bool_or(true);
  alpha.drift_enabled = from["driftEnabled"].boolean();
  alpha.preserve_drift = from["preserveDrift"].bool_or(false);
  alpha.ignore_defaults = from["ignoreDefaults"].bool_or(false);
  alpha.upstream_compat = from["upstreamCompat"].bool_or(false);
  return out;
}

void expect_codes(json::View file, const Diagnostics& said) {
  std::vector<std::string> codes;
  std::vector<std::string> wanted;
  std::string lines;
  for (const auto& diagnostic : said) {
    codes.push_back(diagnostic.code);
    lines += diagnostic.line() + "\n";
  }
  for (const auto code : file["diagnostics"].items()) wanted.push_back(code.string_or(""));
  std::ranges::sort(codes);
  std::ranges::sort(wanted);
  EXPECT_EQ(codes, wanted) << lines;
}

void expect_objects(json::View file, const std::vector<json::Value>& made) {
  ASSERT_EQ(made.size(), file["output"].size());
  for (std::size_t i = 0; i < made.size(); ++i)
    EXPECT_EQ(made[i].view().dump_pretty(), file["output"][i].dump_pretty());
}

void expect_manifests(json::View file) {
  std::vector<json::Value> documents;
  for (const auto input : file["input"].items()) documents.push_back(input.clone());
  const auto got = convert_manifests(std::move(documents), settings_of(file["settings"]));
  expect_codes(file, got.diagnostics);
  expect_objects(file, got.objects);
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
  const auto provisioner = schema::decode<model::v1alpha5::Provisioner>(inputs.at(0)).value();
  const auto node_template = schema::decode<model::v1alpha1::AwsNodeTemplate>(inputs.at(1)).value();
  const auto out = from_v1alpha5(provisioner, &node_template, settings_of(file["settings"]).alpha);
  expect_codes(file, out.diagnostics);
  std::vector<json::Value> made;
  made.push_back(stamped(out.pool, "karpenter.sh/v1", "NodePool"));
  made.push_back(stamped(out.node_class, "karpenter.k8s.aws/v1", "EC2NodeClass"));
  expect_objects(file, made);
}

void run(json::View file) {
  const auto input = file["input"][std::size_t{0}];
  const bool is_alpha = input["apiVersion"].string_or("").find("alpha") != std::string::npos;
  if (file["mode"].string_or("") == "controller") return expect_materialised(file);
  if (is_alpha || file["form"].string_or("") == "manifest") return expect_manifests(file);
  const auto output = file["output"][std::size_t{0}];
  expect_converted(file, input, output);
  if (file["back"].bool_or(false)) expect_converted(file, output, input);
}

TEST(ConversionPairs, convert_as_written) {
  const char* root = std::getenv("KARPENTER_SOURCE_DIR");  // set by ctest
  if (root == nullptr) GTEST_SKIP() << "KARPENTER_SOURCE_DIR is not set: run me through ctest";
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(std::string(root) + "/tests/golden/conversion")) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  EXPECT_GE(files.size(), 35U);
  for (const auto& path : files) {
    SCOPED_TRACE(path.filename().string());
    std::ifstream in(path);
    const auto documents = json::parse_yaml(std::string(std::istreambuf_iterator<char>(in), {}));
    ASSERT_TRUE(documents) << documents.error().text();
    ASSERT_EQ(documents->size(), 1U);
    run(documents->front());
  }
}

}  // namespace
}  // namespace karpenter::conversion
