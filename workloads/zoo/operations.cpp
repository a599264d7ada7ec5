// SPDX-License-Identifier: Apache-2.0
#include "workloads/zoo/operations.h"

namespace fusesim::zoo {
namespace {

std::uint64_t operations(const graph::Graph& graph, const graph::Node& node) {
  const std::uint64_t elements = node.shape.elements();
  if (std::holds_alternative<graph::BatchNorm>(node.op)) return 2 * elements;
  if (std::holds_alternative<graph::Scale>(node.op)) return elements;
  if (std::holds_alternative<graph::Add>(node.op)) return (node.inputs.size() - 1) * elements;
  if (std::holds_alternative<graph::Pool>(node.op)) return graph.node(node.inputs[0]).shape.elements();
  if (const auto* activation = std::get_if<graph::Activation>(&node.op)) {
    switch (activation->kind) {
      case graph::ActivationKind::relu:
      case graph::ActivationKind::hswish:
        return 2 * elements;
      case graph::ActivationKind::hsigmoid:
        return elements;
      case graph::ActivationKind::relu6:
        return 0;
    }
  }
  return 0;
}

}  // namespace

std::uint64_t published_operations(const graph::Graph& graph) {
  std::uint64_t sum = totals(graph).macs;
  for (const graph::Node& node : graph.nodes()) {
    if (node.executed) sum += operations(graph, node);
  }
  return sum;
}

}  // namespace fusesim::zoo
