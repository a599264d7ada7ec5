// SPDX-License-Identifier: Apache-2.0
#include "sim/analytic/archon.h"

#include <algorithm>
#include <variant>

namespace fusesim::analytic {

namespace {

using graph::Conv;
using graph::Graph;
using graph::NodeId;
using transform::BottleneckNodes;

/// The sizes of a block, in elements.
struct Sizes {
  std::string name;
  std::uint64_t in_channels, middle, out_channels, groups, taps, in_pixels, out_pixels;

  // Multiplications.
  [[nodiscard]] std::uint64_t expand() const { return in_pixels * in_channels * middle / groups; }
  [[nodiscard]] std::uint64_t depthwise() const { return out_pixels * taps * middle; }
  [[nodiscard]] std::uint64_t project() const { return out_pixels * middle * out_channels / groups; }
  [[nodiscard]] std::uint64_t fused() const { return out_pixels * taps * in_channels * out_channels / groups; }
};

Sizes sizes(const Graph& graph, const BottleneckNodes& block) {
  const Conv& expand = std::get<Conv>(graph.node(block.expand).op);
  const Conv& project = std::get<Conv>(graph.node(block.project).op);
  const graph::Shape in = graph.node(block.expand).shape;
  const graph::Shape out = graph.node(block.project).shape;
  return {graph.node(block.expand).name,
          expand.in_channels,
          expand.out_channels,
          project.out_channels,
          block.groups,
          std::uint64_t{block.kernel} * block.kernel,
          std::uint64_t{in.height} * in.width,
          std::uint64_t{out.height} * out.width};
}

/// One flag a node: whether it is a convolution of a block.
std::vector<bool> inside_blocks(const Graph& graph, const std::vector<BottleneckNodes>& blocks) {
  std::vector<bool> inside(graph.nodes().size());
  for (const BottleneckNodes& block : blocks) {
    for (const NodeId id : {block.expand, block.depthwise, block.project}) inside[id] = true;
  }
  return inside;
}

/// What the published sheet has for a layer outside the blocks.
void add_slips(ArchonLayer& entry, const graph::Layer& layer, bool tail, const ArchonMachine& machine) {
  constexpr std::uint64_t counted_features = 1280;
  entry.published_cycles = entry.cycles;
  if (layer.type == graph::LayerType::pointwise && layer.groups > 1 && tail) {
    entry.published_cycles = layer.macs() / layer.groups / machine.pes;
    entry.slip = "counts one of " + std::to_string(layer.groups) + " groups";
  } else if (layer.type == graph::LayerType::linear && layer.in_channels != counted_features) {
    entry.published_cycles = counted_features * layer.out_channels / machine.pes;
    entry.slip = "counts 1280 inputs for " + std::to_string(layer.in_channels);
  }
}

}  // namespace

std::vector<BottleneckNodes> worth_fusing(const Graph& graph) {
  std::vector<BottleneckNodes> blocks = transform::find_bottlenecks(graph);
  std::erase_if(blocks, [&](const BottleneckNodes& block) {
    const Sizes s = sizes(graph, block);
    return s.fused() >= s.expand() + s.depthwise() + s.project();
  });
  return blocks;
}

std::uint64_t ArchonCycles::fused() const {
  std::uint64_t sum = 0;
  for (const ArchonBlock& block : blocks) sum += block.cycles();
  return sum;
}

std::uint64_t ArchonCycles::others() const {
  std::uint64_t sum = 0;
  for (const ArchonLayer& layer : layers) sum += layer.cycles;
  return sum;
}

std::uint64_t ArchonCycles::others_published() const {
  std::uint64_t sum = 0;
  for (const ArchonLayer& layer : layers) sum += layer.published_cycles;
  return sum;
}

ArchonCycles archon_cycles(const Graph& graph, const ArchonMachine& machine) {
  const std::vector<BottleneckNodes> blocks = worth_fusing(graph);
  ArchonCycles result;
  for (const BottleneckNodes& nodes : blocks) {
    const Sizes s = sizes(graph, nodes);
    ArchonBlock& block = result.blocks.emplace_back();
    block.name = s.name;
    block.predict_expand = s.expand() / machine.pes / machine.predictor_lanes;
    block.predict_depthwise = s.depthwise() / machine.pes / machine.predictor_lanes;
    block.main = s.fused() / machine.pes;
  }
  const std::vector<bool> inside = inside_blocks(graph, blocks);
  bool tail = false;
  for (const graph::Layer& layer : graph::array_layers(graph)) {
    if (inside[*graph.find(layer.name)]) {
      tail = true;
      continue;
    }
    ArchonLayer& entry = result.layers.emplace_back();
    entry.name = layer.name;
    entry.cycles = layer.macs() / machine.pes;
    add_slips(entry, layer, tail, machine);
  }
  return result;
}

std::vector<BlockMultiplications> block_multiplications(const Graph& graph, const BlockDensities& densities) {
  std::vector<BlockMultiplications> result;
  for (const BottleneckNodes& nodes : worth_fusing(graph)) {
    const Sizes s = sizes(graph, nodes);
    const auto count = [](std::uint64_t value) { return static_cast<double>(value); };
    const double expand = count(s.expand());
    const double depthwise = count(s.depthwise());
    const double project = count(s.project());
    BlockMultiplications& block = result.emplace_back();
    block.name = s.name;
    block.dense = expand + depthwise + project;
    block.pruned = expand * densities.pointwise + depthwise * densities.depthwise + project * densities.pointwise;
    block.predicted = expand * densities.pointwise * densities.survival1 +
                      depthwise * densities.depthwise * densities.survival2 +
                      project * densities.pointwise * densities.survival2;
    block.fused = count(s.fused());
  }
  return result;
}

BlockMultiplications total(const std::vector<BlockMultiplications>& blocks) {
  BlockMultiplications sum{.name = "total"};
  for (const BlockMultiplications& block : blocks) {
    sum.dense += block.dense;
    sum.pruned += block.pruned;
    sum.predicted += block.predicted;
    sum.fused += block.fused;
  }
  return sum;
}

}  // namespace fusesim::analytic
