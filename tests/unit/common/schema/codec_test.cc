#include "common/kube/codec.h"

#include <gtest/gtest.h>

#include "common/json/yaml.h"
#include "common/kube/kind.h"
#include "common/model/core/core.h"
#include "common/model/karpenter/v1.h"
#include "common/schema/codec.h"
#include "common/schema/inline_provider.h"

namespace karpenter::schema {
namespace {

json::Value read(std::string_view yaml) {
  auto documents = json::parse_yaml(yaml);
  EXPECT_TRUE(documents.has_value()) << documents.error().text();
  return documents->at(0);
}

template <class T>
T decoded(std::string_view yaml) {
  auto result = kube::decode<T>(read(yaml));
  EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().text());
  return result ? std::move(result).value() : T{};
}

constexpr std::string_view kPod = R"(
apiVersion: v1
kind: Pod
metadata:
  name: web-0
  namespace: default
  uid: u1
  resourceVersion: "77"
  creationTimestamp: 2026-01-02T03:04:05Z
  deletionTimestamp: null
  labels: {app: web}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web, uid: u0, controller: true}]
  managedFields: [{manager: kubectl}]
spec:
  nodeName: n1
  nodeSelector: {disk: ssd}
  hostNetwork: true
  priority: -5
  schedulingGates: [{name: wait}, {name: more}]
  tolerations: [{operator: Exists, tolerationSeconds: 30}]
  containers:
  - name: c
    image: nginx
    ports: [{containerPort: 80, hostPort: 8080}]
    resources:
      requests: {cpu: 1, memory: 1.5Gi, nvidia.com/gpu: "2"}
      limits: {cpu: 2500m}
  affinity:
    nodeAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        nodeSelectorTerms:
        - matchExpressions: [{key: zone, operator: In, values: [a, b]}]
      preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 3
        preference: {matchExpressions: [{key: x, operator: Exists}]}
    podAntiAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector: {matchLabels: {app: web}}
        namespaceSelector: {}
  topologySpreadConstraints:
  - {maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, minDomains: 2}
  volumes:
  - {name: data, persistentVolumeClaim: {claimName: data-0}}
  - {name: tmp, ephemeral: {volumeClaimTemplate: {spec: {storageClassName: fast}}}}
  - {name: conf, configMap: {name: c}}
status:
  phase: Running
  conditions: [{type: PodScheduled, status: "True", lastTransitionTime: 2026-01-02T03:04:06Z, lastProbeTime: null}]
)";

TEST(Decode, reads_a_pod) {
  const auto pod = decoded<model::Pod>(kPod);
  EXPECT_EQ(pod.meta.name, "web-0");
  EXPECT_FALSE(pod.meta.is_deleting());
  EXPECT_EQ(pod.meta.owner_references.at(0).controller, true);
  EXPECT_EQ(pod.spec.priority, -5);
  EXPECT_EQ(pod.spec.scheduling_gates, (std::vector<std::string>{"wait", "more"}));
  EXPECT_EQ(pod.spec.containers.at(0).resources.requests.get("memory").text(), "1536Mi");
  EXPECT_EQ(pod.spec.containers.at(0).resources.requests.get("cpu").text(), "1");
  EXPECT_EQ(pod.spec.containers.at(0).ports.at(0).host_port, 8080);
  const auto& affinity = pod.spec.affinity.value();
  EXPECT_EQ(affinity.node_affinity->required->at(0).match_expressions.at(0).values.size(), 2U);
  EXPECT_EQ(affinity.node_affinity->preferred.at(0).weight, 3);
  EXPECT_FALSE(affinity.pod_affinity.has_value());
  EXPECT_TRUE(affinity.pod_anti_affinity->required.at(0).namespace_selector.has_value())
      << "an empty selector is there";
  EXPECT_EQ(pod.spec.topology_spread_constraints.at(0).min_domains, 2);
  EXPECT_EQ(pod.spec.volumes.at(0).persistent_volume_claim, "data-0");
  EXPECT_FALSE(pod.spec.volumes.at(0).is_ephemeral);
  EXPECT_TRUE(pod.spec.volumes.at(1).is_ephemeral);
  EXPECT_EQ(pod.spec.volumes.at(1).ephemeral_storage_class, "fast");
  EXPECT_FALSE(pod.spec.volumes.at(2).persistent_volume_claim.has_value());
  EXPECT_TRUE(model::is_true(pod.status.conditions, "PodScheduled"));
}

