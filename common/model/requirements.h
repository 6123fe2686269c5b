#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/model/selectors.h"

namespace karpenter::model {

// One requirement on a label: a set of values, or the complement of one, with optional integer bounds and
// minValues. The exact, string-based form; the scheduler interns it. Immutable value. spec: scheduling
// §5.1-§5.5
class Requirement {
 public:
  enum class Op : std::uint8_t { kIn, kNotIn, kExists, kDoesNotExist, kGt, kLt, kGte, kLte };
  [[nodiscard]] static std::optional<Op> parse_op(std::string_view text);

  // Normalises the key (beta labels to stable ones, scheduling §5.2). Gt/Lt/Gte/Lte need one integer value.
  [[nodiscard]] static base::Result<Requirement> make(std::string_view key, Op op,
                                                      std::span<const std::string> values,
                                                      std::optional<std::int64_t> min_values = std::nullopt);
  [[nodiscard]] static Requirement in(std::string_view key, std::vector<std::string> values);
  [[nodiscard]] static Requirement exists(std::string_view key);
  [[nodiscard]] static Requirement does_not_exist(std::string_view key);

  [[nodiscard]] const std::string& key() const { return key_; }
  [[nodiscard]] bool complement() const { return complement_; }
  [[nodiscard]] const std::set<std::string, std::less<>>& values() const { return values_; }
  [[nodiscard]] std::optional<std::int64_t> min_values() const { return min_values_; }
  [[nodiscard]] std::optional<std::int64_t> greater_or_equal() const { return gte_; }  // inclusive bounds
  [[nodiscard]] std::optional<std::int64_t> less_or_equal() const { return lte_; }
  // The operator this set amounts to: In, NotIn, Exists or DoesNotExist. spec: scheduling §5.3
  [[nodiscard]] Op op() const;
  [[nodiscard]] bool has(std::string_view value) const;
  [[nodiscard]] bool empty() const { return op() == Op::kDoesNotExist; }

  [[nodiscard]] Requirement intersect(const Requirement& other) const;  // keys must be equal
  [[nodiscard]] Requirement with_min_values(std::int64_t count) const;
  [[nodiscard]] bool has_intersection(const Requirement& other) const;  // without allocation
  [[nodiscard]] std::string text() const;                               // `key In [a b]`, for reasons
  [[nodiscard]] std::vector<NodeSelectorRequirement> to_api() const;    // spec: scheduling §5.8
  friend bool operator==(const Requirement&, const Requirement&) = default;

 private:
  std::string key_;
  bool complement_ = false;
  std::set<std::string, std::less<>> values_;
  std::optional<std::int64_t> gte_;
  std::optional<std::int64_t> lte_;
  std::optional<std::int64_t> min_values_;
};

// A set of requirements, one per key, ordered by key; adding intersects. spec: scheduling §5.6
class Requirements {
 public:
  Requirements() = default;
  [[nodiscard]] static base::Result<Requirements> of(
      std::span<const NodeSelectorRequirement> api);  // first bad one fails
  [[nodiscard]] static Requirements of_labels(const StringMap& labels);

  void add(Requirement requirement);
  void add(const Requirements& other);
  void replace(Requirement requirement);
  void erase(std::string_view key);
  [[nodiscard]] const Requirement* find(std::string_view key) const;
  [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
  [[nodiscard]] bool empty() const { return by_key_.empty(); }
  [[nodiscard]] auto begin() const { return by_key_.begin(); }
  [[nodiscard]] auto end() const { return by_key_.end(); }

  // Every key present in both intersects. Null, or the first key (in order) that does not.
  [[nodiscard]] const Requirement* find_conflict(const Requirements& other) const;
  // `incoming` can be met by a node described by this: keys in both intersect, and a key that only `incoming`
  // has must be in `allow_undefined` or accept absence (NotIn, DoesNotExist). spec: scheduling §5.6
  [[nodiscard]] bool compatible(const Requirements& incoming,
                                const std::set<std::string_view>& allow_undefined) const;
  // The labels that a node of these requirements surely carries (single values).
  [[nodiscard]] StringMap labels() const;
  [[nodiscard]] std::vector<NodeSelectorRequirement> to_api() const;  // ordered by key
  friend bool operator==(const Requirements&, const Requirements&) = default;

 private:
  std::map<std::string, Requirement, std::less<>> by_key_;
};

// The stable name of a label with an older alias, else the key itself. The result lives as long as `key`
// does. spec: scheduling §5.2, api §7.5
[[nodiscard]] std::string_view normalize_label(std::string_view key);

// Labels that the scheduler may leave undefined on a new node. spec: scheduling §5.10
[[nodiscard]] const std::set<std::string_view>& well_known_labels();

}  // namespace karpenter::model
