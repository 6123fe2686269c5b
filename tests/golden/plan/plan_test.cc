#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "common/json/yaml.h"
#include "controller/planner/program.h"
#include "tests/support/plan_verifier_files.h"
#include "tests/support/sim_runtime.h"

// Each scenario is a pair: NAME.yaml with `cluster` (a list of objects), `types` (else those of types.yaml)
// and `args`, and NAME.txt, what `karpenter-controller plan` prints for it. Every plan is judged by the
// verifier as well. UPDATE_GOLDEN=1 writes the texts; read the diff.

namespace karpenter::planner {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<fs::path> scenarios() {
  const char* root = std::getenv("KARPENTER_SOURCE_DIR");  // set by ctest
  std::vector<fs::path> out;
  if (root == nullptr) return out;
  for (const auto& entry : fs::directory_iterator(fs::path(root) / "tests/golden/plan"))
    if (entry.path().extension() == ".yaml" && entry.path().stem() != "types") out.push_back(entry.path());
  std::ranges::sort(out);
  return out;
}

json::Value parse(const fs::path& path) {
  auto documents = json::parse_yaml(read(path));
  EXPECT_TRUE(documents.has_value()) << path << ": " << (documents ? "" : documents.error().text());
  return documents && documents->size() == 1 ? std::move(documents->front()) : json::Value();
}

struct Scenario {
  std::map<std::string, std::string> files;
  std::vector<std::string> args = {"--cluster", "cluster", "--instance-types",
                                   "types",     "--now",   "2026-01-01T00:00:00Z"};

  explicit Scenario(const fs::path& path) {
    const json::Value file = parse(path);
    json::Value cluster = json::Value::object();
    cluster["kind"].set("List");
    cluster["items"].set(file.view()["cluster"]);
    files["cluster"] = cluster.dump();
    const json::View own = file.view()["types"];
    files["types"] = own.exists() ? own.dump() : parse(path.parent_path() / "types.yaml").dump();
    for (const auto& arg : file.view()["args"].items()) args.push_back(arg.string_or(""));
  }

  std::string run(std::vector<std::string> more = {}) const {
    support::SimRuntime runtime;
    std::string out;
    more.insert(more.begin(), args.begin(), args.end());
    const auto print = [&](std::string_view text) { out += text; };
    const auto find = [&](const std::string& name) -> base::Result<std::string> { return files.at(name); };
    EXPECT_EQ(run_plan(more, runtime, {.read = find, .out = print, .err = print, .cloud_form = nullptr}), 0)
        << out;
    return out;
  }
};

void expect_valid(const Scenario& scenario) {
  const std::vector<Source> sources = {{.name = "cluster", .text = scenario.files.at("cluster")}};
  const auto cluster = read_manifests(sources);
  const auto catalogue = read_catalogue({.name = "types", .text = scenario.files.at("types")});
  const auto plan = json::parse(scenario.run({"-o", "json"}));
  ASSERT_TRUE(cluster && catalogue && plan);
  const bool relaxes = std::ranges::find(scenario.args, "BestEffort") != scenario.args.end();
  const auto policy =
      relaxes ? scheduling::MinValuesPolicy::kBestEffort : scheduling::MinValuesPolicy::kStrict;
  EXPECT_EQ(support::verify(*cluster, *catalogue, *plan, policy), support::Broken{});
}

TEST(Plan, is_what_the_text_says_and_breaks_no_rule) {
  if (scenarios().empty()) GTEST_SKIP() << "KARPENTER_SOURCE_DIR is not set: run me through ctest";
  for (const auto& path : scenarios()) {
    SCOPED_TRACE(path.filename());
    const Scenario scenario(path);
    const std::string got = scenario.run();
    fs::path text = path;
    text.replace_extension(".txt");
    if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(text, std::ios::binary) << got;
    EXPECT_EQ(got, read(text));
    expect_valid(scenario);
  }
}

}  // namespace
}  // namespace karpenter::planner
