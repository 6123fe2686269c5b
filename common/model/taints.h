#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/time.h"
#include "common/model/as_written.h"

namespace karpenter::model {

inline constexpr std::string_view kNoSchedule = "NoSchedule";
inline constexpr std::string_view kPreferNoSchedule = "PreferNoSchedule";
inline constexpr std::string_view kNoExecute = "NoExecute";

struct Taint {
  std::string key;
  std::string value;
  std::string effect;
  std::optional<base::Time> time_added;
  Blanks blanks = {};
  friend bool operator==(const Taint&, const Taint&) = default;
  [[nodiscard]] bool same_key_and_effect(const Taint& other) const {
    return key == other.key && effect == other.effect;
  }
  [[nodiscard]] std::string text() const;  // key=value:effect, key:effect without value
};

struct Toleration {
  std::string key;
  std::string op;  // Equal (default), Exists, Lt, Gt
  std::string value;
  std::string effect;
  std::optional<std::int64_t> toleration_seconds;
  friend bool operator==(const Toleration&, const Toleration&) = default;
};

[[nodiscard]] bool tolerates(const Toleration& toleration, const Taint& taint);
// The first taint, of any effect, that nothing tolerates, or null.
// spec: scheduling §6
[[nodiscard]] const Taint* find_untolerated(std::span<const Taint> taints,
                                            std::span<const Toleration> tolerations);
// spec: scheduling §6.3
[[nodiscard]] bool is_known_ephemeral(const Taint& taint);

}  // namespace karpenter::model
