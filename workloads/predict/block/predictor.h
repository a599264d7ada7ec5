// SPDX-License-Identifier: Apache-2.0
// The predictor's arithmetic in real numbers, and the integer thresholds that decide exactly as it does.
#pragma once

#include <array>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "workloads/reference/predicted_block.h"

namespace fusesim::predict {

/// What cannot be predicted or quantised; the message says what, by how much, and the cure, but not which block.
class PredictError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// A batch norm, statistics of training folded: factor[c] * x + offset[c].
struct Norm {
  std::vector<double> factor, offset;
};

/// gamma / sqrt(variance + epsilon) and beta - mean * factor, channel by channel. All of one size.
[[nodiscard]] Norm fold_statistics(const std::vector<double>& gamma, const std::vector<double>& beta,
                                   const std::vector<double>& mean, const std::vector<double>& variance,
                                   double epsilon = 1e-3);

/// What is trained of a block's predictor; its weights are the block's (ternarise.h). Both stages:
/// y = norm(step * alpha * t), the mask is y > 0, the level of stage 1 is level_of(y, step).
struct BlockPredictor {
  double step = 0.8;  ///< Of the 4-bit copy of the input and of levels.
  Norm expand;        ///< Stage 1, of the M middle channels.
  Norm depthwise;     ///< Stage 2, likewise.
};

/// The 4-bit copy of an input: clamp(floor(x / step + 1/2), -8, 7).
[[nodiscard]] std::int8_t copy_of(double x, double step);
/// The level of a ReLU's result: clamp(floor(max(y, 0) / step + 1/2), 0, 7).
[[nodiscard]] std::uint8_t level_of(double y, double step);

/// One channel of a stage in real numbers.
struct StageChannel {
  double factor = 1, offset = 0;  ///< Of its batch norm.
  double unit = 1;                ///< What a step of its sum stands for: step * alpha, not negative.
  [[nodiscard]] double normalised(std::int32_t sum) const { return factor * (unit * sum) + offset; }
};

/// The ladder that masks and levels every sum of `low` .. `high` exactly as the real numbers do: found by evaluating
/// them at every integer. Throws PredictError when a threshold does not fit 16 bits.
[[nodiscard]] reference::Ladder make_ladder(const StageChannel& channel, std::int32_t low, std::int32_t high,
                                            double step);

/// The thresholds that give every integer of `format` the 4-bit copy of the real number that it stands for; 128 where a
/// value is never reached.
[[nodiscard]] std::array<std::int16_t, 15> input_thresholds(const reference::TensorFormat& format, double step);

}  // namespace fusesim::predict