TEST(Decode, reports_every_wrong_value_with_its_full_path) {
  const auto result = kube::decode<model::Pod>(read(R"(
metadata: {name: 7, labels: {a: [1]}, creationTimestamp: yesterday}
spec:
  priority: 99999999999
  hostNetwork: "true"
  containers:
  - resources: {requests: {cpu: lots}}
  - just text
  affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: {}}}}
  schedulingGates: [{name: 5}]
)"));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, base::Code::kInvalid);
  const std::string text = result.error().text();
  for (const char* part : {
           "metadata.name: must be of type string, got integer",
           "metadata.labels[a]: must be of type string, got array",
           "metadata.creationTimestamp: is not an RFC 3339 time: \"yesterday\"",
           "spec.priority: is out of range: 99999999999",
           "spec.hostNetwork: must be of type boolean, got string",
           "spec.containers[0].resources.requests[cpu]: is not a quantity: \"lots\"",
           "spec.containers[1]: must be of type object",
           "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: "
           "must be of type array",
           "spec.schedulingGates[0].name: must be of type string, got integer",
           "kind=Pod",
       }) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
  EXPECT_FALSE(kube::decode<model::Pod>(json::Value::array()).has_value());
  EXPECT_FALSE(kube::decode<model::Pod>(json::View()).has_value());
}

TEST(Decode, keeps_absent_empty_and_explicit_values_apart) {
  const auto pool = decoded<model::NodePool>("{spec: {disruption: {budgets: []}}}");
  ASSERT_TRUE(pool.spec.disruption.has_value());
  ASSERT_TRUE(pool.spec.disruption->budgets.has_value());
  EXPECT_TRUE(pool.spec.disruption->budgets->empty());
  EXPECT_FALSE(decoded<model::NodePool>("{spec: {}}").spec.disruption.has_value());
  EXPECT_FALSE(decoded<model::NodePool>("{spec: {disruption: {}}}").spec.disruption->budgets.has_value());
  EXPECT_EQ(decoded<model::v1beta1::NodePool>("{spec: {template: {spec: {kubelet: {}}}}}")
                .spec.node_template.spec.kubelet,
            model::v1beta1::Kubelet{});
}

TEST(Encode, writes_what_is_there_and_what_is_required) {
  model::NodePool pool;
  pool.meta.name = "default";
  pool.spec.node_template.spec.node_class_ref = {
      .group = "karpenter.k8s.aws", .kind = "EC2NodeClass", .name = "a"};
  pool.spec.limits.set("cpu", model::Quantity::of(1000));
  pool.spec.weight = 0;
  EXPECT_EQ(
      kube::encode(pool).dump(),
      R"({"apiVersion":"karpenter.sh/v1","kind":"NodePool","metadata":{"name":"default"},"spec":{"limits":{"cpu":"1k"},)"
      R"("template":{"spec":{"nodeClassRef":{"group":"karpenter.k8s.aws","kind":"EC2NodeClass","name":"a"},)"
      R"("requirements":[]}},"weight":0}})");
}

TEST(Encode, writes_members_that_have_no_struct_of_their_own) {
  model::Ec2NodeClass nc;
  nc.spec.nested_virtualization = "enabled";
  nc.spec.kubelet = R"({"maxPods":20,"x":{"y":[1]}})";
  const auto json = kube::encode(nc);
  EXPECT_EQ(json["spec"]["cpuOptions"].dump(), R"({"nestedVirtualization":"enabled"})");
  EXPECT_EQ(json["spec"]["kubelet"].dump(), R"({"maxPods":20,"x":{"y":[1]}})");
  EXPECT_FALSE(json["spec"]["enclaveOptions"].exists())
      << "a required member does not conjure up its optional parent";
  EXPECT_FALSE(json["status"].exists());
}

TEST(Encode, writes_micro_times_for_leases) {
  model::Lease lease;
  lease.meta.name = "karpenter";
  lease.renew_time = base::parse_rfc3339("2026-01-02T03:04:05.123456789Z").value();
  lease.lease_transitions = 0;
  EXPECT_EQ(kube::encode(lease)["spec"].view().dump(),
            R"({"leaseTransitions":0,"renewTime":"2026-01-02T03:04:05.123456Z"})");
}

