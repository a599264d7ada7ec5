// SPDX-License-Identifier: Apache-2.0
#include "workloads/reference/quantized_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "workloads/reference/operators.h"

namespace fusesim::reference {
namespace {

using graph::Node;
using graph::NodeId;

template <typename... Args>
[[noreturn]] void fail(const Node& node, fmt::format_string<Args...> format, Args&&... args) {
  throw std::invalid_argument(
      fmt::format("node '{}': {}", node.name, fmt::format(format, std::forward<Args>(args)...)));
}

/// Operators whose result has, by definition, the format of what they read.
bool keeps_format(const graph::Operator& op) {
  if (const auto* pool = std::get_if<graph::Pool>(&op)) return pool->kind == graph::PoolKind::max;
  if (const auto* activation = std::get_if<graph::Activation>(&op)) {
    return activation->kind == graph::ActivationKind::relu || activation->kind == graph::ActivationKind::relu6;
  }
  return std::holds_alternative<graph::Split>(op) || std::holds_alternative<graph::Flatten>(op) ||
         std::holds_alternative<graph::Shuffle>(op);
}

void check_weights(const Node& node, const graph::Conv& conv, const Weights& weights) {
  const std::size_t expected =
      std::size_t{conv.out_channels} * (conv.in_channels / conv.groups) * conv.kernel_height * conv.kernel_width;
  if (weights.values.size() != expected) fail(node, "has {} weights, needs {}", weights.values.size(), expected);
  if (weights.scales.size() != conv.out_channels) {
    fail(node, "has {} weight scales, needs one for each of {} output channels", weights.scales.size(),
         conv.out_channels);
  }
  if (weights.bias.size() != conv.out_channels) {
    fail(node, "has {} biases, needs one for each of {} output channels", weights.bias.size(), conv.out_channels);
  }
  // The arithmetic itself knows no symmetry: -128 is a weight like others.
  const Limits allowed = limits(weights.type);
  for (const std::int8_t value : weights.values) {
    if (value < allowed.lowest || value > allowed.highest) {
      fail(node, "weight {} is outside {} .. {} of {}", value, allowed.lowest, allowed.highest, name(weights.type));
    }
  }
}

}  // namespace

std::optional<graph::Conv> as_convolution(const graph::Operator& op) {
  if (const auto* conv = std::get_if<graph::Conv>(&op)) return *conv;
  if (const auto* linear = std::get_if<graph::Linear>(&op)) {
    return graph::Conv{.in_channels = linear->in_features, .out_channels = linear->out_features, .bias = linear->bias};
  }
  return std::nullopt;
}

QuantizedGraph::QuantizedGraph(graph::Graph graph, std::vector<TensorFormat> formats, std::map<NodeId, Weights> weights,
                               std::map<NodeId, BlockConstants> blocks)
    : graph_(std::move(graph)), formats_(std::move(formats)) {
  graph_.validate();
  const std::vector<Node>& nodes = graph_.nodes();
  if (formats_.size() != nodes.size()) {
    throw std::invalid_argument(fmt::format("{} formats for {} nodes", formats_.size(), nodes.size()));
  }
  std::size_t inputs = 0;
  for (NodeId id = 0; id < nodes.size(); ++id) {
    const Node& node = nodes[id];
    if (!node.executed) fail(node, "never runs; drop it before quantising");
    if (std::holds_alternative<graph::Input>(node.op)) {
      input_ = id;
      ++inputs;
    }
    check(formats_[id], fmt::format("node '{}'", node.name));
    if (keeps_format(node.op) && formats_[id] != formats_[node.inputs[0]]) {
      fail(node, "{} keeps the format of '{}', which it reads, but is given another", graph::name(node.op),
           nodes[node.inputs[0]].name);
    }
    constants_.push_back(derive(node, id, weights, blocks));
  }
  if (inputs != 1) throw std::invalid_argument(fmt::format("the graph has {} inputs, not one", inputs));
  if (!weights.empty()) {
    throw std::invalid_argument(
        fmt::format("weights are given for node {}, which is no convolution or linear layer", weights.begin()->first));
  }
  if (!blocks.empty()) {
    throw std::invalid_argument(
        fmt::format("constants of a predicted block are given for node {}, which is none", blocks.begin()->first));
  }
}

/// Takes what it uses out of `weights` and `blocks`.
Constants QuantizedGraph::derive(const Node& node, NodeId id, std::map<NodeId, Weights>& weights,
                                 std::map<NodeId, BlockConstants>& blocks) const try {
  const TensorFormat& out = formats_[id];
  const auto in = [&](std::size_t i) -> const TensorFormat& { return formats_[node.inputs[i]]; };
  if (as_convolution(node.op)) {
    auto own = weights.extract(id);
    if (own.empty()) fail(node, "has no weights");
    return derive_convolution(node, id, std::move(own.mapped()));
  }
  if (const auto* block = std::get_if<graph::PredictedBlock>(&node.op)) {
    auto own = blocks.extract(id);
    if (own.empty()) fail(node, "has no constants; a predicted block is given them whole");
    check(*block, own.mapped(), in(0), out);
    return std::move(own.mapped());
  }
  if (std::holds_alternative<graph::BatchNorm>(node.op)) fail(node, "a batch norm must be folded before quantising");
  if (const auto* pool = std::get_if<graph::Pool>(&node.op); pool && pool->kind != graph::PoolKind::max) {
    const std::uint32_t area = window_area(*pool, graph_.node(node.inputs[0]).shape);
    return RescaleConstants{{make_multiplier(ratio(in(0).scale, out.scale, area))}};
  }
  if (std::holds_alternative<graph::Scale>(node.op)) {
    return RescaleConstants{{make_multiplier(product_ratio(in(0).scale, in(1).scale, out.scale))}};
  }
  if (std::holds_alternative<graph::Concat>(node.op)) {
    RescaleConstants constants;
    for (const NodeId input : node.inputs) {
      constants.multipliers.push_back(make_multiplier(ratio(formats_[input].scale, out.scale)));
    }
    return constants;
  }
  if (std::holds_alternative<graph::Add>(node.op)) {
    std::vector<Ratio> ratios;
    for (const NodeId input : node.inputs) ratios.push_back(ratio(formats_[input].scale, out.scale));
    return AddConstants{make_shared_multiplier(ratios)};
  }
  if (const auto* activation = std::get_if<graph::Activation>(&node.op)) {
    if (keeps_format(node.op)) return ClampConstants{activation_bounds(activation->kind, out)};
    return TableConstants{activation_table(activation->kind, in(0), out)};
  }
  return std::monostate{};
} catch (const ArithmeticError& error) {
  fail(node, "{}", error.what());
}

ConvConstants QuantizedGraph::derive_convolution(const Node& node, NodeId id, Weights weights) const {
  const graph::Conv conv = *as_convolution(node.op);
  check_weights(node, conv, weights);
  const TensorFormat& in = formats_[node.inputs[0]];
  ConvConstants constants;
  constants.pad_value = static_cast<std::int8_t>(in.zero_point);
  constants.folded_bias = folded_bias(weights.bias, weights.values, in.zero_point);
  for (const Scale scale : weights.scales) {
    constants.multipliers.push_back(make_multiplier(product_ratio(in.scale, scale, formats_[id].scale)));
  }
  constants.weights = std::move(weights);
  return constants;
}

const ConvConstants& QuantizedGraph::convolution(NodeId id) const {
  const auto* constants = std::get_if<ConvConstants>(&constants_.at(id));
  if (!constants) fail(graph_.node(id), "is no convolution or linear layer but {}", graph::name(graph_.node(id).op));
  return *constants;
}

const BlockConstants& QuantizedGraph::block(NodeId id) const {
  const auto* constants = std::get_if<BlockConstants>(&constants_.at(id));
  if (!constants) fail(graph_.node(id), "is no predicted block but {}", graph::name(graph_.node(id).op));
  return *constants;
}

std::uint64_t largest_sum(const QuantizedGraph& network, NodeId id) {
  const ConvConstants& constants = network.convolution(id);
  const TensorFormat& in = network.format(network.graph().node(id).inputs[0]);
  const Limits range = limits(in.type);
  const std::size_t channels = constants.folded_bias.size(), window = constants.weights.values.size() / channels;
  std::uint64_t largest = 0;
  for (std::size_t o = 0; o < channels; ++o) {
    std::int64_t low = 0, high = 0, total = 0;
    for (std::size_t i = 0; i < window; ++i) {
      const std::int64_t weight = constants.weights.values[o * window + i];
      low += std::min(weight * range.lowest, weight * range.highest);
      high += std::max(weight * range.lowest, weight * range.highest);
      total += weight;
    }
    const std::int64_t bias = constants.weights.bias[o] - in.zero_point * total;
    for (const std::int64_t sum : {low, high, low + bias, high + bias}) {
      largest = std::max(largest, static_cast<std::uint64_t>(std::abs(sum)));
    }
  }
  return largest;
}

}  // namespace fusesim::reference
