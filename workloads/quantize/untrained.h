// SPDX-License-Identifier: Apache-2.0
// A quantised network for any graph in no time: when only the shapes matter, or any values will do as long as they are
// alive. Nothing is executed and nothing calibrated.
#pragma once

#include <cstdint>

#include "workloads/reference/quantized_graph.h"

namespace fusesim::quantize {

/// Batch norms and nodes that never run are dropped as fold_batch_norm() does. Weights are uniform int8, different for
/// every seed and the same on every machine; formats follow from the mean and variance that each tensor would have if
/// everything it is made of were independent, for an input of uniform int8 values. Throws QuantizeError when the graph
/// has not exactly one input.
[[nodiscard]] reference::QuantizedGraph untrained_network(const graph::Graph& graph, std::uint64_t seed = 1);

}  // namespace fusesim::quantize
