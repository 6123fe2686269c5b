#include "tests/devcluster/kube/object_meta.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "common/base/strings.h"
#include "common/base/time.h"

namespace karpenter::devcluster {
namespace {

constexpr std::string_view kSubdomainText =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr std::string_view kLabelText =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
    "and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
constexpr std::string_view kValueText =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
    "validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
constexpr std::string_view kQualifiedText =
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr std::size_t kAnnotationLimit = 256U << 10U;

bool is_lower_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_alnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

void check_name(json::View object, const Resource& resource, std::vector<Cause>& causes) {
  const json::View name = object["metadata"]["name"];
  const std::string text = name.string_or("");
  if (text.empty()) {
    causes.push_back(required_value("metadata.name", "name or generateName is required"));
  } else if (resource.free_names) {
    if (text == "." || text == ".." || text.find_first_of("/%") != std::string::npos) {
      causes.push_back(invalid_value("metadata.name", name, "may not be '.' or '..' or contain '/' or '%'"));
    }
  } else if (resource.plural == "namespaces" || resource.plural == "services") {
    if (!is_dns_label(text)) causes.push_back(invalid_value("metadata.name", name, kLabelText));
  } else if (!is_dns_subdomain(text)) {
    causes.push_back(invalid_value("metadata.name", name, kSubdomainText));
  }
}

void check_labels(json::View metadata, std::vector<Cause>& causes) {
  for (const auto& [key, value] : metadata["labels"].members()) {
    if (!is_qualified_name(key)) {
      causes.push_back(invalid_value("metadata.labels", json::Value::of(key), kQualifiedText));
    }
    const std::string text = value.string_or("");
    if (text.size() > 63) {
      causes.push_back(invalid_value("metadata.labels", value, "must be no more than 63 bytes"));
    } else if (!is_label_value(text)) {
      causes.push_back(invalid_value("metadata.labels", value, kValueText));
    }
  }
  std::size_t total = 0;
  for (const auto& [key, value] : metadata["annotations"].members()) {
    total += key.size() + value.string_or("").size();
    if (!is_qualified_name(base::to_lower(key))) {
      causes.push_back(invalid_value("metadata.annotations", json::Value::of(key), kQualifiedText));
    }
  }
  if (total > kAnnotationLimit) causes.push_back(too_long_value("metadata.annotations", kAnnotationLimit));
}

void check_owners(json::View metadata, std::vector<Cause>& causes) {
  int controllers = 0;
  for (std::size_t i = 0; i < metadata["ownerReferences"].size(); ++i) {
    const json::View owner = metadata["ownerReferences"][i];
    for (const char* field : {"apiVersion", "kind", "name", "uid"}) {
      if (!owner[field].string_or("").empty()) continue;
      causes.push_back(invalid_value("metadata.ownerReferences[" + std::to_string(i) + "]." + field,
                                     owner[field], std::string(field) + " must not be empty"));
    }
    if (owner["controller"].bool_or(false)) ++controllers;
  }
  if (controllers > 1) {
    causes.push_back(invalid_value("metadata.ownerReferences", metadata["ownerReferences"],
                                   "Only one reference can have Controller set to true"));
  }
}

// While an object is being deleted, finalizers may only go.
void check_finalizers(json::View metadata, json::View old, std::vector<Cause>& causes) {
  for (const json::View finalizer : metadata["finalizers"].items()) {
    const std::string text = finalizer.string_or("");
    if (!is_qualified_name(text))
      causes.push_back(invalid_value("metadata.finalizers", finalizer, kQualifiedText));
    if (!old["metadata"]["deletionTimestamp"].is_string()) continue;
    const std::vector<json::View> before = old["metadata"]["finalizers"].items();
    if (std::ranges::find(before, finalizer) == before.end()) {
      causes.push_back(
          forbidden_value("metadata.finalizers",
                          "no new finalizers can be added if the object is being deleted, found new "
                          "finalizers []string{\"" +
                              text + "\"}"));
    }
  }
}

}  // namespace

bool is_dns_label(std::string_view text) {
  if (text.empty() || text.size() > 63 || text.front() == '-' || text.back() == '-') return false;
  return std::ranges::all_of(text, [](char c) { return is_lower_alnum(c) || c == '-'; });
}

bool is_dns_subdomain(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  return std::ranges::all_of(base::split(text, '.'), [](const std::string& part) {
    return !part.empty() && part.front() != '-' && part.back() != '-' &&
           std::ranges::all_of(part, [](char c) { return is_lower_alnum(c) || c == '-'; });
  });
}

bool is_label_value(std::string_view text) {
  if (text.empty()) return true;
  if (text.size() > 63 || !is_alnum(text.front()) || !is_alnum(text.back())) return false;
  return std::ranges::all_of(text, [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; });
}

bool is_qualified_name(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos && !is_dns_subdomain(text.substr(0, slash))) return false;
  const std::string_view name = slash == std::string_view::npos ? text : text.substr(slash + 1);
  return !name.empty() && is_label_value(name);
}

std::vector<Cause> validate_metadata(json::View object, json::View old, const Resource& resource) {
  std::vector<Cause> causes;
  const json::View metadata = object["metadata"];
  if (!old.exists()) check_name(object, resource, causes);
  check_labels(metadata, causes);
  check_owners(metadata, causes);
  check_finalizers(metadata, old, causes);
  return causes;
}

void stamp_new(const Context& context, json::Ref object) {
  json::Ref metadata = object["metadata"];
  if (metadata.view()["name"].string_or("").empty()) {
    const std::string prefix = metadata.view()["generateName"].string_or("");
    if (!prefix.empty()) {
      // Names end at 63 characters: 58 of the prefix and 5 random ones.
      metadata["name"].set(prefix.substr(0, 58) + runtime::random_suffix(context.world.runtime, 5));
    }
  }
  if (context.resource->namespaced) {
    metadata["namespace"].set(context.info.namespace_name);
  } else {
    metadata.erase("namespace");
  }
  metadata["uid"].set(runtime::random_uuid(context.world.runtime));
  metadata["creationTimestamp"].set(base::format_rfc3339(context.world.runtime.now()));
  for (const char* field :
       {"selfLink", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "generation"}) {
    metadata.erase(field);
  }
  if (context.resource->has_generation) metadata["generation"].set(1);
}

void keep_system_fields(json::Ref object, json::View old) {
  json::Ref metadata = object["metadata"];
  for (const char* field : {"name", "namespace", "uid", "creationTimestamp", "deletionTimestamp",
                            "deletionGracePeriodSeconds", "generation", "generateName"}) {
    metadata.erase(field);
    if (old["metadata"][field].exists()) metadata[field].set(old["metadata"][field]);
  }
  metadata.erase("selfLink");
  metadata.erase("managedFields");
}

}  // namespace karpenter::devcluster
