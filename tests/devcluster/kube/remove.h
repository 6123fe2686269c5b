#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/net/http.h"
#include "tests/devcluster/kube/write.h"

// Deletion: preconditions, grace, finalizers, and the garbage collector, which works inline: when a request
// returns, what follows from it by ownership has been done as well.

namespace karpenter::devcluster {

struct DeleteOptions {
  std::optional<std::int64_t> grace_period_seconds = std::nullopt;
  std::string uid = {};
  std::string resource_version = {};
  std::string propagation = {};  // Foreground, Background, Orphan, or empty
};

base::Result<Outcome> delete_object(Context& context, const net::HttpRequest& request);
base::Result<Outcome> delete_collection(Context& context, const net::HttpRequest& request);

// Deletes the object named in the context's request info.
base::Result<Outcome> remove_object(Context& context, const DeleteOptions& options);

// The consequences of a removal: dependents, owners that wait for them, the namespace, the kind a CRD
// described.
void after_remove(const Context& context, const Object& removed);
// A namespace with objects in it, or a CRD with instances: deleted only when they are gone.
[[nodiscard]] bool holds_content(const Context& context, json::View object);
// Deletes a new object all of whose owners are gone already.
void collect_orphan(const Context& context, const Object& created);

}  // namespace karpenter::devcluster
