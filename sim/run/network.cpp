// SPDX-License-Identifier: Apache-2.0
#include "sim/run/network.h"

#include <fmt/format.h>

#include "hw/memory/dram/dram_standards.h"
#include "workloads/predict/synthetic_predicted.h"
#include "workloads/quantize/rewrite.h"
#include "workloads/quantize/untrained.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::run {

namespace {

InputSize own_size(const graph::Graph& graph) {
  const graph::Shape& shape = graph.node(quantize::input_of(graph)).shape;
  return {shape.height, shape.width};
}

}  // namespace

std::string describe(const Network& network) {
  std::string text = network.name + " " + network.variant;
  if (network.input && network.input != own_size(zoo::build(network.name, network.variant))) {
    text += fmt::format(" {}x{}", network.input->height, network.input->width);
  }
  return text;
}

graph::Graph build(const Network& network) {
  graph::Graph graph = zoo::build(network.name, network.variant);
  if (!network.input) return graph;
  try {
    return quantize::with_input_size(graph, network.input->height, network.input->width);
  } catch (const graph::GraphError& error) {
    const InputSize own = own_size(graph);
    throw graph::GraphError(fmt::format("--input-size {}x{}: {}; choose a size nearer to the network's own {}x{}",
                                        network.input->height, network.input->width, error.what(), own.height,
                                        own.width));
  }
}

double latency_cycles(const config::MachineConfig& machine) {
  const accelerator::MemoryConfig& memory = machine.memory;
  if (memory.standard == "fixed") return memory.fixed_latency_ns * machine.frequency_mhz / 1000;
  const memory::DramSpec& spec = memory::dram_standard(memory.standard);
  const auto clocks = spec.timing.rcd_read + spec.timing.cl + spec.burst_clocks();
  return static_cast<double>(clocks) * machine.frequency_mhz / spec.clock_mhz;
}

tile::Options tile_options(const config::MachineConfig& machine, const NetworkOptions& options) {
  tile::Options tiling;
  tiling.core = config::core_of(machine);
  tiling.depthwise = options.depthwise;
  tiling.row_packing = options.row_packing;
  tiling.dram_bytes_per_cycle = accelerator::peak_bytes_per_second(machine.memory) / (machine.frequency_mhz * 1e6);
  tiling.dram_latency_cycles = latency_cycles(machine);
  tiling.dma_request_bytes = machine.memory.dma_request_bytes;
  tiling.seed = options.seed;
  tiling.values = options.values;
  tiling.fused = options.fused;
  return tiling;
}

tile::Compiled compile_network(const Network& network, const config::MachineConfig& machine,
                               const NetworkOptions& options) {
  tile::Options tiling = tile_options(machine, options);
  if (!options.prediction) {
    return tile::compile(quantize::untrained_network(build(network), options.seed), describe(network), tiling);
  }
  predict::SyntheticOptions synthetic;
  synthetic.blocks = options.prediction->blocks;
  synthetic.survival = options.prediction->survival;
  synthetic.seed = options.seed;
  const predict::SyntheticPredicted predicted = predict::synthetic_predicted(build(network), synthetic);
  const reference::QuantizedGraph& quantized = predicted.quantized;
  tiling.input = quantize::quantize_map(predicted.images.front(), quantized.format(quantized.input()));
  return tile::compile(quantized, fmt::format("{} predicted {}", describe(network), options.prediction->survival),
                       tiling);
}

}  // namespace fusesim::run
