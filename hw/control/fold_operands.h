// SPDX-License-Identifier: Apache-2.0
// The values a fold needs, laid out in the order in which the feeders take them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hw/array/fold.h"
#include "hw/control/fold_plan.h"

namespace fusesim::control {

struct FoldOperands {
  array::FoldShape shape;
  std::vector<std::int8_t> left;          ///< [feed][rows]: what enters row i in each cycle, before any skew.
  std::vector<std::int8_t> top;           ///< gemm: [feed][cols].
  std::vector<std::uint32_t> tap_cycles;  ///< row_conv: cycle of each broadcast, ascending, from the fold's start.
  std::vector<std::int8_t> taps;          ///< row_conv: [tap][rows].
  std::vector<std::uint8_t> columns;      ///< [cols]: 1 where the column is in use (packed rows have gaps).
};

/// Reads a fold's operands. `input` starts at the instruction's first input channel (C,H,W); `weights` is the whole
/// weight tensor. Zeros (pad_value) outside the map are made here, not read.
[[nodiscard]] FoldOperands fetch_operands(const FoldPlan& plan, const Fold& fold, std::span<const std::int8_t> input,
                                          std::span<const std::int8_t> weights);

/// Writes a fold's sums ([rows][cols]) to `output`, which starts at the instruction's first output channel (C,H,W).
void store_sums(const FoldPlan& plan, const Fold& fold, std::span<const std::int32_t> sums,
                std::span<std::int32_t> output);

/// The sums of a fold by their definition, [rows][cols]; zero in columns not in use.
[[nodiscard]] std::vector<std::int32_t> expected_sums(const FoldOperands& operands);

}  // namespace fusesim::control
