#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/json/json.h"
#include "tests/devcluster/kube/kinds.h"

// Label and field selectors, as query parameters and as metav1.LabelSelector.

namespace karpenter::devcluster {

struct LabelTerm {
  std::string key;
  std::string op;  // In NotIn Exists DoesNotExist Gt Lt
  std::vector<std::string> values;
};
using LabelTerms = std::vector<LabelTerm>;

// "a=b,c!=d,e in (f,g),h notin (i),j,!k". 400 when malformed.
[[nodiscard]] base::Result<LabelTerms> parse_label_selector(std::string_view text);
// A metav1.LabelSelector; an empty one matches everything, a missing one nothing (callers decide).
[[nodiscard]] base::Result<LabelTerms> label_terms_of(json::View selector);
[[nodiscard]] bool labels_match(const LabelTerms& terms, json::View labels);
// The text form, as a scale subresource shows it.
[[nodiscard]] std::string label_selector_text(const LabelTerms& terms);

struct FieldTerm {
  std::string path;
  std::string value;
  bool equal = true;
};
using FieldTerms = std::vector<FieldTerm>;

// "spec.nodeName=x,status.phase!=Failed". 400 for malformed text and for fields the kind does not select by.
[[nodiscard]] base::Result<FieldTerms> parse_field_selector(std::string_view text, const Resource& resource,
                                                            const ResourceVersion& version);
[[nodiscard]] bool fields_match(const FieldTerms& terms, json::View object);

// Both, for one list or watch.
struct Selection {
  LabelTerms labels;
  FieldTerms fields;
  [[nodiscard]] bool empty() const { return labels.empty() && fields.empty(); }
  [[nodiscard]] bool matches(json::View object) const {
    return labels_match(labels, object["metadata"]["labels"]) && fields_match(fields, object);
  }
};

}  // namespace karpenter::devcluster
