#include "tests/devcluster/kube/subresources.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/strings.h"
#include "tests/devcluster/kube/admission.h"
#include "tests/devcluster/kube/auth.h"
#include "tests/devcluster/kube/decode.h"
#include "tests/devcluster/kube/patch.h"
#include "tests/devcluster/kube/read.h"
#include "tests/devcluster/kube/remove.h"
#include "tests/devcluster/kube/selectors.h"
#include "tests/devcluster/kube/status.h"

namespace karpenter::devcluster {
namespace {

constexpr std::string_view kBudgets = "policy/poddisruptionbudgets";
constexpr std::int64_t kMaxDisrupted = 2000;

// ".spec.replicas" -> "/spec/replicas".
std::string pointer_of(std::string_view path) { return base::replace_all(std::string(path), ".", "/"); }

void set_at(json::Ref object, std::string_view path, std::int64_t value) {
  json::Ref at = object;
  for (const std::string& step : base::split(path, '.')) {
    if (!step.empty()) at = at[step];
  }
  at.set(value);
}

json::Value scale_of(const Context& context, json::View object) {
  const ScalePaths& paths = *context.version->scale;
  json::Value scale = json::Value::object();
  scale["apiVersion"].set("autoscaling/v1");
  scale["kind"].set("Scale");
  for (const char* field : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"}) {
    if (object["metadata"][field].exists()) scale["metadata"][field].set(object["metadata"][field]);
  }
  scale["spec"]["replicas"].set(object.at_pointer(pointer_of(paths.spec_replicas)).integer_or(0));
  scale["status"]["replicas"].set(object.at_pointer(pointer_of(paths.status_replicas)).integer_or(0));
  const json::View selector = object.at_pointer(pointer_of(paths.label_selector));
  if (selector.is_string()) {
    scale["status"]["selector"].set(selector);
  } else if (const auto terms = label_terms_of(selector); selector.is_object() && terms.has_value()) {
    scale["status"]["selector"].set(label_selector_text(*terms));
  }
  return scale;
}

Outcome success(int code) {
  json::Value body = json::Value::object();
  body["kind"].set("Status");
  body["apiVersion"].set("v1");
  body["metadata"].set_object();
  body["status"].set("Success");
  body["code"].set(code);
  return {.status = code, .object = make_object(std::move(body))};
}

// What a scale request wants the replicas to be, from the whole body or a patch of the present scale.
base::Result<json::Value> wanted_scale(Context& context, const net::HttpRequest& request, json::View object) {
  ASSIGN_OR_RETURN(json::Value body, parse_body(request));
  if (context.info.verb == "update") return body;
  json::Value scale = scale_of(context, object);
  const std::string type = request.headers.get("Content-Type");
  if (type.starts_with("application/json-patch+json")) {
    if (auto done = json::apply_json_patch(scale, body); !done.has_value()) {
      return error_with_code(
          "the server rejected our request due to an error in our request: " + done.error().text(), "Invalid",
          422);
    }
  } else {
    json::apply_merge_patch(scale.ref(), body);
  }
  return scale;
}

base::Status put_scale(Context& context, const net::HttpRequest& request, json::Ref object) {
  ASSIGN_OR_RETURN(const json::Value scale, wanted_scale(context, request, object));
  const auto replicas = scale.view()["spec"]["replicas"].integer();
  if (replicas.value_or(0) < 0) {
    return invalid_object("autoscaling", "Scale", context.info.name,
                          {invalid_value("spec.replicas", scale.view()["spec"]["replicas"],
                                         "must be greater than or equal to 0")});
  }
  const std::string version = scale.view()["metadata"]["resourceVersion"].string_or("");
  if (!version.empty()) object["metadata"]["resourceVersion"].set(version);
  set_at(object, context.version->scale->spec_replicas, replicas.value_or(0));
  return base::ok();
}

void set_scheduled(json::Ref pod, const std::string& now) {
  const json::Ref conditions = pod["status"]["conditions"];
  for (std::size_t i = conditions.view().size(); i-- > 0;) {
    if (conditions.view()[i]["type"].string_or("") == "PodScheduled") conditions.erase(i);
  }
  const json::Ref condition = conditions.push_back();
  condition["type"].set("PodScheduled");
  condition["status"].set("True");
  condition["lastTransitionTime"].set(now);
}

base::Status check_bindable(const Context& context, json::View pod) {
  const Subject subject{"", "pods/binding", "Binding"};
  const std::string& name = context.info.name;
  const std::string node = pod["spec"]["nodeName"].string_or("");
  if (pod["metadata"]["deletionTimestamp"].is_string()) {
    return conflict(subject, name, "pod " + name + " is being deleted, cannot be assigned to a host");
  }
  if (!node.empty())
    return conflict(subject, name, "pod " + name + " is already assigned to node \"" + node + "\"");
  if (pod["spec"]["schedulingGates"].size() > 0) {
    return conflict(subject, name, "pod " + name + " has non-empty .spec.schedulingGates");
  }
  return base::ok();
}

// The budgets of the namespace that select the pod.
std::vector<Object> budgets_of(const Context& context, json::View pod) {
  std::vector<Object> out;
  for (const auto& [key, budget] :
       context.world.storage.list(std::string(kBudgets), context.info.namespace_name).objects) {
    const json::View selector = budget->view()["spec"]["selector"];
    const auto terms = label_terms_of(selector);
    if (selector.is_object() && terms.has_value() && labels_match(*terms, pod["metadata"]["labels"]))
      out.push_back(budget);
  }
  return out;
}

bool is_ready(json::View pod) {
  return std::ranges::any_of(pod["status"]["conditions"].items(), [](json::View condition) {
    return condition["type"].string_or("") == "Ready" && condition["status"].string_or("") == "True";
  });
}

bool ignores_budget(json::View pod) {
  const std::string phase = pod["status"]["phase"].string_or("");
  return phase == "Succeeded" || phase == "Failed" || phase == "Pending" ||
         pod["metadata"]["deletionTimestamp"].is_string();
}

bool unhealthy_may_go(json::View budget, json::View pod) {
  if (is_ready(pod)) return false;
  if (budget["spec"]["unhealthyPodEvictionPolicy"].string_or("IfHealthyBudget") == "AlwaysAllow") return true;
  const std::int64_t desired = budget["status"]["desiredHealthy"].integer_or(0);
  return desired > 0 && budget["status"]["currentHealthy"].integer_or(0) >= desired;
}

base::Error refused(const std::string& why) {
  base::Error error = too_many_requests("Cannot evict pod as it would violate the pod's disruption budget.",
                                        {{"DisruptionBudget", "", why}});
  return error;
}

base::Status spend(json::Ref budget, const std::string& pod, const std::string& now) {
  const json::View view = budget;
  const std::string name = object_name(view);
  if (view["status"]["observedGeneration"].integer_or(0) < view["metadata"]["generation"].integer_or(0)) {
    return refused("The disruption budget " + name + " is still being processed by the server.");
  }
  const std::int64_t allowed = view["status"]["disruptionsAllowed"].integer_or(0);
  if (static_cast<std::int64_t>(view["status"]["disruptedPods"].size()) > kMaxDisrupted) {
    return forbidden({"policy", "poddisruptionbudgets", ""}, name,
                     "DisruptedPods map too big - too many evictions not confirmed by PDB controller");
  }
  if (allowed <= 0) {
    return refused("The disruption budget " + name + " needs " +
                   std::to_string(view["status"]["desiredHealthy"].integer_or(0)) + " healthy pods and has " +
                   std::to_string(view["status"]["currentHealthy"].integer_or(0)) + " currently");
  }
  budget["status"]["disruptionsAllowed"].set(allowed - 1);
  budget["status"]["disruptedPods"][pod].set(now);
  return base::ok();
}

base::Status spend_budget(const Context& context, const Object& budget) {
  const ResourcePtr resource = context.world.registry.find("policy", "poddisruptionbudgets");
  Context inner = internal_context(context, resource, "system:apiserver");
  inner.dry_run = context.dry_run;
  inner.info.verb = "update";
  inner.info.namespace_name = context.info.namespace_name;
  inner.info.name = object_name(*budget);
  inner.info.subresource = "status";
  const std::string now = base::format_rfc3339(context.world.runtime.now());
  RETURN_IF_ERROR(update_object(
      inner, [&](json::Ref object, json::View) { return spend(object, context.info.name, now); }));
  return base::ok();
}

base::Status check_budgets(const Context& context, json::View pod) {
  if (ignores_budget(pod)) return base::ok();
  const std::vector<Object> budgets = budgets_of(context, pod);
  if (budgets.size() > 1) {
    return error_with_code(
        "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
        "InternalError", 500);
  }
  if (budgets.empty() || unhealthy_may_go(*budgets.front(), pod)) return base::ok();
  return spend_budget(context, budgets.front());
}

DeleteOptions eviction_options(json::View eviction, json::View pod) {
  const json::View given = eviction["deleteOptions"];
  DeleteOptions options;
  options.uid = given["preconditions"]["uid"].string_or(pod["metadata"]["uid"].string_or(""));
  options.resource_version = given["preconditions"]["resourceVersion"].string_or("");
  if (const auto grace = given["gracePeriodSeconds"].integer(); grace.has_value())
    options.grace_period_seconds = *grace;
  return options;
}

}  // namespace

base::Result<Outcome> get_scale(Context& context) {
  ASSIGN_OR_RETURN(const Outcome outcome, get_object(context));
  return Outcome{.status = 200, .object = make_object(scale_of(context, *outcome.object))};
}

base::Result<Outcome> write_scale(Context& context, const net::HttpRequest& request) {
  ASSIGN_OR_RETURN(const Object stored, update_object(context, [&](json::Ref object, json::View) {
                     return put_scale(context, request, object);
                   }));
  return Outcome{.status = 200, .object = make_object(scale_of(context, *stored))};
}

base::Result<Outcome> bind_pod(Context& context, const net::HttpRequest& request) {
  ASSIGN_OR_RETURN(const json::Value body, parse_body(request));
  const std::string node = body.view()["target"]["name"].string_or("");
  const std::string kind = body.view()["target"]["kind"].string_or("Node");
  if (node.empty() || (kind != "Node" && kind != "Minion")) {
    return invalid_object("", "Binding", context.info.name, {required_value("target.name", "")});
  }
  const std::string uid = body.view()["metadata"]["uid"].string_or("");
  const std::string now = base::format_rfc3339(context.world.runtime.now());
  const Edit bind = [&](json::Ref pod, json::View old) -> base::Status {
    RETURN_IF_ERROR(check_bindable(context, old));
    if (!uid.empty()) pod["metadata"]["uid"].set(uid);
    pod["spec"]["nodeName"].set(node);
    for (const auto& [key, value] : body.view()["metadata"]["annotations"].members()) {
      pod["metadata"]["annotations"][key].set(value);
    }
    set_scheduled(pod, now);
    return base::ok();
  };
  RETURN_IF_ERROR(update_object(context, bind));
  return success(201);
}

base::Result<Outcome> evict_pod(Context& context, const net::HttpRequest& request) {
  ASSIGN_OR_RETURN(const json::Value body, parse_body(request));
  const json::View eviction = body;
  const std::string name = object_name(eviction);
  if (!name.empty() && name != context.info.name)
    return bad_request("name in URL does not match name in Eviction object");
  if (eviction["deleteOptions"]["dryRun"].size() > 0) context.dry_run = DryRun::kYes;
  ASSIGN_OR_RETURN(const Outcome found, get_object(context));
  const DeleteOptions options = eviction_options(eviction, *found.object);
  const std::string have = found.object->view()["metadata"]["uid"].string_or("");
  if (options.uid != have) {
    return conflict(
        context.resource->subject(), context.info.name,
        "Precondition failed: UID in precondition: " + options.uid + ", UID in object meta: " + have);
  }
  RETURN_IF_ERROR(admit(context, {.operation = "CREATE", .object = eviction, .old_object = {}}));
  RETURN_IF_ERROR(check_budgets(context, *found.object));
  Context inner = context;
  inner.info.subresource.clear();
  RETURN_IF_ERROR(remove_object(inner, options));
  return success(201);
}

base::Result<Outcome> answer_review(Context& context, const net::HttpRequest& request) {
  ASSIGN_OR_RETURN(json::Value review, decode_object(context, request));
  const json::View spec = review.view()["spec"];
  if (context.resource->kind == "TokenReview") {
    const auto user = user_of_token(context.world, spec["token"].string_or(""));
    review["status"]["authenticated"].set(user.has_value());
    if (user.has_value()) {
      review["status"]["user"]["username"].set(user->name);
      for (const std::string& group : user->groups)
        review["status"]["user"]["groups"].push_back(std::string_view(group));
    }
    return Outcome{.status = 201, .object = make_object(std::move(review))};
  }
  Attributes wanted{.user = context.user};
  if (context.resource->kind == "SubjectAccessReview") {
    wanted.user = {.name = spec["user"].string_or(""), .groups = {}};
    for (const json::View group : spec["groups"].items()) wanted.user.groups.push_back(group.string_or(""));
  }
  const json::View resource = spec["resourceAttributes"];
  wanted.is_resource = resource.is_object();
  wanted.verb = (wanted.is_resource ? resource : spec["nonResourceAttributes"])["verb"].string_or("");
  wanted.group = resource["group"].string_or("");
  wanted.plural = resource["resource"].string_or("");
  wanted.subresource = resource["subresource"].string_or("");
  wanted.namespace_name = resource["namespace"].string_or("");
  wanted.name = resource["name"].string_or("");
  wanted.path = spec["nonResourceAttributes"]["path"].string_or("");
  review["status"]["allowed"].set(is_allowed(context.world, wanted));
  return Outcome{.status = 201, .object = make_object(std::move(review))};
}

}  // namespace karpenter::devcluster
