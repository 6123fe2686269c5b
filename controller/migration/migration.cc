#include "controller/migration/migration.h"

#include <algorithm>
#include <utility>

#include "common/admission/admission.h"
#include "controller/migration/made.h"

namespace karpenter::migration {
namespace {

constexpr std::chrono::seconds kWarnAgain = std::chrono::hours(24);  // the same words about the same object
constexpr std::string_view kFromProvisioner = "Provisioner/";
constexpr std::string_view kFromTemplate = "AWSNodeTemplate/";

// Null when there is none, or none of ours.
template <class T>
bool is_of_others(const kube::Store<T>& store, const T& wanted) {
  const auto existing = store.find(wanted.meta.name);
  return existing && existing->meta.annotation(kConvertedFrom) != wanted.meta.annotation(kConvertedFrom);
}

}  // namespace

std::vector<model::ObjectKey> users_of(std::string_view node_template,
                                       const kube::Store<Provisioner>& provisioners) {
  std::vector<model::ObjectKey> out;
  for (const auto& user : provisioners.list()) {
    const auto& ref = user->spec.provider_ref;
    if (ref && ref->name == node_template) out.push_back(model::key_of(user->meta));
  }
  return out;
}

std::vector<model::ObjectKey> sources_of(const model::ObjectMeta& made,
                                         const kube::Store<Provisioner>& provisioners) {
  const auto source = made.annotation(kConvertedFrom);
  if (source.starts_with(kFromTemplate)) return users_of(source.substr(kFromTemplate.size()), provisioners);
  if (!source.starts_with(kFromProvisioner)) return {};
  return {{.namespace_name = "", .name = std::string(source.substr(kFromProvisioner.size()))}};
}

ProvisionerReconciler::ProvisionerReconciler(const Stores& stores, kube::Client& client,
                                             telemetry::EventRecorder& events, telemetry::Log log,
                                             conversion::AlphaSettings settings)
    : stores_(stores),
      runtime_(client.runtime()),
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
  conversion::AlphaOutput out;
  const auto& ref = provisioner->spec.provider_ref;
  if (ref) node_template = stores_.node_templates.find(ref->name);
  if (ref && !node_template && provisioner->spec.provider.empty()) {
    // Its creation queues this Provisioner again.
    const conversion::Sayer say(out.diagnostics, "Provisioner/" + provisioner->meta.name);
    say("E-REF", "spec.providerRef", "AWSNodeTemplate " + ref->name + " does not exist");
  } else {
    out = converted(*provisioner, node_template.get());
  }
  if (!out.has_error()) {
    mark_sources(out, *provisioner, node_template.get());
    for (auto& conflict : conflicts(*provisioner, out)) out.diagnostics.push_back(std::move(conflict));
  }
  report(*provisioner, out.diagnostics);
  // After an error a last good NodePool stays.
  auto written = out.has_error() ? base::ok() : write(*provisioner, out, call);
  if (written) written = update_status(*provisioner, out.diagnostics, call);
  if (written) return reconcile::Done{};
  if (written.failed_with(base::Code::kConflict)) return reconcile::Retry{};
  return written.error();
}

conversion::AlphaOutput ProvisionerReconciler::converted(const Provisioner& provisioner,
                                                         const AwsNodeTemplate* node_template) const {
  // The name that the class of an inline provider has once got stays: another one would drift its nodes.
  const auto has = [&](const std::string& name) {
    const auto found = stores_.node_classes.find(name);
    return found && found->meta.annotation(kConvertedFrom) == "Provisioner/" + provisioner.meta.name;
  };
  const auto& name = provisioner.meta.name;
  const bool is_taken = stores_.node_templates.find(name) != nullptr;
  const bool is_suffixed = has(name + "-provider") || (is_taken && !has(name));
  return conversion::from_v1alpha5(
      provisioner, node_template, settings_,
      is_suffixed ? conversion::InlineName::kSuffixed : conversion::InlineName::kPlain);
}

conversion::Diagnostics ProvisionerReconciler::conflicts(const Provisioner& provisioner,
                                                         const conversion::AlphaOutput& wanted) const {
  conversion::Diagnostics out;
  const conversion::Sayer say(out, "Provisioner/" + provisioner.meta.name);
  if (is_of_others(stores_.node_classes, wanted.node_class))
    say("E-CONFLICT", "", "EC2NodeClass " + wanted.node_class.meta.name + " exists and is somebody else's");
  if (is_of_others(stores_.node_pools, wanted.pool))
    say("E-CONFLICT", "", "NodePool " + wanted.pool.meta.name + " exists and is somebody else's");
  return out;
}

base::Status ProvisionerReconciler::write(const Provisioner& provisioner,
                                          const conversion::AlphaOutput& wanted,
                                          const reconcile::Call& call) {
  RETURN_IF_ERROR(bring_in_step(provisioner, stores_.node_classes, classes_, wanted.node_class, call));
  RETURN_IF_ERROR(bring_in_step(provisioner, stores_.node_pools, pools_, wanted.pool, call));
  return remove_unused_classes(wanted.node_class, call);
}

