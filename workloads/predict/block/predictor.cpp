// SPDX-License-Identifier: Apache-2.0
#include "workloads/predict/block/predictor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace fusesim::predict {

Norm fold_statistics(const std::vector<double>& gamma, const std::vector<double>& beta, const std::vector<double>& mean,
                     const std::vector<double>& variance, double epsilon) {
  const std::size_t channels = gamma.size();
  if (beta.size() != channels || mean.size() != channels || variance.size() != channels) {
    throw PredictError(fmt::format("a batch norm of {} channels has {} betas, {} means and {} variances", channels,
                                   beta.size(), mean.size(), variance.size()));
  }
  Norm norm;
  for (std::size_t c = 0; c < channels; ++c) {
    norm.factor.push_back(gamma[c] / std::sqrt(variance[c] + epsilon));
    norm.offset.push_back(beta[c] - mean[c] * norm.factor[c]);
  }
  return norm;
}

std::int8_t copy_of(double x, double step) {
  return static_cast<std::int8_t>(std::clamp(std::floor(x / step + 0.5), -8.0, 7.0));
}

std::uint8_t level_of(double y, double step) {
  return static_cast<std::uint8_t>(std::clamp(std::floor(std::max(y, 0.0) / step + 0.5), 0.0, 7.0));
}

reference::Ladder make_ladder(const StageChannel& channel, std::int32_t low, std::int32_t high, double step) {
  // No sum reaches the ends of 16 bits: they serve as thresholds that never pass.
  constexpr std::int32_t lowest = std::numeric_limits<std::int16_t>::min();
  constexpr std::int32_t highest = std::numeric_limits<std::int16_t>::max();
  if (low <= lowest || high >= highest) {
    throw PredictError(
        fmt::format("ternary sums of {} .. {} exceed the thresholds' 16 bits; use more groups", low, high));
  }
  if (!std::isfinite(channel.factor) || !std::isfinite(channel.offset) || !std::isfinite(channel.unit)) {
    throw PredictError(fmt::format("a predictor's batch norm has factor {} and offset {}; give finite numbers",
                                   channel.factor, channel.offset));
  }
  reference::Ladder ladder;
  ladder.falling = channel.factor < 0;
  const auto never = static_cast<std::int16_t>(ladder.falling ? lowest : highest);
  ladder.mask = never;
  ladder.levels.fill(never);
  // From the sums with the greatest results to those with the least: the last that passes is the threshold. Rounding is
  // monotonic, so no sum in between fails.
  for (std::int32_t i = 0; i <= high - low; ++i) {
    const std::int32_t sum = ladder.falling ? low + i : high - i;
    const double y = channel.normalised(sum);
    if (!(y > 0)) break;  // Nor is any level above 0.
    ladder.mask = static_cast<std::int16_t>(sum);
    const std::uint8_t level = level_of(y, step);
    for (std::uint8_t passed = 0; passed < level; ++passed) ladder.levels[passed] = static_cast<std::int16_t>(sum);
  }
  return ladder;
}

std::array<std::int16_t, 15> input_thresholds(const reference::TensorFormat& format, double step) {
  std::array<std::int16_t, 15> thresholds{};
  thresholds.fill(128);
  const reference::Limits range = reference::limits(format.type);
  for (std::int32_t q = range.highest; q >= range.lowest; --q) {
    const std::int8_t copy = copy_of(reference::dequantize(static_cast<std::int8_t>(q), format), step);
    std::fill_n(thresholds.begin(), copy + 8, static_cast<std::int16_t>(q));
  }
  return thresholds;
}

}  // namespace fusesim::predict
