#include <array>
#include <string>
#include <utility>

#include "common/base/strings.h"
#include "tests/devcluster/kube/kinds.h"

// The table of built-in resources.

namespace karpenter::devcluster {
namespace {

// What differs from the plain case, as words in `traits`:
//   ns namespaced, status status subresource, scale scale subresource, gen metadata.generation, free
//   path-segment names, eviction / binding pod subresources, review create only.
struct Row {
  std::string_view group;
  std::string_view version;
  std::string_view plural;
  std::string_view singular;
  std::string_view kind;
  std::string_view short_names;  // comma separated
  std::string_view traits;
  std::string_view columns;  // `Name=path` or `Name:type=path`, a leading '*' for wide only; ';' separated
};

constexpr std::string_view kWorkloads = "apps";
constexpr std::string_view kStorage = "storage.k8s.io";
constexpr std::string_view kRbac = "rbac.authorization.k8s.io";
constexpr std::string_view kAdmission = "admissionregistration.k8s.io";

constexpr std::array kRows = {
    Row{"", "v1", "configmaps", "configmap", "ConfigMap", "cm", "ns", "Data:integer=@data-count;Age=@age"},
    Row{"", "v1", "endpoints", "endpoints", "Endpoints", "ep", "ns", "Age=@age"},
    Row{"", "v1", "events", "event", "Event", "ev", "ns",
        "Last Seen=@last-seen;Type=.type;Reason=.reason;Object=@involved;Message=.message"},
    Row{"", "v1", "namespaces", "namespace", "Namespace", "ns", "status", "Status=.status.phase;Age=@age"},
    Row{"", "v1", "nodes", "node", "Node", "no", "status",
        "Status=@node-status;Roles=@node-roles;Age=@age;Version=.status.nodeInfo.kubeletVersion;"
        "*Internal-IP=@internal-ip;*OS-Image=.status.nodeInfo.osImage;"
        "*Container-Runtime=.status.nodeInfo.containerRuntimeVersion"},
    Row{"", "v1", "persistentvolumeclaims", "persistentvolumeclaim", "PersistentVolumeClaim", "pvc",
        "ns status",
        "Status=@phase;Volume=.spec.volumeName;Capacity=.status.capacity.storage;"
        "StorageClass=.spec.storageClassName;Age=@age"},
    Row{"", "v1", "persistentvolumes", "persistentvolume", "PersistentVolume", "pv", "status",
        "Capacity=.spec.capacity.storage;Reclaim Policy=.spec.persistentVolumeReclaimPolicy;Status=@phase;"
        "StorageClass=.spec.storageClassName;Age=@age"},
    Row{"", "v1", "pods", "pod", "Pod", "po", "ns status eviction binding",
        "Ready=@pod-ready;Status=@pod-status;Restarts:integer=@pod-restarts;Age=@age;*IP=.status.podIP;"
        "*Node=.spec.nodeName;*Nominated Node=.status.nominatedNodeName"},
    Row{"", "v1", "podtemplates", "podtemplate", "PodTemplate", "", "ns", "Age=@age"},
    Row{"", "v1", "replicationcontrollers", "replicationcontroller", "ReplicationController", "rc",
        "ns status scale gen",
        "Desired:integer=.spec.replicas;Current:integer=.status.replicas;Ready:integer=.status.readyReplicas;"
        "Age=@age"},
    Row{"", "v1", "secrets", "secret", "Secret", "", "ns", "Type=.type;Data:integer=@data-count;Age=@age"},
    Row{"", "v1", "serviceaccounts", "serviceaccount", "ServiceAccount", "sa", "ns",
        "Secrets:integer=@secret-count;Age=@age"},
    Row{"", "v1", "services", "service", "Service", "svc", "ns status",
        "Type=.spec.type;Cluster-IP=.spec.clusterIP;Port(s)=@service-ports;Age=@age"},
    Row{kAdmission, "v1", "mutatingwebhookconfigurations", "mutatingwebhookconfiguration",
        "MutatingWebhookConfiguration", "", "gen free", "Webhooks:integer=@webhook-count;Age=@age"},
    Row{kAdmission, "v1", "validatingwebhookconfigurations", "validatingwebhookconfiguration",
        "ValidatingWebhookConfiguration", "", "gen free", "Webhooks:integer=@webhook-count;Age=@age"},
    Row{"apiextensions.k8s.io", "v1", "customresourcedefinitions", "customresourcedefinition",
        "CustomResourceDefinition", "crd,crds", "status gen", "Created At:date=.metadata.creationTimestamp"},
    Row{kWorkloads, "v1", "controllerrevisions", "controllerrevision", "ControllerRevision", "", "ns",
        "Revision:integer=.revision;Age=@age"},
    Row{kWorkloads, "v1", "daemonsets", "daemonset", "DaemonSet", "ds", "ns status gen",
        "Desired:integer=.status.desiredNumberScheduled;Current:integer=.status.currentNumberScheduled;"
        "Ready:integer=.status.numberReady;Up-to-date:integer=@count:.status.updatedNumberScheduled;"
        "Available:integer=@count:.status.numberAvailable;Age=@age"},
    Row{kWorkloads, "v1", "deployments", "deployment", "Deployment", "deploy", "ns status scale gen",
        "Ready=@deployment-ready;Up-to-date:integer=@count:.status.updatedReplicas;"
        "Available:integer=@count:.status.availableReplicas;Age=@age"},
    Row{kWorkloads, "v1", "replicasets", "replicaset", "ReplicaSet", "rs", "ns status scale gen",
        "Desired:integer=.spec.replicas;Current:integer=.status.replicas;"
        "Ready:integer=@count:.status.readyReplicas;Age=@age"},
    Row{kWorkloads, "v1", "statefulsets", "statefulset", "StatefulSet", "sts", "ns status scale gen",
        "Ready=@deployment-ready;Age=@age"},
    Row{"authentication.k8s.io", "v1", "tokenreviews", "tokenreview", "TokenReview", "", "review", ""},
    Row{"authorization.k8s.io", "v1", "selfsubjectaccessreviews", "selfsubjectaccessreview",
        "SelfSubjectAccessReview", "", "review", ""},
    Row{"authorization.k8s.io", "v1", "subjectaccessreviews", "subjectaccessreview", "SubjectAccessReview",
        "", "review", ""},
    Row{"batch", "v1", "jobs", "job", "Job", "", "ns status gen", "Age=@age"},
    Row{"coordination.k8s.io", "v1", "leases", "lease", "Lease", "", "ns",
        "Holder=.spec.holderIdentity;Age=@age"},
    Row{"policy", "v1", "poddisruptionbudgets", "poddisruptionbudget", "PodDisruptionBudget", "pdb",
        "ns status gen",
        "Min Available=@or-na:.spec.minAvailable;Max Unavailable=@or-na:.spec.maxUnavailable;"
        "Allowed Disruptions:integer=.status.disruptionsAllowed;Age=@age"},
    Row{kRbac, "v1", "clusterrolebindings", "clusterrolebinding", "ClusterRoleBinding", "", "free",
        "Role=@role-ref;Age=@age"},
    Row{kRbac, "v1", "clusterroles", "clusterrole", "ClusterRole", "", "free",
        "Created At:date=.metadata.creationTimestamp"},
    Row{kRbac, "v1", "rolebindings", "rolebinding", "RoleBinding", "", "ns free", "Role=@role-ref;Age=@age"},
    Row{kRbac, "v1", "roles", "role", "Role", "", "ns free", "Created At:date=.metadata.creationTimestamp"},
    Row{"scheduling.k8s.io", "v1", "priorityclasses", "priorityclass", "PriorityClass", "pc", "gen",
        "Value:integer=.value;Global-Default:boolean=@bool:.globalDefault;Age=@age"},
    Row{kStorage, "v1", "csidrivers", "csidriver", "CSIDriver", "", "", "Age=@age"},
    Row{kStorage, "v1", "csinodes", "csinode", "CSINode", "", "", "Drivers:integer=@driver-count;Age=@age"},
    Row{kStorage, "v1", "csistoragecapacities", "csistoragecapacity", "CSIStorageCapacity", "", "ns",
        "StorageClassName=.storageClassName;Capacity=.capacity"},
    Row{kStorage, "v1", "storageclasses", "storageclass", "StorageClass", "sc", "",
        "Provisioner=.provisioner;ReclaimPolicy=.reclaimPolicy;VolumeBindingMode=.volumeBindingMode;Age=@"
        "age"},
    Row{kStorage, "v1", "volumeattachments", "volumeattachment", "VolumeAttachment", "", "status",
        "Attacher=.spec.attacher;PV=.spec.source.persistentVolumeName;Node=.spec.nodeName;"
        "Attached:boolean=.status.attached;Age=@age"},
};

std::vector<Column> parse_columns(std::string_view text) {
  std::vector<Column> columns = {
      {.name = "Name", .type = "string", .path = ".metadata.name", .format = "name"}};
  for (const std::string& part : base::split(text, ';')) {
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    Column column{.name = part.substr(0, equals), .type = "string", .path = part.substr(equals + 1)};
    if (column.name.front() == '*') {
      column.name.erase(0, 1);
      column.priority = 1;
    }
    if (const std::size_t colon = column.name.find(':'); colon != std::string::npos) {
      column.type = column.name.substr(colon + 1);
      column.name.resize(colon);
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

bool has_word(std::string_view words, std::string_view word) {
  for (const std::string& entry : base::split(words, ' ')) {
    if (entry == word) return true;
  }
  return false;
}

json::Value review_schema() {
  json::Value schema = json::Value::object();
  schema["type"].set("object");
  schema["x-kubernetes-preserve-unknown-fields"].set(true);
  return schema;
}

Resource make_resource(const Row& row) {
  Resource out;
  out.group = row.group;
  out.plural = row.plural;
  out.singular = row.singular;
  out.kind = row.kind;
  out.list_kind = out.kind + "List";
  if (!row.short_names.empty()) out.short_names = base::split(row.short_names, ',');
  const bool workload = row.group == kWorkloads && row.plural != "controllerrevisions";
  if (workload || row.plural == "pods" || row.plural == "services" ||
      row.plural == "replicationcontrollers" || row.plural == "jobs") {
    out.categories = {"all"};
  }
  out.namespaced = has_word(row.traits, "ns");
  out.storage_version = row.version;
  out.has_generation = has_word(row.traits, "gen");
  out.free_names = has_word(row.traits, "free");
  for (const char* extra : {"binding", "eviction"}) {
    if (has_word(row.traits, extra)) out.extra_subresources.emplace_back(extra);
  }
  const bool review = has_word(row.traits, "review");
  out.verbs = {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"};
  if (review) out.verbs = {"create"};
  ResourceVersion version{.name = std::string(row.version)};
  version.has_status = has_word(row.traits, "status");
  if (has_word(row.traits, "scale")) version.scale = ScalePaths{.label_selector = ".spec.selector"};
  version.schema =
      std::make_shared<const json::Value>(review ? review_schema() : make_builtin_schema(row.kind));
  version.columns = parse_columns(row.columns);
  out.versions.push_back(std::move(version));
  return out;
}

}  // namespace

const std::vector<Resource>& builtin_resources() {
  static const std::vector<Resource> all = [] {
    std::vector<Resource> out;
    for (const Row& row : kRows) out.push_back(make_resource(row));
    return out;
  }();
  return all;
}

}  // namespace karpenter::devcluster
