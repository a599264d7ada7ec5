// SPDX-License-Identifier: Apache-2.0
// A predicted block in real numbers: its parameters, and what it computes. A value that is predicted positive passes
// as it is, also when it is negative; one that is not is zero.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "workloads/graph/operators.h"
#include "workloads/predict/block/predictor.h"

namespace fusesim::predict {

/// Parameters of a graph::PredictedBlock of C, M, O channels and g groups.
struct FloatBlock {
  std::vector<double> expand;     ///< M x C/g.
  std::vector<double> depthwise;  ///< M x K x K.
  std::vector<double> project;    ///< O x M/g.
  /// After each of them. Without a batch norm the factor is 1 and the offset the bias.
  Norm expand_norm, depthwise_norm, project_norm;
  BlockPredictor predictor;
};

/// Throws PredictError when a size does not fit, a value is not finite or the step is not positive.
void check(const graph::PredictedBlock& block, const FloatBlock& parameters);

/// The predictor's weights and units.
struct TernaryBlock {
  std::vector<std::int8_t> expand, depthwise;               ///< As FloatBlock's.
  std::vector<StageChannel> expand_stage, depthwise_stage;  ///< Of the M middle channels.
};
[[nodiscard]] TernaryBlock ternarise(const graph::PredictedBlock& block, const FloatBlock& parameters);

/// What a block's evaluation passes through. Maps are C,H,W.
struct BlockMaps {
  std::vector<std::int32_t> sums1, sums2;  ///< Ternary, of M x H x W and M x H' x W'.
  std::vector<std::uint8_t> mask1, level;  ///< M x H x W of the input.
  std::vector<std::uint8_t> mask2;         ///< M x H' x W' of the result.
  std::vector<double> result;              ///< O x H' x W', shuffled, residual added.
};

/// `in` and `out` are the shapes of the input and of the result. Throws PredictError as check() does.
[[nodiscard]] BlockMaps evaluate(const graph::PredictedBlock& block, const FloatBlock& parameters, graph::Shape in,
                                 graph::Shape out, std::span<const double> input);

/// The ternary sums of stage 1, of M x H x W, and of stage 2, of M x H' x W', for those who choose batch norms by them.
[[nodiscard]] std::vector<std::int32_t> ternary_sums1(const graph::PredictedBlock& block, const TernaryBlock& ternary,
                                                      graph::Shape in, double step, std::span<const double> input);
[[nodiscard]] std::vector<std::int32_t> ternary_sums2(const graph::PredictedBlock& block, const TernaryBlock& ternary,
                                                      graph::Shape in, graph::Shape out,
                                                      std::span<const std::uint8_t> level);

}  // namespace fusesim::predict
