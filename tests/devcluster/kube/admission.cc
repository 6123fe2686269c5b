#include "tests/devcluster/kube/admission.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/strings.h"
#include "tests/devcluster/kube/conversion.h"
#include "tests/devcluster/kube/schema.h"
#include "tests/devcluster/kube/selectors.h"
#include "tests/devcluster/kube/webhook_call.h"

namespace karpenter::devcluster {
namespace {

constexpr std::string_view kGroup = "admissionregistration.k8s.io";

// A webhook that wants to see the request, at the version it registered for.
struct Match {
  json::View webhook;
  std::string version;
};

bool lists(json::View list, std::string_view word) {
  return std::ranges::any_of(list.items(), [&](json::View entry) {
    const std::string text = entry.string_or("");
    return text == "*" || text == word;
  });
}

// "pods", "pods/status", "*", "*/*", "pods/*", "*/scale".
bool lists_resource(json::View list, const std::string& plural, const std::string& subresource) {
  return std::ranges::any_of(list.items(), [&](json::View entry) {
    const std::string text = entry.string_or("");
    const std::size_t slash = text.find('/');
    const std::string left = text.substr(0, slash);
    const std::string right = slash == std::string::npos ? "" : text.substr(slash + 1);
    return (left == "*" || left == plural) && (right == subresource || right == "*");
  });
}

bool scope_matches(const std::string& scope, const Resource& resource) {
  return scope == "*" || (scope == "Namespaced") == resource.namespaced;
}

// The version to send when `rule` matches: the request's own, or an equivalent served one.
std::optional<std::string> rule_version(json::View rule, json::View webhook, const Context& context,
                                        std::string_view operation) {
  const Resource& resource = *context.resource;
  if (!lists(rule["operations"], operation) || !lists(rule["apiGroups"], resource.group) ||
      !lists_resource(rule["resources"], resource.plural, context.info.subresource) ||
      !scope_matches(rule["scope"].string_or("*"), resource)) {
    return std::nullopt;
  }
  if (lists(rule["apiVersions"], context.version->name)) return context.version->name;
  if (webhook["matchPolicy"].string_or("Equivalent") != "Equivalent") return std::nullopt;
  for (const ResourceVersion& version : resource.versions) {
    if (version.served && lists(rule["apiVersions"], version.name)) return version.name;
  }
  return std::nullopt;
}

json::Value namespace_labels(const Context& context) {
  const std::string name =
      context.resource->plural == "namespaces" ? context.info.name : context.info.namespace_name;
  const Object found = name.empty() ? nullptr : context.world.storage.get("/namespaces", name);
  return found == nullptr ? json::Value::object() : found->view()["metadata"]["labels"].clone();
}

bool selectors_match(json::View webhook, const Context& context, const AdmissionInput& input) {
  if (context.resource->namespaced || context.resource->plural == "namespaces") {
    const auto terms = label_terms_of(webhook["namespaceSelector"]);
    if (!terms.has_value() || !labels_match(*terms, namespace_labels(context))) return false;
  }
  const auto terms = label_terms_of(webhook["objectSelector"]);
  if (!terms.has_value()) return false;
  const auto selected = [&](json::View object) {
    return object.is_object() && labels_match(*terms, object["metadata"]["labels"]);
  };
  return terms->empty() || selected(input.object) || selected(input.old_object);
}

std::optional<Match> match_webhook(json::View webhook, const Context& context, const AdmissionInput& input) {
  for (const json::View rule : webhook["rules"].items()) {
    auto version = rule_version(rule, webhook, context, input.operation);
    if (!version.has_value() || !selectors_match(webhook, context, input)) continue;
    return Match{.webhook = webhook, .version = std::move(*version)};
  }
  return std::nullopt;
}

// The configurations of one sort; they are kept alive by the caller while views into them are used.
std::vector<Object> configurations(const World& world, std::string_view plural) {
  std::vector<Object> out;
  for (auto& [key, object] :
       world.storage.list(std::string(kGroup) + "/" + std::string(plural), "").objects) {
    out.push_back(object);
  }
  return out;
}

std::vector<Match> matching(const std::vector<Object>& configurations, const Context& context,
                            const AdmissionInput& input) {
  std::vector<Match> out;
  // The API server never sends webhook configurations to webhooks.
  if (context.resource->group == kGroup) return out;
  for (const Object& configuration : configurations) {
    for (const json::View webhook : configuration->view()["webhooks"].items()) {
      if (auto match = match_webhook(webhook, context, input); match.has_value())
        out.push_back(std::move(*match));
    }
  }
  return out;
}

base::Result<json::Value> at_version(const Context& context, json::View object, const std::string& version) {
  if (!object.is_object()) return json::Value();
  ASSIGN_OR_RETURN(Object converted, convert_one(context, make_object(json::Value(object)), version));
  return json::Value(converted->view());
}

void put_kind(json::Ref out, const Resource& resource, std::string_view version, std::string_view third,
              std::string_view name) {
  out["group"].set(resource.group);
  out["version"].set(version);
  out[third].set(name);
}

json::Value make_review(const Context& context, const Match& match, const AdmissionInput& input,
                        json::Value object, json::Value old_object) {
  const Resource& resource = *context.resource;
  json::Value review = json::Value::object();
  review["apiVersion"].set("admission.k8s.io/v1");
  review["kind"].set("AdmissionReview");
  json::Ref request = review["request"];
  request["uid"].set(runtime::random_uuid(context.world.runtime));
  put_kind(request["kind"], resource, match.version, "kind", resource.kind);
  put_kind(request["resource"], resource, match.version, "resource", resource.plural);
  put_kind(request["requestKind"], resource, context.version->name, "kind", resource.kind);
  put_kind(request["requestResource"], resource, context.version->name, "resource", resource.plural);
  if (!context.info.subresource.empty()) {
    request["subResource"].set(context.info.subresource);
    request["requestSubResource"].set(context.info.subresource);
  }
  const json::View named = input.object.is_object() ? input.object : input.old_object;
  const std::string name = context.info.name.empty() ? object_name(named) : context.info.name;
  if (!name.empty()) request["name"].set(name);
  if (!context.info.namespace_name.empty()) request["namespace"].set(context.info.namespace_name);
  request["operation"].set(input.operation);
  request["userInfo"]["username"].set(context.user.name);
  for (const std::string& group : context.user.groups)
    request["userInfo"]["groups"].push_back(std::string_view(group));
  request["object"].set(std::move(object));
  request["oldObject"].set(std::move(old_object));
  request["dryRun"].set(context.dry_run == DryRun::kYes);
  const std::string options = input.operation == "CREATE"   ? "Create"
                              : input.operation == "UPDATE" ? "Update"
                                                            : "Delete";
  request["options"]["kind"].set(options + "Options");
  request["options"]["apiVersion"].set("meta.k8s.io/v1");
  return review;
}

base::Status check_answer(json::View answer, json::View review, bool mutating) {
  const json::View response = answer["response"];
  if (answer["apiVersion"].string_or("") != "admission.k8s.io/v1" ||
      answer["kind"].string_or("") != "AdmissionReview") {
    return base::invalid("expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got " +
                         answer["apiVersion"].string_or("") + ", Kind=" + answer["kind"].string_or(""));
  }
  if (!(response["uid"] == review["request"]["uid"]))
    return base::invalid("expected response.uid=" + review["request"]["uid"].dump());
  if (!response["allowed"].is_bool()) return base::invalid("response.allowed is missing");
  const bool patch = response["patch"].exists();
  if (!mutating && (patch || response["patchType"].exists()))
    return base::invalid("a validating webhook must not return a patch");
  if (patch != response["patchType"].exists())
    return base::invalid("webhook returned response.patch without response.patchType or the reverse");
  if (patch && response["patchType"].string_or("") != "JSONPatch")
    return base::invalid("invalid response.patchType");
  return base::ok();
}

base::Error denied(const std::string& name, json::View status) {
  std::string message = "admission webhook \"" + name + "\" denied the request";
  const std::string why = status["message"].string_or("");
  const std::string reason = status["reason"].string_or("");
  if (!why.empty()) {
    message += ": " + why;
  } else {
    message += reason.empty() ? " without explanation" : ": " + reason;
  }
  const std::int64_t code = status["code"].integer_or(0);
  return with_details(error_with_code(std::move(message), reason, code < 400 ? 400 : static_cast<int>(code)),
                      status["details"]);
}

void collect_warnings(Context& context, json::View response) {
  for (const json::View warning : response["warnings"].items()) {
    const std::string text = warning.string_or("");
    const bool clean =
        std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20U || c == 0x7F; });
    if (clean && !text.empty()) context.warnings.push_back(text);
  }
}

