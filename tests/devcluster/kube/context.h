#pragma once

#include <string>
#include <vector>

#include "tests/devcluster/kube/api_server.h"
#include "tests/devcluster/kube/kinds.h"
#include "tests/devcluster/kube/route.h"
#include "tests/devcluster/kube/rules.h"
#include "tests/devcluster/kube/storage.h"

namespace karpenter::devcluster {

// The parts of one server. Its members synchronise themselves.
struct World {
  World(runtime::Runtime& the_runtime, ApiServerOptions the_options)
      : runtime(the_runtime),
        options(std::move(the_options)),
        storage(the_runtime, options.history_per_kind) {}

  runtime::Runtime& runtime;
  const ApiServerOptions options;
  Registry registry;
  Storage storage;
  RuleBook rules;
};

enum class DryRun : std::uint8_t { kNo, kYes };

// One request on its way through the server; also made by the server for its own work (garbage collection).
struct Context {
  World& world;
  net::Call call;
  UserInfo user;
  RequestInfo info;
  ResourcePtr resource;                      // set once routed to a resource
  const ResourceVersion* version = nullptr;  // of `resource`
  DryRun dry_run = DryRun::kNo;
  std::vector<std::string> warnings = {};
};

// Short names for what every verb needs.
[[nodiscard]] std::string object_key(json::View object);   // storage key
[[nodiscard]] std::string object_name(json::View object);  // metadata.name
// The version part of apiVersion.
[[nodiscard]] std::string version_of(json::View object);
// A context of the server itself (system:masters) for another resource at its storage version, with the same
// call.
[[nodiscard]] Context internal_context(const Context& from, ResourcePtr resource, std::string_view user);

}  // namespace karpenter::devcluster
