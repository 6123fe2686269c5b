#include "controller/nodeclaim/own_writes.h"

#include <algorithm>

#include "common/base/strings.h"

namespace karpenter::nodeclaim {

void OwnWrites::wrote(const model::ObjectMeta& meta) {
  const auto version = base::parse_int64(meta.resource_version);
  if (!version) return;
  runtime::Lock lock(mutex_);
  auto& last = last_[meta.name];
  if (last.uid == meta.uid && last.version >= *version) return;
  last = {.uid = meta.uid, .version = *version, .at = runtime_.mono()};
}

bool OwnWrites::is_behind(const model::ObjectMeta& stored) {
  runtime::Lock lock(mutex_);
  const auto it = last_.find(stored.name);
  if (it == last_.end()) return false;
  const auto version = base::parse_int64(stored.resource_version);
  const bool behind = it->second.uid == stored.uid && version && *version < it->second.version &&
                      runtime_.mono() - it->second.at < kPatience;
  if (!behind) last_.erase(it);
  return behind;
}

void OwnWrites::forget(const std::string& name) {
  runtime::Lock lock(mutex_);
  last_.erase(name);
}

}  // namespace karpenter::nodeclaim
