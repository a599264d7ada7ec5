// SPDX-License-Identifier: Apache-2.0
// Says which blocks of a network are predicted. Prediction alters a network's results: nothing in fusesim predicts a
// block that was not annotated here.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/quantize/float_network.h"
#include "workloads/transform/bottleneck.h"

namespace fusesim::predict {

/// What a block is called: what the names of its three layers have in common, up to a '.', '_' or '/': "b7" for
/// "b7.expand", "b7.depthwise" and "b7.project". Nothing in common, or what another block has in common too, or the
/// name of a node outside: the expansion's name. No two blocks have the same.
[[nodiscard]] std::string block_name(const graph::Graph& graph, const transform::BottleneckNodes& block);

/// Blocks that can be predicted, in order of execution: when `names` is empty all that have more middle than input
/// channels, else those named, by block_name() or by the name of one of their layers. Throws PredictError with the
/// block, the reason and the cure when a named block cannot be predicted or is named twice, with the nearest name when
/// there is none of that name, and when there is nothing to predict at all.
[[nodiscard]] std::vector<transform::BottleneckNodes> choose_blocks(const graph::Graph& graph,
                                                                    std::span<const std::string> names = {});

/// The network with each block one node, a graph::PredictedBlock named block_name(); all other nodes stay, in order.
/// `predictors` has one entry a block. Without blocks it is the network as it was. Annotate before batch norms are
/// folded: the predictor's weights are those of the layers, not of their products with batch norms. Throws PredictError
/// naming the block when it cannot be predicted or its predictor is of the wrong size.
[[nodiscard]] quantize::FloatNetwork annotate(const quantize::FloatNetwork& network,
                                              std::span<const transform::BottleneckNodes> blocks,
                                              std::span<const BlockPredictor> predictors);

}  // namespace fusesim::predict
