#include "common/kube/reflector.h"

#include <map>
#include <utility>

#include "common/kube/all_kinds.h"
#include "common/kube/watch_driver.h"
#include "common/model/core/core.h"
#include "common/model/karpenter/v1.h"
#include "common/model/legacy/v1alpha.h"

namespace karpenter::kube {
namespace {

model::ObjectKey key_of(json::View object) {
  const auto meta = object["metadata"];
  return {.namespace_name = meta["namespace"].string_or(""), .name = meta["name"].string_or("")};
}

template <class T>
class StoreSink final : public WatchSink {
 public:
  StoreSink(Store<T>& store, const telemetry::Log& log, const OnMalformed& on_malformed)
      : store_(store), log_(log), on_malformed_(on_malformed) {}

  void begin_list() override { listed_.clear(); }
  void on_listed(json::View item) override {
    auto object = read(item);
    if (!object) object = store_.find(key_of(item));  // its last good version stays
    if (object) listed_.push_back(std::move(object));
  }
  void end_list() override { store_.replace(std::exchange(listed_, {})); }
  void on_upsert(json::View object) override {
    if (auto decoded = read(object)) store_.upsert(std::move(decoded));
  }
  void on_removed(json::View object) override {
    store_.remove(key_of(object));
    told_.erase(key_of(object));
  }

 private:
  // Null when the object cannot be decoded; logged and told once for each new reason, not at each change of
  // the object.
  typename Store<T>::Ptr read(json::View object) {
    auto decoded = decode<T>(object);
    const auto key = key_of(object);
    if (decoded) {
      told_.erase(key);
      return std::make_shared<const T>(std::move(decoded).value());
    }
    if (std::exchange(told_[key], decoded.error().text()) == decoded.error().text()) return nullptr;
    log_.error(decoded.error(), "ignoring malformed object",
               {{"kind", kind_of<T>().kind}, {"namespace", key.namespace_name}, {"name", key.name}});
    if (on_malformed_) on_malformed_(key, decoded.error());
    return nullptr;
  }

  Store<T>& store_;
  const telemetry::Log& log_;
  const OnMalformed& on_malformed_;
  std::vector<typename Store<T>::Ptr> listed_;
  std::map<model::ObjectKey, std::string> told_;  // what is wrong with each malformed object
};

}  // namespace

template <class T>
void reflect(Client& client, Store<T>& store, const ReflectorOptions& options, telemetry::Log& log,
             const OnMalformed& on_malformed, std::stop_token stop) {
  StoreSink<T> sink(store, log, on_malformed);
  drive_list_watch(client, kind_of<T>(), options, log, sink, stop);
}

// The kinds that somebody caches.
#define KARP_INSTANTIATE(T)                                                                               \
  template void reflect(Client&, Store<T>&, const ReflectorOptions&, telemetry::Log&, const OnMalformed&, \
                        std::stop_token);
KARP_FOR_ALL_KINDS(KARP_INSTANTIATE)
#undef KARP_INSTANTIATE

}  // namespace karpenter::kube
