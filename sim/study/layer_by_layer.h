// SPDX-License-Identifier: Apache-2.0
// A network on the layer-by-layer machines that the fused dataflow is compared with: `dense-64` and `sparse-64`
// (sim/analytic/sparse_machine.h).
#pragma once

#include <cstdint>

#include "workloads/quantize/float_network.h"

namespace fusesim::study {

struct LayerByLayer {
  std::uint64_t macs_over_pes = 0;  ///< Sum over the layers of MACs / pes, rounded up: no machine is faster.
  std::uint64_t dense = 0;          ///< Cycles of the machine that multiplies by zeros too.
  std::uint64_t sparse = 0;         ///< Cycles of the one that skips them.
};

/// Of the convolutions and linear layers of a network with weights.
[[nodiscard]] LayerByLayer layer_by_layer_cycles(const quantize::FloatNetwork& network, std::uint32_t pes);

}  // namespace fusesim::study
