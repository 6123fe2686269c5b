#include "tests/devcluster/kube/builtin_types.h"

namespace karpenter::devcluster {

namespace {

constexpr std::string_view kBuiltinTypes = R"(
OwnerReference apiVersion!:string kind!:string name!:string uid!:string controller:bool
 blockOwnerDeletion:bool
ObjectMeta name:string generateName:string namespace:string selfLink:string uid:string
 resourceVersion:string generation:int64 creationTimestamp:time deletionTimestamp:time
 deletionGracePeriodSeconds:int64 labels:map annotations:map ownerReferences:[OwnerReference]@uid
 finalizers:[string]@ managedFields:[object]
LabelSelectorRequirement key!:string operator!:string values:[string]
LabelSelector matchLabels:map matchExpressions:[LabelSelectorRequirement]
LocalObjectReference name:string
ObjectReference kind:string namespace:string name:string uid:string apiVersion:string resourceVersion:string
 fieldPath:string
TypedLocalObjectReference apiGroup:string kind!:string name!:string namespace:string
Condition type!:string status!:string observedGeneration:int64 lastTransitionTime:time lastUpdateTime:time
 lastProbeTime:time lastHeartbeatTime:time reason:string message:string
Taint key!:string value:string effect!:string timeAdded:time
Toleration key:string operator:string value:string effect:string tolerationSeconds:int64
NodeSelectorRequirement key!:string operator!:string values:[string]
NodeSelectorTerm matchExpressions:[NodeSelectorRequirement] matchFields:[NodeSelectorRequirement]
NodeSelector nodeSelectorTerms!:[NodeSelectorTerm]
PreferredSchedulingTerm weight!:int32 preference!:NodeSelectorTerm
NodeAffinity requiredDuringSchedulingIgnoredDuringExecution:NodeSelector
 preferredDuringSchedulingIgnoredDuringExecution:[PreferredSchedulingTerm]
PodAffinityTerm labelSelector:LabelSelector namespaces:[string] topologyKey!:string
 namespaceSelector:LabelSelector matchLabelKeys:[string] mismatchLabelKeys:[string]
WeightedPodAffinityTerm weight!:int32 podAffinityTerm!:PodAffinityTerm
PodAffinity requiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm]
 preferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm]
Affinity nodeAffinity:NodeAffinity podAffinity:PodAffinity podAntiAffinity:PodAffinity
TopologySpreadConstraint maxSkew!:int32 topologyKey!:string
 whenUnsatisfiable!:string|DoNotSchedule|ScheduleAnyway labelSelector:LabelSelector minDomains:int32
 nodeAffinityPolicy:string nodeTaintsPolicy:string matchLabelKeys:[string]
EnvVar name!:string value:string valueFrom:object
ContainerPort name:string hostPort:int32 containerPort!:int32 protocol:string|TCP|UDP|SCTP="TCP"
 hostIP:string
ResourceRequirements limits:quantities requests:quantities claims:[object]@name
VolumeMount name!:string readOnly:bool recursiveReadOnly:string mountPath!:string subPath:string
 mountPropagation:string subPathExpr:string
Container name!:string image:string command:[string] args:[string] workingDir:string
 ports:[ContainerPort]@containerPort envFrom:[object] env:[EnvVar]@name resources:ResourceRequirements={}
 resizePolicy:[object] restartPolicy:string volumeMounts:[VolumeMount]@mountPath
 volumeDevices:[object]@devicePath livenessProbe:object readinessProbe:object startupProbe:object
 lifecycle:object terminationMessagePath:string="/dev/termination-log"
 terminationMessagePolicy:string="File" imagePullPolicy:string|Always|IfNotPresent|Never="IfNotPresent"
 securityContext:object stdin:bool stdinOnce:bool tty:bool targetContainerName:string
