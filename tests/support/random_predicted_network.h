// SPDX-License-Identifier: Apache-2.0
// Random networks in which predicted blocks follow one another and other layers, for tests of whatever runs both
// dataflows; and random fused units to run them on.
#pragma once

#include <cstdint>

#include "hw/isa/machine/config.h"
#include "tests/support/random_instruction.h"
#include "workloads/reference/quantized_graph.h"

namespace fusesim::test {

struct PredictedNetworkOptions {
  std::uint32_t blocks = 3;    ///< At least; blocks with a residual may come twice in a row.
  std::uint32_t size = 20;     ///< Largest height and width of the input.
  std::uint32_t channels = 4;  ///< Of a block's group, input and output.
  std::uint32_t middle = 10;   ///< Of a block's group.
};

/// Convolutions before blocks that follow no fitting map, ReLUs, pools, concats and shuffles after some, features at
/// the end. The same for equal arguments.
[[nodiscard]] reference::QuantizedGraph random_predicted_network(std::uint64_t seed,
                                                                 const PredictedNetworkOptions& options = {});

/// A fused unit with a PE for each of the core's; large enough for the networks above, small enough to be busy.
[[nodiscard]] isa::machine::FusedConfig random_fused_unit(Random& random, const isa::ArrayConfig& array);

}  // namespace fusesim::test
