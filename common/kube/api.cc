#include "common/kube/api.h"

#include "common/kube/all_kinds.h"
#include "common/model/core/core.h"
#include "common/model/karpenter/v1.h"
#include "common/model/legacy/v1alpha.h"

namespace karpenter::kube {
namespace {

void lock_to(json::Ref patch, const model::ObjectMeta& meta) {
  patch["metadata"]["resourceVersion"].set(meta.resource_version);
}

template <class T>
base::Result<T> decoded(base::Result<json::Value> answer) {
  if (!answer) return std::move(answer).error();
  return decode<T>(answer->view());
}

template <class T>
base::Result<T> send_merge_patch(Client& client, const T& before, const T& after, json::Value patch,
                                 Locking locking, std::string_view subresource, const Call& call) {
  if (patch.view().size() == 0) return after;
  if (locking == Locking::kLocked) lock_to(patch.ref(), before.meta);
  return decoded<T>(client.send(
      patch_request(kind_of<T>(), model::key_of(before.meta), PatchType::kMerge, patch.view(), subresource),
      call));
}

json::Value body_of(const DeleteOptions& options) {
  auto body = json::Value::object();
  const auto& [uid, resource_version] = options.preconditions;
  if (!uid.empty()) body["preconditions"]["uid"].set(uid);
  if (!resource_version.empty()) body["preconditions"]["resourceVersion"].set(resource_version);
  if (options.grace_period_seconds) body["gracePeriodSeconds"].set(*options.grace_period_seconds);
  if (body.view().size() > 0) {
    body["apiVersion"].set("v1");
    body["kind"].set("DeleteOptions");
  }
  return body;
}

}  // namespace

template <class T>
base::Result<T> Api<T>::get(const model::ObjectKey& key, const Call& call) const {
  return decoded<T>(client_->send(get_request(kind_of<T>(), key), call));
}

template <class T>
base::Result<List<T>> Api<T>::list(std::string_view namespace_name, const ListOptions& options,
                                   const Call& call) const {
  ASSIGN_OR_RETURN(const auto answer,
                   client_->send(list_request(kind_of<T>(), namespace_name, options), call));
  const auto& kind = kind_of<T>();
  List<T> out;
  out.resource_version = answer["metadata"]["resourceVersion"].string_or("");
  out.continue_token = answer["metadata"]["continue"].string_or("");
  for (const auto item : answer["items"].items()) {
    auto object = decode<T>(item);
    if (!object) {
      return std::move(object)
          .error()
          .add("kind", std::string(kind.kind))
          .add("name", item["metadata"]["name"].string_or(""));
    }
    out.items.push_back(std::move(object).value());
  }
  return out;
}

template <class T>
base::Result<T> Api<T>::create(const T& object, const Call& call) const {
  return decoded<T>(
      client_->send(create_request(kind_of<T>(), object.meta.namespace_name, encode(object).view()), call));
}

template <class T>
base::Result<T> Api<T>::patch(const T& before, const T& after, Locking locking, const Call& call) const {
  auto old_body = encode(before);
  auto new_body = encode(after);
  old_body.ref().erase("status");
  new_body.ref().erase("status");
  return send_merge_patch(*client_, before, after, json::make_merge_patch(old_body.view(), new_body.view()),
                          locking, "", call);
}

template <class T>
base::Result<T> Api<T>::patch_status(const T& before, const T& after, Locking locking,
                                     const Call& call) const {
  const auto old_body = encode(before);
  const auto new_body = encode(after);
  auto only_status = [](const json::Value& body) {
    auto out = json::Value::object();
    if (body["status"].exists()) out["status"].set(body["status"]);
    return out;
  };
  auto patch = json::make_merge_patch(only_status(old_body).view(), only_status(new_body).view());
  return send_merge_patch(*client_, before, after, std::move(patch), locking, "status", call);
}

template <class T>
base::Result<T> Api<T>::json_patch(const model::ObjectKey& key, json::View operations,
                                   const Call& call) const {
  return decoded<T>(client_->send(patch_request(kind_of<T>(), key, PatchType::kJson, operations, ""), call));
}

template <class T>
base::Status Api<T>::remove(const model::ObjectKey& key, const DeleteOptions& options,
                            const Call& call) const {
  RETURN_IF_ERROR(client_->send(delete_request(kind_of<T>(), key, body_of(options).view()), call));
  return base::ok();
}

base::Status evict(Client& client, const model::ObjectKey& pod, std::string_view uid, const Call& call) {
  auto eviction = json::Value::object();
  eviction["apiVersion"].set("policy/v1");
  eviction["kind"].set("Eviction");
  eviction["metadata"]["name"].set(pod.name);
  eviction["metadata"]["namespace"].set(pod.namespace_name);
  if (!uid.empty()) eviction["deleteOptions"]["preconditions"]["uid"].set(uid);
  auto request = create_request(kind_of<model::Pod>(), pod.namespace_name, eviction.view());
  request.target = object_path(kind_of<model::Pod>(), pod.namespace_name, pod.name, "eviction");
  RETURN_IF_ERROR(client.send(std::move(request), call));
  return base::ok();
}

#define KARP_INSTANTIATE(T) template class Api<T>;
KARP_FOR_ALL_KINDS(KARP_INSTANTIATE)
#undef KARP_INSTANTIATE

}  // namespace karpenter::kube
