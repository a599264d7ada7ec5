// SPDX-License-Identifier: Apache-2.0
// An expand - depthwise - project block with predicted ReLUs, in integers: docs/fused.md, "The block in integers" and
// "The predictor". The layer-by-layer semantics, plainly written; every fused form must equal it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "workloads/graph/operators.h"
#include "workloads/reference/arithmetic.h"

namespace fusesim::reference {

/// A ternary sum passes when t >= mask (rising) or t <= mask (falling); its level is the number of `levels` it passes.
struct Ladder {
  bool falling = false;
  std::int16_t mask = 0;
  std::array<std::int16_t, 7> levels{};  ///< Ascending when rising, descending when falling. Unused by stage 2.
  bool operator==(const Ladder&) const = default;
};

/// Constants of a graph::PredictedBlock with C, M, O channels in all and g groups. Channels of a group are neighbours.
struct BlockConstants {
  // Main path.
  std::vector<std::int8_t> expand;                        ///< M x C/g.
  std::vector<std::int8_t> depthwise;                     ///< M x K x K.
  std::vector<std::int8_t> project;                       ///< O x M/g.
  std::vector<std::int32_t> expand_bias, depthwise_bias;  ///< M each, times 2^shift.
  std::uint32_t expand_bias_shift = 0, depthwise_bias_shift = 0;
  std::vector<std::int32_t> bias;            ///< O, in steps of the accumulator.
  std::vector<Multiplier> multipliers;       ///< O: accumulator to `projected`.
  TensorFormat projected;                    ///< Of the project convolution; the node's own format without a residual.
  std::optional<SharedMultiplier> residual;  ///< Of {projected, input}, as an Add's; present when the block has one.
  // Predictor.
  std::array<std::int16_t, 15> input_thresholds{};        ///< v = -8 + number that are <= q.
  std::vector<std::int8_t> ternary_expand;                ///< M x C/g, -1, 0, 1.
  std::vector<std::int8_t> ternary_depthwise;             ///< M x K x K.
  std::vector<Ladder> expand_ladders, depthwise_ladders;  ///< M each.
};

/// Bits of a term of a composed list, sign included.
inline constexpr std::uint32_t kTermBits = 16;
/// Of a block's biases: 2^14 is the largest shift.
inline constexpr std::uint32_t kLargestBiasShift = 14;

/// Throws ArithmeticError, which says what is wrong and by how much, when a size does not fit; a ternary value is not
/// -1, 0 or 1; levels or input thresholds are out of order; a shift is too large; the residual's multiplier is missing
/// or not wanted; without a residual, `projected` is not `out`; a product of factors (and bias) is no term of
/// kTermBits; or the sums of an output channel, its bias included, can leave 32 bits under some masks and input.
void check(const graph::PredictedBlock& block, const BlockConstants& constants, const TensorFormat& in,
           const TensorFormat& out);

/// The largest magnitude that the sum of each output channel, its bias included, can reach under any masks and input:
/// sum over all its lists of magnitude * largest operand. Below 2^31 in constants that check() accepts.
[[nodiscard]] std::vector<std::int64_t> largest_sums(const graph::PredictedBlock& block,
                                                     const BlockConstants& constants, const TensorFormat& in);

/// All that layer-by-layer execution passes through.
struct BlockTrace {
  std::vector<std::uint8_t> mask1;    ///< M x H x W of the input map.
  std::vector<std::uint8_t> level;    ///< v1, likewise.
  std::vector<std::uint8_t> mask2;    ///< M x H' x W' of the result.
  std::vector<std::int64_t> hidden1;  ///< M x H x W, zero where mask 1 is.
  std::vector<std::int64_t> hidden2;  ///< M x H' x W', zero where mask 2 is.
  std::vector<std::int64_t> sums;     ///< O x H' x W', bias not added; channels before the shuffle.
  std::vector<std::int8_t> result;    ///< O x H' x W', shuffled, residual added.
};

/// Masked, layer by layer. `in` is the format of `input` (C,H,W), `out` that of the node's result. Throws
/// ArithmeticError when a size does not fit.
[[nodiscard]] BlockTrace execute_block(const graph::PredictedBlock& block, const BlockConstants& constants,
                                       graph::Shape shape, const TensorFormat& in, const TensorFormat& out,
                                       std::span<const std::int8_t> input);

/// The last steps of a block, from sums to its result: bias, requantisation, shuffle, residual.
[[nodiscard]] std::vector<std::int8_t> finish_block(const graph::PredictedBlock& block, const BlockConstants& constants,
                                                    const TensorFormat& in, const TensorFormat& out,
                                                    std::span<const std::int64_t> sums,
                                                    std::span<const std::int8_t> input);

}  // namespace fusesim::reference
