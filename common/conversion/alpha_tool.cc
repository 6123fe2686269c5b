#include "common/conversion/alpha_tool.h"

#include <algorithm>
#include <utility>

#include "common/admission/admission.h"
#include "common/base/duration.h"
#include "common/conversion/alpha.h"
#include "common/conversion/alpha_selectors.h"
#include "common/schema/codec.h"

namespace karpenter::conversion {
namespace {

// Absent stays absent.
void copy(json::View from, json::Ref to, std::string_view key) {
  if (from.exists()) to[key].set(from);
}

void copy_metadata(json::View from, json::Ref to) {
  for (const auto* key : {"name", "labels", "annotations", "finalizers"}) copy(from[key], to, key);
}

std::string seconds(std::int64_t count) { return base::format_duration(std::chrono::seconds(count)); }

void map_disruption(const model::v1alpha5::ProvisionerSpec& spec, json::Ref to) {
  to["expireAfter"].set(spec.ttl_seconds_until_expired ? seconds(*spec.ttl_seconds_until_expired) : "Never");
  if (spec.consolidation_enabled.value_or(false)) {
    to["consolidationPolicy"].set("WhenUnderutilized");
  } else if (spec.ttl_seconds_after_empty) {
    to["consolidationPolicy"].set("WhenEmpty");
    to["consolidateAfter"].set(seconds(*spec.ttl_seconds_after_empty));
  }
}

void set_kubelet(const std::optional<model::v1beta1::Kubelet>& kubelet, json::Ref spec) {
  if (!kubelet) return;
  auto document = json::parse(model::v1beta1::kubelet_json(*kubelet));
  if (document) spec["kubelet"].set(std::move(document).value());
}

json::Value node_class(const model::v1alpha1::AwsNodeTemplateSpec& from, std::string_view path,
                       const Sayer& say) {
  if (!from.launch_template.empty())
    say("E-LAUNCHTEMPLATE", std::string(path) + ".launchTemplate",
        "cannot convert with \"spec.launchTemplate\"");
  model::v1beta1::Ec2NodeClass to;
  const auto at = [&](std::string_view member) { return std::string(path) + "." + std::string(member); };
  to.spec.ami_family = from.ami_family.empty() ? "AL2" : from.ami_family;
  to.spec.subnet_selector_terms =
      expand_selector(from.subnet_selector.value_or(model::StringMap{}), at("subnetSelector"), say);
  to.spec.security_group_selector_terms = expand_selector(
      from.security_group_selector.value_or(model::StringMap{}), at("securityGroupSelector"), say);
  if (from.ami_selector)
    to.spec.ami_selector_terms = expand_ami_selector(*from.ami_selector, at("amiSelector"), say);
  to.spec.role = "$KARPENTER_NODE_ROLE";
  to.spec.user_data = from.user_data;
  to.spec.tags = from.tags;
  to.spec.context = from.context;
  to.spec.detailed_monitoring = from.detailed_monitoring;
  if (!from.block_device_mappings.empty()) to.spec.block_device_mappings = from.block_device_mappings;
  to.spec.metadata_options = from.metadata_options;
  auto out = schema::encode(to);
  out["apiVersion"].set("karpenter.k8s.aws/v1beta1");
  out["kind"].set("EC2NodeClass");
  return out;
}

}  // namespace

std::vector<json::Value> tool_provisioner(Document& document, const AlphaSettings& settings) {
  const auto say = document.sayer();
  auto defaulted = *document.provisioner;
  if (!settings.ignore_defaults) admission::set_defaults(defaulted);
  const auto encoded = schema::encode(defaulted);
  const auto from = encoded["spec"];
  json::Value pool = json::Value::object();
  pool["apiVersion"].set("karpenter.sh/v1beta1");
  pool["kind"].set("NodePool");
  copy_metadata(document.value["metadata"].view(), pool["metadata"]);
  const auto spec = pool["spec"]["template"]["spec"];
  for (const auto* key : {"labels", "annotations"}) {
    if (from[key].exists()) pool["spec"]["template"]["metadata"][key].set(from[key]);
  }
  for (const auto* key : {"taints", "startupTaints", "requirements"}) copy(from[key], spec, key);
  copy(from["weight"], pool["spec"], "weight");
  for (const auto& [name, quantity] : defaulted.spec.limits)
    pool["spec"]["limits"][name].set(quantity.text());
  map_disruption(defaulted.spec, pool["spec"]["disruption"]);
  set_kubelet(defaulted.spec.kubelet, spec);
  std::vector<json::Value> out;
  if (from["provider"].exists()) {
    spec["nodeClassRef"]["name"].set(document.name);
    const auto provider = decode_provider(defaulted, say);
    if (!provider) return out;
    auto own = node_class(*provider, "spec.provider", say);
    own["metadata"]["name"].set(document.name);
    out.push_back(std::move(own));
  } else {
    copy(from["providerRef"], spec, "nodeClassRef");  // verbatim: kind AWSNodeTemplate makes it unusable
  }
  out.insert(out.begin(), std::move(pool));
  return out;
}

std::vector<json::Value> tool_node_template(Document& document, const AlphaSettings& /*settings*/) {
  std::vector<json::Value> out;
  out.push_back(node_class(document.node_template->spec, "spec", document.sayer()));
  copy_metadata(document.value["metadata"].view(), out.back()["metadata"]);
  return out;
}

}  // namespace karpenter::conversion
