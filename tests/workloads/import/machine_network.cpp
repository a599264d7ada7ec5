// SPDX-License-Identifier: Apache-2.0
#include "machine_network.h"

#include <utility>

#include "sim/config/machine_config.h"

namespace fusesim::trained {

MachineNetwork::MachineNetwork(const IntegerNetwork& network, const std::string& machine,
                               const std::vector<std::string>& changes)
    : network_(network) {
  config::MachineConfig config = config::load(machine);
  config::apply_overrides(config, changes);
  core_ = config::core_of(config);
  options_.clock_mhz = config.frequency_mhz;
  options_.memory = config.memory;
  options_.keep_tensors = true;
  tile::Options how;
  how.core = core_;
  how.depthwise = isa::Dataflow::depthwise_column;  // Of no layer here; the presets have no links for the default.
  how.dram_bytes_per_cycle = accelerator::peak_bytes_per_second(config.memory) / (config.frequency_mhz * 1e6);
  how.dma_request_bytes = config.memory.dma_request_bytes;
  compiled_ = tile::compile(network_.graph, network_.trained.name, how);
}

MachineNetwork::Run MachineNetwork::run(const Picture& picture, const std::vector<reference::Tensor>& expected) {
  const graph::Graph& graph = network_.graph.graph();
  const graph::NodeId entry = network_.graph.input();
  const tile::NodePlace& place = compiled_.nodes[entry];
  isa::machine::Section& section = compiled_.program.sections.at(place.section.value());
  const std::vector<std::int8_t> input = network_.input(picture);
  const graph::Shape shape = graph.node(entry).shape;
  std::size_t next = 0;
  for (std::uint32_t c = 0; c < shape.channels; ++c) {
    for (std::uint32_t y = 0; y < shape.height; ++y) {
      for (std::uint32_t x = 0; x < shape.width; ++x) {
        section.values[place.offset + c * place.channel_stride + y * place.row_stride + x] = input[next++];
      }
    }
  }
  accelerator::MachineResult result = accelerator::run(compiled_.program, core_, options_);
  Run run;
  for (graph::NodeId id = 0; id < expected.size(); ++id) {
    const tile::NodePlace& at = compiled_.nodes[id];
    if (!at.section) continue;
    const graph::Node& node = graph.node(id);
    const std::vector<std::int8_t> actual = tile::gather(at, node.shape, result.tensors.at(*at.section));
    if (!run.difference) run.difference = reference::difference(node, expected[id].values, actual);
    if (id == graph.output()) run.label = greatest(actual);
    ++run.compared;
  }
  run.record = std::move(result.record);
  for (const auto& instruction : run.record.instructions) run.fused += instruction.fused;
  return run;
}

}  // namespace fusesim::trained
