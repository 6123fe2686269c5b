#include "controller/migration/migration.h"

#include <utility>

namespace karpenter::migration {
namespace {

// What is written for a wanted object: ours are brought in step, those of others are left alone.
enum class Step : std::uint8_t { kCreate, kUpdate, kNothing, kConflict };

template <class T>
Step plan_step(const T* existing, const T& wanted) {
  if (existing == nullptr) return Step::kCreate;
  if (existing->meta.annotation(kConvertedFrom) != wanted.meta.annotation(kConvertedFrom)) return Step::kConflict;
  const bool in_step = existing->meta.annotation(kSourceGeneration) == wanted.meta.annotation(kSourceGeneration);
  return in_step ? Step::kNothing : Step::kUpdate;
}

// The spec as wanted; labels and annotations of the existing object stay, ours on top.
template <class T>
T merged(const T& existing, const T& wanted) {
  T out = existing;
  out.spec = wanted.spec;
  for (const auto& [key, value] : wanted.meta.labels) out.meta.labels.insert_or_assign(key, value);
  for (const auto& [key, value] : wanted.meta.annotations) out.meta.annotations.insert_or_assign(key, value);
  return out;
}

template <class T>
base::Result<bool> apply_object(const kube::Store<T>& store, const kube::Api<T>& api, const T& wanted,
                                const reconcile::Call& call) {
  const auto existing = store.find(wanted.meta.name);
  switch (plan_step(existing.get(), wanted)) {
    case Step::kConflict: return false;
    case Step::kNothing: return true;
    case Step::kCreate: {
      auto created = api.create(wanted, call);
      // A create whose answer was lost: the store will show it.
      if (!created && !created.failed_with(base::Code::kAlreadyExists)) return std::move(created).error();
      return true;
    }
    case Step::kUpdate: {
      auto patched = api.patch(*existing, merged(*existing, wanted), kube::Locking::kLocked, call);
      if (!patched) return std::move(patched).error();
      return true;
    }
  }
  return true;
}

model::OwnerReference owned_by(std::string api_version, std::string kind, const model::ObjectMeta& owner) {
  return {.api_version = std::move(api_version),
          .kind = std::move(kind),
          .name = owner.name,
          .uid = owner.uid,
          .controller = true,
          .block_owner_deletion = true};
}

void mark(model::ObjectMeta& meta, const Provisioner& provisioner, const AwsNodeTemplate* node_template) {
  std::string generation = std::to_string(provisioner.meta.generation);
  if (node_template != nullptr) generation += "/" + std::to_string(node_template->meta.generation);
  meta.annotations.insert_or_assign(std::string(kConvertedFrom), "Provisioner/" + provisioner.meta.name);
  meta.annotations.insert_or_assign(std::string(kSourceGeneration), std::move(generation));
}

}  // namespace

ProvisionerReconciler::ProvisionerReconciler(const Stores& stores, kube::Client& client,
                                             telemetry::EventRecorder& events, telemetry::Log log,
                                             conversion::AlphaSettings settings)
    : stores_(stores),
      pools_(client),
      classes_(client),
      provisioners_(client),
      events_(events),
      log_(std::move(log)),
      settings_(std::move(settings)) {}

reconcile::ControllerSpec ProvisionerReconciler::spec() {
  reconcile::ControllerSpec out;
  out.name = "provisioner.migration";
  out.group = model::kKarpenterGroup;
  out.kind = "Provisioner";
  out.limit = reconcile::reasonable_limit();
  return out;
}

base::Result<reconcile::Outcome> ProvisionerReconciler::reconcile(const model::ObjectKey& key,
                                                                  const reconcile::Call& call) {
  const auto provisioner = stores_.provisioners.find(key);
  if (!provisioner || provisioner->meta.is_deleting()) return reconcile::Done{};
  std::shared_ptr<const AwsNodeTemplate> node_template;
  if (const auto& ref = provisioner->spec.provider_ref) {
    node_template = stores_.node_templates.find(ref->name);
    if (!node_template) {
      warn(*provisioner, "ConversionWarning", "AWSNodeTemplate " + ref->name + " does not exist");
      return reconcile::Done{};  // its creation queues this Provisioner again
    }
  }
  auto out = conversion::from_v1alpha5(*provisioner, node_template.get(), settings_);
  for (const auto& diagnostic : out.diagnostics) {
    warn(*provisioner, "ConversionWarning", diagnostic.code + ": " + diagnostic.message);
  }
  if (out.has_error()) return reconcile::Done{};  // a last good NodePool stays

  mark(out.node_class.meta, *provisioner, node_template.get());
  mark(out.pool.meta, *provisioner, node_template.get());
  out.node_class.meta.owner_references = {
      node_template ? owned_by("karpenter.k8s.aws/v1alpha1", "AWSNodeTemplate", node_template->meta)
                    : owned_by("karpenter.sh/v1alpha5", "Provisioner", provisioner->meta)};
  out.pool.meta.owner_references = {owned_by("karpenter.sh/v1alpha5", "Provisioner", provisioner->meta)};

  ASSIGN_OR_RETURN(const bool class_is_ours, apply(out.node_class, call));
  ASSIGN_OR_RETURN(const bool pool_is_ours, apply(out.pool, call));
  if (!class_is_ours) warn(*provisioner, "ConversionConflict", "EC2NodeClass " + out.node_class.meta.name + " exists");
  if (!pool_is_ours) {
    warn(*provisioner, "ConversionConflict", "NodePool " + out.pool.meta.name + " exists");
    return reconcile::Done{};
  }
  const auto pool = stores_.node_pools.find(out.pool.meta.name);
  if (pool) RETURN_IF_ERROR(copy_status(*provisioner, *pool, call));
  return reconcile::Done{};
}

base::Result<bool> ProvisionerReconciler::apply(const model::Ec2NodeClass& wanted, const reconcile::Call& call) {
  return apply_object(stores_.node_classes, classes_, wanted, call);
}

base::Result<bool> ProvisionerReconciler::apply(const model::NodePool& wanted, const reconcile::Call& call) {
  return apply_object(stores_.node_pools, pools_, wanted, call);
}

base::Status ProvisionerReconciler::copy_status(const Provisioner& provisioner, const model::NodePool& pool,
                                                const reconcile::Call& call) {
  if (provisioner.status.resources == pool.status.resources) return base::ok();
  Provisioner after = provisioner;
  after.status.resources = pool.status.resources;
  auto patched = provisioners_.patch_status(provisioner, after, kube::Locking::kUnlocked, call);
  if (!patched && !patched.failed_with(base::Code::kNotFound)) return std::move(patched).error();
  return base::ok();
}

void ProvisionerReconciler::warn(const Provisioner& provisioner, std::string_view reason, const std::string& message) {
  events_.publish({.object = {.api_version = "karpenter.sh/v1alpha5",
                              .kind = "Provisioner",
                              .namespace_name = "",
                              .name = provisioner.meta.name,
                              .uid = provisioner.meta.uid},
                   .type = "Warning",
                   .reason = std::string(reason),
                   .message = message});
  log_.info("converting provisioner", {{"Provisioner", telemetry::object_ref(provisioner.meta.name)},
                                       {"reason", reason},
                                       {"message", message}});
}

}  // namespace karpenter::migration
