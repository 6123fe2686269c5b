#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/admission/admission.h"
#include "common/json/json.h"

// AdmissionReview (admission.k8s.io/v1) and ConversionReview (apiextensions.k8s.io/v1, v1beta1) on the wire.
// spec: conversion §5.1, §5.5

namespace karpenter::webhook {

// Views into the review's document: valid while it lives.
struct AdmissionRequest {
  std::string uid;
  std::string group;
  std::string version;
  std::string kind;
  std::string name;
  std::string operation;  // CREATE, UPDATE, DELETE, CONNECT
  std::string sub_resource;
  json::View object;      // missing on DELETE
  json::View old_object;  // missing on CREATE
};

// kInvalid when this is no AdmissionReview v1 with a request.
[[nodiscard]] base::Result<AdmissionRequest> read_admission_review(json::View review);

// What a handler decides. Violations deny; a patch is only for mutating handlers.
struct AdmissionAnswer {
  admission::Violations violations;
  std::vector<std::string> warnings;
  json::Value patch = json::Value::array();  // RFC 6902 operations; empty: none
};

// The review to send back. Denials carry code 422, reason Invalid, one cause per violation. spec: api §13.3
[[nodiscard]] json::Value write_admission_review(const AdmissionRequest& request,
                                                 const AdmissionAnswer& answer);

// `NodePool.karpenter.sh "x" is invalid: [a, b]`. spec: api §13.3
[[nodiscard]] std::string denial_message(const AdmissionRequest& request,
                                         const admission::Violations& violations);

}  // namespace karpenter::webhook
