// SPDX-License-Identifier: Apache-2.0
#include "workloads/graph/graph.h"

#include <fmt/format.h>

#include <algorithm>

#include "workloads/graph/shape.h"

namespace fusesim::graph {

NodeId Graph::add(std::string name, Operator op, std::vector<NodeId> inputs) {
  return append({std::move(name), std::move(op), std::move(inputs), {}, true});
}

NodeId Graph::add_unused(std::string name, Operator op, std::vector<NodeId> inputs) {
  return append({std::move(name), std::move(op), std::move(inputs), {}, false});
}

NodeId Graph::append(Node node) {
  if (node.name.empty()) throw GraphError(fmt::format("node {}: the name is empty", nodes_.size()));
  if (find(node.name)) throw GraphError(fmt::format("node '{}': the name is taken by an earlier node", node.name));
  std::vector<Shape> shapes;
  for (const NodeId id : node.inputs) {
    if (id >= nodes_.size()) {
      throw GraphError(fmt::format("node '{}': its input {} is unknown; inputs are earlier nodes, here 0 to {}",
                                   node.name, id, static_cast<std::int64_t>(nodes_.size()) - 1));
    }
    if (node.executed && !nodes_[id].executed) {
      throw GraphError(fmt::format("node '{}': reads '{}', which never runs", node.name, nodes_[id].name));
    }
    shapes.push_back(nodes_[id].shape);
  }
  node.shape = infer_shape(node.name, node.op, shapes);
  nodes_.push_back(std::move(node));
  return static_cast<NodeId>(nodes_.size() - 1);
}

const Node& Graph::node(NodeId id) const {
  if (id >= nodes_.size()) throw GraphError(fmt::format("there is no node {}; the graph has {}", id, nodes_.size()));
  return nodes_[id];
}

std::optional<NodeId> Graph::find(std::string_view name) const {
  const auto at = std::find_if(nodes_.begin(), nodes_.end(), [&](const Node& node) { return node.name == name; });
  if (at == nodes_.end()) return std::nullopt;
  return static_cast<NodeId>(at - nodes_.begin());
}

NodeId Graph::output() const {
  const auto at = std::find_if(nodes_.rbegin(), nodes_.rend(), [](const Node& node) { return node.executed; });
  if (at == nodes_.rend()) throw GraphError("the graph has no node that runs");
  return static_cast<NodeId>(nodes_.rend() - at - 1);
}

std::vector<std::vector<NodeId>> Graph::consumers() const {
  std::vector<std::vector<NodeId>> readers(nodes_.size());
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    for (const NodeId input : nodes_[id].inputs) {
      if (readers[input].empty() || readers[input].back() != id) readers[input].push_back(id);
    }
  }
  return readers;
}

void Graph::validate() const {
  const NodeId last = output();
  // Every reader of a node comes after it, so a node that leads nowhere ends in one that nothing executed reads.
  std::vector<bool> read(nodes_.size(), false);
  for (const Node& node : nodes_) {
    if (!node.executed) continue;
    for (const NodeId input : node.inputs) read[input] = true;
  }
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    if (nodes_[id].executed && id != last && !read[id]) {
      throw GraphError(fmt::format("node '{}': no other node reads it and it is not the output, which is '{}'",
                                   nodes_[id].name, nodes_[last].name));
    }
  }
}

Totals totals(const Graph& graph) {
  Totals sum;
  for (const Layer& layer : array_layers(graph)) {
    sum.macs += layer.macs();
    sum.params_array += layer.params();
  }
  for (const Node& node : graph.nodes()) {
    if (std::holds_alternative<BatchNorm>(node.op)) {
      sum.params_bn += parameters(node.op);
    } else if (const auto* block = std::get_if<PredictedBlock>(&node.op); block && node.executed) {
      sum.params_bn += batch_norm_parameters(*block);
    } else if (!node.executed) {
      sum.params_unused += parameters(node.op);
    }
  }
  return sum;
}

}  // namespace fusesim::graph
