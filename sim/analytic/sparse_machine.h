// SPDX-License-Identifier: Apache-2.0
// A layer-by-layer machine that skips zero weights, for comparison with the fused dataflow: every PE works on filters
// of its own, one multiply-accumulate a cycle, and a layer ends with the PE that has the most nonzero weights. With no
// zeros it is the dense machine.
#pragma once

#include <cstdint>
#include <span>

namespace fusesim::analytic {

/// `nonzeros` has one entry a filter (an output channel, or a channel of a depthwise layer): its weights that are not
/// zero, each used once at every of `pixels` outputs. Filter f goes to PE f mod pes. With fewer filters than PEs the
/// PEs form floor(pes / filters) teams that share the pixels. Cycles of the layer: ceil(pixels / teams) * most weights
/// on a PE. Memory, halo and activation zeros cost or save nothing. Throws std::invalid_argument when `pes` is 0.
[[nodiscard]] std::uint64_t sparse_layer_cycles(std::span<const std::uint32_t> nonzeros, std::uint64_t pixels,
                                                std::uint32_t pes);

}  // namespace fusesim::analytic
