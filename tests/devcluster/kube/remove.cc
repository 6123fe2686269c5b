#include "tests/devcluster/kube/remove.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/strings.h"
#include "tests/devcluster/kube/admission.h"
#include "tests/devcluster/kube/conversion.h"
#include "tests/devcluster/kube/crd.h"
#include "tests/devcluster/kube/decode.h"
#include "tests/devcluster/kube/read.h"

namespace karpenter::devcluster {
namespace {

using base::Code;

constexpr std::string_view kForeground = "foregroundDeletion";
constexpr std::string_view kOrphan = "orphan";
constexpr std::string_view kCollector = "system:serviceaccount:kube-system:generic-garbage-collector";
constexpr int kDeleteAttempts = 5;

base::Result<DeleteOptions> options_of(Context& context, const net::HttpRequest& request) {
  ASSIGN_OR_RETURN(const json::Value body, parse_body(request));
  const json::View view = body;
  if (!view.is_object()) return bad_request("the body is not DeleteOptions");
  DeleteOptions out;
  if (const auto grace = view["gracePeriodSeconds"].integer(); grace.has_value())
    out.grace_period_seconds = *grace;
  if (const std::string grace = context.info.get("gracePeriodSeconds"); !grace.empty()) {
    out.grace_period_seconds = base::parse_int64(grace);
  }
  out.uid = view["preconditions"]["uid"].string_or("");
  out.resource_version = view["preconditions"]["resourceVersion"].string_or("");
  out.propagation = view["propagationPolicy"].string_or(context.info.get("propagationPolicy"));
  if (view["orphanDependents"].bool_or(false) || context.info.flag("orphanDependents"))
    out.propagation = "Orphan";
  if (view["dryRun"].size() > 0) context.dry_run = DryRun::kYes;
  const bool known = out.propagation.empty() || out.propagation == "Foreground" ||
                     out.propagation == "Background" || out.propagation == "Orphan";
  if (!known || out.grace_period_seconds.value_or(0) < 0) {
    return invalid_object(
        "meta.k8s.io", "DeleteOptions", "",
        {{"FieldValueInvalid", "DeleteOptions", "Invalid value: propagationPolicy or gracePeriodSeconds"}});
  }
  return out;
}

base::Status check_delete_preconditions(const Context& context, const DeleteOptions& options,
                                        json::View stored) {
  const json::View metadata = stored["metadata"];
  const std::string uid = metadata["uid"].string_or("");
  const std::string version = metadata["resourceVersion"].string_or("");
  const Subject subject = context.resource->subject();
  if (!options.uid.empty() && options.uid != uid) {
    return conflict(
        subject, context.info.name,
        "Precondition failed: UID in precondition: " + options.uid + ", UID in object meta: " + uid);
  }
  if (!options.resource_version.empty() && options.resource_version != version) {
    return conflict(subject, context.info.name,
                    "Precondition failed: ResourceVersion in precondition: " + options.resource_version +
                        ", ResourceVersion in object meta: " + version);
  }
  return base::ok();
}

// Seconds until a pod must be gone; 0 for everything else, and for pods that no kubelet knows or that have
// ended.
std::int64_t grace_of(const Context& context, const DeleteOptions& options, json::View stored) {
  if (context.resource->id() != "/pods") return 0;
  const std::string phase = stored["status"]["phase"].string_or("");
  if (stored["spec"]["nodeName"].string_or("").empty() || phase == "Succeeded" || phase == "Failed") return 0;
  return options.grace_period_seconds.value_or(
      stored["spec"]["terminationGracePeriodSeconds"].integer_or(30));
}

void add_finalizer(json::Ref object, std::string_view finalizer) {
  const std::vector<json::View> have = object.view()["metadata"]["finalizers"].items();
  const bool present =
      std::ranges::any_of(have, [&](json::View entry) { return entry.string_or("") == finalizer; });
  if (!present) object["metadata"]["finalizers"].push_back(finalizer);
}

void drop_finalizer(json::Ref object, std::string_view finalizer) {
  const json::View list = object.view()["metadata"]["finalizers"];
  for (std::size_t i = list.size(); i-- > 0;) {
    if (list[i].string_or("") == finalizer) object["metadata"]["finalizers"].erase(i);
  }
  if (list.size() == 0) object["metadata"].erase("finalizers");
}

bool has_finalizer(json::View object, std::string_view finalizer) {
  const std::vector<json::View> have = object["metadata"]["finalizers"].items();
  return std::ranges::any_of(have, [&](json::View entry) { return entry.string_or("") == finalizer; });
}

// Marks `object` (a copy of the stored one) as being deleted. A shorter grace replaces a longer one.
void mark_deleted(const Context& context, json::Ref object, std::int64_t grace) {
  const json::Ref metadata = object["metadata"];
  const bool marked = metadata.view()["deletionTimestamp"].is_string();
  if (marked && metadata.view()["deletionGracePeriodSeconds"].integer_or(0) <= grace) return;
  metadata["deletionTimestamp"].set(
      base::format_rfc3339(context.world.runtime.now() + std::chrono::seconds(grace)));
  metadata["deletionGracePeriodSeconds"].set(grace);
  if (!marked && metadata.view()["generation"].exists()) {
    metadata["generation"].set(metadata.view()["generation"].integer_or(0) + 1);
  }
  if (context.resource->id() == "/namespaces") object["status"]["phase"].set("Terminating");
}

Outcome removed_status(const Context& context, const Object& removed) {
  json::Value body = json::Value::object();
  body["kind"].set("Status");
  body["apiVersion"].set("v1");
  body["metadata"].set_object();
  body["status"].set("Success");
  const json::Ref details = body["details"];
  details["name"].set(object_name(*removed));
  if (!context.resource->group.empty()) details["group"].set(context.resource->group);
  details["kind"].set(context.resource->plural);
  details["uid"].set(removed->view()["metadata"]["uid"]);
  return {.status = 200, .object = make_object(std::move(body))};
}

// A context that names the object at `place`.
std::optional<Context> context_at(const Context& from, const Storage::Place& place) {
  const std::size_t slash = place.resource.find('/');
  ResourcePtr resource =
      from.world.registry.find(place.resource.substr(0, slash), place.resource.substr(slash + 1));
  if (resource == nullptr) return std::nullopt;
  Context out = internal_context(from, std::move(resource), kCollector);
  const std::size_t split = place.key.find('/');
  if (out.resource->namespaced && split != std::string::npos)
    out.info.namespace_name = place.key.substr(0, split);
  out.info.name = split == std::string::npos ? place.key : place.key.substr(split + 1);
  return out;
}

bool other_owner_lives(const World& world, json::View object, const std::string& gone) {
  return std::ranges::any_of(object["metadata"]["ownerReferences"].items(), [&](json::View owner) {
    const std::string uid = owner["uid"].string_or("");
    return uid != gone && world.storage.find_uid(uid).has_value();
  });
}

// Errors of the collector have no receiver: what cannot be deleted now keeps its reference and is tried again
// when something else of the same owner changes.
void drop_owner(Context& context, const std::string& uid) {
  static_cast<void>(update_object(context, [&](json::Ref object, json::View) {
    const json::View owners = object.view()["metadata"]["ownerReferences"];
    for (std::size_t i = owners.size(); i-- > 0;) {
      if (owners[i]["uid"].string_or("") == uid) object["metadata"]["ownerReferences"].erase(i);
    }
    if (owners.size() == 0) object["metadata"].erase("ownerReferences");
    return base::ok();
  }));
}

enum class Fate : std::uint8_t { kCollectThem, kOrphanThem };

void release_dependents(const Context& from, const std::string& uid, Fate fate) {
  for (const Storage::Place& place : from.world.storage.dependents(uid)) {
    auto context = context_at(from, place);
    const Object object = from.world.storage.get(place.resource, place.key);
    if (!context.has_value() || object == nullptr) continue;
    if (fate == Fate::kOrphanThem || other_owner_lives(from.world, *object, uid)) {
      drop_owner(*context, uid);
    } else if (!object->view()["metadata"]["deletionTimestamp"].is_string()) {
      DeleteOptions options{.uid = object->view()["metadata"]["uid"].string_or(""),
                            .propagation = "Background"};
      static_cast<void>(remove_object(*context, options));
    }
  }
}

bool is_blocked(const World& world, const std::string& uid) {
  const std::vector<Storage::Place> places = world.storage.dependents(uid);
  return std::ranges::any_of(places, [&](const Storage::Place& place) {
    const Object object = world.storage.get(place.resource, place.key);
    return object != nullptr &&
           std::ranges::any_of(object->view()["metadata"]["ownerReferences"].items(), [&](json::View owner) {
             return owner["uid"].string_or("") == uid && owner["blockOwnerDeletion"].bool_or(false);
           });
  });
}

// Takes the collector's own finalizers off an object once they have been honoured.
void finish_collector_finalizers(const Context& from, const Storage::Place& place) {
  const Object object = from.world.storage.get(place.resource, place.key);
  auto context = context_at(from, place);
  if (object == nullptr || !context.has_value()) return;
  const std::string uid = object->view()["metadata"]["uid"].string_or("");
  const bool orphan = has_finalizer(*object, kOrphan);
  const bool foreground = has_finalizer(*object, kForeground);
  if (!orphan && !foreground) return;
  release_dependents(from, uid, orphan ? Fate::kOrphanThem : Fate::kCollectThem);
  if (foreground && is_blocked(from.world, uid)) return;
  static_cast<void>(update_object(*context, [&](json::Ref copy, json::View) {
    drop_finalizer(copy, kOrphan);
    drop_finalizer(copy, kForeground);
    return base::ok();
  }));
}

void delete_all_of(const Context& from, const ResourcePtr& resource, const std::string& space) {
  for (const auto& [key, object] : from.world.storage.list(resource->id(), space).objects) {
    auto context = context_at(from, {resource->id(), key});
    if (!context.has_value() || object->view()["metadata"]["deletionTimestamp"].is_string()) continue;
    static_cast<void>(remove_object(*context, {.propagation = "Background"}));
  }
}

// Deletes what a namespace or a CRD holds.
void delete_content(const Context& context, json::View object) {
  if (context.resource->id() == "/namespaces") {
    for (const ResourcePtr& resource : context.world.registry.all()) {
      if (resource->namespaced) delete_all_of(context, resource, object_name(object));
    }
  }
  if (context.resource->id() == kCrdId) {
    const ResourcePtr resource = context.world.registry.find(object["spec"]["group"].string_or(""),
                                                             object["spec"]["names"]["plural"].string_or(""));
    if (resource != nullptr) delete_all_of(context, resource, "");
  }
}

// Removes a namespace or CRD that waited for the last of its content.
void retry_holder(const Context& from, const std::string& resource_id, const std::string& name) {
  const Object holder = from.world.storage.get(resource_id, name);
  if (holder == nullptr || !holder->view()["metadata"]["deletionTimestamp"].is_string()) return;
  auto context = context_at(from, {resource_id, name});
  if (context.has_value()) static_cast<void>(remove_object(*context, {}));
}

// Stores the mark of deletion, then does what can be done at once.
base::Result<Outcome> mark_and_progress(Context& context, const Object& stored, json::Value next) {
  const Storage::Place place{context.resource->id(), object_key(*stored)};
  Object result = stored;
  if (!(next.view() == stored->view())) {
    ASSIGN_OR_RETURN(result,
                     context.world.storage.update(place.resource, place.key, stored, std::move(next)));
  }
  finish_collector_finalizers(context, place);
  ASSIGN_OR_RETURN(result, read_one(context, result, context.version->name));
  return Outcome{.status = 200, .object = result};
}

base::Result<Outcome> remove_now(Context& context, const Object& stored) {
  ASSIGN_OR_RETURN(const Object removed,
                   context.world.storage.remove(context.resource->id(), object_key(*stored), stored));
  after_remove(context, removed);
  if (context.resource->id() != "/pods") return removed_status(context, removed);
  ASSIGN_OR_RETURN(const Object shown, read_one(context, removed, context.version->name));
  return Outcome{.status = 200, .object = shown};
}

base::Result<Outcome> try_remove(Context& context, const DeleteOptions& options, const Object& stored) {
  json::Value next(stored->view());
  if (options.propagation == "Orphan") add_finalizer(next.ref(), kOrphan);
  if (options.propagation == "Foreground") add_finalizer(next.ref(), kForeground);
  const std::int64_t grace = grace_of(context, options, *stored);
  const bool stays = grace > 0 || next.view()["metadata"]["finalizers"].size() > 0;
  if (context.dry_run == DryRun::kYes) {
    if (!stays) return removed_status(context, stored);
    ASSIGN_OR_RETURN(const Object shown, read_one(context, stored, context.version->name));
    return Outcome{.status = 200, .object = shown};
  }
  if (!stays && !holds_content(context, *stored)) return remove_now(context, stored);
  mark_deleted(context, next.ref(), grace);
  const std::string key = object_key(*stored);
  ASSIGN_OR_RETURN(const Outcome outcome, mark_and_progress(context, stored, std::move(next)));
  if (stays) return outcome;
  delete_content(context, *stored);
  const Object now = context.world.storage.get(context.resource->id(), key);
  if (now != nullptr && !holds_content(context, *now)) return remove_now(context, now);
  return outcome;
}

}  // namespace

bool holds_content(const Context& context, json::View object) {
  const std::string id = context.resource->id();
  if (id == "/namespaces") {
    const std::vector<ResourcePtr> all = context.world.registry.all();
    return std::ranges::any_of(all, [&](const ResourcePtr& resource) {
      return resource->namespaced &&
             !context.world.storage.list(resource->id(), object_name(object)).objects.empty();
    });
  }
  if (id != kCrdId) return false;
  const std::string instances =
      object["spec"]["group"].string_or("") + "/" + object["spec"]["names"]["plural"].string_or("");
  return !context.world.storage.list(instances, "").objects.empty();
}

base::Result<Outcome> remove_object(Context& context, const DeleteOptions& options) {
  const std::string id = context.resource->id();
  const std::string key =
      storage_key(context.resource->namespaced ? context.info.namespace_name : "", context.info.name);
  for (int attempt = 0; attempt < kDeleteAttempts; ++attempt) {
    const Object stored = context.world.storage.get(id, key);
    if (stored == nullptr) return object_not_found(context.resource->subject(), context.info.name);
    RETURN_IF_ERROR(check_delete_preconditions(context, options, *stored));
    ASSIGN_OR_RETURN(const Object old, read_one(context, stored, context.version->name));
    const AdmissionInput input{.operation = "DELETE", .object = {}, .old_object = *old};
    RETURN_IF_ERROR(mutate(context, input));
    RETURN_IF_ERROR(admit(context, input));
    auto outcome = try_remove(context, options, stored);
    const bool raced = !outcome.has_value() && outcome.error().reason.empty() &&
                       (outcome.error().code == Code::kConflict || outcome.error().code == Code::kNotFound);
    if (!raced) return outcome;
  }
  return conflict(context.resource->subject(), context.info.name, std::string(kStaleMessage));
}

void after_remove(const Context& context, const Object& removed) {
  const json::View metadata = removed->view()["metadata"];
  if (context.resource->id() == kCrdId) {
    const std::string plural = removed->view()["spec"]["names"]["plural"].string_or("");
    context.world.registry.remove(removed->view()["spec"]["group"].string_or(""), plural);
    context.world.storage.cut(plural);
  }
  release_dependents(context, metadata["uid"].string_or(""), Fate::kCollectThem);
  for (const json::View owner : metadata["ownerReferences"].items()) {
    const auto place = context.world.storage.find_uid(owner["uid"].string_or(""));
    if (!place.has_value()) continue;
    const Object object = context.world.storage.get(place->resource, place->key);
    const bool waits = object != nullptr && has_finalizer(*object, kForeground) &&
                       object->view()["metadata"]["deletionTimestamp"].is_string();
    if (waits) finish_collector_finalizers(context, *place);
  }
  const std::string space = metadata["namespace"].string_or("");
  if (!space.empty()) retry_holder(context, "/namespaces", space);
  if (context.resource->custom)
    retry_holder(context, std::string(kCrdId), context.resource->subject().qualified());
}

void collect_orphan(const Context& context, const Object& created) {
  const json::View metadata = created->view()["metadata"];
  if (metadata["ownerReferences"].size() == 0 || other_owner_lives(context.world, *created, "")) return;
  auto inner = context_at(context, {context.resource->id(), object_key(*created)});
  if (inner.has_value()) static_cast<void>(remove_object(*inner, {.propagation = "Background"}));
}

base::Result<Outcome> delete_object(Context& context, const net::HttpRequest& request) {
  ASSIGN_OR_RETURN(const DeleteOptions options, options_of(context, request));
  return remove_object(context, options);
}

base::Result<Outcome> delete_collection(Context& context, const net::HttpRequest& request) {
  ASSIGN_OR_RETURN(const DeleteOptions options, options_of(context, request));
  ASSIGN_OR_RETURN(const Selection selection, selection_of(context));
  const std::string space = context.resource->namespaced ? context.info.namespace_name : "";
  const Snapshot snapshot = context.world.storage.list(context.resource->id(), space);
  json::Value list = json::Value::object();
  list["apiVersion"].set(context.resource->api_version(context.version->name));
  list["kind"].set(context.resource->list_kind);
  list["metadata"]["resourceVersion"].set(std::to_string(snapshot.revision));
  std::vector<Object> items;
  for (const auto& [key, object] : snapshot.objects) {
    if (!selection.matches(*object)) continue;
    Context one = context;
    one.info.name = object_name(*object);
    one.info.namespace_name = object->view()["metadata"]["namespace"].string_or("");
    auto removed = remove_object(one, options);
    if (!removed.has_value() && removed.error().code != Code::kNotFound) return removed.error();
    items.push_back(object);
  }
  return Outcome{.status = 200, .object = make_object(std::move(list)), .items = std::move(items)};
}

}  // namespace karpenter::devcluster
