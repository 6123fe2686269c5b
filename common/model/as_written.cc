#include "common/model/as_written.h"

namespace karpenter::model {

base::Result<WrittenQuantity> WrittenQuantity::read(std::string_view text, Form form) {
  ASSIGN_OR_RETURN(const Quantity amount, Quantity::parse(text));
  WrittenQuantity out(amount);
  out.form_ = form;
  if (form == Form::kNumber || amount.text() != text) out.text_ = text;
  return out;
}

bool WrittenQuantity::is_as_read() const {
  if (text_.empty()) return false;
  const auto read = Quantity::parse(text_);
  return read.has_value() && *read == *this;
}

std::string WrittenQuantity::written() const { return is_as_read() ? text_ : text(); }

void WrittenResources::set_written(std::string_view name, WrittenQuantity quantity) {
  set(name, quantity);
  std::erase_if(unusual_, [&](const auto& entry) { return entry.first == name; });
  if (quantity.is_unusual()) unusual_.emplace_back(name, std::move(quantity));
}

WrittenQuantity WrittenResources::written(std::string_view name) const {
  const Quantity now = get(name);
  for (const auto& [other, quantity] : unusual_) {
    if (other == name && quantity == now) return quantity;
  }
  return now;
}

}  // namespace karpenter::model
