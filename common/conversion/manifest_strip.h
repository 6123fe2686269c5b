#pragma once

#include <string_view>

#include "common/conversion/diagnostic.h"
#include "common/json/json.h"

// From what an API server holds to what a person keeps in a repository. spec: conversion §2.16

namespace karpenter::conversion {

// Drops status, metadata that the server makes, and annotations that only mean something in a cluster.
void strip(json::Ref object);

// A v1 object at a v1beta1 version ("karpenter.sh/v1beta1"), stripped; W-LOST for each member that has no
// place there, E-INVALID when it does not decode.
[[nodiscard]] json::Value downgraded(json::View object, std::string_view api_version, const Sayer& say);

}  // namespace karpenter::conversion
