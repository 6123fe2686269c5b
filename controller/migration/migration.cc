#include "controller/migration/migration.h"

#include <utility>

#include "common/admission/admission.h"

namespace karpenter::migration {
namespace {

constexpr std::chrono::seconds kWarnAgain = std::chrono::hours(24);  // the same words about the same object

// The spec as wanted; labels and annotations of the existing object stay, ours on top.
template <class T>
T merged(const T& existing, const T& wanted) {
  T out = existing;
  out.spec = wanted.spec;
  for (const auto& [key, value] : wanted.meta.labels) out.meta.labels.insert_or_assign(key, value);
  for (const auto& [key, value] : wanted.meta.annotations) out.meta.annotations.insert_or_assign(key, value);
  return out;
}

// Ours are brought in step, also after edits by others; objects of others are left alone: false.
template <class T>
base::Result<bool> apply_object(const kube::Store<T>& store, const kube::Api<T>& api, T wanted,
                                const reconcile::Call& call) {
  admission::set_defaults(wanted);  // as the API server stores it, so that equal ones compare equal
  const auto existing = store.find(wanted.meta.name);
  if (!existing) {
    auto created = api.create(wanted, call);
    // A create whose answer was lost: the store will show it.
    if (!created && !created.failed_with(base::Code::kAlreadyExists)) return std::move(created).error();
    return true;
  }
  if (existing->meta.annotation(kConvertedFrom) != wanted.meta.annotation(kConvertedFrom)) return false;
  auto patched = api.patch(*existing, merged(*existing, wanted), kube::Locking::kLocked, call);
  if (!patched) return std::move(patched).error();
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

void mark(model::ObjectMeta& meta, std::string_view kind, const model::ObjectMeta& source,
          std::string generation) {
  meta.annotations.insert_or_assign(std::string(kConvertedFrom), std::string(kind) + "/" + source.name);
  meta.annotations.insert_or_assign(std::string(kSourceGeneration), std::move(generation));
}

// A class made from a node template belongs to it: Provisioners that share the template share the class.
void mark_sources(conversion::AlphaOutput& out, const Provisioner& provisioner,
                  const AwsNodeTemplate* node_template) {
  const std::string generation = std::to_string(provisioner.meta.generation);
  const auto owner = owned_by("karpenter.sh/v1alpha5", "Provisioner", provisioner.meta);
  out.pool.meta.owner_references = {owner};
  if (node_template == nullptr) {
    mark(out.pool.meta, "Provisioner", provisioner.meta, generation);
    mark(out.node_class.meta, "Provisioner", provisioner.meta, generation);
    out.node_class.meta.owner_references = {owner};
    return;
  }
  const std::string template_generation = std::to_string(node_template->meta.generation);
  mark(out.pool.meta, "Provisioner", provisioner.meta, generation + "/" + template_generation);
  mark(out.node_class.meta, "AWSNodeTemplate", node_template->meta, template_generation);
  out.node_class.meta.owner_references = {
      owned_by("karpenter.k8s.aws/v1alpha1", "AWSNodeTemplate", node_template->meta)};
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

  mark_sources(out, *provisioner, node_template.get());
  const auto written = write(*provisioner, out, call);
  if (written) return reconcile::Done{};
  if (written.failed_with(base::Code::kConflict)) return reconcile::Retry{};
  return written.error();
}

base::Status ProvisionerReconciler::write(const Provisioner& provisioner,
                                          const conversion::AlphaOutput& wanted,
                                          const reconcile::Call& call) {
  ASSIGN_OR_RETURN(const bool class_is_ours,
                   apply_object(stores_.node_classes, classes_, wanted.node_class, call));
  ASSIGN_OR_RETURN(const bool pool_is_ours, apply_object(stores_.node_pools, pools_, wanted.pool, call));
  if (!class_is_ours)
    warn(provisioner, "ConversionConflict", "EC2NodeClass " + wanted.node_class.meta.name + " exists");
  if (!pool_is_ours) {
    warn(provisioner, "ConversionConflict", "NodePool " + wanted.pool.meta.name + " exists");
    return base::ok();
  }
  const auto pool = stores_.node_pools.find(wanted.pool.meta.name);
  return pool ? copy_status(provisioner, *pool, call) : base::ok();
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

void ProvisionerReconciler::warn(const Provisioner& provisioner, std::string_view reason,
                                 const std::string& message) {
  events_.publish({.object = {.api_version = "karpenter.sh/v1alpha5",
                              .kind = "Provisioner",
                              .namespace_name = "",
                              .name = provisioner.meta.name,
                              .uid = provisioner.meta.uid},
                   .type = "Warning",
                   .reason = std::string(reason),
                   .message = message,
                   .dedupe = {provisioner.meta.uid, message},
                   .dedupe_timeout = kWarnAgain});
  log_.debug("converting provisioner", {{"Provisioner", telemetry::object_ref(provisioner.meta.name)},
                                        {"reason", reason},
                                        {"message", message}});
}

}  // namespace karpenter::migration
