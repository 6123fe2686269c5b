#include "controller/migration/storage_version.h"

#include <algorithm>
#include <string>

#include "common/conversion/annotations.h"

namespace karpenter::migration {
namespace {

constexpr std::chrono::minutes kAgain{1};
constexpr std::chrono::hours kLookAgain{1};

const kube::Kind& crd_kind() {
  static const kube::Kind kKind{.group = "apiextensions.k8s.io",
                                .version = "v1",
                                .kind = "CustomResourceDefinition",
                                .plural = "customresourcedefinitions"};
  return kKind;
}

template <class T>
bool is_rewritten(const T& object) {
  return object.meta.annotations.contains(conversion::kStoredVersionMigrated);
}

// The write is what encodes the object at v1.
template <class T>
base::Status rewrite(const kube::Store<T>& store, const kube::Api<T>& api, const reconcile::Call& call) {
  base::Status out = base::ok();
  for (const auto& object : store.list()) {
    if (is_rewritten(*object)) continue;
    T after = *object;
    after.meta.annotations.insert_or_assign(std::string(conversion::kStoredVersionMigrated), "true");
    auto patched = api.patch(*object, after, kube::Locking::kUnlocked, call);
    // One object that cannot be written does not hold up the others.
    if (!patched && !patched.failed_with(base::Code::kNotFound))
      out = std::move(patched).error().add("name", object->meta.name);
  }
  return out;
}

}  // namespace

StorageStep plan_storage_migration(json::View crd, bool is_rewritten) {
  bool stores_beta = false;
  for (const auto version : crd["status"]["storedVersions"].items())
    stores_beta = stores_beta || version.string() == "v1beta1";
  if (!stores_beta) return StorageStep::kNothing;
  for (const auto version : crd["spec"]["versions"].items()) {
    if (version["storage"].bool_or(false) && version["name"].string() == "v1")
      return is_rewritten ? StorageStep::kFinish : StorageStep::kRewrite;
  }
  return StorageStep::kRefuse;
}

StorageMigration::StorageMigration(const Stores& stores, kube::Client& client, telemetry::Log log)
    : stores_(stores), client_(client), log_(std::move(log)) {}

reconcile::ControllerSpec StorageMigration::spec() {
  reconcile::ControllerSpec out;
  out.name = "crd.storageversionmigration";
  out.singleton = true;
  out.timeout = std::chrono::minutes(5);
  return out;
}

base::Result<reconcile::Outcome> StorageMigration::reconcile(const model::ObjectKey&,
                                                             const reconcile::Call& call) {
  bool is_done = true;
  for (const auto& step : {migrate("nodepools.karpenter.sh", stores_.pools, call),
                           migrate("nodeclaims.karpenter.sh", stores_.claims, call),
                           migrate("ec2nodeclasses.karpenter.k8s.aws", stores_.classes, call)}) {
    if (step.failed_with(base::Code::kConflict)) return reconcile::Retry{};
    if (!step) return step.error();
    is_done = is_done && *step;
  }
  return reconcile::RequeueAfter{is_done ? std::chrono::nanoseconds(kLookAgain) : kAgain};
}

template <class T>
base::Result<bool> StorageMigration::migrate(std::string_view crd, const kube::Store<T>& store,
                                             const reconcile::Call& call) {
  const auto found = client_.send(kube::get_request(crd_kind(), {.name = std::string(crd)}), call);
  if (found.failed_with(base::Code::kNotFound)) return true;
  if (found.failed_with(base::Code::kForbidden)) {
    log_.error(found.error(), "cannot look at stored versions", {{"CustomResourceDefinition", crd}});
    return true;
  }
  if (!found) return found.error();
  const auto objects = store.list();
  const bool all = std::ranges::all_of(objects, [](const auto& object) { return is_rewritten(*object); });
  switch (plan_storage_migration(*found, all)) {
    case StorageStep::kNothing:
      return true;
    case StorageStep::kRefuse:
      log_.error("v1beta1 objects stay as they are: v1 is not the storage version",
                 {{"CustomResourceDefinition", crd}});
      return true;
    case StorageStep::kRewrite:
      log_.info("writing objects anew at v1", {{"CustomResourceDefinition", crd}});
      RETURN_IF_ERROR(rewrite(store, kube::Api<T>(client_), call));
      return false;
    case StorageStep::kFinish:
      RETURN_IF_ERROR(finish(crd, *found, call));
      return true;
  }
  return true;
}

base::Status StorageMigration::finish(std::string_view crd, json::View before, const reconcile::Call& call) {
  json::Value patch = json::Value::object();
  patch["metadata"]["resourceVersion"].set(before["metadata"]["resourceVersion"]);
  patch["status"]["storedVersions"].push_back(std::string_view("v1"));
  const auto patched = client_.send(
      kube::patch_request(crd_kind(), {.name = std::string(crd)}, kube::PatchType::kMerge, patch, "status"),
      call);
  if (!patched && !patched.failed_with(base::Code::kNotFound)) return patched.error();
  log_.info("struck v1beta1 from the stored versions", {{"CustomResourceDefinition", crd}});
  return base::ok();
}

}  // namespace karpenter::migration
