#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/conversion/manifest.h"
#include "common/model/legacy/v1alpha.h"

// What the manifest converter knows about its input. Only manifest*.cc include this.

namespace karpenter::conversion {

enum class DocumentKind : std::uint8_t {
  kOther,
  kProvisioner,
  kNodeTemplate,
  kNodePool,   // v1beta1 or v1
  kNodeClaim,  // v1beta1 or v1
  kNodeClass,  // v1beta1 or v1
};

struct Document {
  json::Value value;
  DocumentKind kind = DocumentKind::kOther;
  std::string label;    // "NodePool/default"
  std::string name;     // metadata.name
  std::string version;  // "v1beta1"
  Diagnostics said = {};
  std::optional<model::v1alpha5::Provisioner> provisioner = {};
  std::optional<model::v1alpha1::AwsNodeTemplate> node_template = {};

  [[nodiscard]] Sayer sayer() { return {said, label}; }
};

// The kubelet configurations that pools want of one node template (v1 has the kubelet in the EC2NodeClass),
// and the class that each gets. Sources are named by Document::label. spec: conversion §4.6
class Variants {
 public:
  void want(const std::string& source, std::string kubelet, std::string user);
  // Of a source that exists; `kubelet` is one that was wanted.
  [[nodiscard]] std::string class_name(const std::string& source, std::string_view kubelet) const;
  // (class name, kubelet) pairs: the unsuffixed first, then by name. One without kubelet when nobody wants
  // any.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> of(const std::string& source) const;
  [[nodiscard]] bool is_wanted(const std::string& source) const { return wanted_.contains(source); }
  // "small -> shared-3e516c5f, plain -> shared"
  [[nodiscard]] std::string split_text(const std::string& source) const;

 private:
  std::map<std::string, std::map<std::string, std::vector<std::string>, std::less<>>> wanted_;
};

[[nodiscard]] std::string_view bare_name(std::string_view label);  // "AWSNodeTemplate/x" -> "x"

// ---- alpha documents (manifest_alpha.cc)
struct AlphaRun {
  const ManifestSettings& settings;
  const std::set<std::string>& labels;      // of all documents
  const std::set<std::string>& suppressed;  // labels of documents that are not printed
  const Variants& variants;
};
// The kubelet of a decoded Provisioner, and what is wrong with the Provisioner itself. "" is none.
[[nodiscard]] std::string read_provisioner(Document& document, const AlphaSettings& settings);
[[nodiscard]] std::vector<json::Value> print_provisioner(Document& document, const AlphaRun& run);
[[nodiscard]] std::vector<json::Value> print_node_template(Document& document, const AlphaRun& run);

// ---- v1beta1 and v1 documents (manifest_beta.cc)
struct BetaRun {
  const ManifestSettings& settings;
  const std::set<std::string>& labels;
  const Variants& variants;
  const std::map<std::string, std::string>& v1_kubelets;  // EC2NodeClass -> kubelet, as JSON
  const std::set<std::string>& pool_classes;              // EC2NodeClasses that NodePools name
};
// The kubelet of a v1beta1 NodePool as compact JSON with sorted keys; "" is none.
[[nodiscard]] std::string read_beta_kubelet(const Document& document);
[[nodiscard]] std::string node_class_of(const Document& pool);  // "EC2NodeClass/<name>"
[[nodiscard]] std::vector<json::Value> print_pool(Document& document, const BetaRun& run);
[[nodiscard]] std::vector<json::Value> print_class(Document& document, const BetaRun& run);

}  // namespace karpenter::conversion