template <class T>
void expect_round_trip(std::string_view yaml) {
  const auto value = read(yaml);
  EXPECT_EQ(unknown_fields(type_of<T>(), value), std::vector<std::string>{});
  EXPECT_EQ(json::to_yaml(kube::encode(decoded<T>(yaml))), json::to_yaml(value));
}

TEST(DecodeAndEncode, are_inverse_on_node_claims) {
  expect_round_trip<model::NodeClaim>(R"(
apiVersion: karpenter.sh/v1
kind: NodeClaim
metadata: {name: a, generation: 2, finalizers: [karpenter.sh/termination]}
spec:
  expireAfter: 720h
  nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: d}
  requirements: [{key: a, operator: In, values: [x], minValues: 2}, {key: b, operator: Exists}]
  resources: {requests: {cpu: 1500m, memory: 2Gi}}
  startupTaints: [{key: s, effect: NoExecute}]
  taints: [{key: t, value: v, effect: NoSchedule, timeAdded: 2026-01-02T03:04:05Z}]
  terminationGracePeriod: 1h
status:
  nodeName: n
  providerID: aws:///z/i-1
  imageID: ami-1
  capacity: {cpu: "2"}
  allocatable: {cpu: 1930m}
  lastPodEventTime: 2026-01-02T03:04:05Z
  conditions: [{type: Launched, status: "True", reason: Launched, message: m, lastTransitionTime: 2026-01-02T03:04:05Z, observedGeneration: 2}]
)");
}

TEST(DecodeAndEncode, are_inverse_on_node_classes) {
  expect_round_trip<model::Ec2NodeClass>(R"(
apiVersion: karpenter.k8s.aws/v1
kind: EC2NodeClass
metadata: {name: a}
spec:
  amiFamily: AL2023
  amiSelectorTerms: [{alias: al2023@latest}]
  associatePublicIPAddress: false
  blockDeviceMappings: [{deviceName: /dev/xvda, rootVolume: true, ebs: {volumeSize: 20Gi, volumeType: gp3, iops: 3000, encrypted: true}}]
  capacityReservationSelectorTerms: [{id: cr-1, ownerID: "123456789012", instanceMatchCriteria: open, tags: {a: b}}]
  connectionTracking: {udpTimeout: 30}
  cpuOptions: {nestedVirtualization: disabled}
  enclaveOptions: {enabled: false}
  kubelet: {maxPods: 110, systemReserved: {cpu: 100m}}
  metadataOptions: {httpEndpoint: enabled, httpProtocolIPv6: disabled, httpPutResponseHopLimit: 1, httpTokens: required}
  networkInterfaces: [{networkCardIndex: 0, deviceIndex: 0, interfaceType: interface}]
  placementGroupSelector: {id: pg-1}
  role: r
  securityGroupSelectorTerms: [{tags: {k: v}}, {id: sg-1}, {name: n}]
  subnetSelectorTerms: [{tags: {k: "*"}}]
  tags: {team: a}
  userData: "#!/bin/sh\n"
status:
  amis: [{id: ami-1, name: n, deprecated: true, requirements: [{key: kubernetes.io/arch, operator: In, values: [amd64]}]}]
  subnets: [{id: subnet-1, zone: a, zoneID: az1}]
  securityGroups: [{id: sg-1, name: n}]
  capacityReservations: [{id: cr-1, availabilityZone: a, instanceType: m5.large, ownerID: "123456789012", instanceMatchCriteria: open, reservationType: default, state: active}]
  instanceProfile: p
)");
}

TEST(DecodeAndEncode, are_inverse_on_v1beta1_node_pools) {
  expect_round_trip<model::v1beta1::NodePool>(R"(
apiVersion: karpenter.sh/v1beta1
kind: NodePool
metadata: {name: a}
spec:
  disruption: {consolidationPolicy: WhenUnderutilized, expireAfter: 24h, budgets: [{nodes: "1", schedule: "0 0 * * *", duration: 1h}]}
  limits: {cpu: 1k}
  template:
    metadata: {labels: {a: b}, annotations: {c: d}}
    spec:
      kubelet: {clusterDNS: [10.0.0.10], maxPods: 20, evictionHard: {memory.available: 5%}, imageGCHighThresholdPercent: 80, cpuCFSQuota: true}
      nodeClassRef: {apiVersion: karpenter.k8s.aws/v1beta1, kind: EC2NodeClass, name: a}
      requirements: [{key: karpenter.sh/capacity-type, operator: In, values: [spot]}]
)");
}

