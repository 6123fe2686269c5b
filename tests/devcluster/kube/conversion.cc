#include "tests/devcluster/kube/conversion.h"

#include <array>
#include <utility>

#include "tests/devcluster/kube/schema.h"
#include "tests/devcluster/kube/webhook_call.h"

namespace karpenter::devcluster {
namespace {

base::Error conversion_failed(const Resource& resource, const std::string& why) {
  return internal_error("conversion webhook for " + resource.api_version(resource.storage_version) +
                        ", Kind=" + resource.kind + " failed: " + why);
}

Object pruned_to(const Resource& resource, json::Value object, std::string_view version) {
  const ResourceVersion* target = resource.version(version);
  if (target != nullptr) {
    std::vector<std::string> unknown;
    prune(object.ref(), *target->schema, unknown);
  }
  return make_object(std::move(object));
}

// The review version: the first one the server knows. spec: conversion §5.1
std::string review_version(json::View conversion) {
  for (const json::View entry : conversion["webhook"]["conversionReviewVersions"].items()) {
    const std::string version = entry.string_or("");
    if (version == "v1" || version == "v1beta1") return version;
  }
  return "";
}

base::Result<json::Value> converted_metadata(json::View before, json::View after) {
  if (!after.is_object()) return base::invalid("missing metadata in converted object");
  for (const char* field : {"name", "namespace", "uid"}) {
    if (!(before[field] == after[field])) {
      return base::invalid(std::string("must have the same metadata.") + field + " as the original object");
    }
  }
  json::Value out(before);
  for (const char* field : {"labels", "annotations"}) {
    for (const auto& [key, value] : after[field].members()) {
      if (!value.is_string())
        return base::invalid(std::string("metadata.") + field + "." + std::string(key) + " is not a string");
    }
    out.ref().erase(field);
    if (after[field].size() > 0) out[field].set(after[field]);
  }
  return out;
}

// Checks one answer against what was sent and gives it the metadata it must have.
base::Result<json::Value> accept_converted(json::View sent, json::View got, const std::string& desired) {
  if (got["apiVersion"].string_or("") != desired) {
    return base::invalid("invalid groupVersion (expected " + desired + ", received " +
                         got["apiVersion"].string_or("") + ")");
  }
  if (!(got["kind"] == sent["kind"])) return base::invalid("invalid kind in converted object");
  ASSIGN_OR_RETURN(json::Value metadata, converted_metadata(sent["metadata"], got["metadata"]));
  json::Value out(got);
  out["metadata"].set(std::move(metadata));
  return out;
}

base::Status check_review(json::View answer, json::View review) {
  const bool strict = review["apiVersion"].string_or("") == "apiextensions.k8s.io/v1";
  const json::View response = answer["response"];
  if (!response.is_object()) return base::invalid("no response provided");
  if (strict && !(answer["apiVersion"] == review["apiVersion"] && answer["kind"] == review["kind"])) {
    return base::invalid("expected webhook response of " + review["apiVersion"].string_or("") +
                         ", Kind=ConversionReview");
  }
  if (strict && !(response["uid"] == review["request"]["uid"])) {
    return base::invalid("expected response.uid=" + review["request"]["uid"].dump());
  }
  if (response["result"]["status"].string_or("") != "Success") {
    return base::invalid(response["result"]["message"].string_or("unknown reason"));
  }
  const std::size_t expected = review["request"]["objects"].size();
  const std::size_t got = response["convertedObjects"].size();
  if (got != expected) {
    return base::invalid("webhook returned " + std::to_string(got) + " objects, expected " +
                         std::to_string(expected));
  }
  return base::ok();
}

// Sends `objects` in one review. The answer has the same order.
base::Result<std::vector<Object>> convert_by_webhook(const Context& context,
                                                     const std::vector<Object>& objects,
                                                     std::string_view version) {
  const Resource& resource = *context.resource;
  const std::string review_api = review_version(resource.conversion);
  if (review_api.empty()) return conversion_failed(resource, "no conversionReviewVersions known");
  const std::string desired = resource.api_version(version);
  json::Value review = json::Value::object();
  review["apiVersion"].set("apiextensions.k8s.io/" + review_api);
  review["kind"].set("ConversionReview");
  review["request"]["uid"].set(runtime::random_uuid(context.world.runtime));
  review["request"]["desiredAPIVersion"].set(desired);
  for (const Object& object : objects) review["request"]["objects"].push_back(object->view());
  auto answer = call_webhook(context.world,
                             {.client_config = resource.conversion.view()["webhook"]["clientConfig"],
                              .review = review,
                              .timeout = std::chrono::seconds(30)},
                             context.call);
  if (!answer.has_value()) return conversion_failed(resource, answer.error().message);
  if (auto status = check_review(*answer, review); !status.has_value()) {
    return conversion_failed(resource, status.error().message);
  }
  std::vector<Object> out;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    auto accepted = accept_converted(*objects[i], answer->view()["response"]["convertedObjects"][i], desired);
    if (!accepted.has_value()) return conversion_failed(resource, accepted.error().message);
    out.push_back(pruned_to(resource, std::move(*accepted), version));
  }
  return out;
}

Object prepared(const Resource& resource, const Object& stored) {
  const ResourceVersion* version = resource.version(version_of(*stored));
  if (!resource.custom || version == nullptr || stored->settled_by() == version->schema) return stored;
  json::Value copy(stored->view());
  std::vector<std::string> unknown;
  prune(copy.ref(), *version->schema, unknown);
  apply_defaults(copy.ref(), *version->schema);
  return make_object(std::move(copy));
}

}  // namespace

base::Result<std::vector<Object>> convert_all(const Context& context, const std::vector<Object>& objects,
                                              std::string_view version) {
  const Resource& resource = *context.resource;
  const bool webhook = resource.conversion.view()["strategy"].string_or("None") == "Webhook";
  std::vector<Object> out = objects;
  std::vector<Object> sent;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (version_of(*out[i]) == version) continue;
    if (webhook) {
      sent.push_back(out[i]);
      places.push_back(i);
      continue;
    }
    json::Value copy(out[i]->view());
    copy["apiVersion"].set(resource.api_version(version));
    out[i] = pruned_to(resource, std::move(copy), version);
  }
  if (sent.empty()) return out;
  ASSIGN_OR_RETURN(std::vector<Object> converted, convert_by_webhook(context, sent, version));
  for (std::size_t i = 0; i < places.size(); ++i) out[places[i]] = std::move(converted[i]);
  return out;
}

base::Result<Object> convert_one(const Context& context, const Object& object, std::string_view version) {
  if (version_of(*object) == version) return object;
  ASSIGN_OR_RETURN(std::vector<Object> all, convert_all(context, {object}, version));
  return std::move(all.front());
}

base::Result<std::vector<Object>> read_all(const Context& context, const std::vector<Object>& stored,
                                           std::string_view version) {
  if (!context.resource->custom) return stored;
  std::vector<Object> ready;
  ready.reserve(stored.size());
  for (const Object& object : stored) ready.push_back(prepared(*context.resource, object));
  return convert_all(context, ready, version);
}

base::Result<Object> read_one(const Context& context, const Object& stored, std::string_view version) {
  return convert_one(context, prepared(*context.resource, stored), version);
}

}  // namespace karpenter::devcluster
