// SPDX-License-Identifier: Apache-2.0
// What the output unit makes of a result: docs/arithmetic.md, "Multipliers" and "Operators on maps".
#pragma once

#include <algorithm>
#include <cstdint>

#include "hw/fused/fused_core.h"

namespace fusesim::fused {

/// floor(product / 2^shift + 1/2); shift 1 .. 62, |product| < 2^62.
[[nodiscard]] constexpr std::int64_t rounded(std::int64_t product, std::int32_t shift) {
  return (product + (std::int64_t{1} << (shift - 1))) >> shift;
}

/// `residual` is looked at only when the parameters have one.
[[nodiscard]] constexpr std::int8_t output_value(std::int32_t result, std::int8_t residual,
                                                 const OutputParameters& by) {
  const auto sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(result) + static_cast<std::uint32_t>(by.bias));
  std::int64_t value = by.zero_out + rounded(std::int64_t{sum} * by.multiplier, by.shift);
  value = std::clamp<std::int64_t>(value, by.lowest, by.highest);
  if (!by.residual) return static_cast<std::int8_t>(value);
  const std::int64_t a = (value - by.zero_a) * by.multiplier_a;
  const std::int64_t b = (std::int64_t{residual} - by.zero_b) * by.multiplier_b;
  value = by.residual_zero_out + rounded(a + b, by.residual_shift);
  return static_cast<std::int8_t>(std::clamp<std::int64_t>(value, by.residual_lowest, by.residual_highest));
}

}  // namespace fusesim::fused
