// SPDX-License-Identifier: Apache-2.0
// A network in real numbers: a graph with weights, and a plain executor in double precision that calibration and
// accuracy figures rest on.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <vector>

#include "workloads/graph/graph.h"
#include "workloads/predict/block/float_block.h"

namespace fusesim::quantize {

/// What quantisation refuses; the message names the node.
class QuantizeError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// Parameters of one node, empty for operators that have none.
struct Parameters {
  /// Convolution, linear: out_channels x in_channels/groups x kernel_height x kernel_width. Batch norm: the factor of
  /// each channel, gamma / sqrt(variance + epsilon).
  std::vector<double> weights;
  /// Convolution and linear with a bias: one an output channel. Batch norm: beta - mean * factor of each channel.
  std::vector<double> bias;
  /// Of a predicted block, which has nothing else.
  std::optional<predict::FloatBlock> block = {};
};

struct FloatNetwork {
  graph::Graph graph;
  std::vector<Parameters> parameters;  ///< One a node.
};

/// Values of a map, C,H,W.
using Map = std::vector<double>;

/// Called before each node is computed, since all of them may take seconds: what it throws ends the work. May be empty.
using Checkpoint = std::function<void()>;

/// Throws QuantizeError naming the node whose parameters are missing or of the wrong number.
void check(const FloatNetwork& network);

/// The result of one node that runs, given the maps it reads. The network's input is not evaluated.
[[nodiscard]] Map evaluate(const graph::Graph& graph, graph::NodeId id, const Parameters& parameters,
                           std::span<const Map* const> inputs);

/// One map a node; nodes that never run have an empty one. Throws QuantizeError when the network has not exactly one
/// input, `input` is of the wrong size, or check() fails.
[[nodiscard]] std::vector<Map> execute(const FloatNetwork& network, std::span<const double> input,
                                       const Checkpoint& checkpoint = {});

/// The one input. Throws QuantizeError when there are none or several.
[[nodiscard]] graph::NodeId input_of(const graph::Graph& graph);

}  // namespace fusesim::quantize
