#include "common/model/quantity.h"

#include "tests/fuzz/fuzz.h"

using karpenter::model::Quantity;

// A quantity that is read and printed is the same, and printing it again changes nothing.
KARP_FUZZ(text) {
  const auto quantity = Quantity::parse(text);
  if (!quantity) return;
  const std::string printed = quantity->text();
  const auto again = Quantity::parse(printed);
  KARP_CHECK(again.has_value());
  KARP_CHECK(*again == *quantity);
  KARP_CHECK(again->text() == printed);
}
