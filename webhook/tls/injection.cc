#include "webhook/tls/injection.h"

#include <algorithm>

#include "common/base/strings.h"

namespace karpenter::webhook {
namespace {

void add_operation(json::Ref patch, std::string_view op, const std::string& path, json::View value) {
  const auto operation = patch.push_back();
  operation["op"].set(op);
  operation["path"].set(path);
  operation["value"].set(value);
}

bool is_ours(json::View client_config, const Callee& callee) {
  const auto service = client_config["service"];
  return service["namespace"].string_or("") == callee.namespace_name &&
         std::ranges::count(callee.services, service["name"].string_or("")) > 0;
}

// What differs at `pointer` below `object` is set.
void want(json::Ref patch, json::View object, const std::string& pointer, const std::string& value) {
  const auto wanted = json::Value::of(value);
  if (object.at_pointer(pointer) != wanted.view()) add_operation(patch, "add", pointer, wanted);
}

}  // namespace

const std::vector<Registration>& registrations() {
  static const std::vector<Registration> kAll{
      {RegistrationKind::kCrd, "ec2nodeclasses.karpenter.k8s.aws", "/conversion/karpenter.k8s.aws"},
      {RegistrationKind::kCrd, "nodeclaims.karpenter.sh", "/conversion/karpenter.sh"},
      {RegistrationKind::kCrd, "nodepools.karpenter.sh", "/conversion/karpenter.sh"},
      {RegistrationKind::kMutating, "defaulting.webhook.karpenter.k8s.aws"},
      {RegistrationKind::kValidating, "validation.webhook.config.karpenter.sh"},
      {RegistrationKind::kValidating, "validation.webhook.karpenter.k8s.aws"},
      {RegistrationKind::kValidating, "validation.webhook.karpenter.sh"},
  };
  return kAll;
}

base::Result<json::Value> plan_injection(const Registration& registration, json::View object,
                                         const Callee& callee) {
  json::Value patch = json::Value::array();
  const std::string bundle = base::base64_encode(callee.ca_bundle);
  if (registration.kind == RegistrationKind::kCrd) {
    const auto conversion = object["spec"]["conversion"];
    const auto client = conversion["webhook"]["clientConfig"];
    if (conversion["strategy"].string_or("") != "Webhook" || !client["service"].is_object()) {
      return base::invalid("CRD does not convert by a webhook service")
          .add("CustomResourceDefinition", std::string(registration.name));
    }
    if (!is_ours(client, callee)) return patch;
    const std::string at = "/spec/conversion/webhook/clientConfig";
    want(patch.ref(), object, at + "/caBundle", bundle);
    want(patch.ref(), object, at + "/service/path", std::string(registration.conversion_path));
  }
  const auto webhooks = object["webhooks"].items();
  for (std::size_t i = 0; i < webhooks.size(); ++i) {
    const std::string at = "/webhooks/" + std::to_string(i) + "/clientConfig";
    if (is_ours(webhooks[i]["clientConfig"], callee)) want(patch.ref(), object, at + "/caBundle", bundle);
  }
  if (patch.view().size() == 0) return patch;
  // Entries are named by their place: only in the version that was looked at.
  json::Value guarded = json::Value::array();
  add_operation(guarded.ref(), "test", "/metadata/resourceVersion", object["metadata"]["resourceVersion"]);
  for (const auto operation : patch.view().items()) guarded.ref().push_back(operation);
  return guarded;
}

}  // namespace karpenter::webhook
