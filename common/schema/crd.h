#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "common/json/json.h"
#include "common/schema/type.h"

// The CustomResourceDefinitions of this project, made from the field tables.

namespace karpenter::schema {

struct PrinterColumn {
  std::string_view name;
  std::string_view json_path;
  std::string_view type;  // string, integer, date
  int priority = 0;       // 0: always shown; 1: with -o wide
};

struct CrdVersion {
  std::string_view name;
  const Type* type = nullptr;
  bool is_storage = true;
  bool has_scale = false;
  std::vector<PrinterColumn> columns = {};
};

enum class Scope : std::uint8_t { kCluster, kNamespaced };

// Every version is served and has a status subresource.
struct Crd {
  std::string_view group;
  std::string_view kind;
  std::string_view plural;
  std::string_view singular;
  std::vector<std::string_view> short_names = {};
  std::string_view category = "karpenter";
  Scope scope = Scope::kCluster;
  std::vector<CrdVersion> versions;
  std::string_view conversion_path = {};  // of the webhook; "" = no conversion
};

// What is installed: NodePool, NodeClaim, EC2NodeClass (v1 stored, v1beta1 served), NodeOverlay,
// CapacityBuffer (of SIG Autoscaling), Provisioner (v1alpha5), AWSNodeTemplate (v1alpha1). spec: api §2.1,
// §3.1, §4.1, §5, §6, §10, §11.1, §12.1, conversion §2.1
[[nodiscard]] std::vector<Crd> crds();
// crds() and v1alpha5 Machine, which is read offline but never installed. spec: api §11.2
[[nodiscard]] std::vector<Crd> described_kinds();

// The manifest, ready for kubectl apply. The conversion webhook is service karpenter-webhook in namespace
// karpenter; its caBundle is filled in at run time by the process that owns the certificate.
[[nodiscard]] json::Value crd_manifest(const Crd& crd);

}  // namespace karpenter::schema
