// SPDX-License-Identifier: Apache-2.0
// Inverted bottlenecks in a graph: pointwise expansion, ReLU, depthwise, ReLU, pointwise projection. These are the
// blocks that the fused dataflow can run as one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "workloads/graph/graph.h"

namespace fusesim::transform {

/// Nodes of one block, in order of execution. Nothing outside the block reads a tensor inside it: all but the input and
/// the output are the block's own.
struct BottleneckNodes {
  graph::NodeId input = 0;  ///< The node whose result the block reads; not part of the block.
  graph::NodeId expand = 0;
  std::optional<graph::NodeId> expand_norm;  ///< Batch norms are gone where they have been folded.
  graph::NodeId expand_relu = 0;
  graph::NodeId depthwise = 0;
  std::optional<graph::NodeId> depthwise_norm;
  graph::NodeId depthwise_relu = 0;
  graph::NodeId project = 0;
  std::optional<graph::NodeId> project_norm;
  std::optional<graph::NodeId> shuffle;   ///< Of the projection's channels.
  std::optional<graph::NodeId> residual;  ///< The Add of the input and all of the above, in either order.

  std::uint32_t groups = 1;  ///< Of expansion and projection alike.
  std::uint32_t kernel = 3;  ///< Of the depthwise layer, height and width.
  std::uint32_t stride = 1;  ///< Of the depthwise layer, height and width.

  /// The last node: the residual add, the shuffle, the projection's batch norm or the projection, the first of these
  /// that there is.
  [[nodiscard]] graph::NodeId output() const {
    if (residual) return *residual;
    if (shuffle) return *shuffle;
    return project_norm.value_or(project);
  }
};

/// All blocks, in order of execution; no node belongs to two. Where pointwise and depthwise layers simply alternate, as
/// in MobileNetV1, a projection is not also the next block's expansion. All layers have dilation 1, the pointwise ones
/// stride 1 and no padding; the depthwise one has as many output as input channels, a square kernel of at least 2x2 and
/// equal strides, and any padding. Both activations are plain ReLU.
[[nodiscard]] std::vector<BottleneckNodes> find_bottlenecks(const graph::Graph& graph);

/// A pointwise, a depthwise and a pointwise layer in a row that are no such block.
struct UnsuitableBottleneck {
  graph::NodeId expand = 0, depthwise = 0, project = 0;
  /// One line that names the node: "'features.2.conv.0.2' is relu6, not relu".
  std::string reason;
};

/// What a reader would take for a block, in order of execution: those of which no layer is in one that
/// find_bottlenecks() finds, and between whose layers lie only batch norms, activations, shuffles and
/// squeeze-and-excite gates.
[[nodiscard]] std::vector<UnsuitableBottleneck> unsuitable_bottlenecks(const graph::Graph& graph);

}  // namespace fusesim::transform
