#pragma once

#include "common/json/json.h"
#include "common/model/legacy/v1alpha.h"

namespace karpenter::schema {

// `spec.provider` of a Provisioner, read strictly: a wrong type or an unknown member (also userData,
// amiSelector and detailedMonitoring) is kInvalid. spec: api §12.3
[[nodiscard]] base::Result<model::v1alpha1::AwsNodeTemplateSpec> decode_inline_provider(json::View provider);

}  // namespace karpenter::schema
