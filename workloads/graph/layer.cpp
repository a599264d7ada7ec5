// SPDX-License-Identifier: Apache-2.0
#include "workloads/graph/layer.h"

#include <algorithm>
#include <set>

#include "workloads/graph/graph.h"

namespace fusesim::graph {
namespace {

LayerType classify(const Conv& conv) {
  if (conv.depthwise()) {
    if (conv.kernel_height == 1 && conv.kernel_width > 1) return LayerType::fuse_1xk;
    if (conv.kernel_height > 1 && conv.kernel_width == 1) return LayerType::fuse_kx1;
    return LayerType::depthwise;
  }
  return conv.kernel_height == 1 && conv.kernel_width == 1 ? LayerType::pointwise : LayerType::conv;
}

Layer from_conv(const Conv& conv) {
  Layer layer;
  layer.type = classify(conv);
  layer.kernel_height = conv.kernel_height;
  layer.kernel_width = conv.kernel_width;
  layer.stride_height = conv.stride_height;
  layer.stride_width = conv.stride_width;
  layer.dilation_height = conv.dilation_height;
  layer.dilation_width = conv.dilation_width;
  layer.pad_top = conv.padding.top;
  layer.pad_left = conv.padding.left;
  layer.pad_bottom = conv.padding.bottom;
  layer.pad_right = conv.padding.right;
  layer.groups = conv.groups;
  layer.bias = conv.bias;
  return layer;
}

/// The three layers of a block, as if it were not predicted. They depend on `sources` and each on the one before.
std::vector<Layer> block_layers(const Node& node, const PredictedBlock& block, Shape in,
                                const std::set<std::uint32_t>& sources, std::uint32_t first) {
  const Shape middle{block.middle_channels, in.height, in.width};
  const Shape windows{block.middle_channels, node.shape.height, node.shape.width};
  std::vector<Layer> layers;
  const auto append = [&](const char* part, const Conv& conv, Shape from, Shape to) {
    Layer layer = from_conv(conv);
    layer.name = node.name + '.' + part;
    layer.in_channels = from.channels;
    layer.in_height = from.height;
    layer.in_width = from.width;
    layer.out_channels = to.channels;
    layer.out_height = to.height;
    layer.out_width = to.width;
    if (layers.empty()) {
      layer.depends_on.assign(sources.begin(), sources.end());
    } else {
      layer.depends_on = {first + static_cast<std::uint32_t>(layers.size()) - 1};
    }
    layers.push_back(std::move(layer));
  };
  append("expand", expansion(block), in, middle);
  append("depthwise", depthwise(block), middle, windows);
  append("project", projection(block), windows, node.shape);
  return layers;
}

}  // namespace

const char* name(LayerType type) {
  switch (type) {
    case LayerType::conv:
      return "conv";
    case LayerType::pointwise:
      return "pw";
    case LayerType::depthwise:
      return "dw";
    case LayerType::fuse_1xk:
      return "fuse_1xk";
    case LayerType::fuse_kx1:
      return "fuse_kx1";
    case LayerType::linear:
      return "linear";
  }
  return "?";
}

std::vector<bool> squeeze_excite_nodes(const Graph& graph) {
  const std::vector<Node>& nodes = graph.nodes();
  std::vector<bool> gate(nodes.size(), false);
  for (const Node& scale : nodes) {
    if (!std::holds_alternative<Scale>(scale.op)) continue;
    const NodeId map = scale.inputs[0];
    std::vector<NodeId> path;
    NodeId at = scale.inputs[1];
    while (at != map && nodes[at].inputs.size() == 1) {
      path.push_back(at);
      at = nodes[at].inputs[0];
    }
    if (at != map) continue;  // The gate comes from somewhere else.
    for (const NodeId id : path) gate[id] = true;
  }
  return gate;
}

std::vector<Layer> array_layers(const Graph& graph) {
  graph.validate();
  const std::vector<Node>& nodes = graph.nodes();
  const std::vector<bool> gate = squeeze_excite_nodes(graph);
  std::vector<Layer> layers;
  // For each node the layers its value comes from.
  std::vector<std::set<std::uint32_t>> sources(nodes.size());
  for (NodeId id = 0; id < nodes.size(); ++id) {
    const Node& node = nodes[id];
    if (!node.executed) continue;
    for (const NodeId input : node.inputs) sources[id].insert(sources[input].begin(), sources[input].end());
    if (const auto* block = std::get_if<PredictedBlock>(&node.op)) {
      const auto first = static_cast<std::uint32_t>(layers.size());
      for (Layer& layer : block_layers(node, *block, nodes[node.inputs[0]].shape, sources[id], first)) {
        layers.push_back(std::move(layer));
      }
      if (!block->residual) sources[id].clear();
      sources[id].insert(first + 2);
      continue;
    }
    const auto* conv = std::get_if<Conv>(&node.op);
    if (conv == nullptr && !std::holds_alternative<Linear>(node.op)) continue;

    Layer layer;
    if (conv != nullptr) {
      layer = from_conv(*conv);
    } else {
      layer.type = LayerType::linear;
      layer.bias = std::get<Linear>(node.op).bias;
    }
    layer.name = node.name;
    const Node& producer = nodes[node.inputs[0]];
    layer.in_channels = producer.shape.channels;
    layer.in_height = producer.shape.height;
    layer.in_width = producer.shape.width;
    layer.out_channels = node.shape.channels;
    layer.out_height = node.shape.height;
    layer.out_width = node.shape.width;
    layer.squeeze_excite = gate[id];
    if (const auto* slice = std::get_if<Split>(&producer.op)) {
      layer.slice_begin = slice->begin;
      layer.slice_end = slice->end;
    } else if (layer.type == LayerType::fuse_1xk || layer.type == LayerType::fuse_kx1) {
      layer.slice_begin = 0;
      layer.slice_end = layer.in_channels;
    }
    layer.depends_on.assign(sources[id].begin(), sources[id].end());
    sources[id] = {static_cast<std::uint32_t>(layers.size())};
    layers.push_back(std::move(layer));
  }
  return layers;
}

}  // namespace fusesim::graph
