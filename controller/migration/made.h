#pragma once

#include "controller/migration/migration.h"

// Pure: what is written onto the objects that a Provisioner becomes.

namespace karpenter::migration {

// Owners and the annotations that say where `out` comes from. A class made from a node template belongs to
// that: Provisioners that share the template share the class.
void mark_sources(conversion::AlphaOutput& out, const Provisioner& provisioner,
                  const AwsNodeTemplate* node_template);

// `existing` with what `wanted` says: its labels and annotations are added, those that came from an earlier
// state of the source and are no longer wanted go, everything that others added stays.
[[nodiscard]] model::ObjectMeta merged(const model::ObjectMeta& existing, const model::ObjectMeta& wanted);

// `provisioner` with the condition Converted and the resources of its NodePool (null: unchanged).
[[nodiscard]] Provisioner with_status(const Provisioner& provisioner, const model::NodePool* pool,
                                      const conversion::Diagnostics& said, base::Time now);

}  // namespace karpenter::migration
