#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/json/json.h"
#include "common/runtime/runtime.h"
#include "tests/devcluster/kube/document.h"
#include "tests/devcluster/kube/status.h"

// What the server serves: one description per resource, built-in or from a CRD, and the registry of all of
// them.

namespace karpenter::devcluster {

// A column of Table output. Built-in columns may name a computed cell ("@pod-status") instead of a JSONPath.
struct Column {
  std::string name;
  std::string type;  // string, integer, number, boolean, date
  std::string path;  // ".spec.nodeName", "@ready"
  int priority = 0;
  std::string format = {};
  std::string description = {};
};

struct ScalePaths {
  std::string spec_replicas = ".spec.replicas";
  std::string status_replicas = ".status.replicas";
  std::string label_selector = {};  // empty: the object has none as text
};

struct ResourceVersion {
  std::string name;  // "v1"
  bool served = true;
  bool has_status = false;  // the status subresource
  std::optional<ScalePaths> scale = {};
  Schema schema = {};  // structural; never null once registered
  std::vector<Column> columns = {};
  std::vector<std::string> selectable_fields = {};  // JSON paths of a CRD version
  std::optional<std::string> deprecation_warning = {};
};

struct Resource {
  std::string group;
  std::string plural;
  std::string singular;
  std::string kind;
  std::string list_kind;
  std::vector<std::string> short_names;
  std::vector<std::string> categories;
  bool namespaced = false;
  bool custom = false;                    // from a CRD
  std::vector<ResourceVersion> versions;  // most preferred first
  std::string storage_version;
  std::vector<std::string> extra_subresources;  // "binding", "eviction"
  std::vector<std::string> verbs;               // as discovery lists them
  bool has_generation = false;
  // metadata.name may be a path segment ("system:node"), not only a DNS name.
  bool free_names = false;
  bool unconditional_update = true;  // PUT without resourceVersion
  json::Value conversion;            // spec.conversion of the CRD, else null

  [[nodiscard]] Subject subject() const { return {group, plural, kind}; }
  [[nodiscard]] const ResourceVersion* version(std::string_view name) const;
  [[nodiscard]] std::string api_version(std::string_view version_name) const;
  [[nodiscard]] bool has_verb(std::string_view verb) const;
  [[nodiscard]] std::string id() const { return group + "/" + plural; }
};
using ResourcePtr = std::shared_ptr<const Resource>;

// "v1" before "v1beta1" before "v1alpha5"; higher numbers first within a level; then by name.
[[nodiscard]] bool version_preferred(std::string_view a, std::string_view b);

// All resources by group and plural. Thread-safe; entries are immutable and replaced whole.
class Registry {
 public:
  Registry();  // with every built-in resource

  [[nodiscard]] ResourcePtr find(std::string_view group, std::string_view plural) const;
  [[nodiscard]] ResourcePtr find_kind(std::string_view group, std::string_view kind) const;
  [[nodiscard]] std::vector<ResourcePtr> all() const;  // ordered by group, then plural
  void put(Resource resource);
  void remove(std::string_view group, std::string_view plural);

 private:
  mutable runtime::Mutex mutex_;
  std::map<std::pair<std::string, std::string>, ResourcePtr> resources_ KARP_GUARDED_BY(mutex_);
};

// The built-in resources with their schemas, defaults and columns: constants, made from the tables at first
// use.
[[nodiscard]] const std::vector<Resource>& builtin_resources();
// The structural schema of a type of the table in builtin_types.cc, as a CRD would carry it.
[[nodiscard]] json::Value make_builtin_schema(std::string_view type_name);

}  // namespace karpenter::devcluster
