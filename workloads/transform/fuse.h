// SPDX-License-Identifier: Apache-2.0
// FuSe: a KxK filter per channel becomes 1xK filters and Kx1 filters whose results are concatenated, 1xK first.
#pragma once

#include <cstdint>
#include <functional>

#include "workloads/graph/graph.h"

namespace fusesim::transform {

enum class FuseKind : std::uint8_t {
  full,  ///< Both filters on all C channels that reach the layer: 2C out.
  half,  ///< 1xK on the first floor(C/2) channels, Kx1 on the rest: C out.
};

/// Where the activation that followed the replaced layer goes. Batch norm always moves into the branches.
enum class BranchActivation : std::uint8_t {
  per_branch,    ///< conv, batch norm, activation, then concat.
  after_concat,  ///< conv, batch norm, then concat, activation.
  removed,       ///< conv, batch norm, then concat, as MobileNetV1 was published.
};

/// Chooses layers to replace; asked once for every node that fusible() accepts.
using Selection = std::function<bool(const graph::Graph&, graph::NodeId)>;

struct FuseOptions {
  FuseKind kind = FuseKind::half;
  /// Default: every depthwise layer.
  Selection select = {};
  BranchActivation activation = BranchActivation::per_branch;
};

/// Whether FuSe can take the node's place: an executed convolution with a square kernel of at least 2x2 and as many
/// output as input channels, depthwise or dense.
[[nodiscard]] bool fusible(const graph::Graph& graph, graph::NodeId id);

/// fusible() and depthwise: the default selection.
[[nodiscard]] bool depthwise_square(const graph::Graph& graph, graph::NodeId id);

/// Replaces the selected layers. `name` becomes `name`_h (1xK), `name`_v (Kx1) and `name`_cat; a batch norm or
/// activation that moves into the branches is named the same way. Padding, stride, dilation and bias of each axis are
/// kept. Where the number of channels changes, all that follows does: batch norms, depthwise layers, slices (in
/// proportion), squeeze-and-excite gates (in proportion, so that C/4 hidden features become 2C/4) and the input of
/// the next dense layer.
/// Throws graph::GraphError naming the node when a kernel is not padded to keep the size of its map (the branches
/// would not fit together), a single channel is to be halved, or widened channels meet an operator that cannot follow.
[[nodiscard]] graph::Graph fuse(const graph::Graph& graph, const FuseOptions& options);

}  // namespace fusesim::transform
