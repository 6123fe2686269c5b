#include "tests/devcluster/kube/decode.h"

#include <utility>

#include "common/base/strings.h"
#include "common/json/yaml.h"
#include "common/model/quantity.h"
#include "tests/devcluster/kube/protobuf.h"
#include "tests/devcluster/kube/schema.h"

namespace karpenter::devcluster {
namespace {

std::string media_type(const net::HttpRequest& request) {
  const std::string header = request.headers.get("Content-Type");
  return base::to_lower(base::trim(header.substr(0, header.find(';'))));
}

// metadata is read as ObjectMeta whatever the kind; what is empty is as good as absent.
void prune_metadata(json::Ref metadata, json::View schema, std::vector<std::string>& unknown) {
  std::vector<std::string> paths;
  prune_part(metadata, schema, paths);
  for (const std::string& path : paths) unknown.push_back("metadata." + path);
  for (const char* field : {"labels", "annotations", "finalizers", "ownerReferences"}) {
    if (metadata.view()[field].exists() && metadata.view()[field].size() == 0) metadata.erase(field);
  }
}

// Quantities of built-in kinds are stored in canonical form; those of custom kinds as they were written.
void canonicalise_quantities(json::Ref value, json::View schema) {
  const json::View view = value;
  if (schema["format"].string_or("") == "quantity") {
    const std::string text = view.is_string() ? view.string_or("") : view.dump();
    if (const auto quantity = model::Quantity::parse(text); quantity.has_value()) value.set(quantity->text());
  } else if (view.is_array()) {
    for (std::size_t i = 0; i < view.size(); ++i) canonicalise_quantities(value[i], schema["items"]);
  } else if (view.is_object()) {
    for (const auto& [name, member] : view.members()) {
      const json::View known = schema["properties"][name];
      canonicalise_quantities(value[name], known.exists() ? known : schema["additionalProperties"]);
    }
  }
}

base::Error cannot_handle(const Context& context, const std::string& why) {
  const std::string& kind = context.resource->kind;
  return bad_request(kind + " in version \"" + context.version->name + "\" cannot be handled as a " + kind +
                     ": " + why);
}

std::string strict_text(const std::vector<std::string>& unknown) {
  std::vector<std::string> parts;
  for (const std::string& path : unknown) parts.push_back("unknown field \"" + path + "\"");
  return base::join(parts, ", ");
}

base::Status check_identity(const Context& context, json::View object) {
  const std::string want = context.resource->api_version(context.version->name);
  const std::string kind = object["kind"].string_or("");
  const std::string api_version = object["apiVersion"].string_or("");
  if (kind.empty()) return bad_request("Object 'Kind' is missing in '" + object.dump() + "'");
  if (api_version.empty()) return bad_request("Object 'apiVersion' is missing in '" + object.dump() + "'");
  if (api_version != want) {
    return bad_request("the API version in the data (" + api_version +
                       ") does not match the expected API version (" + want + ")");
  }
  if (kind != context.resource->kind) {
    return bad_request(kind + " in version \"" + context.version->name + "\" cannot be handled as a " +
                       context.resource->kind + ": converting (" + kind + ") to (" + context.resource->kind +
                       "): unknown conversion");
  }
  if (object["metadata"].exists() && !object["metadata"].is_object()) {
    return cannot_handle(context, "metadata is not an object");
  }
  return base::ok();
}

base::Status report_unknown(Context& context, const std::vector<std::string>& unknown, FieldValidation mode) {
  if (unknown.empty() || mode == FieldValidation::kIgnore) return base::ok();
  if (mode == FieldValidation::kStrict)
    return base::invalid("strict decoding error: " + strict_text(unknown));
  for (const std::string& path : unknown) context.warnings.push_back("unknown field \"" + path + "\"");
  return base::ok();
}

// Types of built-in kinds are checked by the decoder, before anything else sees the object.
base::Status check_builtin_types(const Context& context, json::View object) {
  if (context.resource->custom) return base::ok();
  for (const Cause& cause : validate({.object = object, .old = {}, .schema = *context.version->schema})) {
    if (cause.reason == "FieldValueTypeInvalid")
      return cannot_handle(context, cause.field + ": " + cause.message);
  }
  return base::ok();
}

}  // namespace

base::Result<FieldValidation> field_validation_of(const Context& context) {
  const std::string text = context.info.get("fieldValidation");
  if (text.empty() || text == "Warn") return FieldValidation::kWarn;
  if (text == "Ignore") return FieldValidation::kIgnore;
  if (text == "Strict") return FieldValidation::kStrict;
  return invalid_object(
      "meta.k8s.io", "CreateOptions", "",
      {unsupported_value("fieldValidation", json::Value::of(text), {"", "Ignore", "Strict", "Warn"})});
}

base::Result<json::Value> parse_body(const net::HttpRequest& request) {
  const std::string type = media_type(request);
  const bool yaml = type.find("yaml") != std::string::npos;
  if (type == "application/vnd.kubernetes.protobuf" && !request.body.empty()) {
    auto decoded = decode_protobuf(request.body);
    if (decoded.has_value()) return decoded;
    return unsupported_media_type(decoded.error().message + "; send application/json instead");
  }
  if (type == "application/cbor") {
    return unsupported_media_type(
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json, application/yaml, application/vnd.kubernetes.protobuf");
  }
  if (base::trim(request.body).empty()) return json::Value::object();
  auto parsed = json::parse(request.body);
  if (parsed.has_value()) return parsed;
  if (!yaml) return bad_request("couldn't get version/kind; json parse error: " + parsed.error().text());
  auto documents = json::parse_yaml(request.body);
  if (!documents.has_value()) return bad_request("error decoding YAML: " + documents.error().text());
  if (documents->size() != 1) return bad_request("error decoding YAML: expected one document");
  return std::move(documents->front());
}

std::vector<std::string> settle(const Context& context, json::Ref object) {
  std::vector<std::string> unknown;
  const json::View schema = *context.version->schema;
  prune(object, schema, unknown);
  if (object.view()["metadata"].is_object() && schema["properties"]["metadata"].exists()) {
    prune_metadata(object["metadata"], schema["properties"]["metadata"], unknown);
  }
  if (!context.resource->custom) canonicalise_quantities(object, schema);
  apply_defaults(object, schema);
  return unknown;
}

base::Result<json::Value> decode_object(Context& context, const net::HttpRequest& request) {
  ASSIGN_OR_RETURN(const FieldValidation mode, field_validation_of(context));
  ASSIGN_OR_RETURN(json::Value object, parse_body(request));
  if (!object.view().is_object()) return bad_request("the body is not an object");
  RETURN_IF_ERROR(check_identity(context, object));
  const std::vector<std::string> unknown = settle(context, object.ref());
  if (auto status = report_unknown(context, unknown, mode); !status.has_value()) {
    return cannot_handle(context, status.error().message);
  }
  RETURN_IF_ERROR(check_builtin_types(context, object));
  return object;
}

base::Status settle_patched(Context& context, json::Ref object) {
  ASSIGN_OR_RETURN(const FieldValidation mode, field_validation_of(context));
  RETURN_IF_ERROR(check_identity(context, object));
  const std::string patched = mode == FieldValidation::kStrict ? object.view().dump() : "";
  const std::vector<std::string> unknown = settle(context, object);
  if (auto status = report_unknown(context, unknown, mode); !status.has_value()) {
    return invalid_object("", "", "",
                          {invalid_value("patch", json::Value::of(patched), status.error().message)});
  }
  return base::ok();
}

}  // namespace karpenter::devcluster
