// SPDX-License-Identifier: Apache-2.0
// A fold: the largest piece of an operator that the array computes at once, one sum per PE.
#pragma once

#include <cstdint>
#include <vector>

#include "hw/isa/array_config.h"

namespace fusesim::array {

enum class FoldKind : std::uint8_t {
  gemm,      ///< Skewed wavefront; `feed` = T, the length of the inner product.
  row_conv,  ///< 1-D convolutions on the broadcast wires; `feed` = operands streamed into each row.
};

/// A half-open interval of cycles relative to the start of a fold.
struct CycleSpan {
  std::uint32_t begin = 0, end = 0;
  bool operator==(const CycleSpan&) const = default;
};

/// What the timing law needs to know of a fold. All lengths in cycles.
struct FoldShape {
  FoldKind kind = FoldKind::gemm;
  std::uint32_t rows = 1;       ///< Rows in use, from the top.
  std::uint32_t cols = 1;       ///< One more than the last column in use.
  std::uint32_t feed = 1;       ///< Cycles in which operands enter the left edge (at row 0).
  std::uint32_t first_tap = 0;  ///< row_conv: cycle of the first broadcast tap, from the start of the fold.
  /// row_conv: bursts of cycles in which taps are broadcast, ascending and disjoint, from the start of the fold.
  std::vector<CycleSpan> taps;

  bool operator==(const FoldShape&) const = default;
};

}  // namespace fusesim::array
