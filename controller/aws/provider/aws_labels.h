#pragma once

#include <string_view>

// Keys that only the AWS side writes; the others are in common/model/labels.h. spec: aws §3.3, §3.4, §10.4

namespace karpenter::aws {

namespace label {
inline constexpr std::string_view kTenancy = "karpenter.k8s.aws/instance-tenancy";
inline constexpr std::string_view kReservationId = "karpenter.k8s.aws/capacity-reservation-id";
inline constexpr std::string_view kReservationType = "karpenter.k8s.aws/capacity-reservation-type";
inline constexpr std::string_view kReservationInterruptible =
    "karpenter.k8s.aws/capacity-reservation-interruptible";
inline constexpr std::string_view kEncryptionInTransit =
    "karpenter.k8s.aws/instance-encryption-in-transit-supported";
inline constexpr std::string_view kHypervisor = "karpenter.k8s.aws/instance-hypervisor";
inline constexpr std::string_view kLocalNvme = "karpenter.k8s.aws/instance-local-nvme";
inline constexpr std::string_view kCpuManufacturer = "karpenter.k8s.aws/instance-cpu-manufacturer";
inline constexpr std::string_view kCpuClockSpeed = "karpenter.k8s.aws/instance-cpu-sustained-clock-speed-mhz";
inline constexpr std::string_view kEbsBandwidth = "karpenter.k8s.aws/instance-ebs-bandwidth";
inline constexpr std::string_view kNetworkBandwidth = "karpenter.k8s.aws/instance-network-bandwidth";
inline constexpr std::string_view kGpuName = "karpenter.k8s.aws/instance-gpu-name";
inline constexpr std::string_view kGpuManufacturer = "karpenter.k8s.aws/instance-gpu-manufacturer";
inline constexpr std::string_view kGpuCount = "karpenter.k8s.aws/instance-gpu-count";
inline constexpr std::string_view kGpuMemory = "karpenter.k8s.aws/instance-gpu-memory";
inline constexpr std::string_view kAcceleratorName = "karpenter.k8s.aws/instance-accelerator-name";
inline constexpr std::string_view kAcceleratorManufacturer =
    "karpenter.k8s.aws/instance-accelerator-manufacturer";
inline constexpr std::string_view kAcceleratorCount = "karpenter.k8s.aws/instance-accelerator-count";
inline constexpr std::string_view kCapabilityFlex = "karpenter.k8s.aws/instance-capability-flex";
}  // namespace label

inline constexpr std::string_view kInstanceProfileAnnotation = "karpenter.k8s.aws/instance-profile-name";
inline constexpr std::string_view kMinValuesRelaxedAnnotation = "karpenter.sh/nodeclaim-min-values-relaxed";
inline constexpr std::string_view kPriceOverlayAnnotation = "karpenter.sh/price-overlay-applied";

namespace resource {
inline constexpr std::string_view kPodEni = "vpc.amazonaws.com/pod-eni";
inline constexpr std::string_view kEfa = "vpc.amazonaws.com/efa";
inline constexpr std::string_view kNvidiaGpu = "nvidia.com/gpu";
inline constexpr std::string_view kAmdGpu = "amd.com/gpu";
inline constexpr std::string_view kGaudi = "habana.ai/gaudi";
inline constexpr std::string_view kNeuron = "aws.amazon.com/neuron";
inline constexpr std::string_view kNeuronCore = "aws.amazon.com/neuroncore";
}  // namespace resource

// Tag keys on instances and everything made for them. spec: aws §10.4
namespace tag {
inline constexpr std::string_view kClusterName = "eks:eks-cluster-name";
inline constexpr std::string_view kNodeClaim = "karpenter.sh/nodeclaim";
inline constexpr std::string_view kName = "Name";
}  // namespace tag

}  // namespace karpenter::aws