TEST(DecodeAndEncode, are_inverse_on_provisioners) {
  expect_round_trip<model::v1alpha5::Provisioner>(R"(
apiVersion: karpenter.sh/v1alpha5
kind: Provisioner
metadata: {name: a}
spec:
  consolidation: {enabled: true}
  kubeletConfiguration: {containerRuntime: containerd, kubeReserved: {cpu: 100m}}
  labels: {a: b}
  limits: {resources: {cpu: 1k}}
  provider: {subnetSelector: {a: "*"}}
  requirements: [{key: a, operator: In, values: [b]}]
  taints: [{key: k, effect: NoSchedule}]
  ttlSecondsAfterEmpty: 0
  ttlSecondsUntilExpired: 2592000
  weight: 5
)");
}

TEST(DecodeAndEncode, are_inverse_on_node_templates) {
  expect_round_trip<model::v1alpha1::AwsNodeTemplate>(R"(
apiVersion: karpenter.k8s.aws/v1alpha1
kind: AWSNodeTemplate
metadata: {name: a}
spec: {amiFamily: AL2, subnetSelector: {}, securityGroupSelector: {aws-ids: sg-1}, userData: x, detailedMonitoring: false, metadataOptions: {httpTokens: optional}}
)");
}

// spec: api §11.1
TEST(Decode, takes_numbers_for_reserved_resources_of_v1alpha5) {
  const auto p = decoded<model::v1alpha5::Provisioner>(
      "spec: {kubeletConfiguration: {kubeReserved: {cpu: 1, memory: 5Mi}}}");
  EXPECT_EQ(p.spec.kubelet->kube_reserved, (model::StringMap{{"cpu", "1"}, {"memory", "5Mi"}}));
}

// spec: api §12.3
TEST(InlineProvider, is_read_strictly) {
  const auto good = decode_inline_provider(
      read("{apiVersion: extensions.karpenter.sh/v1alpha1, kind: AWS, subnetSelector: {a: b}}"));
  ASSERT_TRUE(good.has_value());
  EXPECT_EQ(good->subnet_selector, (model::StringMap{{"a", "b"}}));
  EXPECT_FALSE(good->security_group_selector.has_value());
  for (const char* bad : {"{userData: x}", "{amiSelector: {}}", "{detailedMonitoring: true}",
                          "{blockDeviceMappings: [{ebs: {x: 1}}]}", "{tags: [a]}", "[1]"}) {
    EXPECT_FALSE(decode_inline_provider(read(bad)).has_value()) << bad;
  }
}

TEST(UnknownFields, are_listed_with_their_paths) {
  const auto value = read(R"(
apiVersion: karpenter.sh/v1
kind: NodePool
metadata: {name: a, anything: 1}
spec: {wait: 1, template: {spec: {requirements: [{key: a, operator: In, vals: [x]}], nodeClassRef: {apiVersion: x}}}, limits: {x: 1}}
extra: {a: 1}
)");
  EXPECT_EQ(
      unknown_fields(type_of<model::NodePool>(), value),
      (std::vector<std::string>{"extra", "metadata.anything", "spec.template.spec.nodeClassRef.apiVersion",
                                "spec.template.spec.requirements[0].vals", "spec.wait"}));
  EXPECT_EQ(unknown_fields(type_of<model::Ec2NodeClass>(), read("{spec: {kubelet: {any: {thing: 1}}}}")),
            std::vector<std::string>{});
  const auto strict = decode_strict<model::NodePool>(value);
  ASSERT_FALSE(strict.has_value());
  EXPECT_NE(strict.error().text().find("extra, metadata.anything, spec.template"), std::string::npos)
      << strict.error().text();
}

TEST(Kinds, know_their_group_version_and_scope) {
  EXPECT_EQ(kube::kind_of<model::Pod>().api_version(), "v1");
  EXPECT_EQ(kube::kind_of<model::CsiNode>().api_version(), "storage.k8s.io/v1");
  EXPECT_EQ(kube::kind_of<model::v1beta1::NodePool>().api_version(), "karpenter.sh/v1beta1");
  EXPECT_TRUE(kube::kind_of<model::KubeEvent>().namespaced);
  EXPECT_FALSE(kube::kind_of<model::NodeClaim>().namespaced);
}

}  // namespace
}  // namespace karpenter::schema
