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

// On every object made here: `Provisioner/<name>` (`AWSNodeTemplate/<name>` on a class made from one), and
// the generations of its sources.
inline constexpr std::string_view kConvertedFrom = "compatibility.karpenter.sh/converted-from";
inline constexpr std::string_view kSourceGeneration = "compatibility.karpenter.sh/source-generation";

struct Stores {
  const kube::Store<Provisioner>& provisioners;
  const kube::Store<AwsNodeTemplate>& node_templates;
  const kube::Store<model::NodePool>& node_pools;
  const kube::Store<model::Ec2NodeClass>& node_classes;
};

// Reconciles one Provisioner, by name. Triggers: Provisioner; AWSNodeTemplate and EC2NodeClass (-> the
// Provisioners that refer to it); NodePool (-> the Provisioner it was made from). Deleting a Provisioner
// deletes what it owns through owner references. Edits of what was made here are reverted. A NodePool or
// EC2NodeClass that somebody else made is never touched.
class ProvisionerReconciler final : public reconcile::Reconciler {
 public:
  ProvisionerReconciler(const Stores& stores, kube::Client& client, telemetry::EventRecorder& events,
                        telemetry::Log log, conversion::AlphaSettings settings);
  static reconcile::ControllerSpec spec();
  base::Result<reconcile::Outcome> reconcile(const model::ObjectKey& key,
                                             const reconcile::Call& call) override;

 private:
  base::Status write(const Provisioner& provisioner, const conversion::AlphaOutput& wanted,
                     const reconcile::Call& call);
  base::Status copy_status(const Provisioner& provisioner, const model::NodePool& pool,
                           const reconcile::Call& call);
  void warn(const Provisioner& provisioner, std::string_view reason, const std::string& message);

  Stores stores_;
  kube::Api<model::NodePool> pools_;
  kube::Api<model::Ec2NodeClass> classes_;
  kube::Api<Provisioner> provisioners_;
  telemetry::EventRecorder& events_;
  telemetry::Log log_;
  conversion::AlphaSettings settings_;
};

}  // namespace karpenter::migration