PersistentVolumeClaimSource claimName!:string readOnly:bool
PersistentVolumeClaimTemplate metadata:ObjectMeta spec!:PersistentVolumeClaimSpec
EphemeralVolumeSource volumeClaimTemplate:PersistentVolumeClaimTemplate
Volume name!:string hostPath:object emptyDir:object gcePersistentDisk:object awsElasticBlockStore:object
 gitRepo:object secret:object nfs:object iscsi:object glusterfs:object
 persistentVolumeClaim:PersistentVolumeClaimSource rbd:object flexVolume:object cinder:object cephfs:object
 flocker:object downwardAPI:object fc:object azureFile:object configMap:object vsphereVolume:object
 quobyte:object azureDisk:object photonPersistentDisk:object projected:object portworxVolume:object
 scaleIO:object storageos:object csi:object ephemeral:EphemeralVolumeSource image:object
PodSpec volumes:[Volume]@name initContainers:[Container]@name containers!:[Container]@name
 ephemeralContainers:[Container]@name restartPolicy:string|Always|OnFailure|Never="Always"
 terminationGracePeriodSeconds:int64=30 activeDeadlineSeconds:int64 dnsPolicy:string="ClusterFirst"
 nodeSelector:map serviceAccountName:string serviceAccount:string automountServiceAccountToken:bool
 nodeName:string hostNetwork:bool hostPID:bool hostIPC:bool shareProcessNamespace:bool
 securityContext:object={} imagePullSecrets:[LocalObjectReference]@name hostname:string subdomain:string
 affinity:Affinity schedulerName:string="default-scheduler" tolerations:[Toleration] hostAliases:[object]@ip
 priorityClassName:string priority:int32 dnsConfig:object readinessGates:[object] runtimeClassName:string
 enableServiceLinks:bool=true preemptionPolicy:string overhead:quantities
 topologySpreadConstraints:[TopologySpreadConstraint]@topologyKey setHostnameAsFQDN:bool os:object
 hostUsers:bool schedulingGates:[object]@name resourceClaims:[object]@name resources:ResourceRequirements
PodStatus observedGeneration:int64 phase:string|Pending|Running|Succeeded|Failed|Unknown
 conditions:[Condition]@type message:string reason:string nominatedNodeName:string hostIP:string
 hostIPs:[object]@ip podIP:string podIPs:[object]@ip startTime:time initContainerStatuses:[object]
 containerStatuses:[object] qosClass:string ephemeralContainerStatuses:[object] resize:string
 resourceClaimStatuses:[object]@name
Pod spec!:PodSpec status:PodStatus={"phase":"Pending"}
PodTemplateSpec metadata:ObjectMeta={} spec:PodSpec
PodTemplate template:PodTemplateSpec
NodeSpec podCIDR:string podCIDRs:[string]@ providerID:string unschedulable:bool taints:[Taint]
 configSource:object externalID:string
NodeAddress type!:string address!:string
NodeStatus capacity:quantities allocatable:quantities phase:string conditions:[Condition]@type
 addresses:[NodeAddress]@type daemonEndpoints:object nodeInfo:object images:[object] volumesInUse:[string]
 volumesAttached:[object] config:object runtimeHandlers:[object] features:object
Node spec:NodeSpec={} status:NodeStatus={}
NamespaceSpec finalizers:[string]
NamespaceStatus phase:string conditions:[Condition]@type
Namespace spec:NamespaceSpec={} status:NamespaceStatus={}
ServicePort name:string protocol:string="TCP" appProtocol:string port!:int32 targetPort:intstr
 nodePort:int32
ServiceSpec ports:[ServicePort]@port selector:map clusterIP:string clusterIPs:[string]
 type:string="ClusterIP" externalIPs:[string] sessionAffinity:string="None" loadBalancerIP:string
 loadBalancerSourceRanges:[string] externalName:string externalTrafficPolicy:string
 healthCheckNodePort:int32 publishNotReadyAddresses:bool sessionAffinityConfig:object ipFamilies:[string]
 ipFamilyPolicy:string allocateLoadBalancerNodePorts:bool loadBalancerClass:string
 internalTrafficPolicy:string="Cluster" trafficDistribution:string
