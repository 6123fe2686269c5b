#pragma once

#include <cstdint>
#include <string_view>

#include "common/json/json.h"
#include "common/kube/api.h"
#include "common/kube/store.h"
#include "common/model/karpenter/v1.h"
#include "common/reconcile/reconciler.h"

// Clusters that come from a release which stored v1beta1: every object is written anew at v1, then v1beta1 is
// struck from the CRD's storedVersions, so that it can be removed one day. spec: conversion §2.12, §5.4

namespace karpenter::migration {

enum class StorageStep : std::uint8_t {
  kNothing,  // v1beta1 is not among the stored versions
  kRefuse,   // v1 is not the storage version: writing anew would change nothing
  kRewrite,  // some objects may still be stored as v1beta1
  kFinish,   // strike v1beta1
};
// What a CRD needs next. `is_rewritten`: every object of the kind has been written anew.
[[nodiscard]] StorageStep plan_storage_migration(json::View crd, bool is_rewritten);

// One singleton for the three kinds. Objects that have been written anew carry an annotation; it goes when a
// v1beta1 client writes, and comes again. Looks again every minute while there is work, else every hour.
class StorageMigration final : public reconcile::Reconciler {
 public:
  struct Stores {
    const kube::Store<model::NodePool>& pools;
    const kube::Store<model::NodeClaim>& claims;
    const kube::Store<model::Ec2NodeClass>& classes;
  };
  StorageMigration(const Stores& stores, kube::Client& client, telemetry::Log log);
  static reconcile::ControllerSpec spec();
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key,
                                             const reconcile::Call& call) override;

 private:
  // True when there is nothing left to do for the kind.
  template <class T>
  base::Result<bool> migrate(std::string_view crd, const kube::Store<T>& store, const reconcile::Call& call);
  base::Status finish(std::string_view crd, json::View before, const reconcile::Call& call);

  Stores stores_;
  kube::Client& client_;
  telemetry::Log log_;
};

}  // namespace karpenter::migration