template <class T>
base::Status ProvisionerReconciler::bring_in_step(const Provisioner& provisioner, const kube::Store<T>& store,
                                                  const kube::Api<T>& api, T wanted,
                                                  const reconcile::Call& call) {
  const auto kind = kube::kind_of<T>().kind;
  const auto what = std::string(kind) + " " + wanted.meta.name;
  admission::set_defaults(wanted);  // as the API server stores it, so that equal ones compare equal
  const auto existing = store.find(wanted.meta.name);
  if (!existing) {
    auto created = api.create(wanted, call);
    // A create whose answer was lost: the store will show it.
    if (!created) {
      if (created.failed_with(base::Code::kAlreadyExists)) return base::ok();
      return std::move(created).error();
    }
    log_.info("created from provisioner", {{"Provisioner", telemetry::object_ref(provisioner.meta.name)},
                                           {std::string(kind), telemetry::object_ref(wanted.meta.name)}});
    return base::ok();
  }
  T after = *existing;
  after.spec = wanted.spec;
  after.meta = merged(existing->meta, wanted.meta);
  auto patched = api.patch(*existing, after, kube::Locking::kLocked, call);
  if (!patched) return std::move(patched).error();
  const bool is_reverted =
      patched->meta.generation != existing->meta.generation &&
      existing->meta.annotation(kSourceGeneration) == wanted.meta.annotation(kSourceGeneration);
  if (is_reverted)
    publish(provisioner, "Warning", "ConversionReverted",
            what + " was edited; its source decides what it says");
  return base::ok();
}

// A changed kubelet gives the class another name. spec: conversion §4.6, §5.9 (b)
base::Status ProvisionerReconciler::remove_unused_classes(const model::Ec2NodeClass& wanted,
                                                          const reconcile::Call& call) {
  for (const auto& other : stores_.node_classes.list()) {
    const bool is_candidate =
        other->meta.annotation(kConvertedFrom) == wanted.meta.annotation(kConvertedFrom) &&
        other->meta.name != wanted.meta.name && !other->meta.is_deleting();
    if (!is_candidate || is_used(*other)) continue;
    const auto removed =
        classes_.remove(model::key_of(other->meta), {.preconditions = {.uid = other->meta.uid}}, call);
    if (!removed && !removed.failed_with(base::Code::kNotFound)) return removed;
    log_.info("removed the class of a former kubelet configuration",
              {{"EC2NodeClass", telemetry::object_ref(other->meta.name)}});
  }
  return base::ok();
}

bool ProvisionerReconciler::is_used(const model::Ec2NodeClass& node_class) const {
  for (const auto& pool : stores_.node_pools.list()) {
    if (pool->spec.node_template.spec.node_class_ref.name == node_class.meta.name) return true;
  }
  // Another Provisioner may have made it a moment ago, and not yet its NodePool.
  for (const auto& key : sources_of(node_class.meta, stores_.provisioners)) {
    const auto user = stores_.provisioners.find(key);
    const auto& ref = user ? user->spec.provider_ref : std::optional<model::v1alpha5::ProviderRef>();
    const auto node_template = ref ? stores_.node_templates.find(ref->name) : nullptr;
    if (user && converted(*user, node_template.get()).node_class.meta.name == node_class.meta.name)
      return true;
  }
  return false;
}

base::Status ProvisionerReconciler::update_status(const Provisioner& provisioner,
                                                  const conversion::Diagnostics& said,
                                                  const reconcile::Call& call) {
  const auto pool = stores_.node_pools.find(provisioner.meta.name);
  const bool is_ours =
      pool && pool->meta.annotation(kConvertedFrom) == "Provisioner/" + provisioner.meta.name;
  const auto after = with_status(provisioner, is_ours ? pool.get() : nullptr, said, runtime_.now());
  auto patched = provisioners_.patch_status(provisioner, after, kube::Locking::kUnlocked, call);
  if (!patched && !patched.failed_with(base::Code::kNotFound)) return std::move(patched).error();
  return base::ok();
}

void ProvisionerReconciler::report(const Provisioner& provisioner, const conversion::Diagnostics& said) {
  for (const auto& diagnostic : said) {
    const bool is_conflict = diagnostic.code == "E-CONFLICT";
    if (diagnostic.is_error() || diagnostic.is_warning())
      publish(provisioner, "Warning", is_conflict ? "ConversionConflict" : "ConversionWarning",
              diagnostic.code + " " + diagnostic.path + (diagnostic.path.empty() ? "" : ": ") +
                  diagnostic.message);
    log_.debug("converting provisioner", {{"Provisioner", telemetry::object_ref(provisioner.meta.name)},
                                          {"code", diagnostic.code},
                                          {"path", diagnostic.path},
                                          {"message", diagnostic.message}});
  }
  publish(provisioner, "Warning", "ConversionWarning",
          "W-NODES nodes of the alpha controller are not adopted: roll them");
}

void ProvisionerReconciler::publish(const Provisioner& provisioner, std::string_view type,
                                    std::string_view reason, const std::string& message) {
  events_.publish({.object = {.api_version = "karpenter.sh/v1alpha5",
                              .kind = "Provisioner",
                              .namespace_name = "",
                              .name = provisioner.meta.name,
                              .uid = provisioner.meta.uid},
                   .type = std::string(type),
                   .reason = std::string(reason),
                   .message = message,
                   .dedupe = {provisioner.meta.uid, message},
                   .dedupe_timeout = kWarnAgain});
}

}  // namespace karpenter::migration
