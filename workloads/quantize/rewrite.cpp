// SPDX-License-Identifier: Apache-2.0
#include "workloads/quantize/rewrite.h"

#include <utility>

namespace fusesim::quantize {
namespace {

using graph::Node;
using graph::NodeId;

/// Multiplies each channel's weights, and puts the bias through the batch norm.
Parameters folded(const Parameters& layer, const Parameters& norm) {
  const std::size_t channels = norm.weights.size(), window = layer.weights.size() / channels;
  Parameters result = layer;
  result.bias.resize(channels, 0.0);
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t i = 0; i < window; ++i) result.weights[c * window + i] *= norm.weights[c];
    result.bias[c] = result.bias[c] * norm.weights[c] + norm.bias[c];
  }
  return result;
}

graph::Operator with_bias(graph::Operator op) {
  if (auto* conv = std::get_if<graph::Conv>(&op)) conv->bias = true;
  if (auto* linear = std::get_if<graph::Linear>(&op)) linear->bias = true;
  return op;
}

bool has_weights(const graph::Operator& op) {
  return std::holds_alternative<graph::Conv>(op) || std::holds_alternative<graph::Linear>(op);
}

}  // namespace

FoldedGraph without_batch_norm(const graph::Graph& graph) {
  const std::vector<Node>& nodes = graph.nodes();
  // Readers that never run do not count: they go.
  std::vector<std::vector<NodeId>> readers(nodes.size());
  for (NodeId id = 0; id < nodes.size(); ++id) {
    if (!nodes[id].executed) continue;
    for (const NodeId input : nodes[id].inputs) readers[input].push_back(id);
  }
  const auto absorbed_norm = [&](NodeId layer) -> std::optional<NodeId> {
    if (!has_weights(nodes[layer].op) || readers[layer].size() != 1) return std::nullopt;
    const NodeId reader = readers[layer][0];
    return std::holds_alternative<graph::BatchNorm>(nodes[reader].op) ? std::optional(reader) : std::nullopt;
  };

  FoldedGraph result;
  std::vector<NodeId> place(nodes.size());  // Of a node's result in the new graph.
  for (NodeId id = 0; id < nodes.size(); ++id) {
    const Node& node = nodes[id];
    if (!node.executed) continue;
    std::vector<NodeId> inputs;
    for (const NodeId input : node.inputs) inputs.push_back(place[input]);
    graph::Operator op = node.op;
    const std::optional<NodeId> norm = absorbed_norm(id);
    if (norm) {
      op = with_bias(std::move(op));
    } else if (const auto* alone = std::get_if<graph::BatchNorm>(&node.op)) {
      if (absorbed_norm(node.inputs[0])) {
        place[id] = inputs[0];
        continue;
      }
      op = graph::Conv{
          .in_channels = alone->channels, .out_channels = alone->channels, .groups = alone->channels, .bias = true};
    }
    place[id] = result.graph.add(node.name, std::move(op), std::move(inputs));
    result.origin.push_back(id);
    result.norm.push_back(norm);
  }
  return result;
}

FloatNetwork fold_batch_norm(const FloatNetwork& network) {
  check(network);
  FoldedGraph structure = without_batch_norm(network.graph);
  FloatNetwork result{std::move(structure.graph), {}};
  for (std::size_t id = 0; id < structure.origin.size(); ++id) {
    const Parameters& own = network.parameters[structure.origin[id]];
    const auto norm = structure.norm[id];
    result.parameters.push_back(norm ? folded(own, network.parameters[*norm]) : own);
  }
  return result;
}

graph::Graph with_input_size(const graph::Graph& graph, std::uint32_t height, std::uint32_t width) {
  graph::Graph result;
  for (const Node& node : graph.nodes()) {
    graph::Operator op = node.op;
    if (auto* input = std::get_if<graph::Input>(&op)) input->shape = {input->shape.channels, height, width};
    if (node.executed) {
      result.add(node.name, std::move(op), node.inputs);
    } else {
      result.add_unused(node.name, std::move(op), node.inputs);
    }
  }
  return result;
}

}  // namespace fusesim::quantize
