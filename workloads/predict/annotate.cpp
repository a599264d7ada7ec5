// SPDX-License-Identifier: Apache-2.0
#include "workloads/predict/annotate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "hw/isa/nearest.h"

namespace fusesim::predict {
namespace {

using graph::Conv;
using graph::Graph;
using graph::Node;
using graph::NodeId;
using quantize::FloatNetwork;
using transform::BottleneckNodes;

/// Channels of a group that a list's index can name.
constexpr std::uint32_t largest_group = 4096;

std::string common_name(const Graph& graph, std::array<NodeId, 3> layers) {
  std::string name = graph.node(layers[0]).name;
  for (const NodeId layer : layers) {
    const std::string& other = graph.node(layer).name;
    const auto [end, unused] = std::ranges::mismatch(name, other);
    name.erase(end, name.end());
  }
  // "b7.expand" and "b7.extra" have "b7" in common, not "b7.ex".
  const std::size_t separator = name.find_last_of("._/");
  return separator == std::string::npos ? std::string() : name.substr(0, separator);
}

std::array<NodeId, 3> layers_of(const BottleneckNodes& block) {
  return {block.expand, block.depthwise, block.project};
}

std::vector<NodeId> nodes_of(const BottleneckNodes& block) {
  std::vector<NodeId> nodes{block.expand, block.expand_relu, block.depthwise, block.depthwise_relu, block.project};
  for (const auto& optional :
       {block.expand_norm, block.depthwise_norm, block.project_norm, block.shuffle, block.residual}) {
    if (optional) nodes.push_back(*optional);
  }
  return nodes;
}

graph::PredictedBlock operator_of(const Graph& graph, const BottleneckNodes& block) {
  const auto& expand = std::get<Conv>(graph.node(block.expand).op);
  const auto& project = std::get<Conv>(graph.node(block.project).op);
  graph::PredictedBlock op;
  op.in_channels = expand.in_channels;
  op.middle_channels = expand.out_channels;
  op.out_channels = project.out_channels;
  op.groups = block.groups;
  op.kernel = block.kernel;
  op.stride = block.stride;
  op.padding = std::get<Conv>(graph.node(block.depthwise).op).padding;
  if (block.shuffle) op.shuffle = std::get<graph::Shuffle>(graph.node(*block.shuffle).op).groups;
  op.residual = block.residual.has_value();
  return op;
}

/// One whose middle tensor is no wider than its input costs more fused than layer by layer.
bool expands(const Graph& graph, const BottleneckNodes& block) {
  const graph::PredictedBlock op = operator_of(graph, block);
  return op.middle_channels > op.in_channels;
}

/// Why no machine predicts a bottleneck; empty when there is no reason.
std::string obstacle(const Graph& graph, const BottleneckNodes& block) {
  const graph::PredictedBlock op = operator_of(graph, block);
  if (op.kernel > 7) return fmt::format("its kernel is {0}x{0}, above 7x7", op.kernel);
  if (op.stride > 2) return fmt::format("its stride is {}, above 2", op.stride);
  if (std::max({op.padding.top, op.padding.left, op.padding.bottom, op.padding.right}) >= op.kernel) {
    return fmt::format("its padding is not below its {0}x{0} kernel", op.kernel);
  }
  for (const std::uint32_t channels : {op.in_channels, op.middle_channels}) {
    if (channels / op.groups > largest_group) {
      return fmt::format("a group has {} channels, above {}", channels / op.groups, largest_group);
    }
  }
  return {};
}

[[noreturn]] void refuse(const std::string& block, const std::string& reason) {
  throw PredictError(fmt::format(
      "block '{}' cannot be predicted: {}; leave it out, or change the network and train it so", block, reason));
}

/// Something that a user may name: a block, or what looks like one and why it is none.
struct Candidate {
  std::string name;
  std::array<NodeId, 3> layers;
  std::optional<BottleneckNodes> block;
  std::string reason;
};

std::vector<Candidate> candidates(const Graph& graph) {
  std::vector<Candidate> found;
  for (const BottleneckNodes& block : transform::find_bottlenecks(graph)) {
    found.push_back({common_name(graph, layers_of(block)), layers_of(block), block, obstacle(graph, block)});
  }
  for (const transform::UnsuitableBottleneck& other : transform::unsuitable_bottlenecks(graph)) {
    const std::array layers{other.expand, other.depthwise, other.project};
    found.push_back({common_name(graph, layers), layers, std::nullopt, other.reason});
  }
  // "layers.0.conv2" and "layers.1.conv1" have in common what all layers have.
  std::map<std::string, int> bearers;
  for (const Candidate& each : found) ++bearers[each.name];
  for (Candidate& each : found) {
    const std::vector<NodeId> own =
        each.block ? nodes_of(*each.block) : std::vector<NodeId>(each.layers.begin(), each.layers.end());
    const auto taken = graph.find(each.name);
    const bool free = !taken || std::ranges::find(own, *taken) != own.end();
    if (each.name.empty() || !free || bearers[each.name] > 1) each.name = graph.node(each.layers[0]).name;
  }
  return found;
}

/// The candidate that a name means. Throws PredictError when there is none.
std::size_t find_named(const Graph& graph, const std::vector<Candidate>& all, const std::string& name) {
  if (name.empty()) throw PredictError("the name of a block to predict is empty; join names by commas, as in b1,b2");
  // Before layers: a projection may have the name of the block that it begins.
  auto at = std::ranges::find(all, name, &Candidate::name);
  if (at == all.end()) {
    at = std::ranges::find_if(all, [&](const Candidate& candidate) {
      return std::ranges::any_of(candidate.layers, [&](NodeId layer) { return graph.node(layer).name == name; });
    });
  }
  if (at != all.end()) return static_cast<std::size_t>(at - all.begin());
  std::vector<std::string> valid;
  for (const Candidate& candidate : all) {
    if (candidate.reason.empty()) valid.push_back(candidate.name);
  }
  throw PredictError(fmt::format("there is no block '{}' to predict{}", name,
                                 valid.empty() ? "; the network has none" : names::suggestion(name, valid)));
}

/// Why nothing is predicted when no block was named. Only those that expand are in question: a stem that looks like a
/// block would not be predicted if it were one.
[[noreturn]] void refuse_all(const Graph& graph, const std::vector<Candidate>& all) {
  std::vector<const Candidate*> unsuitable;
  for (const Candidate& each : all) {
    const auto& expand = std::get<Conv>(graph.node(each.layers[0]).op);
    if (!each.reason.empty() && expand.out_channels > expand.in_channels) unsuitable.push_back(&each);
  }
  if (unsuitable.empty()) {
    throw PredictError(
        "the network has no block that expands its channels before a depthwise layer and projects them behind it, so "
        "there is nothing to predict; run it without prediction");
  }
  const Candidate& first = **std::ranges::min_element(unsuitable, {}, [](auto* each) { return each->layers[0]; });
  throw PredictError(fmt::format(
      "the network has no block that can be predicted: of {} in question the first, '{}', cannot because {}; run it "
      "without prediction, or change the network and train it so",
      unsuitable.size(), first.name, first.reason));
}

/// The batch norm after a layer, the layer's bias put through it.
Norm norm_of(const FloatNetwork& network, NodeId layer, const std::optional<NodeId>& norm) {
  const std::uint32_t channels = network.graph.node(layer).shape.channels;
  const std::vector<double>& bias = network.parameters[layer].bias;
  Norm result{std::vector<double>(channels, 1.0), std::vector<double>(channels, 0.0)};
  if (norm) result = {network.parameters[*norm].weights, network.parameters[*norm].bias};
  for (std::size_t c = 0; c < bias.size(); ++c) result.offset[c] += result.factor[c] * bias[c];
  return result;
}

FloatBlock parameters_of(const FloatNetwork& network, const BottleneckNodes& block, const BlockPredictor& predictor) {
  return {network.parameters[block.expand].weights,
          network.parameters[block.depthwise].weights,
          network.parameters[block.project].weights,
          norm_of(network, block.expand, block.expand_norm),
          norm_of(network, block.depthwise, block.depthwise_norm),
          norm_of(network, block.project, block.project_norm),
          predictor};
}

}  // namespace

std::string block_name(const Graph& graph, const BottleneckNodes& block) {
  const std::vector<Candidate> all = candidates(graph);
  const auto at = std::ranges::find(all, layers_of(block), &Candidate::layers);
  return at == all.end() ? graph.node(block.expand).name : at->name;
}

std::vector<BottleneckNodes> choose_blocks(const Graph& graph, std::span<const std::string> names) {
  const std::vector<Candidate> all = candidates(graph);
  std::vector<bool> chosen(all.size(), false);
  for (std::size_t i = 0; i < all.size() && names.empty(); ++i) {
    chosen[i] = all[i].reason.empty() && expands(graph, *all[i].block);
  }
  std::vector<const std::string*> named(all.size(), nullptr);
  for (const std::string& name : names) {
    const std::size_t at = find_named(graph, all, name);
    if (!all[at].reason.empty()) refuse(all[at].name, all[at].reason);
    if (named[at]) {
      throw PredictError(fmt::format("block '{}' is to be predicted twice, as '{}' and as '{}'; name it once",
                                     all[at].name, *named[at], name));
    }
    named[at] = &name;
    chosen[at] = true;
  }
  std::vector<BottleneckNodes> blocks;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (chosen[i]) blocks.push_back(*all[i].block);
  }
  if (blocks.empty()) refuse_all(graph, all);
  return blocks;
}

