#include "controller/scheduling/amounts.h"

#include <limits>

namespace karpenter::scheduling {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr int kNanoPerMilli = 1'000'000;

std::int64_t saturating_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return b > 0 ? kMax : std::numeric_limits<std::int64_t>::min();
  return sum;
}

void put(Amounts& amounts, Id id, std::int64_t milli) {
  if (amounts.size() <= id) amounts.resize(id + 1, 0);
  amounts[id] = milli;
}

}  // namespace

std::int64_t floor_milli(const model::Quantity& quantity) {
  const model::Int128 nano = quantity.nano();
  model::Int128 milli = nano / kNanoPerMilli;
  if (nano < 0 && milli * kNanoPerMilli != nano) --milli;
  if (milli > kMax) return kMax;
  if (milli < std::numeric_limits<std::int64_t>::min()) return std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(milli);
}

Amounts requested(const model::Resources& resources, Interner& names) {
  Amounts out;
  for (const auto& [name, amount] : resources)
    if (!amount.is_zero()) put(out, names.intern(name), amount.milli_value());
  return out;
}

Amounts offered(const model::Resources& resources, const Interner& names) {
  Amounts out(names.size(), 0);
  for (const auto& [name, amount] : resources)
    if (const Id id = names.find(name); id != kNoId) out[id] = floor_milli(amount);
  return out;
}

bool has_negative(const model::Resources& resources) {
  for (const auto& [name, amount] : resources)
    if (amount.nano() < 0) return true;
  return false;
}

bool fits(const Amounts& request, const Amounts& total) {
  for (std::size_t r = 0; r < request.size(); ++r)
    if (request[r] > (r < total.size() ? total[r] : 0)) return false;
  return true;
}

void add(Amounts& to, const Amounts& amounts) {
  if (to.size() < amounts.size()) to.resize(amounts.size(), 0);
  for (std::size_t r = 0; r < amounts.size(); ++r) to[r] = saturating_add(to[r], amounts[r]);
}

void subtract(Amounts& from, const Amounts& amounts) {
  if (from.size() < amounts.size()) from.resize(amounts.size(), 0);
  for (std::size_t r = 0; r < amounts.size(); ++r) from[r] = saturating_add(from[r], -amounts[r]);
}

}  // namespace karpenter::scheduling
