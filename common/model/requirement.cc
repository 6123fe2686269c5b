#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "common/base/strings.h"
#include "common/model/labels.h"
#include "common/model/requirements.h"

namespace karpenter::model {
namespace {

using Op = Requirement::Op;

constexpr std::array<std::pair<std::string_view, Op>, 8> kOps = {{{"In", Op::kIn},
                                                                  {"NotIn", Op::kNotIn},
                                                                  {"Exists", Op::kExists},
                                                                  {"DoesNotExist", Op::kDoesNotExist},
                                                                  {"Gt", Op::kGt},
                                                                  {"Lt", Op::kLt},
                                                                  {"Gte", Op::kGte},
                                                                  {"Lte", Op::kLte}}};

std::string_view op_name(Op op) {
  return std::find_if(kOps.begin(), kOps.end(), [&](const auto& entry) { return entry.second == op; })->first;
}

// As Go's Atoi: an optional sign, digits.
std::optional<std::int64_t> integer(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  return base::parse_int64(text);
}

using Bound = std::optional<std::int64_t>;

Bound higher(Bound a, Bound b) { return a && b ? std::max(a, b) : (a ? a : b); }
Bound lower(Bound a, Bound b) { return a && b ? std::min(a, b) : (a ? a : b); }

bool in_bounds(std::string_view value, Bound gte, Bound lte) {
  if (!gte && !lte) return true;
  const auto number = integer(value);
  return number && (!gte || *number >= *gte) && (!lte || *number <= *lte);
}

}  // namespace

std::optional<Op> Requirement::parse_op(std::string_view text) {
  const auto it =
      std::find_if(kOps.begin(), kOps.end(), [&](const auto& entry) { return entry.first == text; });
  return it == kOps.end() ? std::nullopt : std::optional<Op>(it->second);
}

base::Result<Requirement> Requirement::make(std::string_view key, Op op, std::span<const std::string> values,
                                            std::optional<std::int64_t> min_values) {
  Requirement out;
  out.key_ = normalize_label(key);
  out.min_values_ = min_values;
  out.complement_ = op != Op::kIn && op != Op::kDoesNotExist;
  if (op == Op::kIn || op == Op::kNotIn) out.values_.insert(values.begin(), values.end());
  if (op == Op::kIn || op == Op::kNotIn || op == Op::kExists || op == Op::kDoesNotExist) return out;

  const auto bound = values.size() == 1 ? integer(values[0]) : std::nullopt;
  if (!bound) {
    return base::invalid("requirement needs one integer value")
        .add("key", std::string(key))
        .add("operator", std::string(op_name(op)))
        .add("values", base::join(values, ","));
  }
  const bool nothing = (op == Op::kGt && *bound == std::numeric_limits<std::int64_t>::max()) ||
                       (op == Op::kLt && *bound == std::numeric_limits<std::int64_t>::min());
  if (nothing) return does_not_exist(key);
  if (op == Op::kGt) out.gte_ = *bound + 1;
  if (op == Op::kGte) out.gte_ = *bound;
  if (op == Op::kLt) out.lte_ = *bound - 1;
  if (op == Op::kLte) out.lte_ = *bound;
  return out;
}

Requirement Requirement::in(std::string_view key, std::vector<std::string> values) {
  Requirement out;
  out.key_ = normalize_label(key);
  for (auto& value : values) out.values_.insert(std::move(value));
  return out;
}

Requirement Requirement::exists(std::string_view key) {
  Requirement out;
  out.key_ = normalize_label(key);
  out.complement_ = true;
  return out;
}

Requirement Requirement::does_not_exist(std::string_view key) { return in(key, {}); }

Op Requirement::op() const {
  if (complement_) return values_.empty() ? Op::kExists : Op::kNotIn;
  return values_.empty() ? Op::kDoesNotExist : Op::kIn;
}

bool Requirement::has(std::string_view value) const {
  return values_.contains(value) != complement_ && in_bounds(value, gte_, lte_);
}

Requirement Requirement::intersect(const Requirement& other) const {
  KARP_DCHECK(key_ == other.key_);
  Requirement out;
  out.key_ = key_;
  out.min_values_ = higher(min_values_, other.min_values_);
  const Bound gte = higher(gte_, other.gte_);
  const Bound lte = lower(lte_, other.lte_);
  if (gte && lte && *gte > *lte) return out;

  out.complement_ = complement_ && other.complement_;
  if (out.complement_) {
    out.values_ = values_;
    out.values_.insert(other.values_.begin(), other.values_.end());
    out.gte_ = gte;
    out.lte_ = lte;
  } else {
    const Requirement& finite = complement_ ? other : *this;
    const Requirement& filter = complement_ ? *this : other;
    for (const auto& value : finite.values_) {
      if (filter.values_.contains(value) != filter.complement_) out.values_.insert(out.values_.end(), value);
    }
  }
  // Also of the excluded values of a complement: what the bounds exclude need not be named.
  std::erase_if(out.values_, [&](const auto& value) { return !in_bounds(value, gte, lte); });
  return out;
}

Requirement Requirement::with_min_values(std::int64_t count) const {
  Requirement out = *this;
  out.min_values_ = count;
  return out;
}

bool Requirement::has_intersection(const Requirement& other) const {
  const Bound gte = higher(gte_, other.gte_);
  const Bound lte = lower(lte_, other.lte_);
  if (gte && lte && *gte > *lte) return false;
  if (complement_ && other.complement_) return true;
  const Requirement& finite = complement_ ? other : *this;
  const Requirement& filter = complement_ ? *this : other;
  return std::any_of(finite.values_.begin(), finite.values_.end(), [&](const auto& value) {
    return filter.values_.contains(value) != filter.complement_ && in_bounds(value, gte, lte);
  });
}

std::string Requirement::text() const {
  std::string out = key_ + " " + std::string(op_name(op()));
  if (!values_.empty())
    out += " [" + base::join(std::vector<std::string>(values_.begin(), values_.end()), " ") + "]";
  if (gte_) out += " >=" + std::to_string(*gte_);
  if (lte_) out += " <=" + std::to_string(*lte_);
  if (min_values_) out += " minValues " + std::to_string(*min_values_);
  return out;
}

std::vector<NodeSelectorRequirement> Requirement::to_api() const {
  std::vector<NodeSelectorRequirement> out;
  const auto emit = [&](Op op, std::vector<std::string> values) {
    out.push_back({.key = key_,
                   .op = std::string(op_name(op)),
                   .values = std::move(values),
                   .min_values = min_values_});
  };
  if (gte_) emit(Op::kGte, {std::to_string(*gte_)});
  if (lte_) emit(Op::kLte, {std::to_string(*lte_)});
  // The API has no operator for bounds and exclusions together; the reference drops the exclusions
  // (scheduling §5.8).
  if (out.empty()) emit(op(), {values_.begin(), values_.end()});
  return out;
}

std::string_view normalize_label(std::string_view key) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kAliases = {{
      {"failure-domain.beta.kubernetes.io/zone", labels::kZone},
      {"failure-domain.beta.kubernetes.io/region", labels::kRegion},
      {"beta.kubernetes.io/arch", labels::kArch},
      {"beta.kubernetes.io/os", labels::kOs},
      {"beta.kubernetes.io/instance-type", labels::kInstanceType},
      {"topology.ebs.csi.aws.com/zone", labels::kZone},
  }};
  const auto it =
      std::find_if(kAliases.begin(), kAliases.end(), [&](const auto& alias) { return alias.first == key; });
  return it == kAliases.end() ? key : it->second;
}

}  // namespace karpenter::model
