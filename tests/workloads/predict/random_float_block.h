// SPDX-License-Identifier: Apache-2.0
// Predicted blocks with random real parameters, pruned as the study prunes.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "workloads/predict/block/float_block.h"
#include "workloads/predict/prune.h"

namespace fusesim::test {

class RandomFloat {
 public:
  explicit RandomFloat(std::uint64_t seed) : engine_(seed) {}
  double normal(double deviation = 1) { return std::normal_distribution<double>(0, deviation)(engine_); }
  double uniform(double low, double high) { return std::uniform_real_distribution<double>(low, high)(engine_); }
  std::uint32_t between(std::uint32_t low, std::uint32_t high) {
    return std::uniform_int_distribution<std::uint32_t>(low, high)(engine_);
  }
  std::vector<double> normals(std::size_t count, double deviation = 1) {
    std::vector<double> values(count);
    for (double& value : values) value = normal(deviation);
    return values;
  }

 private:
  std::mt19937_64 engine_;
};

/// Factors of about 1, some negative, a few zero; offsets about `mean`.
inline predict::Norm random_norm(RandomFloat& random, std::size_t channels, double mean) {
  predict::Norm norm;
  for (std::size_t c = 0; c < channels; ++c) {
    const double sign = random.between(0, 9) == 0 ? -1 : 1;
    norm.factor.push_back(random.between(0, 19) == 0 ? 0.0 : sign * random.uniform(0.5, 1.5));
    norm.offset.push_back(mean + random.normal(0.5));
  }
  return norm;
}

inline predict::FloatBlock random_float_block(RandomFloat& random, const graph::PredictedBlock& block,
                                              const predict::PruneShares& shares = {}) {
  const std::uint32_t inner = block.in_channels / block.groups, middle = block.middle_channels / block.groups;
  const std::uint32_t taps = block.kernel * block.kernel;
  predict::FloatBlock made;
  made.expand = random.normals(std::size_t{block.middle_channels} * inner, std::sqrt(2.0 / inner));
  made.depthwise = random.normals(std::size_t{block.middle_channels} * taps, std::sqrt(2.0 / taps));
  made.project = random.normals(std::size_t{block.out_channels} * middle, std::sqrt(2.0 / middle));
  const auto prune_groups = [&](std::vector<double>& weights) {
    const std::size_t each = weights.size() / block.groups;
    for (std::uint32_t group = 0; group < block.groups; ++group) {
      predict::prune(std::span(weights).subspan(group * each, each), shares.pointwise);
    }
  };
  prune_groups(made.expand);
  prune_groups(made.project);
  predict::prune(made.depthwise, shares.depthwise);
  made.expand_norm = random_norm(random, block.middle_channels, 0.3);
  made.depthwise_norm = random_norm(random, block.middle_channels, 0.3);
  made.project_norm = random_norm(random, block.out_channels, 0);
  made.predictor.expand = random_norm(random, block.middle_channels, 0);
  made.predictor.depthwise = random_norm(random, block.middle_channels, 0);
  return made;
}

/// Strides 1 and 2, groups 1, 2 and 4, kernels 1 to 7, residuals and shuffles.
inline graph::PredictedBlock random_predicted_block(RandomFloat& random) {
  graph::PredictedBlock block;
  block.groups = 1U << random.between(0, 2);
  block.in_channels = block.groups * random.between(1, 4);
  block.middle_channels = block.groups * random.between(2, 12);
  block.kernel = 2 * random.between(0, 3) + 1;
  block.stride = random.between(1, 2);
  block.padding = graph::Padding::symmetric(block.kernel / 2, block.kernel / 2);
  block.residual = block.stride == 1 && random.between(0, 1) == 1;
  block.out_channels = block.residual ? block.in_channels : block.groups * random.between(1, 4);
  block.shuffle = random.between(0, 1) == 1 ? block.groups : 1;
  return block;
}

}  // namespace fusesim::test
