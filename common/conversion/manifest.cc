#include "common/conversion/manifest.h"

#include <algorithm>

#include "common/base/strings.h"
#include "common/conversion/alpha.h"
#include "common/conversion/manifest_input.h"
#include "common/conversion/manifest_workloads.h"
#include "common/schema/codec.h"

namespace karpenter::conversion {
namespace {

DocumentKind kind_of(std::string_view api_version, std::string_view kind) {
  const bool is_core = api_version == "karpenter.sh/v1beta1" || api_version == "karpenter.sh/v1";
  if (is_core && kind == "NodePool") return DocumentKind::kNodePool;
  if (is_core && kind == "NodeClaim") return DocumentKind::kNodeClaim;
  const bool is_aws = api_version == "karpenter.k8s.aws/v1beta1" || api_version == "karpenter.k8s.aws/v1";
  if (is_aws && kind == "EC2NodeClass") return DocumentKind::kNodeClass;
  if (api_version == "karpenter.sh/v1alpha5" && kind == "Provisioner") return DocumentKind::kProvisioner;
  const bool is_template = api_version == "karpenter.k8s.aws/v1alpha1" && kind == "AWSNodeTemplate";
  return is_template ? DocumentKind::kNodeTemplate : DocumentKind::kOther;
}

Document described(json::Value value) {
  Document out;
  const auto api_version = value["apiVersion"].view().string_or("");
  const auto kind = value["kind"].view().string_or("");
  out.kind = kind_of(api_version, kind);
  out.name = value.view()["metadata"]["name"].string_or("");
  out.label = kind + "/" + out.name;
  out.version = api_version.substr(api_version.find('/') + 1);
  out.value = std::move(value);
  return out;
}

void flatten(json::Value value, std::vector<Document>& out) {
  const auto items = value.view()["items"];
  if (!value.view()["kind"].string_or("").ends_with("List") || !items.is_array()) {
    out.push_back(described(std::move(value)));
    return;
  }
  for (const auto item : items.items()) flatten(item.clone(), out);
}

template <class T>
void set_if(const std::optional<T>& from, bool is_open, T& to) {
  if (from && is_open) to = *from;
}

std::optional<std::string> text_of(json::View data, std::string_view key) {
  const auto text = data[key].string();
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

// What flags left open. spec: conversion §4.1
void read_global_settings(json::View data, AlphaSettings& settings) {
  set_if(text_of(data, "aws.clusterName"), settings.cluster_name.empty(), settings.cluster_name);
  set_if(text_of(data, "aws.defaultInstanceProfile"), settings.default_instance_profile.empty(),
         settings.default_instance_profile);
  if (text_of(data, "aws.enableENILimitedPodDensity") == "false") settings.eni_limited_pod_density = false;
  if (const auto drift = text_of(data, "featureGates.driftEnabled"); drift && !settings.drift_enabled)
    settings.drift_enabled = *drift == "true";
  const auto tags = json::parse(text_of(data, "aws.tags").value_or("{}"));
  if (!tags || !settings.default_tags.empty()) return;
  for (const auto& [key, value] : tags->view().members())
    settings.default_tags.insert_or_assign(std::string(key), value.string_or(""));
}

void warn_dropped(Document& document, const schema::Type& type) {
  const auto say = document.sayer();
  for (const auto& path : schema::unknown_fields(type, document.value))
    say("W-DROPPED", path, "is no member of this kind");
}

void decode(Document& document) {
  const auto say = document.sayer();
  if (document.kind == DocumentKind::kProvisioner) {
    warn_dropped(document, schema::type_of<model::v1alpha5::Provisioner>());
    auto decoded = schema::decode<model::v1alpha5::Provisioner>(document.value);
    if (!decoded) return say("E-INVALID", "", decoded.error().text());
    document.provisioner = std::move(decoded).value();
  } else if (document.kind == DocumentKind::kNodeTemplate) {
    warn_dropped(document, schema::type_of<model::v1alpha1::AwsNodeTemplate>());
    auto decoded = schema::decode<model::v1alpha1::AwsNodeTemplate>(document.value);
    if (!decoded) return say("E-INVALID", "", decoded.error().text());
    document.node_template = std::move(decoded).value();
  }
}

class Converter {
 public:
  Converter(std::vector<json::Value> values, const ManifestSettings& settings) : settings_(settings) {
    settings_.alpha.mode = Mode::kOffline;
    for (auto& value : values) flatten(std::move(value), documents_);
  }

  ManifestOutput run() {
    read_input();
    std::vector<std::vector<json::Value>> printed(documents_.size());
    // Node templates first: what is wrong with one suppresses its Provisioners.
    for (std::size_t i = 0; i < documents_.size(); ++i) {
      if (documents_[i].kind == DocumentKind::kNodeTemplate) printed[i] = print(documents_[i]);
    }
    for (std::size_t i = 0; i < documents_.size(); ++i) {
      if (documents_[i].kind != DocumentKind::kNodeTemplate) printed[i] = print(documents_[i]);
    }
    ManifestOutput out;
    for (std::size_t i = 0; i < documents_.size(); ++i) {
      for (auto& diagnostic : documents_[i].said) out.diagnostics.push_back(std::move(diagnostic));
      for (auto& object : printed[i]) out.objects.push_back(std::move(object));
    }
    say_once_per_run(out.diagnostics);
    return out;
  }

 private:
  void read_input() {
    for (auto& document : documents_) {
      if (document.label == "ConfigMap/karpenter-global-settings")
        read_global_settings(document.value["data"].view(), settings_.alpha);
      if (document.kind != DocumentKind::kOther && !labels_.insert(document.label).second) {
        document.sayer()("E-DUPLICATE", "", "is in the input twice");
        duplicates_.insert(&document);
      }
    }
    for (auto& document : documents_) {
      if (!duplicates_.contains(&document)) read(document);
    }
  }

  void read(Document& document) {
    decode(document);
    if (document.provisioner) {
      auto kubelet = read_provisioner(document, settings_.alpha);
      const auto& ref = document.provisioner->spec.provider_ref;
      if (settings_.target == Target::kV1beta1) kubelet.clear();  // stays in the pool
      if (ref) variants_.want("AWSNodeTemplate/" + ref->name, kubelet, document.name);
      has_provisioners_ = true;
    } else if (document.kind == DocumentKind::kNodePool && document.version == "v1beta1" &&
               settings_.target == Target::kV1) {
      variants_.want(node_class_of(document), read_beta_kubelet(document), document.name);
    } else if (document.kind == DocumentKind::kNodeClass && document.version == "v1") {
      const auto kubelet = document.value.view()["spec"]["kubelet"];
      if (kubelet.is_object()) v1_kubelets_.emplace(document.label, kubelet.dump());
    }
    if (document.kind == DocumentKind::kNodePool) pool_classes_.insert(node_class_of(document));
  }

  std::vector<json::Value> print(Document& document) {
    const AlphaRun alpha{settings_, labels_, suppressed_, variants_};
    const BetaRun beta{settings_, labels_, variants_, v1_kubelets_, pool_classes_};
    const auto target = settings_.target == Target::kV1 ? "v1" : "v1beta1";
    std::vector<json::Value> out;
    if (duplicates_.contains(&document)) return out;
    if (document.kind == DocumentKind::kProvisioner) {
      if (document.provisioner) out = print_provisioner(document, alpha);
    } else if (document.kind == DocumentKind::kNodeTemplate) {
      if (document.node_template) out = print_node_template(document, alpha);
    } else if (document.kind == DocumentKind::kOther || document.version == target) {
      if (document.kind == DocumentKind::kOther) {
        document.sayer()("I-SKIPPED", "", "is passed through");
        check_workload(document.value, document.sayer());
      }
      out.push_back(std::move(document.value));
    } else if (document.kind == DocumentKind::kNodeClaim) {
      document.sayer()("I-SKIPPED", "", "is left out: NodeClaims are the controller's");
    } else {
      out =
          document.kind == DocumentKind::kNodePool ? print_pool(document, beta) : print_class(document, beta);
    }
    if (!has_error(document.said)) return out;
    suppressed_.insert(document.label);
    return {};
  }

  void say_once_per_run(Diagnostics& out) const {
    if (!has_provisioners_) return;
    const Sayer say(out, "");
    const auto& alpha = settings_.alpha;
    if (!alpha.drift_enabled.value_or(false) && !alpha.preserve_drift)
      say("W-DRIFT-ALWAYS-ON", "", "drift is always on at v1; --preserve-drift keeps it off with a budget");
    say("W-NODES", "", "nodes of the alpha controller are not adopted: roll them");
  }

  ManifestSettings settings_;
  std::vector<Document> documents_;
  std::set<const Document*> duplicates_;
  std::set<std::string> labels_;
  std::set<std::string> suppressed_;
  Variants variants_;
  std::map<std::string, std::string> v1_kubelets_;
  std::set<std::string> pool_classes_;
  bool has_provisioners_ = false;
};

}  // namespace

std::string_view bare_name(std::string_view label) { return label.substr(label.find('/') + 1); }

void Variants::want(const std::string& source, std::string kubelet, std::string user) {
  wanted_[source][std::move(kubelet)].push_back(std::move(user));
}

std::string Variants::class_name(const std::string& source, std::string_view kubelet) const {
  const auto found = wanted_.find(source);
  const bool is_only = found == wanted_.end() || found->second.size() < 2;
  const std::string name(bare_name(source));
  return is_only || kubelet.empty() ? name : variant_name(name, kubelet);
}

std::vector<std::pair<std::string, std::string>> Variants::of(const std::string& source) const {
  const auto found = wanted_.find(source);
  if (found == wanted_.end()) return {{std::string(bare_name(source)), ""}};
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [kubelet, users] : found->second) out.emplace_back(class_name(source, kubelet), kubelet);
  // The bare name is the prefix of all others: it sorts first.
  std::ranges::sort(out);
  return out;
}

std::string Variants::split_text(const std::string& source) const {
  std::vector<std::string> parts;
  for (const auto& [name, kubelet] : of(source)) {
    for (const auto& user : wanted_.find(source)->second.find(kubelet)->second)
      parts.push_back(user + " -> " + name);
  }
  return base::join(parts, ", ");
}

ManifestOutput convert_manifests(std::vector<json::Value> documents, const ManifestSettings& settings) {
  return Converter(std::move(documents), settings).run();
}

}  // namespace karpenter::conversion
