#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "common/net/http.h"
#include "tests/devcluster/kube/context.h"

// Create, update and patch: the one path every write takes. spec: conversion §5.2, api §1.5

namespace karpenter::devcluster {

struct Outcome {
  int status = 200;
  Object object;  // at the request's version, or a metav1.Status; of a list everything but the items
  std::optional<std::vector<Object>> items = std::nullopt;  // of a list
};

base::Result<Outcome> create_object(Context& context, const net::HttpRequest& request);
base::Result<Outcome> replace_object(Context& context, const net::HttpRequest& request);
base::Result<Outcome> patch_object(Context& context, const net::HttpRequest& request);

// Creates a decoded object at the context's version.
base::Result<Object> store_new(Context& context, json::Value object);

// Changes the named object: `change` edits a copy at the context's version, from the newest state each time,
// up to a few times when somebody else writes in between. A changed resourceVersion or uid is a precondition.
using Edit = std::function<base::Status(json::Ref object, json::View old)>;
base::Result<Object> update_object(Context& context, const Edit& change);

// Applies the patch of a request, of whatever sort, to `object`.
base::Status apply_patch_body(Context& context, const net::HttpRequest& request, json::Value& object);

// 403 or 404 unless the namespace of the request exists and takes new objects.
base::Status check_namespace(const Context& context);

}  // namespace karpenter::devcluster
