#pragma once

#include <array>
#include <string_view>

// Every label, annotation, finalizer and taint key of the project. spec: lifecycle §1.2, api §7.5, §7.6

namespace karpenter::model::labels {

inline constexpr std::string_view kArch = "kubernetes.io/arch";
inline constexpr std::string_view kOs = "kubernetes.io/os";
inline constexpr std::string_view kHostname = "kubernetes.io/hostname";
inline constexpr std::string_view kInstanceType = "node.kubernetes.io/instance-type";
inline constexpr std::string_view kZone = "topology.kubernetes.io/zone";
inline constexpr std::string_view kRegion = "topology.kubernetes.io/region";
inline constexpr std::string_view kWindowsBuild = "node.kubernetes.io/windows-build";
inline constexpr std::string_view kZoneId = "topology.k8s.aws/zone-id";
inline constexpr std::string_view kExcludeBalancers =
    "node.kubernetes.io/exclude-from-external-load-balancers";

inline constexpr std::string_view kCapacityType = "karpenter.sh/capacity-type";
inline constexpr std::string_view kNodePool = "karpenter.sh/nodepool";
inline constexpr std::string_view kRegistered = "karpenter.sh/registered";
inline constexpr std::string_view kInitialized = "karpenter.sh/initialized";
inline constexpr std::string_view kDoNotSyncTaints = "karpenter.sh/do-not-sync-taints";
inline constexpr std::string_view kNodeClass = "karpenter.k8s.aws/ec2nodeclass";

inline constexpr std::string_view kInstanceCategory = "karpenter.k8s.aws/instance-category";
inline constexpr std::string_view kInstanceFamily = "karpenter.k8s.aws/instance-family";
inline constexpr std::string_view kInstanceGeneration = "karpenter.k8s.aws/instance-generation";
inline constexpr std::string_view kInstanceSize = "karpenter.k8s.aws/instance-size";
inline constexpr std::string_view kInstanceCpu = "karpenter.k8s.aws/instance-cpu";
inline constexpr std::string_view kInstanceMemory = "karpenter.k8s.aws/instance-memory";

// Provider labels, list A of api §7.3 without the NodeClass.
inline constexpr std::array<std::string_view, 27> kProvider = {
    "karpenter.k8s.aws/instance-tenancy",
    "karpenter.k8s.aws/capacity-reservation-type",
    "karpenter.k8s.aws/capacity-reservation-id",
    "karpenter.k8s.aws/capacity-reservation-interruptible",
    "karpenter.k8s.aws/instance-encryption-in-transit-supported",
    kInstanceCategory,
    "karpenter.k8s.aws/instance-hypervisor",
    kInstanceFamily,
    kInstanceGeneration,
    "karpenter.k8s.aws/instance-local-nvme",
    kInstanceSize,
    kInstanceCpu,
    "karpenter.k8s.aws/instance-cpu-manufacturer",
    "karpenter.k8s.aws/instance-cpu-sustained-clock-speed-mhz",
    kInstanceMemory,
    "karpenter.k8s.aws/instance-ebs-bandwidth",
    "karpenter.k8s.aws/instance-network-bandwidth",
    "karpenter.k8s.aws/instance-gpu-name",
    "karpenter.k8s.aws/instance-gpu-manufacturer",
    "karpenter.k8s.aws/instance-gpu-count",
    "karpenter.k8s.aws/instance-gpu-memory",
    "karpenter.k8s.aws/instance-accelerator-name",
    "karpenter.k8s.aws/instance-accelerator-manufacturer",
    "karpenter.k8s.aws/instance-accelerator-count",
    "karpenter.k8s.aws/instance-capability-flex",
    "karpenter.k8s.aws/placement-group-id",
    "karpenter.k8s.aws/placement-group-partition",
};
// Well-known labels besides the provider's. spec: scheduling §5.10
inline constexpr std::array<std::string_view, 9> kWellKnownCore = {
    kNodePool, kZone, kRegion, kInstanceType, kArch, kOs, kCapacityType, kWindowsBuild, kZoneId};

inline constexpr std::string_view kSpot = "spot";
inline constexpr std::string_view kOnDemand = "on-demand";
inline constexpr std::string_view kReserved = "reserved";

inline constexpr std::string_view kTerminationFinalizer = "karpenter.sh/termination";
inline constexpr std::string_view kNodeClassFinalizer = "karpenter.k8s.aws/termination";

inline constexpr std::string_view kUnregisteredTaint = "karpenter.sh/unregistered";  // NoExecute
inline constexpr std::string_view kDisruptedTaint = "karpenter.sh/disrupted";        // NoSchedule
inline constexpr std::string_view kRebootingTaint = "karpenter.sh/rebooting";        // NoSchedule

inline constexpr std::string_view kDoNotDisrupt = "karpenter.sh/do-not-disrupt";
inline constexpr std::string_view kNodePoolHash = "karpenter.sh/nodepool-hash";
inline constexpr std::string_view kNodePoolHashVersion = "karpenter.sh/nodepool-hash-version";
// Our hash values differ from the reference's, so the versions must too: else every node would drift. spec:
// api §9.4
inline constexpr std::string_view kNodePoolHashVersionNow = "v3-cpp1";
inline constexpr std::string_view kNodeClassHash = "karpenter.k8s.aws/ec2nodeclass-hash";
inline constexpr std::string_view kNodeClassHashVersion = "karpenter.k8s.aws/ec2nodeclass-hash-version";
inline constexpr std::string_view kNodeClassHashVersionNow = "v6-cpp1";
inline constexpr std::string_view kTagged = "karpenter.k8s.aws/tagged";
inline constexpr std::string_view kClusterNameTagged = "compatibility.karpenter.k8s.aws/cluster-name-tagged";
inline constexpr std::string_view kTerminationTimestamp = "karpenter.sh/nodeclaim-termination-timestamp";
inline constexpr std::string_view kDisruptionCost = "karpenter.sh/disruption-cost";
inline constexpr std::string_view kPodDeletionCost = "controller.kubernetes.io/pod-deletion-cost";

}  // namespace karpenter::model::labels
