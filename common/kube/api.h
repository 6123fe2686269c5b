#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "common/kube/client.h"
#include "common/kube/codec.h"

namespace karpenter::kube {

template <class T>
struct List {
  std::vector<T> items;
  std::string resource_version;
  std::string continue_token;
};

enum class Locking : std::uint8_t {
  kUnlocked,
  kLocked
};  // kLocked puts metadata.resourceVersion into a merge patch

struct Preconditions {
  std::string uid = {};
  std::string resource_version = {};
};
struct DeleteOptions {
  Preconditions preconditions = {};
  std::optional<std::int64_t> grace_period_seconds = std::nullopt;
};

// Typed access to one kind. Models are partial, so writes are create, patches made from (before, after), or a
// subresource; there is no full update. Thread-safe, cheap to construct; the Client outlives it.
// Errors: kNotFound, kAlreadyExists, kConflict, kInvalid, kForbidden, kThrottled, kTimeout, kUnavailable,
// kCancelled.
template <class T>
class Api {
 public:
  explicit Api(Client& client) : client_(&client) {}

  base::Result<T> get(const model::ObjectKey& key, const Call& call) const;
  base::Result<List<T>> list(std::string_view namespace_name, const ListOptions& options,
                             const Call& call) const;
  base::Result<T> create(const T& object, const Call& call) const;
  // Merge patch of what differs between `before` and `after`, without status. Nothing to do: returns `after`,
  // no request.
  base::Result<T> patch(const T& before, const T& after, Locking locking, const Call& call) const;
  // The same for the status subresource.
  base::Result<T> patch_status(const T& before, const T& after, Locking locking, const Call& call) const;
  base::Result<T> json_patch(const model::ObjectKey& key, json::View operations, const Call& call) const;
  base::Status remove(const model::ObjectKey& key, const DeleteOptions& options, const Call& call) const;

 private:
  Client* client_;
};

// POST pods/NAME/eviction with a uid precondition. 429 is kThrottled (a budget blocks), 404 kNotFound, 409
// kConflict.
base::Status evict(Client& client, const model::ObjectKey& pod, std::string_view uid, const Call& call);

}  // namespace karpenter::kube
