#include "webhook/handlers/review.h"

#include "common/admission/syntax.h"
#include "common/base/strings.h"

namespace karpenter::webhook {
namespace {

constexpr std::size_t kMaxWarning = 250;  // the API server may cut longer ones

std::string_view cause_reason(admission::ViolationKind kind) {
  switch (kind) {
    case admission::ViolationKind::kRequired:
      return "FieldValueRequired";
    case admission::ViolationKind::kInvalid:
      return "FieldValueInvalid";
    case admission::ViolationKind::kNotSupported:
      return "FieldValueNotSupported";
    case admission::ViolationKind::kDuplicate:
      return "FieldValueDuplicate";
    case admission::ViolationKind::kForbidden:
      return "FieldValueForbidden";
    case admission::ViolationKind::kTooLong:
      return "FieldValueTooLong";
    case admission::ViolationKind::kTooMany:
      return "FieldValueTooMany";
  }
  return "FieldValueInvalid";
}

void write_denial(json::Ref response, const AdmissionRequest& request,
                  const admission::Violations& violations) {
  const auto status = response["status"];
  status["code"].set(422);
  status["reason"].set("Invalid");
  status["status"].set("Failure");
  status["message"].set(denial_message(request, violations));
  const auto details = status["details"];
  details["group"].set(request.group);
  details["kind"].set(request.kind);
  details["name"].set(request.name);
  for (const auto& violation : violations) {
    const auto cause = details["causes"].push_back();
    cause["field"].set(violation.path);
    cause["message"].set(violation.body());  // clients print `field: message`
    cause["reason"].set(cause_reason(violation.kind));
  }
}

}  // namespace

base::Result<AdmissionRequest> read_admission_review(json::View review) {
  if (review["kind"].string_or("") != "AdmissionReview")
    return base::invalid("the body is no AdmissionReview");
  if (review["apiVersion"].string_or("") != "admission.k8s.io/v1") {
    return base::invalid("AdmissionReview of an unknown version")
        .add("apiVersion", review["apiVersion"].string_or(""));
  }
  const auto request = review["request"];
  if (!request.is_object()) return base::invalid("AdmissionReview without a request");
  AdmissionRequest out;
  out.uid = request["uid"].string_or("");
  out.group = request["kind"]["group"].string_or("");
  out.version = request["kind"]["version"].string_or("");
  out.kind = request["kind"]["kind"].string_or("");
  out.operation = request["operation"].string_or("");
  out.sub_resource = request["subResource"].string_or("");
  if (request["object"].is_object()) out.object = request["object"];
  if (request["oldObject"].is_object()) out.old_object = request["oldObject"];
  out.name = request["name"].string_or(out.object["metadata"]["name"].string_or(""));
  return out;
}

std::string denial_message(const AdmissionRequest& request, const admission::Violations& violations) {
  std::vector<std::string> entries;
  for (const auto& violation : violations) entries.push_back(violation.text());
  const std::string head = request.kind + "." + request.group + " \"" + request.name + "\" is invalid: ";
  const std::string body = base::join(entries, ", ");
  return entries.size() == 1 ? head + body : head + "[" + body + "]";
}

json::Value write_admission_review(const AdmissionRequest& request, const AdmissionAnswer& answer) {
  json::Value review = json::Value::object();
  review["apiVersion"].set("admission.k8s.io/v1");
  review["kind"].set("AdmissionReview");
  const auto response = review["response"];
  response["uid"].set(request.uid);
  response["allowed"].set(answer.violations.empty());
  if (!answer.violations.empty()) write_denial(response, request, answer.violations);
  if (answer.violations.empty() && answer.patch.view().size() > 0) {
    response["patchType"].set("JSONPatch");
    response["patch"].set(base::base64_encode(answer.patch.dump()));
  }
  for (const auto& warning : answer.warnings)
    response["warnings"].push_back(admission::shortened(warning, kMaxWarning));
  return review;
}

}  // namespace karpenter::webhook
