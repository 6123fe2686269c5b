#include "tests/devcluster/kube/write.h"

#include <utility>

#include "common/base/strings.h"
#include "tests/devcluster/kube/admission.h"
#include "tests/devcluster/kube/conversion.h"
#include "tests/devcluster/kube/crd.h"
#include "tests/devcluster/kube/decode.h"
#include "tests/devcluster/kube/object_meta.h"
#include "tests/devcluster/kube/patch.h"
#include "tests/devcluster/kube/remove.h"
#include "tests/devcluster/kube/schema.h"
#include "tests/devcluster/kube/strategy.h"

namespace karpenter::devcluster {
namespace {

using base::Code;

constexpr int kWriteAttempts = 5;

base::Status validate_object(const Context& context, json::View object, json::View old) {
  std::vector<Cause> causes = validate_metadata(object, old, *context.resource);
  const ValidationInput input{
      .object = object, .old = old, .schema = *context.version->schema, .rules = &context.world.rules};
  for (Cause& cause : validate(input)) causes.push_back(std::move(cause));
  for (Cause& cause : validate_kind(context, object, old)) causes.push_back(std::move(cause));
  if (causes.empty()) return base::ok();
  return invalid_object(context.resource->group, context.resource->kind, object_name(object), causes);
}

// What the server keeps of a write beyond the object itself.
void after_store(const Context& context, json::View old, const Object& stored) {
  if (context.resource->id() != kCrdId) return;
  context.world.registry.put(resource_of_crd(*stored));
  // A changed definition ends the watches that were opened under the old one.
  const json::View spec = stored->view()["spec"];
  if (old.exists() && !(old["spec"] == spec))
    context.world.storage.cut(spec["names"]["plural"].string_or(""));
}

// A kind whose definition is being deleted takes no new objects.
base::Status check_definition(const Context& context) {
  if (!context.resource->custom) return base::ok();
  const Object crd = context.world.storage.get(std::string(kCrdId), context.resource->subject().qualified());
  if (crd == nullptr || !crd->view()["metadata"]["deletionTimestamp"].is_string()) return base::ok();
  return method_not_allowed("create not allowed while custom resource definition is terminating");
}

base::Result<Object> to_storage(const Context& context, json::Value object) {
  if (context.resource->id() == kCrdId) {
    establish_crd(object.ref(), base::format_rfc3339(context.world.runtime.now()));
  }
  return convert_one(context, make_object(std::move(object)), context.resource->storage_version);
}

// Known only when the object is stored at the version it was written at.
Schema settled_by(const Context& context) {
  return context.version->name == context.resource->storage_version ? context.version->schema : nullptr;
}

base::Status check_names_of_request(const Context& context, json::View object) {
  const std::string space = object["metadata"]["namespace"].string_or("");
  if (context.resource->namespaced && !space.empty() && space != context.info.namespace_name) {
    return bad_request(
        "the namespace of the provided object does not match the namespace sent on the request");
  }
  const std::string name = object_name(object);
  if (!context.info.name.empty() && name.empty()) {
    return bad_request("the name of the object (" + context.info.name +
                       " based on URL) was undeterminable: name must be provided");
  }
  if (!context.info.name.empty() && name != context.info.name) {
    return bad_request("the name of the object (" + name + ") does not match the name on the URL (" +
                       context.info.name + ")");
  }
  return base::ok();
}

base::Status check_preconditions(const Context& context, json::View object, json::View old) {
  const Subject subject = context.resource->subject();
  const std::string uid = object["metadata"]["uid"].string_or("");
  const std::string have = old["metadata"]["uid"].string_or("");
  if (!uid.empty() && uid != have) {
    return conflict(subject, context.info.name,
                    "Precondition failed: UID in precondition: " + uid + ", UID in object meta: " + have);
  }
  const std::string version = object["metadata"]["resourceVersion"].string_or("");
  if (version.empty()) {
    if (context.resource->unconditional_update) return base::ok();
    return invalid_object(context.resource->group, context.resource->kind, context.info.name,
                          {{"FieldValueInvalid", "metadata.resourceVersion",
                            "Invalid value: 0x0: must be specified for an update"}});
  }
  if (version != old["metadata"]["resourceVersion"].string_or(""))
    return conflict(subject, context.info.name, std::string(kStaleMessage));
  return base::ok();
}

bool is_deleted_by(json::View object) {
  const json::View metadata = object["metadata"];
  return metadata["deletionTimestamp"].is_string() && metadata["finalizers"].size() == 0 &&
         metadata["deletionGracePeriodSeconds"].integer_or(0) == 0;
}

bool is_unchanged(const Context& context, json::View object, json::View old, json::View stored) {
  if (version_of(stored) != context.resource->storage_version) return false;
  json::Value copy(object);
  copy["metadata"]["resourceVersion"].set(old["metadata"]["resourceVersion"]);
  return copy.view() == old;
}

base::Error write_error(const Context& context, const base::Error& error, const std::string& name) {
  const Subject subject = context.resource->subject();
  if (error.code == Code::kAlreadyExists) return already_exists(subject, name);
  if (error.code == Code::kNotFound) return object_not_found(subject, name);
  return conflict(subject, name, std::string(kStaleMessage));
}

// From the edited object to the stored one. kConflict with no reason when the stored object changed
// meanwhile.
base::Result<Object> finish_update(Context& context, const Object& stored, const Object& old,
                                   json::Value object) {
  RETURN_IF_ERROR(check_names_of_request(context, object));
  RETURN_IF_ERROR(check_preconditions(context, object, *old));
  ASSIGN_OR_RETURN(object, mutate(context, {.operation = "UPDATE", .object = object, .old_object = *old}));
  keep_system_fields(object.ref(), *old);
  prepare_update(context, object.ref(), *old);
  RETURN_IF_ERROR(validate_object(context, object, *old));
  RETURN_IF_ERROR(admit(context, {.operation = "UPDATE", .object = object, .old_object = *old}));
  if (context.dry_run == DryRun::kYes) return make_object(std::move(object));
  const std::string id = context.resource->id();
  const std::string key = object_key(object);
  if (is_deleted_by(object) && !holds_content(context, object)) {
    auto removed = context.world.storage.remove(id, key, stored);
    if (!removed.has_value()) return removed.error();
    after_remove(context, *removed);
    return make_object(std::move(object));
  }
  if (is_unchanged(context, object, *old, *stored)) return old;
  ASSIGN_OR_RETURN(Object next, to_storage(context, std::move(object)));
  auto written =
      context.world.storage.update(id, key, stored, json::Value(next->view()), settled_by(context));
  if (!written.has_value()) return written.error();
  after_store(context, *old, *written);
  return read_one(context, *written, context.version->name);
}

}  // namespace

base::Status check_namespace(const Context& context) {
  if (!context.resource->namespaced) return base::ok();
  const std::string& name = context.info.namespace_name;
  const Object found = context.world.storage.get("/namespaces", name);
  if (found == nullptr) return object_not_found({"", "namespaces", "Namespace"}, name);
  if (found->view()["metadata"]["deletionTimestamp"].is_string()) {
    return forbidden(context.resource->subject(), context.info.name,
                     "unable to create new content in namespace " + name + " because it is being terminated");
  }
  return base::ok();
}

base::Result<Object> store_new(Context& context, json::Value object) {
  RETURN_IF_ERROR(check_names_of_request(context, object));
  RETURN_IF_ERROR(check_namespace(context));
  RETURN_IF_ERROR(check_definition(context));
  if (!object.view()["metadata"]["resourceVersion"].string_or("").empty()) {
    return error_with_code("resourceVersion should not be set on objects to be created", "", 500);
  }
  RETURN_IF_ERROR(admit_builtin(context, object.ref()));
  if (context.resource->namespaced) object["metadata"]["namespace"].set(context.info.namespace_name);
  ASSIGN_OR_RETURN(object, mutate(context, {.operation = "CREATE", .object = object, .old_object = {}}));
  stamp_new(context, object.ref());
  prepare_create(context, object.ref());
  RETURN_IF_ERROR(validate_object(context, object, {}));
  RETURN_IF_ERROR(admit(context, {.operation = "CREATE", .object = object, .old_object = {}}));
  const std::string key = object_key(object);
  const std::string name = object_name(object);
  const std::string id = context.resource->id();
  if (context.dry_run == DryRun::kYes) {
    if (context.world.storage.get(id, key) != nullptr)
      return already_exists(context.resource->subject(), name);
    return make_object(std::move(object));
  }
  ASSIGN_OR_RETURN(Object next, to_storage(context, std::move(object)));
  auto written = context.world.storage.create(id, key, json::Value(next->view()), settled_by(context));
  if (!written.has_value()) return write_error(context, written.error(), name);
  after_store(context, {}, *written);
  collect_orphan(context, *written);
  return read_one(context, *written, context.version->name);
}

base::Result<Object> update_object(Context& context, const Edit& change) {
  const std::string id = context.resource->id();
  const std::string key =
      storage_key(context.resource->namespaced ? context.info.namespace_name : "", context.info.name);
  for (int attempt = 0; attempt < kWriteAttempts; ++attempt) {
    const Object stored = context.world.storage.get(id, key);
    if (stored == nullptr) return object_not_found(context.resource->subject(), context.info.name);
    ASSIGN_OR_RETURN(const Object old, read_one(context, stored, context.version->name));
    json::Value object(old->view());
    RETURN_IF_ERROR(change(object.ref(), *old));
    auto done = finish_update(context, stored, old, std::move(object));
    // An error without a reason is the storage's: somebody wrote in between.
    if (done.has_value() || !done.error().reason.empty() || done.error().code != Code::kConflict) {
      if (!done.has_value() && done.error().reason.empty() && done.error().code == Code::kNotFound) {
        return object_not_found(context.resource->subject(), context.info.name);
      }
      return done;
    }
  }
  return conflict(context.resource->subject(), context.info.name, std::string(kStaleMessage));
}

base::Result<Outcome> create_object(Context& context, const net::HttpRequest& request) {
  ASSIGN_OR_RETURN(json::Value object, decode_object(context, request));
  ASSIGN_OR_RETURN(Object stored, store_new(context, std::move(object)));
  return Outcome{.status = 201, .object = std::move(stored)};
}

base::Result<Outcome> replace_object(Context& context, const net::HttpRequest& request) {
  ASSIGN_OR_RETURN(const json::Value body, decode_object(context, request));
  if (object_name(body).empty()) return bad_request("the name of the object must be set on the object");
  ASSIGN_OR_RETURN(Object stored, update_object(context, [&](json::Ref object, json::View) {
                     object.set(body.view());
                     return base::ok();
                   }));
  return Outcome{.status = 200, .object = std::move(stored)};
}

base::Status apply_patch_body(Context& context, const net::HttpRequest& request, json::Value& object) {
  const std::string header = request.headers.get("Content-Type");
  const std::string type = base::to_lower(base::trim(header.substr(0, header.find(';'))));
  ASSIGN_OR_RETURN(const json::Value patch, parse_body(request));
  if (type == "application/json-patch+json") {
    if (!patch.view().is_array())
      return bad_request("error decoding patch: a JSON patch is an array of operations");
    if (auto done = json::apply_json_patch(object, patch); !done.has_value()) {
      return error_with_code(
          "the server rejected our request due to an error in our request: " + done.error().text(), "Invalid",
          422);
    }
  } else if (type == "application/merge-patch+json") {
    if (!patch.view().is_object()) return bad_request("error decoding patch: a merge patch is an object");
    json::apply_merge_patch(object.ref(), patch);
  } else if (type == "application/strategic-merge-patch+json" && !context.resource->custom) {
    if (auto done = apply_strategic_patch(object.ref(), patch, *context.version->schema); !done.has_value()) {
      return bad_request(done.error().message);
    }
  } else if (type == "application/apply-patch+yaml") {
    json::Value configuration(patch.view());
    configuration["metadata"].erase("managedFields");
    apply_configuration(object.ref(), configuration, *context.version->schema);
  } else {
    std::string accepted = "application/json-patch+json, application/merge-patch+json, ";
    if (!context.resource->custom) accepted += "application/strategic-merge-patch+json, ";
    return unsupported_media_type(
        "the body of the request was in an unknown format - accepted media types include: " + accepted +
        "application/apply-patch+yaml");
  }
  return settle_patched(context, object.ref());
}

base::Result<Outcome> patch_object(Context& context, const net::HttpRequest& request) {
  const bool apply = request.headers.get("Content-Type").find("apply-patch") != std::string::npos;
  if (apply && context.info.get("fieldManager").empty()) {
    return invalid_object("meta.k8s.io", "PatchOptions", "",
                          {required_value("fieldManager", "is required for apply patch")});
  }
  const std::string key =
      storage_key(context.resource->namespaced ? context.info.namespace_name : "", context.info.name);
  if (apply && context.info.subresource.empty() &&
      context.world.storage.get(context.resource->id(), key) == nullptr) {
    ASSIGN_OR_RETURN(json::Value object, decode_object(context, request));
    ASSIGN_OR_RETURN(Object stored, store_new(context, std::move(object)));
    return Outcome{.status = 201, .object = std::move(stored)};
  }
  ASSIGN_OR_RETURN(Object stored, update_object(context, [&](json::Ref object, json::View) -> base::Status {
                     json::Value copy(object.view());
                     RETURN_IF_ERROR(apply_patch_body(context, request, copy));
                     object.set(std::move(copy));
                     return base::ok();
                   }));
  return Outcome{.status = 200, .object = std::move(stored)};
}

}  // namespace karpenter::devcluster
