#include "common/model/karpenter/v1.h"

#include "common/base/duration.h"

namespace karpenter::model {

base::Result<std::optional<std::chrono::nanoseconds>> parse_never_duration(std::string_view text) {
  if (text == "Never") return std::optional<std::chrono::nanoseconds>();
  ASSIGN_OR_RETURN(const auto duration, base::parse_duration(text));
  return std::optional<std::chrono::nanoseconds>(duration);
}

}  // namespace karpenter::model
