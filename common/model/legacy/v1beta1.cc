#include "common/model/legacy/v1beta1.h"

namespace karpenter::model::v1beta1 {
namespace {

// A JSON string literal, with the HTML characters escaped as Go's encoder does.
std::string quoted(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || c == '<' || c == '>' || c == '&') {
      out += "\\u00";
      out += kHex[byte >> 4U];
      out += kHex[byte & 0xFU];
    } else {
      out += c;
    }
  }
  return out + '"';
}

class ObjectText {
 public:
  void raw(std::string_view key, const std::string& json) {
    text_ += (text_.empty() ? "" : ",") + quoted(key) + ":" + json;
  }
  void text(std::string_view key, std::string_view value) {
    if (!value.empty()) raw(key, quoted(value));
  }
  void number(std::string_view key, std::optional<std::int32_t> value) {
    if (value) raw(key, std::to_string(*value));
  }
  void map(std::string_view key, const StringMap& values) {
    ObjectText inner;
    for (const auto& [name, value] : values) inner.raw(name, quoted(value));
    if (!values.empty()) raw(key, inner.done());
  }
  [[nodiscard]] std::string done() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

}  // namespace

std::string kubelet_json(const Kubelet& kubelet) {
  ObjectText out;
  if (!kubelet.cluster_dns.empty()) {
    std::string list;
    for (const auto& address : kubelet.cluster_dns) list += (list.empty() ? "" : ",") + quoted(address);
    out.raw("clusterDNS", "[" + list + "]");
  }
  out.number("maxPods", kubelet.max_pods);
  out.number("podsPerCore", kubelet.pods_per_core);
  out.map("systemReserved", kubelet.system_reserved);
  out.map("kubeReserved", kubelet.kube_reserved);
  out.map("evictionHard", kubelet.eviction_hard);
  out.map("evictionSoft", kubelet.eviction_soft);
  out.map("evictionSoftGracePeriod", kubelet.eviction_soft_grace_period);
  out.number("evictionMaxPodGracePeriod", kubelet.eviction_max_pod_grace_period);
  out.number("imageGCHighThresholdPercent", kubelet.image_gc_high_threshold_percent);
  out.number("imageGCLowThresholdPercent", kubelet.image_gc_low_threshold_percent);
  if (kubelet.cpu_cfs_quota) out.raw("cpuCFSQuota", *kubelet.cpu_cfs_quota ? "true" : "false");
  return out.done();
}

std::string node_class_ref_json(const NodeClassRef& ref) {
  ObjectText out;
  out.text("kind", ref.kind);
  out.raw("name", quoted(ref.name));
  out.text("apiVersion", ref.api_version);
  return out.done();
}

}  // namespace karpenter::model::v1beta1
