#include "controller/aws/provider/user_data.h"

#include <algorithm>
#include <utility>

#include "common/base/duration.h"
#include "common/base/strings.h"
#include "common/json/json.h"
#include "common/json/yaml.h"
#include "controller/aws/provider/mime.h"

namespace karpenter::aws {
namespace {

constexpr std::string_view kShellScript = "text/x-shellscript; charset=\"us-ascii\"";
constexpr std::string_view kNodeConfig = "application/node.eks.aws";

bool in_domain(std::string_view domain, std::string_view parent) {
  return domain == parent || (domain.size() > parent.size() && domain.ends_with(parent) &&
                              domain[domain.size() - parent.size() - 1] == '.');
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "\"";
}

std::string joined(const model::StringMap& entries, std::string_view separator) {
  std::string out;
  for (const auto& [key, value] : entries) {
    if (!out.empty()) out.push_back(',');
    out += key + std::string(separator) + value;
  }
  return out;
}

std::string go_duration(const std::string& text) {
  const auto parsed = base::parse_duration(text);
  return parsed ? base::format_duration(*parsed) : text;
}

std::string taint_argument(const model::Taint& taint) {
  return taint.key + (taint.value.empty() ? "" : "=" + taint.value) + ":" + taint.effect;
}

// spec.kubelet with what the provider decides. spec: aws §7.2, §9.3
base::Result<json::Value> nodeadm_kubelet(const BootstrapInput& input) {
  json::Value config = json::Value::object();
  if (!input.raw_kubelet.empty()) {
    ASSIGN_OR_RETURN(config, json::parse(input.raw_kubelet));
  }
  if (input.kubelet.max_pods) config["maxPods"].set(*input.kubelet.max_pods);
  if (!input.kubelet.cluster_dns.empty()) {
    config["clusterDNS"].set_array();
    for (const auto& address : input.kubelet.cluster_dns) config["clusterDNS"].push_back(address);
  }
  if (!input.taints.empty()) {
    config["registerWithTaints"].set_array();
    for (const auto& taint : input.taints) {
      const json::Ref one = config["registerWithTaints"].push_back();
      one["key"].set(taint.key);
      if (!taint.value.empty()) one["value"].set(taint.value);
      one["effect"].set(taint.effect);
    }
  }
  return config;
}

base::Result<std::string> node_config(const BootstrapInput& input) {
  if (input.service_cidr.empty()) {
    return base::make_error(base::Code::kNotReady, "the service CIDR of the cluster is not known");
  }
  if (!base::base64_decode(input.ca_bundle)) return base::invalid("the cluster CA bundle is not base64");
  json::Value root = json::Value::object();
  root["apiVersion"].set("node.eks.aws/v1alpha1");
  root["kind"].set("NodeConfig");
  root["metadata"].set_object();
  const json::Ref spec = root["spec"];
  spec["cluster"]["name"].set(input.cluster_name);
  spec["cluster"]["apiServerEndpoint"].set(input.cluster_endpoint);
  spec["cluster"]["cidr"].set(input.service_cidr);
  if (!input.ca_bundle.empty()) spec["cluster"]["certificateAuthority"].set(input.ca_bundle);
  spec["containerd"].set_object();
  spec["instance"]["localStorage"].set_object();
  if (input.raid0) spec["instance"]["localStorage"]["strategy"].set("RAID0");
  ASSIGN_OR_RETURN(json::Value kubelet, nodeadm_kubelet(input));
  spec["kubelet"]["config"].set(std::move(kubelet));
  if (!input.labels.empty())
    spec["kubelet"]["flags"].push_back("--node-labels=" + node_labels_flag(input.labels));
  return "# Karpenter Generated NodeConfig\n" + json::to_yaml(root);
}

// Custom text that is a YAML mapping, or an empty document, is a NodeConfig; anything else a script. spec:
// aws §9.3
std::string_view nodeadm_type(std::string_view custom) {
  const auto documents = json::parse_yaml(custom);
  if (!documents) return kShellScript;
  for (const auto& document : *documents) {
    if (!document.view().is_object()) return kShellScript;
  }
  return kNodeConfig;
}

base::Result<std::string> al2023(const BootstrapInput& input) {
  std::vector<MimePart> parts;
  if (input.custom && !input.custom->empty()) {
    if (looks_like_mime(*input.custom)) {
      ASSIGN_OR_RETURN(const auto own, parse_mime(*input.custom));
      for (const auto& part : own) parts.push_back(make_part(part.content_type(), part.body));
    } else {
      parts.push_back(make_part(nodeadm_type(*input.custom), *input.custom));
    }
  }
  ASSIGN_OR_RETURN(std::string config, node_config(input));
  parts.push_back(make_part(kNodeConfig, std::move(config)));
  return write_mime(parts);
}

std::string al2_script(const BootstrapInput& input) {
  std::string out = "#!/bin/bash -xe\n";
  out += "exec > >(tee /var/log/user-data.log|logger -t user-data -s 2>/dev/console) 2>&1\n";
  out += "/etc/eks/bootstrap.sh '" + input.cluster_name + "' --apiserver-endpoint '" +
         input.cluster_endpoint + "' --b64-cluster-ca '" + input.ca_bundle + "'";
  const auto option = [&](const std::string& text) { out += " \\\n" + text; };
  const auto& dns = input.kubelet.cluster_dns;
  if (!dns.empty() && dns.front().find(':') != std::string::npos) option("--ip-family ipv6");
  if (!dns.empty()) option("--dns-cluster-ip '" + dns.front() + "'");
  if (input.kubelet.max_pods) option("--use-max-pods false");
  const std::string arguments = kubelet_arguments(input);
  if (!arguments.empty()) option("--kubelet-extra-args '" + arguments + "'");
  if (input.raid0) option("--local-disks raid0");
  return out + "\n";
}

base::Result<std::string> al2(const BootstrapInput& input) {
  std::vector<MimePart> parts;
  if (input.custom && !input.custom->empty()) {
    if (looks_like_mime(*input.custom)) {
      ASSIGN_OR_RETURN(parts, parse_mime(*input.custom));
    } else {
      parts.push_back(make_part(kShellScript, *input.custom));
    }
  }
  parts.push_back(make_part(kShellScript, al2_script(input)));
  return write_mime(parts);
}

std::string windows(const BootstrapInput& input) {
  std::string out = "<powershell>\n";
  if (input.custom && !input.custom->empty()) out += *input.custom + "\n";
  out += "[string]$EKSBootstrapScriptFile = \"$env:ProgramFiles\\Amazon\\EKS\\Start-EKSBootstrap.ps1\"\n";
  out += "& $EKSBootstrapScriptFile -EKSClusterName '" + input.cluster_name + "' -APIServerEndpoint '" +
         input.cluster_endpoint + "'";
  if (!input.ca_bundle.empty()) out += " -Base64ClusterCA '" + input.ca_bundle + "'";
  if (const auto arguments = kubelet_arguments(input); !arguments.empty()) {
    out += " -KubeletExtraArgs '" + arguments + "'";
  }
  if (!input.kubelet.cluster_dns.empty()) out += " -DNSClusterIP '" + input.kubelet.cluster_dns.front() + "'";
  return out + "\n</powershell>";
}

// ---- Bottlerocket: settings written from scratch; merging with the user's own TOML needs a TOML reader.
// spec: aws §9.4

void toml_map(std::string& out, std::string_view table, const model::StringMap& entries) {
  if (entries.empty()) return;
  out += "\n[settings.kubernetes." + std::string(table) + "]\n";
  for (const auto& [key, value] : entries) out += quoted(key) + " = " + quoted(value) + "\n";
}

std::string bottlerocket_kubelet(const KubeletConfig& kubelet) {
  std::string out;
  const auto line = [&](std::string_view key, const std::string& value) {
    out += std::string(key) + " = " + value + "\n";
  };
  if (kubelet.max_pods) line("max-pods", std::to_string(*kubelet.max_pods));
  if (!kubelet.cluster_dns.empty()) line("cluster-dns-ip", quoted(kubelet.cluster_dns.front()));
  if (kubelet.eviction_max_pod_grace_period) {
    line("eviction-max-pod-grace-period", std::to_string(*kubelet.eviction_max_pod_grace_period));
  }
  if (kubelet.image_gc_high_threshold) {
    line("image-gc-high-threshold-percent", quoted(std::to_string(*kubelet.image_gc_high_threshold)));
  }
  if (kubelet.image_gc_low_threshold) {
    line("image-gc-low-threshold-percent", quoted(std::to_string(*kubelet.image_gc_low_threshold)));
  }
  if (kubelet.cpu_cfs_quota) line("cpu-cfs-quota-enforced", *kubelet.cpu_cfs_quota ? "true" : "false");
  return out;
}

base::Result<std::string> bottlerocket(const BootstrapInput& input) {
  if (input.custom && !base::trim(*input.custom).empty()) {
    return base::invalid("spec.userData is not supported with amiFamily Bottlerocket yet");
  }
  std::string out = "[settings.kubernetes]\n";
  out += "api-server = " + quoted(input.cluster_endpoint) + "\n";
  out += "cluster-certificate = " + quoted(input.ca_bundle) + "\n";
  out += "cluster-name = " + quoted(input.cluster_name) + "\n";
  out += bottlerocket_kubelet(input.kubelet);
  toml_map(out, "node-labels", input.labels);
  if (!input.taints.empty()) {
    std::map<std::string, std::string> by_key;
    for (const auto& taint : input.taints) {
      std::string& list = by_key[taint.key];
      list += (list.empty() ? "" : ", ") + quoted(taint.value + ":" + taint.effect);
    }
    out += "\n[settings.kubernetes.node-taints]\n";
    for (const auto& [key, list] : by_key) out += quoted(key) + " = [" + list + "]\n";
  }
  toml_map(out, "system-reserved", input.kubelet.system_reserved);
  toml_map(out, "kube-reserved", input.kubelet.kube_reserved);
  toml_map(out, "eviction-hard", input.kubelet.eviction_hard);
  toml_map(out, "eviction-soft", input.kubelet.eviction_soft);
  model::StringMap grace;
  for (const auto& [signal, duration] : input.kubelet.eviction_soft_grace_period)
    grace[signal] = go_duration(duration);
  toml_map(out, "eviction-soft-grace-period", grace);
  if (input.raid0) {
    out += "\n[settings.bootstrap-commands.\"000-mount-instance-storage\"]\n";
    out +=
        "commands = [[\"apiclient\", \"ephemeral-storage\", \"init\"], "
        "[\"apiclient\", \"ephemeral-storage\", \"bind\", \"--dirs\", \"/var/lib/containerd\", "
        "\"/var/lib/kubelet\", "
        "\"/var/log/pods\"]]\nessential = true\nmode = \"always\"\n";
  }
  return out;
}

}  // namespace

model::StringMap bootstrap_labels(const model::StringMap& labels) {
  model::StringMap out;
  for (const auto& [key, value] : labels) {
    const auto slash = key.find('/');
    const std::string_view domain = slash == std::string::npos ? "" : std::string_view(key).substr(0, slash);
    if (in_domain(domain, "kubernetes.io") || in_domain(domain, "k8s.io")) continue;
    out.emplace(key, value);
  }
  return out;
}

std::string node_labels_flag(const model::StringMap& labels) { return quoted(joined(labels, "=")); }

std::string kubelet_arguments(const BootstrapInput& input) {
  const KubeletConfig& kubelet = input.kubelet;
  std::vector<std::string> parts;
  const auto map_part = [&](const std::string& flag, const model::StringMap& entries,
                            std::string_view separator) {
    if (!entries.empty()) parts.push_back("--" + flag + "=" + quoted(joined(entries, separator)));
  };
  const auto number_part = [&](const std::string& flag, const std::optional<std::int64_t>& value) {
    if (value) parts.push_back("--" + flag + "=" + std::to_string(*value));
  };
  map_part("node-labels", input.labels, "=");
  if (!input.taints.empty()) {
    std::vector<std::string> taints;
    for (const auto& taint : input.taints) taints.push_back(taint_argument(taint));
    parts.push_back("--register-with-taints=" + quoted(base::join(taints, ",")));
  }
  number_part("max-pods", kubelet.max_pods);
  number_part("pods-per-core", kubelet.pods_per_core);
  map_part("system-reserved", kubelet.system_reserved, "=");
  map_part("kube-reserved", kubelet.kube_reserved, "=");
  map_part("eviction-hard", kubelet.eviction_hard, "<");
  map_part("eviction-soft", kubelet.eviction_soft, "<");
  model::StringMap grace;
  for (const auto& [signal, duration] : kubelet.eviction_soft_grace_period)
    grace[signal] = go_duration(duration);
  map_part("eviction-soft-grace-period", grace, "=");
  number_part("eviction-max-pod-grace-period", kubelet.eviction_max_pod_grace_period);
  number_part("image-gc-high-threshold", kubelet.image_gc_high_threshold);
  number_part("image-gc-low-threshold", kubelet.image_gc_low_threshold);
  if (kubelet.cpu_cfs_quota)
    parts.push_back(std::string("--cpu-cfs-quota=") + (*kubelet.cpu_cfs_quota ? "true" : "false"));
  return base::join(parts, " ");
}

base::Result<std::string> make_user_data(AmiFamily family, const BootstrapInput& input) {
  switch (family) {
    case AmiFamily::kAl2:
      return al2(input);
    case AmiFamily::kAl2023:
      return al2023(input);
    case AmiFamily::kBottlerocket:
      return bottlerocket(input);
    case AmiFamily::kWindows2019:
    case AmiFamily::kWindows2022:
    case AmiFamily::kWindows2025:
      return windows(input);
    case AmiFamily::kCustom:
      return input.custom.value_or("");
  }
  return std::string();
}

}  // namespace karpenter::aws
