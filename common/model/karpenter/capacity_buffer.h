#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/model/as_written.h"
#include "common/model/meta.h"

// autoscaling.x-k8s.io/v1beta1 CapacityBuffer: an API of Kubernetes SIG Autoscaling that Karpenter reads and
// whose status it writes. Namespaced. spec: api §6

namespace karpenter::model {

inline constexpr std::string_view kBufferGroup = "autoscaling.x-k8s.io";

struct ScalableRef {
  std::string api_group;  // "" or "apps"
  std::string kind;       // Deployment, StatefulSet, ReplicaSet
  std::string name;
  Blanks blanks = {};
  friend bool operator==(const ScalableRef&, const ScalableRef&) = default;
};
struct CapacityBufferSpec {
  std::string provisioning_strategy;
  std::optional<std::string> pod_template_name;  // JSON: podTemplateRef.name, in the same namespace
  std::optional<ScalableRef> scalable_ref;
  std::optional<std::int32_t> replicas;
  std::optional<std::int32_t> percentage;
  WrittenResources limits;
  Blanks blanks = {};
};
struct CapacityBufferStatus {
  std::optional<std::string> pod_template_name;  // JSON: podTemplateRef.name
  std::optional<std::int64_t> pod_template_generation;
  std::optional<std::int32_t> replicas;
  std::string provisioning_strategy;
  std::vector<Condition> conditions;
  Blanks blanks = {};
};
struct CapacityBuffer {
  ObjectMeta meta;
  CapacityBufferSpec spec;
  CapacityBufferStatus status;
  Blanks blanks = {};
};

}  // namespace karpenter::model