// The response member of a well-formed, allowing answer. nullopt: the call failed and failurePolicy is
// Ignore.
base::Result<std::optional<json::Value>> ask(Context& context, const Match& match,
                                             const AdmissionInput& input, bool mutating) {
  const std::string name = match.webhook["name"].string_or("");
  const std::string effects = match.webhook["sideEffects"].string_or("");
  if (context.dry_run == DryRun::kYes && effects != "None" && effects != "NoneOnDryRun") {
    return bad_request("admission webhook \"" + name + "\" does not support dry run");
  }
  ASSIGN_OR_RETURN(json::Value object, at_version(context, input.object, match.version));
  ASSIGN_OR_RETURN(json::Value old_object, at_version(context, input.old_object, match.version));
  const json::Value review = make_review(context, match, input, std::move(object), std::move(old_object));
  const std::chrono::seconds timeout(match.webhook["timeoutSeconds"].integer_or(10));
  auto answer = call_webhook(context.world,
                             {.client_config = match.webhook["clientConfig"],
                              .review = review,
                              .timeout = timeout,
                              .timeout_in_query = true},
                             context.call);
  base::Status status =
      answer.has_value() ? check_answer(*answer, review, mutating) : base::Status(answer.error());
  if (!status.has_value()) {
    if (match.webhook["failurePolicy"].string_or("Fail") == "Ignore") return std::optional<json::Value>();
    return internal_error("failed calling webhook \"" + name +
                          "\": failed to call webhook: " + status.error().message);
  }
  const json::View response = answer->view()["response"];
  collect_warnings(context, response);
  if (!response["allowed"].bool_or(false)) return denied(name, response["status"]);
  return std::optional<json::Value>(response.clone());
}

