// SPDX-License-Identifier: Apache-2.0
// Predictors for networks that have none trained. Synthetic: they pass as many values as asked for, not the right ones.
// What is measured with them says how a machine behaves at that survival, nothing of accuracy.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "workloads/quantize/float_network.h"
#include "workloads/transform/bottleneck.h"

namespace fusesim::predict {

/// One predictor a block. `survival`, 0 .. 1, is the share of positions that each of the two masks lets pass over the
/// samples, inputs of the network: each channel's thresholds are those that come nearest, and what a channel errs by
/// the next makes up for. Batch norms give stage sums about unit variance; one channel in 16 has a negative gamma. The
/// same for equal arguments. Throws PredictError when survival is out of range or there is no sample.
[[nodiscard]] std::vector<BlockPredictor> untrained_predictors(const quantize::FloatNetwork& network,
                                                               std::span<const transform::BottleneckNodes> blocks,
                                                               double survival, std::span<const quantize::Map> samples,
                                                               std::uint64_t seed = 1,
                                                               const quantize::Checkpoint& checkpoint = {});

/// Two synthetic images as samples.
[[nodiscard]] std::vector<BlockPredictor> untrained_predictors(const quantize::FloatNetwork& network,
                                                               std::span<const transform::BottleneckNodes> blocks,
                                                               double survival, std::uint64_t seed = 1);

}  // namespace fusesim::predict