ServiceStatus loadBalancer:object={} conditions:[Condition]@type
Service spec:ServiceSpec={} status:ServiceStatus={}
Endpoints subsets:[object]
EventSource component:string host:string
EventSeries count:int32 lastObservedTime:time
Event involvedObject!:ObjectReference reason:string message:string source:EventSource={} firstTimestamp:time
 lastTimestamp:time count:int32 type:string eventTime:time series:EventSeries action:string
 related:ObjectReference reportingComponent:string="" reportingInstance:string=""
Secret immutable:bool data:map stringData:map type:string="Opaque"
ConfigMap immutable:bool data:map binaryData:map
ServiceAccount secrets:[ObjectReference]@name imagePullSecrets:[LocalObjectReference]
 automountServiceAccountToken:bool
VolumeResourceRequirements limits:quantities requests:quantities
PersistentVolumeClaimSpec accessModes:[string] selector:LabelSelector resources:VolumeResourceRequirements
 volumeName:string storageClassName:string volumeMode:string="Filesystem"
 dataSource:TypedLocalObjectReference dataSourceRef:TypedLocalObjectReference
 volumeAttributesClassName:string
PersistentVolumeClaimStatus phase:string="Pending" accessModes:[string] capacity:quantities
 conditions:[Condition]@type allocatedResources:quantities allocatedResourceStatuses:map
 currentVolumeAttributesClassName:string modifyVolumeStatus:object
PersistentVolumeClaim spec!:PersistentVolumeClaimSpec status:PersistentVolumeClaimStatus={}
VolumeNodeAffinity required:NodeSelector
PersistentVolumeSpec capacity:quantities hostPath:object awsElasticBlockStore:object local:object nfs:object
 csi:object fc:object iscsi:object gcePersistentDisk:object azureDisk:object flexVolume:object
 accessModes:[string] claimRef:ObjectReference persistentVolumeReclaimPolicy:string="Retain"
 storageClassName:string mountOptions:[string] volumeMode:string="Filesystem"
 nodeAffinity:VolumeNodeAffinity volumeAttributesClassName:string
PersistentVolumeStatus phase:string="Pending" message:string reason:string lastPhaseTransitionTime:time
PersistentVolume spec!:PersistentVolumeSpec status:PersistentVolumeStatus={}
ReplicationControllerSpec replicas:int32=1 minReadySeconds:int32 selector:map template:PodTemplateSpec
ReplicaSetStatus replicas:int32=0 fullyLabeledReplicas:int32 readyReplicas:int32 availableReplicas:int32
 terminatingReplicas:int32 observedGeneration:int64 conditions:[Condition]@type
ReplicationController spec:ReplicationControllerSpec status:ReplicaSetStatus={}
ReplicaSetSpec replicas:int32=1 minReadySeconds:int32 selector!:LabelSelector template!:PodTemplateSpec
ReplicaSet spec!:ReplicaSetSpec status:ReplicaSetStatus={}
RollingUpdate maxUnavailable:intstr maxSurge:intstr partition:int32
DeploymentStrategy type:string|Recreate|RollingUpdate="RollingUpdate" rollingUpdate:RollingUpdate
DeploymentSpec replicas:int32=1 selector!:LabelSelector template!:PodTemplateSpec
 strategy:DeploymentStrategy={} minReadySeconds:int32 revisionHistoryLimit:int32=10 paused:bool
 progressDeadlineSeconds:int32=600
DeploymentStatus observedGeneration:int64 replicas:int32 updatedReplicas:int32 readyReplicas:int32
 availableReplicas:int32 unavailableReplicas:int32 terminatingReplicas:int32 conditions:[Condition]@type
 collisionCount:int32
