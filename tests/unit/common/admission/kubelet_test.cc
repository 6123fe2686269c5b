#include <gtest/gtest.h>

#include "common/admission/rules.h"
#include "tests/unit/common/admission/cases.h"

namespace karpenter::admission {
namespace {

void expect(const char* rule, std::string_view kubelet, std::string_view want,
            std::string_view family = "AL2023") {
  Violations found;
  check_open_kubelet(yaml(kubelet).dump(), family, found);
  EXPECT_EQ(lines(finished(std::move(found))), want) << rule;
}

// spec: api §4.4
TEST(OpenKubelet, follows_the_kubelet_and_our_rules) {
  const std::string at = "spec.kubelet.";
  const std::string expression =
      "spec.kubelet contains a CEL expression, but the NodeClassCEL feature gate is disabled";
  expect("valid",
         "{maxPods: 20, clusterDNS: [a, b], evictionHard: {memory.available: 5%, nodefs.available: 1Gi}, "
         "evictionSoft: "
         "{pid.available: 100%}, evictionSoftGracePeriod: {pid.available: 1m30s}, kubeReserved: {cpu: 100m, "
         "pid: '10'}, "
         "imageGCHighThresholdPercent: 80, imageGCLowThresholdPercent: 70, featureGates: {A: true}, "
         "syncFrequency: 500ms}",
         "");
  expect("EC-R1 unknown, case", "{maxpods: 5}", at + "maxpods: Invalid value: 5: unknown field \"maxpods\"");
  expect("EC-R1 type", "{podsPerCore: many}", at + "podsPerCore: Invalid value: \"many\": wrong type");
  expect("EC-R1 duration", "{syncFrequency: 5}", at + "syncFrequency: Invalid value: 5: wrong type");
  expect("EC-R2", "{registerWithTaints: []}",
         at + "registerWithTaints: Invalid value: []: can't be set, taints belong to the NodePool");
  expect("EC-R3", "{evictionHard: {memory.availble: 5%}}",
         at + "evictionHard[memory.availble]: Unsupported value: \"memory.availble\": isn't a valid eviction "
              "signal (did you "
              "mean \"memory.available\"?)");
  for (const auto* bad : {"", "abc", "101%", "-1%", "%"}) {
    expect("EC-R4", "{evictionHard: {pid.available: '" + std::string(bad) + "'}}",
           at + "evictionHard[pid.available]: Invalid value: \"" + bad +
               "\": must be a percentage or a resource quantity");
  }
  expect("EC-R5", "{evictionMinimumReclaim: {pid.available: '-1'}}",
         at + "evictionMinimumReclaim[pid.available]: Invalid value: \"-1\": can't be a negative resource "
              "quantity");
  expect("EC-R6", "{evictionSoft: {pid.available: '1'}, evictionSoftGracePeriod: {pid.available: soon}}",
         at + "evictionSoftGracePeriod[pid.available]: Invalid value: \"soon\": must be a duration");
  expect("EC-R7", "{evictionSoft: {pid.available: '1'}}",
         at + "evictionSoft[pid.available]: Invalid value: has no matching evictionSoftGracePeriod");
  expect("EC-R8", "{evictionSoftGracePeriod: {pid.available: 1s}}",
         at + "evictionSoftGracePeriod[pid.available]: Invalid value: has no matching evictionSoft");
  expect("EC-R9", "{systemReserved: {gpu: '1'}}",
         at + "systemReserved[gpu]: Unsupported value: \"gpu\": isn't a reservable resource, must be one of "
              "cpu, memory, "
              "ephemeral-storage, pid");
  expect("EC-R10", "{kubeReserved: {cpu: '-1'}}",
         at + "kubeReserved[cpu]: Invalid value: \"-1\": can't be a negative resource quantity");
  expect("§4.7 4", "{maxPods: '110', kubeReserved: {cpu: vcpus * 2}}",
         at + "kubeReserved[cpu]: Invalid value: \"vcpus * 2\": " + expression + "\n" + at +
             "maxPods: Invalid value: \"110\": " + expression);
  expect("EC-R11", "{imageGCHighThresholdPercent: 101, maxPods: -1}",
         at + "imageGCHighThresholdPercent: Invalid value: 101: must be between 0 and 100\n" + at +
             "maxPods: Invalid value: -1: can't be negative");
  expect("EC-R12 equal", "{imageGCHighThresholdPercent: 5, imageGCLowThresholdPercent: 5}",
         "spec.kubelet: Invalid value: imageGCHighThresholdPercent (5) must be greater than "
         "imageGCLowThresholdPercent (5)");
  expect("EC-R13 AL2", "{podsPerCore: 2, cgroupDriver: systemd, clusterDNS: [a, b]}",
         "spec.kubelet: Invalid value: spec.kubelet has fields not applied by the AL2 AMI family that would "
         "be silently "
         "dropped: cgroupDriver\nspec.kubelet.clusterDNS: Invalid value: [\"a\",\"b\"]: the AL2 AMI family "
         "doesn't "
         "accept multiple entries, only one, but 2 were set",
         "AL2");
  expect("EC-R13 Bottlerocket", "{podsPerCore: 2}",
         "spec.kubelet: Invalid value: spec.kubelet has fields not applied by the Bottlerocket AMI family "
         "that would be "
         "silently dropped: podsPerCore",
         "Bottlerocket");
  expect("EC-R13 Custom", "{cgroupDriver: systemd}", "", "Custom");
  expect("no object", "[]", "spec.kubelet: Invalid value: \"[]\": must be an object");
}

// spec: api §10.4, §11.1
TEST(TypedKubelet, follows_the_old_webhook) {
  expect_all<model::v1alpha5::Provisioner>(
      "{metadata: {name: p}, spec: {providerRef: {name: t}}}",
      {{"equal percents",
        "{spec: {kubeletConfiguration: {imageGCHighThresholdPercent: 5, imageGCLowThresholdPercent: 5}}}",
        ""},
       {"PR-W10",
        "{spec: {kubeletConfiguration: {imageGCHighThresholdPercent: 5, imageGCLowThresholdPercent: 6}}}",
        "spec.kubeletConfiguration.imageGCHighThresholdPercent: Invalid value: 5: must be greater than "
        "imageGCLowThresholdPercent"},
       {"numbers", "{spec: {kubeletConfiguration: {systemReserved: {cpu: 1}}}}", ""},
       {"BNP-W7 pairs", "{spec: {kubeletConfiguration: {evictionSoft: {pid.available: '1'}}}}",
        "spec.kubeletConfiguration.evictionSoft[pid.available]: Invalid value: has no matching ..."}});
  expect_all<model::v1beta1::NodePool>(
      "{metadata: {name: p}, spec: {template: {spec: {nodeClassRef: {name: c}}}}}",
      {{"BNP-W7", "{spec: {template: {spec: {kubelet: {kubeReserved: {cpu: '-1'}}}}}}",
        "spec.template.spec.kubelet.kubeReserved[cpu]: Invalid value: \"-1\": can't be a negative resource "
        "quantity"}});
}

}  // namespace
}  // namespace karpenter::admission
