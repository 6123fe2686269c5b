#pragma once

#include <string>
#include <vector>

#include "common/schema/crd.h"

// docs/reference: what users look up about every kind, made from the field tables.

namespace karpenter::schema {

// The page of one kind, in Markdown: names, columns, and for every version each field with its type, default
// and limits, and the rules that the API server evaluates.
[[nodiscard]] std::string reference_page(const Crd& crd);
// Its file name: "nodepool.md".
[[nodiscard]] std::string reference_file(const Crd& crd);
// README.md: one line per kind.
[[nodiscard]] std::string reference_index(const std::vector<Crd>& crds);

}  // namespace karpenter::schema
