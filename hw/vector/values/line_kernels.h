// SPDX-License-Identifier: Apache-2.0
// Kernels over a line: elements that lie side by side and share their parameters. One set of them an instruction set.
//
// A line's result may lie over its operand as long as no element is written above its own operand: operands of a block
// are read before its results are written, blocks ascend, and nothing beyond the result is written.
#pragma once

#include <cstddef>
#include <cstdint>

#include "hw/isa/machine/program.h"

namespace fusesim::vector {

/// zero + round(v, shift), clamped to lowest .. highest.
struct Rounding {
  std::int32_t shift = 1;  ///< 1 .. 62.
  std::int32_t zero = 0;
  std::int32_t lowest = -128, highest = 127;
};

/// (q - zero) * multiplier
struct Factor {
  std::int32_t zero = 0;
  std::int32_t multiplier = 0;
};

struct LineKernels {
  /// round((sum + bias) * multiplier, shift); `sums` are little-endian int32, at any address; the shift is that of
  /// `parameters`.
  void (*requantize)(const std::int8_t* sums, std::int8_t* result, std::size_t count,
                     const isa::machine::ChannelParameters& parameters, const Rounding& rounding);
  /// round((a - a.zero) * a.multiplier + (b - b.zero) * b.multiplier)
  void (*add)(const std::int8_t* a, const std::int8_t* b, std::int8_t* result, std::size_t count, const Factor& of_a,
              const Factor& of_b, const Rounding& rounding);
  /// round((a - zero) * gate * multiplier), |gate| <= 255
  void (*scale)(const std::int8_t* a, std::int8_t* result, std::size_t count, const Factor& of_a, std::int32_t gate,
                const Rounding& rounding);
  /// sums[i] += from[i * stride] - zero, modulo 2^32
  void (*accumulate)(const std::int8_t* from, std::size_t stride, std::int32_t zero, std::int32_t* sums,
                     std::size_t count);
  /// largest[i] = max(largest[i], from[i * stride])
  void (*maximum)(const std::int8_t* from, std::size_t stride, std::int8_t* largest, std::size_t count);
  /// Sum of from[i] - zero, modulo 2^32.
  std::int32_t (*sum)(const std::int8_t* from, std::int32_t zero, std::size_t count);
};

extern const LineKernels portable_line_kernels;
#ifdef FUSESIM_X86_KERNELS
extern const LineKernels avx2_line_kernels, avx512_line_kernels;
#endif

}  // namespace fusesim::vector
