#include "tests/devcluster/kube/selectors.h"
#include "tests/fuzz/fuzz.h"

namespace devcluster = karpenter::devcluster;

// A label selector that is read and printed selects the same.
KARP_FUZZ(text) {
  const auto terms = devcluster::parse_label_selector(text);
  if (!terms) return;
  const std::string printed = devcluster::label_selector_text(*terms);
  const auto again = devcluster::parse_label_selector(printed);
  KARP_CHECK(again.has_value());
  KARP_CHECK(devcluster::label_selector_text(*again) == printed);
}
