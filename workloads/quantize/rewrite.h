// SPDX-License-Identifier: Apache-2.0
// Rewrites of a network before it is quantised.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "workloads/quantize/float_network.h"

namespace fusesim::quantize {

/// A graph without batch norms and nodes that never run.
struct FoldedGraph {
  graph::Graph graph;
  std::vector<graph::NodeId> origin;               ///< The node that each one was.
  std::vector<std::optional<graph::NodeId>> norm;  ///< The batch norm that went into a convolution or linear layer.
};
/// Where batch norms go: one that is the only reader of a convolution or linear layer into that layer, which then has a
/// bias; any other becomes a 1x1 depthwise convolution under its own name.
[[nodiscard]] FoldedGraph without_batch_norm(const graph::Graph& graph);

/// The same network without batch norms and nodes that never run; it computes the same function. A batch norm that is
/// the only reader of a convolution or linear layer goes into its weights and bias, under that layer's name; any other
/// becomes a 1x1 depthwise convolution under its own.
[[nodiscard]] FloatNetwork fold_batch_norm(const FloatNetwork& network);

/// The same operators on an input of another height and width. Throws graph::GraphError when they do not fit it, as
/// when a map meets a linear layer without a pool between them.
[[nodiscard]] graph::Graph with_input_size(const graph::Graph& graph, std::uint32_t height, std::uint32_t width);

}  // namespace fusesim::quantize
