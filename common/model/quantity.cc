#include "common/model/quantity.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "common/base/strings.h"

namespace karpenter::model {
namespace {

constexpr Int128 kNano = 1'000'000'000;
constexpr Int128 kMaxUnits = std::numeric_limits<std::int64_t>::max();
constexpr Int128 kMaxNano = kMaxUnits * kNano;

struct Suffix {
  Quantity::Format format = Quantity::Format::kDecimalSI;
  std::int64_t exponent = 0;  // of 10, or of 2 for kBinarySI
};

std::optional<Suffix> parse_suffix(std::string_view text) {
  using Format = Quantity::Format;
  static constexpr std::string_view kDecimal = "num kMGTPE";  // 10^-9, 10^-6, ...
  static constexpr std::string_view kBinary = "KMGTPE";
  if (text.empty()) return Suffix{};
  if (text.size() == 1 && text[0] != ' ') {
    const auto at = kDecimal.find(text[0]);
    if (at == std::string_view::npos) return std::nullopt;
    return Suffix{Format::kDecimalSI, static_cast<std::int64_t>(at) * 3 - 9};
  }
  if (text.size() == 2 && text[1] == 'i') {
    const auto at = kBinary.find(text[0]);
    if (at == std::string_view::npos) return std::nullopt;
    return Suffix{Format::kBinarySI, static_cast<std::int64_t>(at + 1) * 10};
  }
  if (text[0] != 'e' && text[0] != 'E') return std::nullopt;
  text.remove_prefix(1);
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto exponent = text.starts_with('+') ? std::nullopt : base::parse_int64(text);
  if (!exponent) return std::nullopt;
  return Suffix{Format::kDecimalExponent, *exponent};
}

// A run of decimal digits with the point after `point` of them; `point` may lie outside the run.
struct Digits {
  std::string run;
  std::int64_t point = 0;

  [[nodiscard]] int at(std::int64_t index) const {
    const bool inside = index >= 0 && index < static_cast<std::int64_t>(run.size());
    return inside ? run[static_cast<std::size_t>(index)] - '0' : 0;
  }
};

// The nano-units of digits * 2^binary, rounded up, capped at kMaxNano.
Int128 magnitude(const Digits& digits, std::int64_t binary) {
  constexpr std::int64_t kFarRight = -40;  // so small that only "more than nothing" matters
  constexpr std::int64_t kFarLeft = 40;
  const auto first = digits.run.find_first_not_of('0');
  if (first == std::string::npos) return 0;
  const std::int64_t leading = digits.point - static_cast<std::int64_t>(first);  // digits before the point
  if (leading > kFarLeft) return kMaxNano;
  if (leading < kFarRight) return 1;
  const Int128 unit = Int128{1} << binary;
  Int128 whole = 0;
  for (std::int64_t i = 0; i < digits.point; ++i) {
    whole = whole * 10 + digits.at(i);
    if (whole * unit > kMaxUnits) return kMaxNano;
  }
  // floor((floor(x) + n) / 10) == floor((x + n) / 10): digit by digit from the right is exact, with a sticky
  // remainder.
  Int128 fraction = 0;
  bool inexact = false;
  const std::int64_t start = std::min<std::int64_t>(digits.point, 0);
  for (auto i = static_cast<std::int64_t>(digits.run.size()) - 1; i >= std::max(digits.point, start); --i) {
    fraction += digits.at(i) * unit * kNano;
    inexact = inexact || fraction % 10 != 0;
    fraction /= 10;
  }
  const Int128 nano = whole * unit * kNano + fraction + (inexact ? 1 : 0);
  return std::min(nano, kMaxNano);
}

std::string to_text(Int128 value) {
  if (value == 0) return "0";
  const bool negative = value < 0;
  std::string out;
  for (; value != 0; value /= 10) {
    const int digit = static_cast<int>(value % 10);
    out.insert(out.begin(), static_cast<char>('0' + (digit < 0 ? -digit : digit)));
  }
  return negative ? "-" + out : out;
}

// Away from zero, into 64 bits.
std::int64_t divide_up(Int128 value, Int128 by) {
  Int128 out = value / by;
  if (value % by != 0) out += value > 0 ? 1 : -1;
  if (out > kMaxUnits) return std::numeric_limits<std::int64_t>::max();
  if (out < -kMaxUnits) return std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(out);
}

std::string binary_text(Int128 units) {
  static constexpr std::array<std::string_view, 7> kSuffix = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
  std::size_t power = 0;
  for (; units % 1024 == 0 && power + 1 < kSuffix.size(); ++power) units /= 1024;
  return to_text(units).append(kSuffix[power]);
}

std::string decimal_text(Int128 nano, Quantity::Format format) {
  static constexpr std::array<std::string_view, 10> kSuffix = {"n", "u", "m", "",  "k",
                                                               "M", "G", "T", "P", "E"};
  std::size_t power = 0;
  for (; nano % 1000 == 0 && power + 1 < kSuffix.size(); ++power) nano /= 1000;
  const int exponent = static_cast<int>(power) * 3 - 9;
  if (format == Quantity::Format::kDecimalSI) return to_text(nano).append(kSuffix[power]);
  return exponent == 0 ? to_text(nano) : to_text(nano) + "e" + std::to_string(exponent);
}

}  // namespace

base::Result<Quantity> Quantity::parse(std::string_view text) {
  const auto fail = [&] { return base::invalid("malformed quantity").add("quantity", std::string(text)); };
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  const auto number_end = std::min(rest.find_first_not_of("0123456789."), rest.size());
  const std::string_view number = rest.substr(0, number_end);
  const auto point = std::min(number.find('.'), number.size());
  Digits digits{.run = std::string(number), .point = static_cast<std::int64_t>(point)};
  if (point < number.size()) digits.run.erase(point, 1);
  if (digits.run.empty() || digits.run.find('.') != std::string::npos) return fail();
  const auto suffix = parse_suffix(rest.substr(number_end));
  if (!suffix) return fail();

  const bool binary = suffix->format == Format::kBinarySI;
  constexpr std::int64_t kFar = 1'000'000'000'000;  // keeps the sum of point and exponent in range
  if (!binary) digits.point += std::clamp(suffix->exponent, -kFar, kFar);
  const Int128 nano = magnitude(digits, binary ? suffix->exponent : 0);
  // As the API server: a binary amount below one is shown in decimal.
  const bool small = binary && nano > 0 && nano < kNano;
  return Quantity(negative ? -nano : nano, small ? Format::kDecimalSI : suffix->format);
}

std::string Quantity::text() const {
  if (nano_ == 0) return "0";
  // A binary amount that is small or not whole is shown in decimal, so that nothing is rounded away.
  const bool large = nano_ <= -1024 * kNano || nano_ >= 1024 * kNano;
  if (format_ != Format::kBinarySI) return decimal_text(nano_, format_);
  return large && nano_ % kNano == 0 ? binary_text(nano_ / kNano) : decimal_text(nano_, Format::kDecimalSI);
}

std::int64_t Quantity::value() const { return divide_up(nano_, kNano); }
std::int64_t Quantity::milli_value() const { return divide_up(nano_, kNano / 1000); }
double Quantity::as_double() const { return static_cast<double>(nano_) / static_cast<double>(kNanoPerUnit); }

Quantity& Quantity::operator+=(const Quantity& other) {
  if (nano_ == 0) format_ = other.format_;
  nano_ += other.nano_;
  return *this;
}
Quantity& Quantity::operator-=(const Quantity& other) {
  if (nano_ == 0) format_ = other.format_;
  nano_ -= other.nano_;
  return *this;
}

}  // namespace karpenter::model
