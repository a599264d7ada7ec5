// SPDX-License-Identifier: Apache-2.0
// Random predicted blocks with all their constants, for tests of whatever runs them.
#pragma once

#include <cstdint>
#include <vector>

#include "workloads/reference/predicted_block.h"

namespace fusesim::test {

/// A block, the map it reads and all that its result depends on. reference::check() accepts it.
struct RandomBlock {
  graph::PredictedBlock block;
  reference::BlockConstants constants;
  graph::Shape shape;               ///< Of the input.
  reference::TensorFormat in, out;  ///< Of the input and of the block's result.
  std::vector<std::int8_t> input;
};

struct RandomBlockOptions {
  std::uint32_t size = 12;     ///< Largest height and width of the input; one side is 1 at times.
  std::uint32_t channels = 4;  ///< Largest number of input, and of output, channels of a group.
  std::uint32_t middle = 10;   ///< Largest number of middle channels of a group.
  std::uint32_t factor = 31;   ///< Largest magnitude of a factor; 31^3 is the largest term of 16 bits.
};

/// Strides 1 and 2, groups 1, 2 and 4, kernels 1, 3, 5 and 7, any padding below the kernel, maps of one row or column,
/// shuffles, residuals, dense and sparse factors, all-zero factors, rising and falling ladders, masks that always and
/// never pass, sums far from and near to their thresholds, 4-bit formats. The same for equal arguments.
[[nodiscard]] RandomBlock random_block(std::uint64_t seed, const RandomBlockOptions& options = {});

}  // namespace fusesim::test