FloatNetwork annotate(const FloatNetwork& network, std::span<const BottleneckNodes> blocks,
                      std::span<const BlockPredictor> predictors) {
  if (blocks.size() != predictors.size()) {
    throw PredictError(fmt::format("{} predictors are given for {} blocks", predictors.size(), blocks.size()));
  }
  if (blocks.empty()) return network;
  quantize::check(network);
  const std::vector<Node>& nodes = network.graph.nodes();
  constexpr std::size_t none = ~std::size_t{0};
  std::vector<std::size_t> block_of(nodes.size(), none);
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    for (const NodeId id : nodes_of(blocks[b])) {
      if (block_of[id] != none) throw PredictError(fmt::format("node '{}' is in two predicted blocks", nodes[id].name));
      block_of[id] = b;
    }
  }
  FloatNetwork result;
  std::vector<NodeId> place(nodes.size());  // Of a node's result in the new graph.
  for (NodeId id = 0; id < nodes.size(); ++id) {
    const Node& node = nodes[id];
    if (block_of[id] != none) {
      const BottleneckNodes& block = blocks[block_of[id]];
      if (id != block.output()) continue;
      const std::string name = block_name(network.graph, block);
      if (const std::string reason = obstacle(network.graph, block); !reason.empty()) refuse(name, reason);
      const graph::PredictedBlock op = operator_of(network.graph, block);
      quantize::Parameters parameters;
      parameters.block = parameters_of(network, block, predictors[block_of[id]]);
      try {
        check(op, *parameters.block);
      } catch (const PredictError& error) {
        throw PredictError(fmt::format("block '{}': {}", name, error.what()));
      }
      place[id] = result.graph.add(name, op, {place[block.input]});
      result.parameters.push_back(std::move(parameters));
      continue;
    }
    std::vector<NodeId> inputs;
    for (const NodeId input : node.inputs) inputs.push_back(place[input]);
    place[id] = node.executed ? result.graph.add(node.name, node.op, std::move(inputs))
                              : result.graph.add_unused(node.name, node.op, std::move(inputs));
    result.parameters.push_back(network.parameters[id]);
  }
  return result;
}

}  // namespace fusesim::predict
