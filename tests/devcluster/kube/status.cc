#include "tests/devcluster/kube/status.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/strings.h"

namespace karpenter::devcluster {
namespace {

using base::Code;
using base::Error;

struct ReasonRow {
  std::string_view reason;
  int http;
  Code code;
};
constexpr std::array kReasons = {
    ReasonRow{"BadRequest", 400, Code::kInvalid},
    ReasonRow{"Unauthorized", 401, Code::kForbidden},
    ReasonRow{"Forbidden", 403, Code::kForbidden},
    ReasonRow{"NotFound", 404, Code::kNotFound},
    ReasonRow{"MethodNotAllowed", 405, Code::kInvalid},
    ReasonRow{"NotAcceptable", 406, Code::kInvalid},
    ReasonRow{"AlreadyExists", 409, Code::kAlreadyExists},
    ReasonRow{"Conflict", 409, Code::kConflict},
    ReasonRow{"Expired", 410, Code::kGone},
    ReasonRow{"RequestEntityTooLarge", 413, Code::kInvalid},
    ReasonRow{"UnsupportedMediaType", 415, Code::kInvalid},
    ReasonRow{"Invalid", 422, Code::kInvalid},
    ReasonRow{"TooManyRequests", 429, Code::kThrottled},
    ReasonRow{"InternalError", 500, Code::kInternal},
    ReasonRow{"Timeout", 504, Code::kTimeout},
    ReasonRow{"ServiceUnavailable", 503, Code::kUnavailable},
};

constexpr char kSeparator = '\x1f';  // between the parts of an encoded cause; never in API text

Error make(std::string_view reason, std::string message) {
  const auto* row = std::ranges::find(kReasons, reason, &ReasonRow::reason);
  Error error{.code = row == kReasons.end() ? Code::kInternal : row->code, .message = std::move(message)};
  error.reason = reason;
  return error;
}

Error with_subject(Error error, const Subject& subject, std::string_view name) {
  error.add("group", subject.group);
  error.add("kind", subject.plural);
  error.add("name", std::string(name));
  return error;
}

void add_causes(Error& error, const std::vector<Cause>& causes) {
  for (const Cause& cause : causes) {
    error.add("cause", cause.reason + kSeparator + cause.field + kSeparator + cause.message);
  }
}

// The value as Go's %#v-like field.Error prints it: strings quoted, the rest as JSON.
std::string shown(json::View value) { return value.exists() ? value.dump() : "null"; }

std::string causes_text(const std::vector<Cause>& causes) {
  std::vector<std::string> parts;
  for (const Cause& cause : causes) {
    std::string part = cause.field + ": " + cause.message;
    if (std::ranges::find(parts, part) == parts.end()) parts.push_back(std::move(part));
  }
  if (parts.empty()) return "";
  return parts.size() == 1 ? parts.front() : "[" + base::join(parts, ", ") + "]";
}

void put_detail(json::Ref details, const std::pair<std::string, std::string>& entry) {
  const auto& [key, value] = entry;
  if (key == "cause") {
    const std::vector<std::string> parts = base::split(value, kSeparator);
    json::Ref cause = details["causes"].push_back();
    cause["reason"].set(parts[0]);
    cause["message"].set(parts[2]);
    if (!parts[1].empty()) cause["field"].set(parts[1]);
  } else if (key == "retryAfterSeconds") {
    details[key].set(base::parse_int64(value).value_or(0));
  } else if (key != "httpCode" && !value.empty()) {
    details[key].set(value);
  }
}

}  // namespace

Error bad_request(std::string message) { return make("BadRequest", std::move(message)); }
Error unauthorized() { return make("Unauthorized", "Unauthorized"); }

Error forbidden(const Subject& subject, std::string_view name, std::string why) {
  std::string message = subject.qualified() + " ";
  if (!name.empty()) message += "\"" + std::string(name) + "\" ";
  return with_subject(make("Forbidden", message + "is forbidden: " + why), subject, name);
}

Error object_not_found(const Subject& subject, std::string_view name) {
  return with_subject(make("NotFound", subject.qualified() + " \"" + std::string(name) + "\" not found"),
                      subject, name);
}

Error path_not_found() { return make("NotFound", "the server could not find the requested resource"); }
Error method_not_allowed(std::string message) { return make("MethodNotAllowed", std::move(message)); }
Error not_acceptable(std::string message) { return make("NotAcceptable", std::move(message)); }

Error already_exists(const Subject& subject, std::string_view name) {
  return with_subject(
      make("AlreadyExists", subject.qualified() + " \"" + std::string(name) + "\" already exists"), subject,
      name);
}

Error conflict(const Subject& subject, std::string_view name, std::string why) {
  return with_subject(make("Conflict", "Operation cannot be fulfilled on " + subject.qualified() + " \"" +
                                           std::string(name) + "\": " + why),
                      subject, name);
}

Error expired(std::string message) { return make("Expired", std::move(message)); }
Error too_large_body() { return make("RequestEntityTooLarge", "Request entity too large: limit is 3145728"); }
Error unsupported_media_type(std::string message) { return make("UnsupportedMediaType", std::move(message)); }

Error invalid_object(std::string_view group, std::string_view kind, std::string_view name,
                     const std::vector<Cause>& causes) {
  const std::string qualified =
      group.empty() ? std::string(kind) : std::string(kind) + "." + std::string(group);
  Error error =
      make("Invalid", qualified + " \"" + std::string(name) + "\" is invalid: " + causes_text(causes));
  error.add("group", std::string(group));
  error.add("kind", std::string(kind));
  error.add("name", std::string(name));
  add_causes(error, causes);
  return error;
}

Error too_many_requests(std::string message, const std::vector<Cause>& causes) {
  Error error = make("TooManyRequests", std::move(message));
  add_causes(error, causes);
  return error;
}

Error internal_error(std::string message) {
  return make("InternalError", "Internal error occurred: " + std::move(message));
}

Error too_large_version(std::int64_t asked, std::int64_t current) {
  Error error = make("Timeout", "Too large resource version: " + std::to_string(asked) +
                                    ", current: " + std::to_string(current));
  add_causes(error, {{"ResourceVersionTooLarge", "", "Too large resource version"}});
  error.add("retryAfterSeconds", "1");
  return error;
}

Error error_with_code(std::string message, std::string reason, int code) {
  Error error = make(reason, std::move(message));
  error.reason = std::move(reason);
  error.add("httpCode", std::to_string(code));
  return error;
}

Error with_details(Error error, json::View details) {
  for (const char* key : {"group", "kind", "name"}) {
    if (const std::string text = details[key].string_or(""); !text.empty()) error.add(key, text);
  }
  std::vector<Cause> causes;
  for (const json::View cause : details["causes"].items()) {
    causes.push_back(
        {cause["reason"].string_or(""), cause["field"].string_or(""), cause["message"].string_or("")});
  }
  if (!causes.empty()) add_causes(error, causes);
  return error;
}

Cause invalid_value(std::string field, json::View value, std::string_view why) {
  return {"FieldValueInvalid", std::move(field), "Invalid value: " + shown(value) + ": " + std::string(why)};
}
Cause required_value(std::string field, std::string_view why) {
  return {"FieldValueRequired", std::move(field),
          why.empty() ? "Required value" : "Required value: " + std::string(why)};
}
Cause duplicate_value(std::string field, json::View value) {
  return {"FieldValueDuplicate", std::move(field), "Duplicate value: " + shown(value)};
}
Cause unsupported_value(std::string field, json::View value, const std::vector<std::string>& supported) {
  std::vector<std::string> quoted;
  for (const std::string& entry : supported) quoted.push_back("\"" + entry + "\"");
  return {"FieldValueNotSupported", std::move(field),
          "Unsupported value: " + shown(value) + ": supported values: " + base::join(quoted, ", ")};
}
Cause forbidden_value(std::string field, std::string_view why) {
  return {"FieldValueForbidden", std::move(field), "Forbidden: " + std::string(why)};
}
Cause too_long_value(std::string field, std::size_t limit) {
  return {"FieldValueTooLong", std::move(field),
          "Too long: may not be more than " + std::to_string(limit) + " bytes"};
}
Cause too_many_items(std::string field, std::size_t count, std::size_t limit) {
  return {"FieldValueTooMany", std::move(field),
          "Too many: " + std::to_string(count) + ": must have at most " + std::to_string(limit) + " items"};
}
Cause type_error(std::string field, json::View value, std::string_view got, std::string_view want) {
  const std::string path = field.empty() ? "<nil>" : field;
  const std::string text = value.is_string() ? value.dump() : "\"" + std::string(got) + "\"";
  return {"FieldValueTypeInvalid", std::move(field),
          "Invalid value: " + text + ": " + path + " in body must be of type " + std::string(want) + ": \"" +
              std::string(got) + "\""};
}

int http_code(const Error& error) {
  for (const auto& [key, value] : error.with) {
    if (key == "httpCode") return static_cast<int>(base::parse_int64(value).value_or(500));
  }
  const auto* row = std::ranges::find(kReasons, std::string_view(error.reason), &ReasonRow::reason);
  if (row != kReasons.end()) return row->http;
  return error.code == Code::kTimeout ? 504 : 500;
}

json::Value status_body(const Error& error) {
  json::Value body = json::Value::object();
  body["kind"].set("Status");
  body["apiVersion"].set("v1");
  body["metadata"].set_object();
  body["status"].set("Failure");
  // An error of a lower layer (a transport, a parser) carries its facts in `with`; ours are the details.
  const bool ours =
      std::ranges::find(kReasons, std::string_view(error.reason), &ReasonRow::reason) != kReasons.end() ||
      std::ranges::any_of(error.with, [](const auto& entry) { return entry.first == "httpCode"; });
  body["message"].set(ours ? error.message : error.text());
  if (!error.reason.empty()) body["reason"].set(error.reason);
  if (ours && !error.with.empty()) {
    body["details"].set_object();
    for (const auto& entry : error.with) put_detail(body["details"], entry);
    if (body["details"].view().size() == 0) body.ref().erase("details");
  }
  body["code"].set(http_code(error));
  return body;
}

net::HttpResponse error_response(const Error& error) {
  net::HttpResponse response = net::json_response(http_code(error), status_body(error).dump());
  if (error.reason == "TooManyRequests" && error.retry_after.has_value()) {
    response.headers.add("Retry-After", std::to_string(error.retry_after->count() / 1000));
  }
  return response;
}

}  // namespace karpenter::devcluster
