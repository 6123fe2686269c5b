#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/devcluster/kube/context.h"
#include "tests/devcluster/kube/status.h"

namespace karpenter::devcluster {

// What is wrong with the metadata of `object`. `old` is missing on create.
[[nodiscard]] std::vector<Cause> validate_metadata(json::View object, json::View old,
                                                   const Resource& resource);

// RFC 1123 subdomain of at most 253 characters; RFC 1123 label of at most 63.
[[nodiscard]] bool is_dns_subdomain(std::string_view text);
[[nodiscard]] bool is_dns_label(std::string_view text);
// `[prefix/]name`, as keys of labels and annotations are.
[[nodiscard]] bool is_qualified_name(std::string_view text);
[[nodiscard]] bool is_label_value(std::string_view text);

// Gives a new object its server-set metadata: name from generateName, namespace, uid, creationTimestamp,
// generation.
void stamp_new(const Context& context, json::Ref object);
// Restores what an update may not change: uid, creationTimestamp, deletion marks, generation.
void keep_system_fields(json::Ref object, json::View old);

}  // namespace karpenter::devcluster
