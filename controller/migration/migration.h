#pragma once

#include "common/conversion/conversion.h"
#include "common/kube/api.h"
#include "common/kube/store.h"
#include "common/reconcile/reconciler.h"
#include "common/telemetry/events.h"

// v1alpha5 Provisioners (with inline provider or AWSNodeTemplate) materialise as v1 NodePools and
// EC2NodeClasses and are kept in step with their source. spec: conversion §5.9 (b)

namespace karpenter::migration {

using model::v1alpha1::AwsNodeTemplate;
using model::v1alpha5::Provisioner;

// On every object made here: `Provisioner/<name>` (`AWSNodeTemplate/<name>` on a class made from one), the
// generations of its sources, and which labels and annotations came from there (`labels/a,annotations/b`).
inline constexpr std::string_view kConvertedFrom = "compatibility.karpenter.sh/converted-from";
inline constexpr std::string_view kSourceGeneration = "compatibility.karpenter.sh/source-generation";
inline constexpr std::string_view kConvertedKeys = "compatibility.karpenter.sh/converted-keys";
// Condition of a Provisioner: True when its NodePool is what it says; else the reason is the code of what is
// in the way.
inline constexpr std::string_view kConverted = "Converted";

struct Stores {
  const kube::Store<Provisioner>& provisioners;
  const kube::Store<AwsNodeTemplate>& node_templates;
  const kube::Store<model::NodePool>& node_pools;
  const kube::Store<model::Ec2NodeClass>& node_classes;
};

// The Provisioners that an object was made from, directly or through their AWSNodeTemplate.
[[nodiscard]] std::vector<model::ObjectKey> sources_of(const model::ObjectMeta& made,
                                                       const kube::Store<Provisioner>& provisioners);
// The Provisioners that refer to an AWSNodeTemplate.
[[nodiscard]] std::vector<model::ObjectKey> users_of(std::string_view node_template,
                                                     const kube::Store<Provisioner>& provisioners);

// Reconciles one Provisioner, by name. Triggers: Provisioner; AWSNodeTemplate (-> users_of); NodePool and
// EC2NodeClass (-> sources_of). Deleting a Provisioner deletes what it owns through owner references. Edits
// of what was made here are reverted; labels and annotations that others add stay. A NodePool or EC2NodeClass
// that somebody else made is never touched: event ConversionConflict, and nothing is written. Classes that a
// changed kubelet left behind go when no NodePool names them.
class ProvisionerReconciler final : public reconcile::Reconciler {
 public:
  ProvisionerReconciler(const Stores& stores, kube::Client& client, telemetry::EventRecorder& events,
                        telemetry::Log log, conversion::AlphaSettings settings);
  static reconcile::ControllerSpec spec();
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key,
                                             const reconcile::Call& call) override;

 private:
  [[nodiscard]] conversion::AlphaOutput converted(const Provisioner& provisioner,
                                                  const AwsNodeTemplate* node_template) const;
  [[nodiscard]] conversion::Diagnostics conflicts(const Provisioner& provisioner,
                                                  const conversion::AlphaOutput& wanted) const;
  base::Status write(const Provisioner& provisioner, const conversion::AlphaOutput& wanted,
                     const reconcile::Call& call);
  template <class T>
  base::Status bring_in_step(const Provisioner& provisioner, const kube::Store<T>& store,
                             const kube::Api<T>& api, T wanted, const reconcile::Call& call);
  base::Status remove_unused_classes(const model::Ec2NodeClass& wanted, const reconcile::Call& call);
  [[nodiscard]] bool is_used(const model::Ec2NodeClass& node_class) const;
  base::Status update_status(const Provisioner& provisioner, const conversion::Diagnostics& said,
                             const reconcile::Call& call);
  void report(const Provisioner& provisioner, const conversion::Diagnostics& said);
  void publish(const Provisioner& provisioner, std::string_view type, std::string_view reason,
               const std::string& message);

  Stores stores_;
  runtime::Runtime& runtime_;
  kube::Api<model::NodePool> pools_;
  kube::Api<model::Ec2NodeClass> classes_;
  kube::Api<Provisioner> provisioners_;
  telemetry::EventRecorder& events_;
  telemetry::Log log_;
  conversion::AlphaSettings settings_;
};

}  // namespace karpenter::migration
