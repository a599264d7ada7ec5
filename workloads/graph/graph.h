// SPDX-License-Identifier: Apache-2.0
// A network as a graph of operators in execution order.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/graph/layer.h"
#include "workloads/graph/operators.h"

namespace fusesim::graph {

/// What a graph refuses; the message names the node, what is wrong and the sizes that disagree.
class GraphError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// Index of a node, which is also its place in execution order.
using NodeId = std::uint32_t;

struct Node {
  std::string name;
  Operator op;
  std::vector<NodeId> inputs;
  Shape shape;  ///< Of the result.
  /// False for an operator the model owns but never runs: its parameters count, it is not a layer.
  bool executed = true;
};

/// Nodes are checked and their shapes inferred as they are added, so that a graph holds only valid nodes; only that
/// every node leads to the output is left to validate().
class Graph {
 public:
  /// Appends a node that reads earlier nodes. Throws GraphError when the name is empty or taken, an input is unknown,
  /// not executed or of the wrong number, a size is zero or too large, or shapes do not fit.
  NodeId add(std::string name, Operator op, std::vector<NodeId> inputs = {});

  /// The same for an operator that is owned but never runs. Nothing may read it except others like it.
  NodeId add_unused(std::string name, Operator op, std::vector<NodeId> inputs);

  [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }
  /// Throws GraphError when `id` is not a node.
  [[nodiscard]] const Node& node(NodeId id) const;
  [[nodiscard]] std::optional<NodeId> find(std::string_view name) const;
  /// The last executed node. Throws GraphError when there is none.
  [[nodiscard]] NodeId output() const;
  /// For each node the nodes that read it, ascending.
  [[nodiscard]] std::vector<std::vector<NodeId>> consumers() const;

  /// Throws GraphError when the graph is empty or an executed node other than the output is read by no other.
  void validate() const;

 private:
  NodeId append(Node node);
  std::vector<Node> nodes_;
};

/// Nodes that compute the gate of a Scale from the map it scales: what lies between the two. One flag a node.
[[nodiscard]] std::vector<bool> squeeze_excite_nodes(const Graph& graph);

/// The convolutions and linear layers that run, in node order; of a predicted block the three it is made of, named
/// "<node>.expand", "<node>.depthwise" and "<node>.project". Throws GraphError when the graph is not valid.
[[nodiscard]] std::vector<Layer> array_layers(const Graph& graph);

/// Sizes of a whole network.
struct Totals {
  std::uint64_t macs = 0;           ///< Multiply-accumulates of one inference.
  std::uint64_t params_array = 0;   ///< Weights and biases of the layers that run.
  std::uint64_t params_bn = 0;      ///< Batch norm, unused ones included.
  std::uint64_t params_unused = 0;  ///< Weights and biases of convolutions and linear layers that never run.
  [[nodiscard]] std::uint64_t params() const { return params_array + params_bn + params_unused; }
};
[[nodiscard]] Totals totals(const Graph& graph);

}  // namespace fusesim::graph