// `object` (at the request's version) with the webhook's patch.
base::Result<json::Value> patched(const Context& context, const Match& match, json::Value object,
                                  json::View response) {
  const std::string name = match.webhook["name"].string_or("");
  const auto bytes = base::base64_decode(response["patch"].string_or(""));
  auto patch =
      bytes.has_value() ? json::parse(*bytes) : base::Result<json::Value>(base::invalid("not base64"));
  if (!patch.has_value())
    return internal_error("webhook \"" + name + "\": cannot decode patch: " + patch.error().text());
  if (patch->view().size() == 0) return object;
  ASSIGN_OR_RETURN(json::Value seen, at_version(context, object, match.version));
  if (auto done = json::apply_json_patch(seen, *patch); !done.has_value()) {
    return internal_error("webhook \"" + name + "\": cannot apply patch: " + done.error().text());
  }
  ASSIGN_OR_RETURN(json::Value back, at_version(context, seen, context.version->name));
  std::vector<std::string> unknown;
  prune(back.ref(), *context.version->schema, unknown);
  apply_defaults(back.ref(), *context.version->schema);
  return back;
}

}  // namespace

base::Result<json::Value> mutate(Context& context, const AdmissionInput& input) {
  const std::vector<Object> all = configurations(context.world, "mutatingwebhookconfigurations");
  json::Value object = input.object.clone();
  for (const Match& match : matching(all, context, input)) {
    const AdmissionInput seen{.operation = input.operation,
                              .object = input.object.is_object() ? object.view() : json::View(),
                              .old_object = input.old_object};
    ASSIGN_OR_RETURN(const std::optional<json::Value> response, ask(context, match, seen, true));
    if (!response.has_value() || !response->view()["patch"].exists()) continue;
    if (!input.object.is_object()) return internal_error("webhook returned a patch for a DELETE");
    ASSIGN_OR_RETURN(object, patched(context, match, std::move(object), *response));
  }
  return object;
}

base::Status admit(Context& context, const AdmissionInput& input) {
  const std::vector<Object> all = configurations(context.world, "validatingwebhookconfigurations");
  for (const Match& match : matching(all, context, input)) {
    RETURN_IF_ERROR(ask(context, match, input, false));
  }
  return base::ok();
}

}  // namespace karpenter::devcluster
