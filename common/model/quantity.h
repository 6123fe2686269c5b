#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace karpenter::model {

__extension__ typedef __int128 Int128;  // NOLINT(modernize-use-using): __extension__ needs typedef

// A Kubernetes resource.Quantity: an exact fixed-point number with the suffix family it was written in.
// Counted in nano-units; finer input is rounded away from zero to one nano, and magnitudes are capped at
// 2^63-1 units, as the API server does. Comparison and arithmetic ignore the format. A value type,
// thread-compatible.
class Quantity {
 public:
  enum class Format : std::uint8_t { kDecimalSI, kBinarySI, kDecimalExponent };

  constexpr Quantity() = default;
  static constexpr Quantity of(std::int64_t units, Format format = Format::kDecimalSI) {
    return Quantity(static_cast<Int128>(units) * kNanoPerUnit, format);
  }
  static constexpr Quantity of_milli(std::int64_t milli) {
    return Quantity(static_cast<Int128>(milli) * (kNanoPerUnit / 1000), Format::kDecimalSI);
  }
  static constexpr Quantity of_nano(Int128 nano, Format format) { return Quantity(nano, format); }

  // `100m`, `1.5Gi`, `1e3`, `-2`, `.5`; kInvalid with the text otherwise.
  [[nodiscard]] static base::Result<Quantity> parse(std::string_view text);
  // The canonical form: as the API server prints it (`1500m`, `1536Mi`, `1e3`).
  [[nodiscard]] std::string text() const;

  [[nodiscard]] constexpr Int128 nano() const { return nano_; }
  [[nodiscard]] constexpr Format format() const { return format_; }
  [[nodiscard]] std::int64_t value() const;        // units, rounded up, saturating
  [[nodiscard]] std::int64_t milli_value() const;  // milli-units, rounded up, saturating
  [[nodiscard]] double as_double() const;          // units
  [[nodiscard]] constexpr bool is_zero() const { return nano_ == 0; }

  friend constexpr bool operator==(const Quantity& a, const Quantity& b) { return a.nano_ == b.nano_; }
  friend constexpr auto operator<=>(const Quantity& a, const Quantity& b) {
    return a.nano_ < b.nano_   ? std::strong_ordering::less
           : a.nano_ > b.nano_ ? std::strong_ordering::greater
                               : std::strong_ordering::equal;
  }
  Quantity& operator+=(const Quantity& other);  // takes the other's format when this is zero
  Quantity& operator-=(const Quantity& other);
  friend Quantity operator+(Quantity a, const Quantity& b) { return a += b; }
  friend Quantity operator-(Quantity a, const Quantity& b) { return a -= b; }

 private:
  static constexpr std::int64_t kNanoPerUnit = 1'000'000'000;
  constexpr Quantity(Int128 nano, Format format) : nano_(nano), format_(format) {}

  Int128 nano_ = 0;
  Format format_ = Format::kDecimalSI;
};

}  // namespace karpenter::model
