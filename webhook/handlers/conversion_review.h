#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/conversion/conversion.h"

// ConversionReview (apiextensions.k8s.io/v1, v1beta1) on the wire. spec: conversion §2.1, §5.1

namespace karpenter::webhook {

struct ConversionAnswer {
  std::string body;                  // the review to send back
  std::string failure = {};          // why the request failed as a whole; empty on success
  std::vector<std::string> remarks;  // for a log
};

// Converts the objects of a review one by one, so that memory beyond `body` and the answer is that of one
// object. A NodePool is looked up once. The first object that fails, fails the request. kInvalid when this is
// no ConversionReview or not JSON.
[[nodiscard]] base::Result<ConversionAnswer> convert_review(std::string_view body,
                                                            const conversion::Lookups& lookups);

}  // namespace karpenter::webhook
