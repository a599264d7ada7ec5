// SPDX-License-Identifier: Apache-2.0
#include "workloads/reference/arithmetic.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

namespace fusesim::reference {
namespace {

// Ratios of scales are compared and rounded exactly; their cross products need more than 64 bits.
__extension__ using Wide = __int128;

constexpr Wide power_of_two(int exponent) {
  return Wide{1} << exponent;
}

Wide floor_divide(Wide numerator, Wide denominator) {
  const Wide quotient = numerator / denominator;
  return numerator % denominator < 0 ? quotient - 1 : quotient;
}

/// floor(numerator / denominator + 1/2). Both within 2^125.
Wide round_half_up(Wide numerator, Wide denominator) {
  return floor_divide(2 * numerator + denominator, 2 * denominator);
}

constexpr std::int64_t value_end = std::int64_t{1} << 31;  // Multiplier values are below this.

/// min(floor(ratio * 2^shift + 1/2), 2^31).
std::int64_t scaled(const Ratio& ratio, int shift) {
  constexpr int enough = 120;  // Bits of one side beyond which the other, of 50, no longer matters.
  const int exponent = ratio.exponent + shift;
  if (ratio.numerator == 0) return 0;
  if (static_cast<int>(std::bit_width(ratio.numerator)) + exponent > enough) return value_end;
  if (static_cast<int>(std::bit_width(ratio.denominator)) - exponent > enough) return 0;
  const Wide numerator = static_cast<Wide>(ratio.numerator) * power_of_two(std::max(exponent, 0));
  const Wide denominator = static_cast<Wide>(ratio.denominator) * power_of_two(std::max(-exponent, 0));
  return static_cast<std::int64_t>(std::min<Wide>(round_half_up(numerator, denominator), value_end));
}

std::int32_t largest_shift(const Ratio& ratio) {
  for (std::int32_t shift = 62; shift >= 1; --shift) {
    if (scaled(ratio, shift) < value_end) return shift;
  }
  throw ArithmeticError("a ratio of scales is 2^30 or more: a result's scale is too fine for its inputs");
}

}  // namespace

const char* name(ElementType type) {
  return type == ElementType::int8 ? "int8" : "int4";
}

Scale::Scale(float value) : value_(value) {
  if (!(value >= smallest && value <= largest)) {
    throw ArithmeticError(fmt::format("a scale of {} is outside {} .. {}", value, smallest, largest));
  }
}

std::uint32_t Scale::mantissa() const {
  return (std::bit_cast<std::uint32_t>(value_) & 0x7FFFFF) | 0x800000;
}

int Scale::exponent() const {
  return static_cast<int>(std::bit_cast<std::uint32_t>(value_) >> 23) - 150;
}

Ratio ratio(Scale a, Scale c, std::uint32_t divisor) {
  if (divisor == 0 || divisor >= std::uint32_t{1} << 26) {
    throw ArithmeticError(fmt::format("a window of {} elements is outside 1 .. 2^26 - 1", divisor));
  }
  return {a.mantissa(), std::uint64_t{c.mantissa()} * divisor, a.exponent() - c.exponent()};
}

Ratio product_ratio(Scale a, Scale b, Scale c) {
  return {std::uint64_t{a.mantissa()} * b.mantissa(), c.mantissa(), a.exponent() + b.exponent() - c.exponent()};
}

Multiplier make_multiplier(const Ratio& ratio) {
  const std::int32_t shift = largest_shift(ratio);
  return {static_cast<std::int32_t>(scaled(ratio, shift)), shift};
}

SharedMultiplier make_shared_multiplier(std::span<const Ratio> ratios) {
  SharedMultiplier shared{{}, 62};
  for (const Ratio& ratio : ratios) shared.shift = std::min(shared.shift, largest_shift(ratio));
  for (const Ratio& ratio : ratios) shared.values.push_back(static_cast<std::int32_t>(scaled(ratio, shared.shift)));
  return shared;
}

std::int8_t requantize_sum(std::span<const std::int32_t> differences, const SharedMultiplier& by,
                           std::int32_t zero_point, Limits to) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < differences.size(); ++i) sum += std::int64_t{differences[i]} * by.values[i];
  return saturate(zero_point + rounding_shift(sum, by.shift), to);
}

Limits activation_bounds(graph::ActivationKind kind, const TensorFormat& format) {
  const Limits type = limits(format.type);
  switch (kind) {
    case graph::ActivationKind::relu:
      return {format.zero_point, type.highest};
    case graph::ActivationKind::relu6: {
      // 6 / (m 2^e), e < 0.
      const Wide six = round_half_up(6 * power_of_two(-format.scale.exponent()), format.scale.mantissa());
      return {format.zero_point, saturate(static_cast<std::int64_t>(format.zero_point + six), type)};
    }
    default:
      throw ArithmeticError(fmt::format("{} is not a clamp: it has a table", graph::name(kind)));
  }
}

Table activation_table(graph::ActivationKind kind, const TensorFormat& in, const TensorFormat& out) {
  if (kind != graph::ActivationKind::hswish && kind != graph::ActivationKind::hsigmoid) {
    throw ArithmeticError(fmt::format("{} has no table: it is a clamp", graph::name(kind)));
  }
  // With s = m 2^-e for the input and s' = m' 2^-e' for the output, x = X / 2^e, X = m (q - z), and
  //   min(max(x + 3, 0), 6) = T / 2^e,  T = min(max(X + 3 2^e, 0), 6 2^e)
  //   h-sigmoid / s' = T 2^e' / (6 m' 2^e),  h-swish / s' = X T 2^e' / (6 m' 2^2e).
  // e and e' are 15 .. 47: the numerators stay below 2^32 2^50 2^17, the denominators below 2^27 2^79.
  const int e = -in.scale.exponent(), e_out = -out.scale.exponent();
  Table table{};
  for (int q = -128; q <= 127; ++q) {
    const Wide x = static_cast<Wide>(in.scale.mantissa()) * (q - in.zero_point);
    const Wide gate = std::clamp<Wide>(x + 3 * power_of_two(e), 0, 6 * power_of_two(e));
    const bool hswish = kind == graph::ActivationKind::hswish;
    const int exponent = e_out - (hswish ? 2 * e : e);
    const Wide numerator = (hswish ? x * gate : gate) * power_of_two(std::max(exponent, 0));
    const Wide denominator = static_cast<Wide>(6 * out.scale.mantissa()) * power_of_two(std::max(-exponent, 0));
    // Clamped before it is narrowed: an extreme pair of scales gives quotients of more than 64 bits.
    const Wide rounded = std::clamp<Wide>(round_half_up(numerator, denominator), -1024, 1024);
    table[static_cast<std::size_t>(q + 128)] =
        saturate(out.zero_point + static_cast<std::int64_t>(rounded), limits(out.type));
  }
  return table;
}

std::int8_t quantize(double value, const TensorFormat& format) {
  if (std::isnan(value)) throw ArithmeticError("a value to be quantised is not a number");
  const double steps = std::floor(value / double{format.scale.value()} + 0.5);
  // Clamped before it is narrowed.
  const auto rounded = static_cast<std::int64_t>(std::clamp(steps, -1024.0, 1024.0));
  return saturate(format.zero_point + rounded, limits(format.type));
}

void check(const TensorFormat& format, const std::string& what) {
  const Limits type = limits(format.type);
  if (format.zero_point < type.lowest || format.zero_point > type.highest) {
    throw ArithmeticError(fmt::format("{}: zero point {} is outside {} .. {} of {}", what, format.zero_point,
                                      type.lowest, type.highest, name(format.type)));
  }
}

}  // namespace fusesim::reference
