// SPDX-License-Identifier: Apache-2.0
// Magnitude pruning: the weights nearest to zero become zero.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "workloads/quantize/float_network.h"
#include "workloads/transform/bottleneck.h"

namespace fusesim::predict {

/// Makes the floor(share * n + 1/2) weights of least magnitude of a tensor of n zero; of equal ones the first. Throws
/// PredictError unless 0 <= share <= 1.
void prune(std::span<double> weights, double share);

/// Shares of the ARCHON study.
struct PruneShares {
  double pointwise = 0.8;  ///< Of each group's kernel of expansions and projections.
  double depthwise = 0.7;  ///< Of each depthwise tensor.
  /// The last pointwise layer of the network, outside all blocks, like the others: the study does so in FusioNet.
  bool last_pointwise = false;
};

/// Prunes the three layers of each block and leaves the others as they are: the study prunes neither the first layers
/// nor gates nor the classifier. The graph stays the same.
[[nodiscard]] quantize::FloatNetwork prune(quantize::FloatNetwork network,
                                           std::span<const transform::BottleneckNodes> blocks,
                                           const PruneShares& shares = {});

}  // namespace fusesim::predict
