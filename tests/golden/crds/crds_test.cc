#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include "common/json/yaml.h"
#include "common/schema/crd.h"
#include "common/schema/pattern.h"
#include "common/schema/reference.h"

// manifests/crds and docs/reference are what the field tables print. To accept a change:
// build/dev/bin/karpenter-crdgen manifests/crds docs/reference

namespace karpenter::schema {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string source_dir() {
  const char* root = std::getenv("KARPENTER_SOURCE_DIR");  // set by ctest
  return root == nullptr ? "" : root;
}

std::set<std::string> files_of(const std::string& directory) {
  std::set<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    out.insert(entry.path().filename().string());
  return out;
}

// `wanted` by name; nothing else may lie in the directory.
void expect_files(const std::string& directory, const std::map<std::string, std::string>& wanted) {
  const auto path = source_dir() + "/" + directory;
  std::set<std::string> names;
  for (const auto& [name, text] : wanted) {
    names.insert(name);
    EXPECT_TRUE(read_file(path + "/" + name) == text)
        << directory << "/" << name
        << " is out of date: run build/dev/bin/karpenter-crdgen manifests/crds docs/reference and read the "
           "diff";
  }
  EXPECT_EQ(files_of(path), names);
}

TEST(CrdManifests, are_what_the_field_tables_print) {
  if (source_dir().empty()) GTEST_SKIP() << "KARPENTER_SOURCE_DIR is not set: run me through ctest";
  std::map<std::string, std::string> wanted;
  for (const auto& crd : crds()) {
    wanted[std::string(crd.group) + "_" + std::string(crd.plural) + ".yaml"] =
        json::to_yaml(crd_manifest(crd));
  }
  expect_files("manifests/crds", wanted);
}

TEST(ReferencePages, are_what_the_field_tables_print) {
  if (source_dir().empty()) GTEST_SKIP() << "KARPENTER_SOURCE_DIR is not set: run me through ctest";
  std::map<std::string, std::string> wanted = {{"README.md", reference_index(described_kinds())}};
  for (const auto& crd : described_kinds()) wanted[reference_file(crd)] = reference_page(crd);
  expect_files("docs/reference", wanted);
}

TEST(ReferencePages, say_something_about_every_field) {
  for (const auto& crd : described_kinds()) {
    const auto page = reference_page(crd);
    EXPECT_EQ(page.find("|  |\n"), std::string::npos) << crd.kind << ": a field without a description";
    for (const auto& version : crd.versions) {
      EXPECT_NE(page.find("\n## " + std::string(version.name) + "\n"), std::string::npos) << crd.kind;
    }
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

TEST(CrdManifests, are_structural) {
  for (const auto& crd : described_kinds()) {
    const auto manifest = crd_manifest(crd);
    int stored = 0;
    for (const auto version : manifest["spec"]["versions"].items()) {
      stored += version["storage"].bool_or(false) ? 1 : 0;
      EXPECT_TRUE(version["served"].bool_or(false)) << crd.kind;
      check_schema(version["schema"]["openAPIV3Schema"],
                   std::string(crd.kind) + "/" + version["name"].string_or(""));
    }
    EXPECT_EQ(stored, 1) << crd.kind;
  }
}

// One line per version: scope, names, columns (with + those of -o wide), subresources, required members.
std::string summary(const Crd& crd) {
  const json::Value spec(crd_manifest(crd).view()["spec"]);
  std::string out = spec["scope"].string_or("") + " " + spec["names"].dump();
  for (const auto version : spec["versions"].items()) {
    out += "\n" + version["name"].string_or("") + (version["storage"].bool_or(false) ? " stored:" : ":");
    for (const auto column : version["additionalPrinterColumns"].items()) {
      out += (column["priority"].integer_or(0) == 1 ? " +" : " ") + column["name"].string_or("") + "=" +
             column["jsonPath"].string_or("") + "(" + column["type"].string_or("") + ")";
    }
    out +=
        " " + version["subresources"].dump() + " " + version["schema"]["openAPIV3Schema"]["required"].dump();
  }
  return out + "\n" + spec["conversion"].dump();
}

constexpr std::string_view kConversion =
    R"({"strategy":"Webhook","webhook":{"clientConfig":{"service":{"name":"karpenter-webhook","namespace":"karpenter","path":"PATH","port":8443}},"conversionReviewVersions":["v1beta1","v1"]}})";
std::string conversion_at(const std::string& path) {
  std::string out(kConversion);
  return out.replace(out.find("PATH"), 4, path);
}

struct Identity {
  std::string_view kind;
  std::string text;
};

// spec: api §2.1, §3.1, §4.1, §10.1, §10.2, §10.3, conversion §2.1
TEST(CrdManifests, have_the_names_columns_and_subresources_of_the_reference) {
  const std::string ready = R"(Ready=.status.conditions[?(@.type=="Ready")].status(string))";
  const std::string age = "Age=.metadata.creationTimestamp(date)";
  const std::string type = R"(Type=.metadata.labels.node\.kubernetes\.io/instance-type(string))";
  const std::string capacity = R"(Capacity=.metadata.labels.karpenter\.sh/capacity-type(string))";
  const std::string zone = R"(Zone=.metadata.labels.topology\.kubernetes\.io/zone(string))";
  const std::string node = "Node=.status.nodeName(string)";
  const std::string status_only = R"( {"status":{}} )";
  const std::vector<Identity> cases = {
      {"NodePool",
       R"(Cluster {"categories":["karpenter"],"kind":"NodePool","listKind":"NodePoolList","plural":"nodepools","singular":"nodepool"})"
       "\nv1 stored: NodeClass=.spec.template.spec.nodeClassRef.name(string) Nodes=.status.nodes(string) " +
           ready + " " + age +
           " +Weight=.spec.weight(integer) +CPU=.status.resources.cpu(string) "
           "+Memory=.status.resources.memory(string) "
           R"({"scale":{"specReplicasPath":".spec.replicas","statusReplicasPath":".status.nodes"},"status":{}} ["spec"])"
           "\nv1beta1: NodeClass=.spec.template.spec.nodeClassRef.name(string) +Weight=.spec.weight(string)" +
           status_only + "[\"spec\"]\n" + conversion_at("/conversion/karpenter.sh")},
      {"NodeClaim",
       R"(Cluster {"categories":["karpenter"],"kind":"NodeClaim","listKind":"NodeClaimList","plural":"nodeclaims","singular":"nodeclaim"})"
       "\nv1 stored: " +
           type + " " + capacity + " " + zone + " " + node + " " + ready + " " + age +
           " +ImageID=.status.imageID(string) +ID=.status.providerID(string) "
           R"(+NodePool=.metadata.labels.karpenter\.sh/nodepool(string) +NodeClass=.spec.nodeClassRef.name(string) )"
           R"(+Drifted=.status.conditions[?(@.type=="Drifted")].status(string))" +
           status_only + "[\"spec\"]\nv1beta1: " + type + " " + zone + " " + node + " " + ready + " " + age +
           " +" + capacity +
           R"( +NodePool=.metadata.labels.karpenter\.sh/nodepool(string) +NodeClass=.spec.nodeClassRef.name(string))" +
           status_only + "[\"spec\"]\n" + conversion_at("/conversion/karpenter.sh")},
      {"EC2NodeClass",
       R"(Cluster {"categories":["karpenter"],"kind":"EC2NodeClass","listKind":"EC2NodeClassList","plural":"ec2nodeclasses","shortNames":["ec2nc","ec2ncs"],"singular":"ec2nodeclass"})"
       "\nv1 stored: " +
           ready + " " + age + " +Role=.spec.role(string)" + status_only + "\nv1beta1:" + status_only + "\n" +
           conversion_at("/conversion/karpenter.k8s.aws")},
  };
  const auto all = crds();
  for (const auto& [kind, text] : cases) {
    const auto it = std::find_if(all.begin(), all.end(), [&](const Crd& crd) { return crd.kind == kind; });
    ASSERT_NE(it, all.end()) << kind;
    EXPECT_EQ(summary(*it), text);
  }
}

// spec: api §5, §6, §11.1, §11.2, §12.1
TEST(CrdManifests, of_the_other_kinds_too) {
  const std::string ready = R"(Ready=.status.conditions[?(@.type=="Ready")].status(string))";
  const std::string age = "Age=.metadata.creationTimestamp(date)";
  const std::vector<Identity> cases = {
      {"NodeOverlay",
       R"(Cluster {"categories":["karpenter"],"kind":"NodeOverlay","listKind":"NodeOverlayList","plural":"nodeoverlays","shortNames":["overlays"],"singular":"nodeoverlay"})"
       "\nv1alpha1 stored: " +
           ready + " " + age +
           R"( +Weight=.spec.weight(integer) {"status":{}} ["spec"])"
           "\n"},
      {"CapacityBuffer",
       R"(Namespaced {"categories":["autoscaling"],"kind":"CapacityBuffer","listKind":"CapacityBufferList","plural":"capacitybuffers","shortNames":["cb"],"singular":"capacitybuffer"})"
       "\nv1beta1 stored: Strategy=.spec.provisioningStrategy(string) "
       "PodTemplate=.status.podTemplateRef.name(string) "
       "Replicas=.status.replicas(integer) ConditionsType=.status.conditions[*].type(string) "
       "ConditionsStatus=.status.conditions[*].status(string) "
       "ConditionsReason=.status.conditions[*].reason(string) " +
           age +
           R"( {"status":{}} ["spec"])"
           "\n"},
      {"Provisioner",
       R"(Cluster {"categories":["karpenter"],"kind":"Provisioner","listKind":"ProvisionerList","plural":"provisioners","singular":"provisioner"})"
       "\nv1alpha5 stored: Template=.spec.providerRef.name(string) +Weight=.spec.weight(string) "
       R"({"status":{}} )"
       "\n"},
      {"AWSNodeTemplate",
       R"(Cluster {"categories":["karpenter"],"kind":"AWSNodeTemplate","listKind":"AWSNodeTemplateList","plural":"awsnodetemplates","singular":"awsnodetemplate"})"
       "\nv1alpha1 stored: "
       R"({"status":{}} )"
       "\n"},
      {"Machine",
       R"(Cluster {"categories":["karpenter"],"kind":"Machine","listKind":"MachineList","plural":"machines","singular":"machine"})"
       "\nv1alpha5 stored: "
       R"(Type=.metadata.labels.node\.kubernetes\.io/instance-type(string) Zone=.metadata.labels.topology\.kubernetes\.io/zone(string) )"
       "Node=.status.nodeName(string) " +
           ready + " " + age +
           R"( +Capacity=.metadata.labels.karpenter\.sh/capacity-type(string) +Provisioner=.metadata.labels.karpenter\.sh/provisioner-name(string) )"
           R"(+Template=.spec.machineTemplateRef.name(string) {"status":{}} )"
           "\n"},
  };
  const auto all = described_kinds();
  for (const auto& [kind, text] : cases) {
    const auto it = std::find_if(all.begin(), all.end(), [&](const Crd& crd) { return crd.kind == kind; });
    ASSERT_NE(it, all.end()) << kind;
    EXPECT_EQ(summary(*it), text);
  }
}

}  // namespace
}  // namespace karpenter::schema