Deployment spec!:DeploymentSpec status:DeploymentStatus={}
UpdateStrategy type:string="RollingUpdate" rollingUpdate:RollingUpdate
DaemonSetSpec selector!:LabelSelector template!:PodTemplateSpec updateStrategy:UpdateStrategy={}
 minReadySeconds:int32 revisionHistoryLimit:int32=10
DaemonSetStatus currentNumberScheduled:int32=0 numberMisscheduled:int32=0 desiredNumberScheduled:int32=0
 numberReady:int32=0 observedGeneration:int64 updatedNumberScheduled:int32 numberAvailable:int32
 numberUnavailable:int32 collisionCount:int32 conditions:[Condition]@type
DaemonSet spec!:DaemonSetSpec status:DaemonSetStatus={}
PersistentVolumeClaimItem apiVersion:string kind:string metadata:ObjectMeta spec:PersistentVolumeClaimSpec
 status:object
StatefulSetSpec replicas:int32=1 selector!:LabelSelector template!:PodTemplateSpec
 volumeClaimTemplates:[PersistentVolumeClaimItem] serviceName:string
 podManagementPolicy:string="OrderedReady" updateStrategy:UpdateStrategy={} revisionHistoryLimit:int32=10
 minReadySeconds:int32 persistentVolumeClaimRetentionPolicy:object ordinals:object
StatefulSetStatus observedGeneration:int64 replicas:int32=0 readyReplicas:int32 currentReplicas:int32
 updatedReplicas:int32 currentRevision:string updateRevision:string collisionCount:int32
 conditions:[Condition]@type availableReplicas:int32
StatefulSet spec!:StatefulSetSpec status:StatefulSetStatus={}
ControllerRevision data:object revision!:int64
JobSpec parallelism:int32=1 completions:int32 activeDeadlineSeconds:int64 podFailurePolicy:object
 successPolicy:object backoffLimit:int32=6 backoffLimitPerIndex:int32 maxFailedIndexes:int32
 selector:LabelSelector manualSelector:bool template!:PodTemplateSpec ttlSecondsAfterFinished:int32
 completionMode:string="NonIndexed" suspend:bool podReplacementPolicy:string managedBy:string
Job spec!:JobSpec status:object={}
PodDisruptionBudgetSpec minAvailable:intstr selector:LabelSelector maxUnavailable:intstr
 unhealthyPodEvictionPolicy:string
PodDisruptionBudgetStatus observedGeneration:int64 disruptedPods:{time} disruptionsAllowed:int32=0
 currentHealthy:int32=0 desiredHealthy:int32=0 expectedPods:int32=0 conditions:[Condition]@type
PodDisruptionBudget spec:PodDisruptionBudgetSpec={} status:PodDisruptionBudgetStatus={}
StorageClass provisioner!:string parameters:map reclaimPolicy:string="Delete" mountOptions:[string]
 allowVolumeExpansion:bool volumeBindingMode:string="Immediate" allowedTopologies:[TopologySelectorTerm]
TopologySelectorLabelRequirement key!:string values!:[string]
TopologySelectorTerm matchLabelExpressions:[TopologySelectorLabelRequirement]
VolumeNodeResources count:int32
CSINodeDriver name!:string nodeID!:string topologyKeys:[string] allocatable:VolumeNodeResources
CSINodeSpec drivers:[CSINodeDriver]@name
CSINode spec:CSINodeSpec={"drivers":[]}
CSIDriver spec!:object
CSIStorageCapacity storageClassName!:string capacity:quantity maximumVolumeSize:quantity
 nodeTopology:LabelSelector
VolumeAttachmentSource persistentVolumeName:string inlineVolumeSpec:object
VolumeAttachmentSpec attacher!:string source!:VolumeAttachmentSource nodeName!:string
VolumeAttachmentStatus attached:bool=false attachmentMetadata:map attachError:object detachError:object
VolumeAttachment spec!:VolumeAttachmentSpec status:VolumeAttachmentStatus={}
LeaseSpec holderIdentity:string leaseDurationSeconds:int32 acquireTime:time renewTime:time
 leaseTransitions:int32 strategy:string preferredHolder:string
