// SPDX-License-Identifier: Apache-2.0
// What the output unit makes of a result: docs/arithmetic.md, "Multipliers" and "Operators on maps".
#pragma once

#include <algorithm>
#include <cstdint>

#include "hw/fused/fused_core.h"

namespace fusesim::fused {

/// What all channels of an instruction have in common: bias, multiplier and shift are each channel's own.
[[nodiscard]] constexpr OutputParameters output_parameters(const isa::machine::FusedAccumulate& accumulate) {
  OutputParameters parameters;
  parameters.zero_out = accumulate.zero_out;
  parameters.lowest = accumulate.lowest;
  parameters.highest = accumulate.highest;
  if (!accumulate.residual) return parameters;
  parameters.residual = true;
  parameters.zero_a = accumulate.residual->zero_a;
  parameters.zero_b = accumulate.residual->zero_b;
  parameters.residual_zero_out = accumulate.residual->zero_out;
  parameters.multiplier_a = accumulate.residual->multiplier_a;
  parameters.multiplier_b = accumulate.residual->multiplier_b;
  parameters.residual_shift = accumulate.residual->shift;
  parameters.residual_lowest = accumulate.residual->lowest;
  parameters.residual_highest = accumulate.residual->highest;
  return parameters;
}

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
