#pragma once

#include <string>

#include "common/base/result.h"
#include "common/model/karpenter/v1.h"
#include "controller/aws/provider/instances.h"
#include "controller/cloud/instance_type.h"

namespace karpenter::aws {

// Why a NodeClaim no longer matches its EC2NodeClass, or "". Pure; the steps of aws §10.5 in their order.

// "NodeClassDrift" when both carry hashes of one version that differ.
[[nodiscard]] std::string static_drift(const model::NodeClaim& claim, const model::Ec2NodeClass& node_class);
// "NodeClassDrift" when the NodePool now brings another v1beta1 kubelet along than the claim was made with,
// and both carry class hashes of one version. spec: conversion §2.11
[[nodiscard]] std::string kubelet_drift(const model::NodeClaim& claim, const model::NodePool& pool,
                                        const model::Ec2NodeClass& node_class);
// "AMIDrift" when the type now maps to another image. kInvalid when status.amis or status.imageID is empty.
[[nodiscard]] base::Result<std::string> ami_drift(const model::NodeClaim& claim,
                                                  const model::Ec2NodeClass& node_class,
                                                  const cloud::InstanceType& type);
// "SecurityGroupDrift", then "SubnetDrift". kInvalid when the class has none resolved.
[[nodiscard]] base::Result<std::string> instance_drift(const CloudInstance& instance,
                                                       const model::Ec2NodeClass& node_class);

}  // namespace karpenter::aws