Lease spec:LeaseSpec={}
PriorityClass value!:int32 globalDefault:bool description:string
 preemptionPolicy:string="PreemptLowerPriority"
ServiceReference namespace!:string name!:string path:string port:int32=443
WebhookClientConfig url:string service:ServiceReference caBundle:string
RuleWithOperations operations!:[string] apiGroups!:[string] apiVersions!:[string] resources!:[string]
 scope:string|Cluster|Namespaced|*="*"
MatchCondition name!:string expression!:string
ValidatingWebhook name!:string clientConfig!:WebhookClientConfig rules:[RuleWithOperations]
 failurePolicy:string|Fail|Ignore="Fail" matchPolicy:string|Exact|Equivalent="Equivalent"
 namespaceSelector:LabelSelector={} objectSelector:LabelSelector={} sideEffects!:string|None|NoneOnDryRun
 timeoutSeconds:int32=10 admissionReviewVersions!:[string] matchConditions:[MatchCondition]@name
MutatingWebhook name!:string clientConfig!:WebhookClientConfig rules:[RuleWithOperations]
 failurePolicy:string|Fail|Ignore="Fail" matchPolicy:string|Exact|Equivalent="Equivalent"
 namespaceSelector:LabelSelector={} objectSelector:LabelSelector={} sideEffects!:string|None|NoneOnDryRun
 timeoutSeconds:int32=10 admissionReviewVersions!:[string] matchConditions:[MatchCondition]@name
 reinvocationPolicy:string|Never|IfNeeded="Never"
ValidatingWebhookConfiguration webhooks:[ValidatingWebhook]@name
MutatingWebhookConfiguration webhooks:[MutatingWebhook]@name
PolicyRule verbs!:[string] apiGroups:[string] resources:[string] resourceNames:[string]
 nonResourceURLs:[string]
AggregationRule clusterRoleSelectors:[LabelSelector]
ClusterRole rules:[PolicyRule] aggregationRule:AggregationRule
Role rules:[PolicyRule]
RoleRef apiGroup!:string kind!:string name!:string
RoleSubject kind!:string apiGroup:string name!:string namespace:string
ClusterRoleBinding subjects:[RoleSubject] roleRef!:RoleRef
RoleBinding subjects:[RoleSubject] roleRef!:RoleRef
CustomResourceConversion strategy!:string|None|Webhook webhook:WebhookConversion
WebhookConversion clientConfig:WebhookClientConfig conversionReviewVersions!:[string]
CustomResourceNames plural!:string singular:string shortNames:[string] kind!:string listKind:string
 categories:[string]
CustomResourceColumn name!:string type!:string|integer|number|string|boolean|date format:string
 description:string priority:int32 jsonPath!:string
CustomResourceScale specReplicasPath!:string statusReplicasPath!:string labelSelectorPath:string
CustomResourceSubresources status:object scale:CustomResourceScale
CustomResourceValidation openAPIV3Schema:object
CustomResourceSelectableField jsonPath!:string
CustomResourceVersion name!:string served!:bool storage!:bool deprecated:bool deprecationWarning:string
 schema:CustomResourceValidation subresources:CustomResourceSubresources
 additionalPrinterColumns:[CustomResourceColumn] selectableFields:[CustomResourceSelectableField]
CustomResourceDefinitionSpec group!:string names!:CustomResourceNames scope!:string|Cluster|Namespaced
 versions!:[CustomResourceVersion] conversion:CustomResourceConversion={"strategy":"None"}
 preserveUnknownFields:bool
CustomResourceDefinitionStatus conditions:[Condition]@type acceptedNames:CustomResourceNames
 storedVersions:[string]
CustomResourceDefinition spec!:CustomResourceDefinitionSpec status:CustomResourceDefinitionStatus={}
)";

}  // namespace

std::string_view builtin_types() { return kBuiltinTypes; }

}  // namespace karpenter::devcluster
