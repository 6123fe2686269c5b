#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/model/core/core.h"
#include "common/model/requirements.h"
#include "controller/scheduling/schedule.h"

namespace karpenter::scheduling {

// A volume of a pod that a CSI driver attaches. spec: scheduling §13.2
struct AttachedVolume {
  std::string driver;
  std::string claim;  // namespace/name
  friend auto operator<=>(const AttachedVolume&, const AttachedVolume&) = default;
};

struct PodVolumes {
  // Where the volumes let a node be, any one of these; empty: anywhere. spec: scheduling §14
  std::vector<model::Requirements> alternatives;
  std::vector<AttachedVolume> attached;  // sorted, distinct
};

// Resolves the claims of pods. Points into the objects, which outlive it.
class VolumeIndex {
 public:
  explicit VolumeIndex(const VolumeObjects& objects);
  // Claims, volumes and classes that do not exist constrain nothing.
  [[nodiscard]] PodVolumes resolve(const model::Pod& pod) const;

 private:
  [[nodiscard]] std::vector<model::Requirements> topology_of(const model::PersistentVolumeClaim& claim) const;
  [[nodiscard]] std::string driver_of(const model::PersistentVolumeClaim& claim) const;

  std::unordered_map<std::string, const model::PersistentVolumeClaim*> claims_;  // by namespace/name
  std::unordered_map<std::string_view, const model::PersistentVolume*> volumes_;
  std::unordered_map<std::string_view, const model::StorageClass*> classes_;
};

// Some volume of the pod is a claim.
[[nodiscard]] bool uses_claims(const model::PodSpec& spec);
// Name of the claim behind a volume, or "". spec: scheduling §2.3 step 1
[[nodiscard]] std::string claim_name(const model::Pod& pod, const model::PodVolume& volume);

}  // namespace karpenter::scheduling
