#include "common/model/karpenter/capacity_buffer.h"
#include "common/model/karpenter/node_overlay.h"
#include "common/model/karpenter/v1.h"
#include "common/model/legacy/v1alpha.h"
#include "common/schema/crd.h"

namespace karpenter::schema {
namespace {

constexpr std::string_view kReadyPath = R"(.status.conditions[?(@.type=="Ready")].status)";
constexpr std::string_view kDriftedPath = R"(.status.conditions[?(@.type=="Drifted")].status)";
constexpr std::string_view kTypePath = R"(.metadata.labels.node\.kubernetes\.io/instance-type)";
constexpr std::string_view kCapacityPath = R"(.metadata.labels.karpenter\.sh/capacity-type)";
constexpr std::string_view kZonePath = R"(.metadata.labels.topology\.kubernetes\.io/zone)";
constexpr std::string_view kProvisionerPath = R"(.metadata.labels.karpenter\.sh/provisioner-name)";
constexpr std::string_view kAgePath = ".metadata.creationTimestamp";
constexpr std::string_view kPoolPath = R"(.metadata.labels.karpenter\.sh/nodepool)";

Crd node_pools() {
  const CrdVersion v1 = {
      .name = "v1",
      .type = &type_of<model::NodePool>(),
      .has_scale = true,
      .columns = {{"NodeClass", ".spec.template.spec.nodeClassRef.name", "string"},
                  {"Nodes", ".status.nodes", "string"},
                  {"Ready", kReadyPath, "string"},
                  {"Age", kAgePath, "date"},
                  {"Weight", ".spec.weight", "integer", 1},
                  {"CPU", ".status.resources.cpu", "string", 1},
                  {"Memory", ".status.resources.memory", "string", 1}},
  };
  const CrdVersion v1beta1 = {
      .name = "v1beta1",
      .type = &type_of<model::v1beta1::NodePool>(),
      .is_storage = false,
      .columns = {{"NodeClass", ".spec.template.spec.nodeClassRef.name", "string"},
                  {"Weight", ".spec.weight", "string", 1}},
  };
  return {.group = model::kKarpenterGroup,
          .kind = "NodePool",
          .plural = "nodepools",
          .singular = "nodepool",
          .versions = {v1, v1beta1},
          .conversion_path = "/conversion/karpenter.sh"};
}

Crd node_claims() {
  const CrdVersion v1 = {
      .name = "v1",
      .type = &type_of<model::NodeClaim>(),
      .columns = {{"Type", kTypePath, "string"},
                  {"Capacity", kCapacityPath, "string"},
                  {"Zone", kZonePath, "string"},
                  {"Node", ".status.nodeName", "string"},
                  {"Ready", kReadyPath, "string"},
                  {"Age", kAgePath, "date"},
                  {"ImageID", ".status.imageID", "string", 1},
                  {"ID", ".status.providerID", "string", 1},
                  {"NodePool", kPoolPath, "string", 1},
                  {"NodeClass", ".spec.nodeClassRef.name", "string", 1},
                  {"Drifted", kDriftedPath, "string", 1}},
  };
  const CrdVersion v1beta1 = {
      .name = "v1beta1",
      .type = &type_of<model::v1beta1::NodeClaim>(),
      .is_storage = false,
      .columns = {{"Type", kTypePath, "string"},
                  {"Zone", kZonePath, "string"},
                  {"Node", ".status.nodeName", "string"},
                  {"Ready", kReadyPath, "string"},
                  {"Age", kAgePath, "date"},
                  {"Capacity", kCapacityPath, "string", 1},
                  {"NodePool", kPoolPath, "string", 1},
                  {"NodeClass", ".spec.nodeClassRef.name", "string", 1}},
  };
  return {.group = model::kKarpenterGroup,
          .kind = "NodeClaim",
          .plural = "nodeclaims",
          .singular = "nodeclaim",
          .versions = {v1, v1beta1},
          .conversion_path = "/conversion/karpenter.sh"};
}

Crd node_classes() {
  const CrdVersion v1 = {
      .name = "v1",
      .type = &type_of<model::Ec2NodeClass>(),
      .columns = {{"Ready", kReadyPath, "string"},
                  {"Age", kAgePath, "date"},
                  {"Role", ".spec.role", "string", 1}},
  };
  const CrdVersion v1beta1 = {
      .name = "v1beta1", .type = &type_of<model::v1beta1::Ec2NodeClass>(), .is_storage = false};
  return {.group = model::kAwsGroup,
          .kind = "EC2NodeClass",
          .plural = "ec2nodeclasses",
          .singular = "ec2nodeclass",
          .short_names = {"ec2nc", "ec2ncs"},
          .versions = {v1, v1beta1},
          .conversion_path = "/conversion/karpenter.k8s.aws"};
}

Crd provisioners() {
  return {.group = model::kKarpenterGroup,
          .kind = "Provisioner",
          .plural = "provisioners",
          .singular = "provisioner",
          .versions = {{.name = "v1alpha5",
                        .type = &type_of<model::v1alpha5::Provisioner>(),
                        .columns = {{"Template", ".spec.providerRef.name", "string"},
                                    {"Weight", ".spec.weight", "string", 1}}}}};
}

Crd node_templates() {
  return {.group = model::kAwsGroup,
          .kind = "AWSNodeTemplate",
          .plural = "awsnodetemplates",
          .singular = "awsnodetemplate",
          .versions = {{.name = "v1alpha1", .type = &type_of<model::v1alpha1::AwsNodeTemplate>()}}};
}

Crd node_overlays() {
  return {.group = model::kKarpenterGroup,
          .kind = "NodeOverlay",
          .plural = "nodeoverlays",
          .singular = "nodeoverlay",
          .short_names = {"overlays"},
          .versions = {{.name = "v1alpha1",
                        .type = &type_of<model::NodeOverlay>(),
                        .columns = {{"Ready", kReadyPath, "string"},
                                    {"Age", kAgePath, "date"},
                                    {"Weight", ".spec.weight", "integer", 1}}}}};
}

Crd capacity_buffers() {
  return {.group = model::kBufferGroup,
          .kind = "CapacityBuffer",
          .plural = "capacitybuffers",
          .singular = "capacitybuffer",
          .short_names = {"cb"},
          .category = "autoscaling",
          .scope = Scope::kNamespaced,
          .versions = {{.name = "v1beta1",
                        .type = &type_of<model::CapacityBuffer>(),
                        .columns = {{"Strategy", ".spec.provisioningStrategy", "string"},
                                    {"PodTemplate", ".status.podTemplateRef.name", "string"},
                                    {"Replicas", ".status.replicas", "integer"},
                                    {"ConditionsType", ".status.conditions[*].type", "string"},
                                    {"ConditionsStatus", ".status.conditions[*].status", "string"},
                                    {"ConditionsReason", ".status.conditions[*].reason", "string"},
                                    {"Age", kAgePath, "date"}}}}};
}

Crd machines() {
  return {.group = model::kKarpenterGroup,
          .kind = "Machine",
          .plural = "machines",
          .singular = "machine",
          .versions = {{.name = "v1alpha5",
                        .type = &type_of<model::v1alpha5::Machine>(),
                        .columns = {{"Type", kTypePath, "string"},
                                    {"Zone", kZonePath, "string"},
                                    {"Node", ".status.nodeName", "string"},
                                    {"Ready", kReadyPath, "string"},
                                    {"Age", kAgePath, "date"},
                                    {"Capacity", kCapacityPath, "string", 1},
                                    {"Provisioner", kProvisionerPath, "string", 1},
                                    {"Template", ".spec.machineTemplateRef.name", "string", 1}}}}};
}

}  // namespace

std::vector<Crd> crds() {
  return {node_pools(),       node_claims(),  node_classes(),  node_overlays(),
          capacity_buffers(), provisioners(), node_templates()};
}

std::vector<Crd> described_kinds() {
  auto out = crds();
  out.push_back(machines());
  return out;
}

}  // namespace karpenter::schema
