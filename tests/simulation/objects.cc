#include "tests/simulation/objects.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "common/base/strings.h"
#include "common/json/yaml.h"
#include "common/model/labels.h"

namespace karpenter::simulation {
namespace {

std::string source_dir() {
  const char* dir = std::getenv("KARPENTER_SOURCE_DIR");
  return dir == nullptr ? "." : dir;
}

base::Result<std::vector<json::Value>> read_documents(const std::filesystem::path& path) {
  std::ifstream in(path);
  if (!in) return base::not_found("cannot read file").add("path", path.string());
  return json::parse_yaml(std::string(std::istreambuf_iterator<char>(in), {}));
}

}  // namespace

std::string collection_of(json::View object) {
  const auto version = object["apiVersion"].string_or("");
  const auto kind = base::to_lower(object["kind"].string_or(""));
  const std::string root = version.find('/') == std::string::npos ? "/api/" : "/apis/";
  const auto ns = object["metadata"]["namespace"].string_or("");
  const std::string plural = kind.ends_with("class") ? kind + "es" : kind + "s";
  return root + version + (ns.empty() ? "" : "/namespaces/" + ns) + "/" + plural;
}

std::string path_of(json::View object) {
  return collection_of(object) + "/" + object["metadata"]["name"].string_or("");
}

base::Result<std::vector<json::Value>> install_objects() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(source_dir() + "/manifests/crds")) {
    paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  paths.emplace_back(source_dir() + "/manifests/install/rbac.yaml");
  paths.emplace_back(source_dir() + "/manifests/install/webhook.yaml");
  std::vector<json::Value> out;
  for (const auto& path : paths) {
    ASSIGN_OR_RETURN(auto documents, read_documents(path));
    for (auto& document : documents) {
      for (std::size_t i = 0; i < document["webhooks"].view().size(); ++i) {
        document["webhooks"][i]["clientConfig"]["caBundle"].set("");
      }
      out.push_back(std::move(document));
    }
  }
  return out;
}

json::Value node_pool(const Spec& spec) {
  json::Value out = json::Value::object();
  out["apiVersion"].set("karpenter.sh/v1");
  out["kind"].set("NodePool");
  out["metadata"]["name"].set("default");
  const auto disruption = out["spec"]["disruption"];
  disruption["consolidateAfter"].set(spec.consolidate_after);
  disruption["budgets"].push_back()["nodes"].set(std::to_string(spec.budget));
  const auto body = out["spec"]["template"]["spec"];
  body["nodeClassRef"]["group"].set("karpenter.k8s.aws");
  body["nodeClassRef"]["kind"].set("EC2NodeClass");
  body["nodeClassRef"]["name"].set("default");
  const auto family = body["requirements"].push_back();
  family["key"].set("karpenter.k8s.aws/instance-family");
  family["operator"].set("In");
  for (const auto* name : {"m5", "c5", "m6i"}) family["values"].push_back(name);
  const auto size = body["requirements"].push_back();
  size["key"].set("karpenter.k8s.aws/instance-cpu");
  size["operator"].set("In");
  for (const auto& cpus : spec.cpus) size["values"].push_back(cpus);
  const auto capacity = body["requirements"].push_back();
  capacity["key"].set("karpenter.sh/capacity-type");
  capacity["operator"].set("In");
  for (const auto* name : {"spot", "on-demand"}) capacity["values"].push_back(name);
  return out;
}

json::Value node_class() {
  json::Value out = json::Value::object();
  out["apiVersion"].set("karpenter.k8s.aws/v1");
  out["kind"].set("EC2NodeClass");
  out["metadata"]["name"].set("default");
  const auto spec = out["spec"];
  spec["role"].set("KarpenterNodeRole-demo");
  spec["amiSelectorTerms"].push_back()["alias"].set("al2023@latest");
  spec["subnetSelectorTerms"].push_back()["tags"]["karpenter.sh/discovery"].set("demo");
  spec["securityGroupSelectorTerms"].push_back()["tags"]["karpenter.sh/discovery"].set("demo");
  return out;
}

json::Value deployment(const Scale& scale) {
  json::Value out = json::Value::object();
  out["apiVersion"].set("apps/v1");
  out["kind"].set("Deployment");
  out["metadata"]["name"].set(scale.app);
  out["metadata"]["namespace"].set("default");
  out["spec"]["replicas"].set(scale.replicas);
  out["spec"]["selector"]["matchLabels"]["app"].set(scale.app);
  out["spec"]["template"]["metadata"]["labels"]["app"].set(scale.app);
  const auto pod = out["spec"]["template"]["spec"];
  if (!scale.pool.empty()) pod["nodeSelector"][model::labels::kNodePool].set(scale.pool);
  const auto container = pod["containers"].push_back();
  container["name"].set("main");
  container["image"].set("pause");
  container["resources"]["requests"]["cpu"].set(scale.cpu);
  return out;
}

json::Value disruption_budget(const Pdb& pdb) {
  json::Value out = json::Value::object();
  out["apiVersion"].set("policy/v1");
  out["kind"].set("PodDisruptionBudget");
  out["metadata"]["name"].set(pdb.app);
  out["metadata"]["namespace"].set("default");
  out["spec"]["minAvailable"].set(pdb.min_available);
  out["spec"]["selector"]["matchLabels"]["app"].set(pdb.app);
  return out;
}

}  // namespace karpenter::simulation
