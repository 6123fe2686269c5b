#include "controller/scheduling/volumes.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/model/labels.h"

namespace karpenter::scheduling {
namespace {

using model::Requirements;

// In-tree plugin names and the CSI drivers that took them over.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kInTree = {{
    {"kubernetes.io/aws-ebs", "ebs.csi.aws.com"},
    {"kubernetes.io/azure-disk", "disk.csi.azure.com"},
    {"kubernetes.io/azure-file", "file.csi.azure.com"},
    {"kubernetes.io/cinder", "cinder.csi.openstack.org"},
    {"kubernetes.io/gce-pd", "pd.csi.storage.gke.io"},
    {"kubernetes.io/portworx-volume", "pxd.portworx.com"},
    {"kubernetes.io/vsphere-volume", "csi.vsphere.vmware.com"},
}};

std::string csi_name(std::string_view provisioner) {
  const auto it = std::ranges::find(kInTree, provisioner, [](const auto& entry) { return entry.first; });
  return std::string(it == kInTree.end() ? provisioner : it->second);
}

// The nodes of a bound volume. spec: scheduling §14 step 1
std::vector<Requirements> topology_of_volume(const model::PersistentVolume& volume) {
  std::vector<Requirements> out;
  if (!volume.node_affinity_required) return out;
  const bool on_one_host = volume.is_local || volume.is_host_path;
  for (const auto& term : *volume.node_affinity_required) {
    if (term.match_expressions.empty()) continue;
    auto requirements = Requirements::of(term.match_expressions);
    if (!requirements) continue;  // nothing could be said about a node
    if (on_one_host) requirements->erase(model::labels::kHostname);
    out.push_back(std::move(*requirements));
  }
  return out;
}

std::vector<Requirements> topology_of_class(const model::StorageClass& storage_class) {
  std::vector<Requirements> out;
  for (const auto& term : storage_class.allowed_topologies) {
    Requirements requirements;
    for (const auto& expression : term.match_expressions)
      requirements.add(model::Requirement::in(expression.key, expression.values));
    out.push_back(std::move(requirements));
  }
  return out;
}

// Every way to be where both want, or, when there is none, every pair: no node will do. spec: §14 step 2
std::vector<Requirements> both_of(const std::vector<Requirements>& so_far,
                                  const std::vector<Requirements>& more) {
  std::vector<Requirements> out;
  std::vector<Requirements> contradicting;
  for (const auto& a : so_far) {
    for (const auto& b : more) {
      const bool agrees = a.find_conflict(b) == nullptr;
      Requirements both = a;
      both.add(b);
      (agrees ? out : contradicting).push_back(std::move(both));
    }
  }
  return out.empty() ? contradicting : out;
}

}  // namespace

bool uses_claims(const model::PodSpec& spec) {
  return std::ranges::any_of(
      spec.volumes, [](const auto& v) { return v.persistent_volume_claim.has_value() || v.is_ephemeral; });
}

std::string claim_name(const model::Pod& pod, const model::PodVolume& volume) {
  if (volume.persistent_volume_claim) return *volume.persistent_volume_claim;
  return volume.is_ephemeral ? pod.meta.name + "-" + volume.name : "";
}

VolumeIndex::VolumeIndex(const VolumeObjects& objects) {
  for (const auto* claim : objects.claims) claims_.emplace(model::key_of(claim->meta).text(), claim);
  for (const auto* volume : objects.volumes) volumes_.emplace(volume->meta.name, volume);
  for (const auto* storage_class : objects.classes) classes_.emplace(storage_class->meta.name, storage_class);
}

std::vector<Requirements> VolumeIndex::topology_of(const model::PersistentVolumeClaim& claim) const {
  if (!claim.volume_name.empty()) {
    const auto volume = volumes_.find(claim.volume_name);
    return volume == volumes_.end() ? std::vector<Requirements>() : topology_of_volume(*volume->second);
  }
  const auto storage_class = classes_.find(claim.storage_class_name.value_or(""));
  return storage_class == classes_.end() ? std::vector<Requirements>()
                                         : topology_of_class(*storage_class->second);
}

std::string VolumeIndex::driver_of(const model::PersistentVolumeClaim& claim) const {
  if (!claim.volume_name.empty()) {
    const auto volume = volumes_.find(claim.volume_name);
    if (volume == volumes_.end()) return "";
    if (!volume->second->csi_driver.empty()) return volume->second->csi_driver;
    return volume->second->is_ebs ? "ebs.csi.aws.com" : "";
  }
  const auto storage_class = classes_.find(claim.storage_class_name.value_or(""));
  return storage_class == classes_.end() ? "" : csi_name(storage_class->second->provisioner);
}

PodVolumes VolumeIndex::resolve(const model::Pod& pod) const {
  PodVolumes out;
  for (const auto& volume : pod.spec.volumes) {
    const std::string name = claim_name(pod, volume);
    if (name.empty()) continue;
    const auto claim = claims_.find(pod.meta.namespace_name + "/" + name);
    if (claim == claims_.end()) continue;
    auto topology = topology_of(*claim->second);
    if (!topology.empty())
      out.alternatives = out.alternatives.empty() ? std::move(topology) : both_of(out.alternatives, topology);
    std::string driver = driver_of(*claim->second);
    if (!driver.empty()) out.attached.push_back({std::move(driver), claim->first});
  }
  std::ranges::sort(out.attached);
  const auto repeated = std::ranges::unique(out.attached);
  out.attached.erase(repeated.begin(), repeated.end());
  return out;
}

}  // namespace karpenter::scheduling
