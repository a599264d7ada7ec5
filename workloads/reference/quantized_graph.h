// SPDX-License-Identifier: Apache-2.0
// A network in integers: operators, the format of every tensor, weights, biases, and all constants that follow.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "workloads/graph/graph.h"
#include "workloads/reference/arithmetic.h"
#include "workloads/reference/predicted_block.h"

namespace fusesim::reference {

/// What a convolution or linear layer brings along.
struct Weights {
  ElementType type = ElementType::int8;
  std::vector<std::int8_t> values;  ///< out_channels x in_channels/groups x kernel_height x kernel_width.
  std::vector<Scale> scales;        ///< One an output channel.
  std::vector<std::int32_t> bias;   ///< One an output channel, in steps of input scale * weight scale.
};

// The constants of a node that runs, all that a machine needs to know besides the operator.

/// Convolution and linear: result = requantize(sum + bias[c], multipliers[c]), where the sum is over raw integers and
/// elements outside the map are `pad_value`.
struct ConvConstants {
  Weights weights;
  std::vector<std::int32_t> folded_bias;  ///< Bias less the input's zero point times the channel's weights.
  std::vector<Multiplier> multipliers;    ///< input scale * weight scale / output scale.
  std::int8_t pad_value = 0;              ///< The input's zero point.
};
/// Average pool: one multiplier. Scale: one for the product. Concat: one an input.
struct RescaleConstants {
  std::vector<Multiplier> multipliers;
};
struct AddConstants {
  SharedMultiplier multiplier;  ///< One value an input.
};
/// ReLU and ReLU6.
struct ClampConstants {
  Limits bounds;
};
/// H-swish and h-sigmoid.
struct TableConstants {
  Table table{};
};
/// Nodes without constants: input, max pool, split, flatten, shuffle.
using Constants = std::variant<std::monostate, ConvConstants, RescaleConstants, AddConstants, ClampConstants,
                               TableConstants, BlockConstants>;

/// Immutable and consistent: everything is checked and derived by the constructor.
class QuantizedGraph {
 public:
  /// `formats` has one entry a node, `weights` one a convolution and linear layer, `blocks` one a predicted block.
  ///
  /// Throws std::invalid_argument naming the node when the graph is not valid or holds a batch norm (it must have been
  /// folded) or a node that never runs; when it has not exactly one input; when weights are missing, of the wrong size
  /// or outside their type; when a zero point is outside its type; when split, flatten, shuffle, max pool, ReLU or
  /// ReLU6 change the format of what they read; when a ratio of scales is too large for a multiplier; when check()
  /// refuses the constants of a block.
  QuantizedGraph(graph::Graph graph, std::vector<TensorFormat> formats, std::map<graph::NodeId, Weights> weights,
                 std::map<graph::NodeId, BlockConstants> blocks = {});

  [[nodiscard]] const graph::Graph& graph() const { return graph_; }
  /// The format of a node's result.
  [[nodiscard]] const TensorFormat& format(graph::NodeId id) const { return formats_.at(id); }
  [[nodiscard]] const Constants& constants(graph::NodeId id) const { return constants_.at(id); }
  /// Of a convolution or linear layer. Throws std::invalid_argument for another node.
  [[nodiscard]] const ConvConstants& convolution(graph::NodeId id) const;
  /// Of a predicted block. Throws std::invalid_argument for another node.
  [[nodiscard]] const BlockConstants& block(graph::NodeId id) const;
  [[nodiscard]] graph::NodeId input() const { return input_; }

 private:
  [[nodiscard]] Constants derive(const graph::Node& node, graph::NodeId id, std::map<graph::NodeId, Weights>& weights,
                                 std::map<graph::NodeId, BlockConstants>& blocks) const;
  [[nodiscard]] ConvConstants derive_convolution(const graph::Node& node, graph::NodeId id, Weights weights) const;

  graph::Graph graph_;
  std::vector<TensorFormat> formats_;
  std::vector<Constants> constants_;
  graph::NodeId input_ = 0;
};

/// The convolution a node is: itself, or 1x1 for a linear layer; nothing for other operators.
[[nodiscard]] std::optional<graph::Conv> as_convolution(const graph::Operator& op);

/// Largest magnitude that the sum plus bias of any channel of a convolution or linear layer can reach for any input.
/// From 2^31 on accumulators may wrap around.
[[nodiscard]] std::uint64_t largest_sum(const QuantizedGraph& network, graph::NodeId id);

}  // namespace fusesim::reference
