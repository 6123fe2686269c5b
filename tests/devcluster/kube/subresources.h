#pragma once

#include "common/net/http.h"
#include "tests/devcluster/kube/write.h"

// scale, binding, eviction, and the review kinds that are only ever created.

namespace karpenter::devcluster {

base::Result<Outcome> get_scale(Context& context);
// PUT or PATCH of an autoscaling/v1 Scale.
base::Result<Outcome> write_scale(Context& context, const net::HttpRequest& request);

// POST pods/NAME/binding: sets spec.nodeName once.
base::Result<Outcome> bind_pod(Context& context, const net::HttpRequest& request);

// POST pods/NAME/eviction: a delete that a PodDisruptionBudget may refuse with 429.
base::Result<Outcome> evict_pod(Context& context, const net::HttpRequest& request);

// TokenReview, SubjectAccessReview, SelfSubjectAccessReview.
base::Result<Outcome> answer_review(Context& context, const net::HttpRequest& request);

}  // namespace karpenter::devcluster
