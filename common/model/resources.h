#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/model/quantity.h"

namespace karpenter::model {

inline constexpr std::string_view kCpu = "cpu";
inline constexpr std::string_view kMemory = "memory";
inline constexpr std::string_view kPods = "pods";
inline constexpr std::string_view kEphemeralStorage = "ephemeral-storage";
inline constexpr std::string_view kNodes = "nodes";

// A resource list: name -> quantity, sorted by name. Absent and zero are different things here, as in the
// API.
class Resources {
 public:
  using Entry = std::pair<std::string, Quantity>;

  Resources() = default;
  Resources(std::initializer_list<Entry> entries);

  [[nodiscard]] const Quantity* find(std::string_view name) const;
  [[nodiscard]] Quantity get(std::string_view name) const;  // zero when absent
  void set(std::string_view name, Quantity quantity);
  void erase(std::string_view name);
  void add(std::string_view name, Quantity quantity);
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] auto begin() const { return entries_.begin(); }
  [[nodiscard]] auto end() const { return entries_.end(); }

  Resources& operator+=(const Resources& other);  // union of names
  Resources& operator-=(const Resources& other);  // names only of this; spec: scheduling §7
  friend Resources operator+(Resources a, const Resources& b) { return a += b; }
  friend Resources operator-(Resources a, const Resources& b) { return a -= b; }
  // Equal names and amounts.
  friend bool operator==(const Resources& a, const Resources& b) = default;
  // The element-wise maximum of both, over the union of names.
  void raise_to(const Resources& other);

 private:
  std::vector<Entry> entries_;
};

// True when every requested amount is at most what `total` has (absent = 0); negative totals never fit.
// spec: scheduling §7.3
[[nodiscard]] bool fits(const Resources& request, const Resources& total);

}  // namespace karpenter::model
