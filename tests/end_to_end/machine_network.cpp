// SPDX-License-Identifier: Apache-2.0
#include "machine_network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "rtl/verilated_array.h"
#include "workloads/quantize/rewrite.h"
#include "workloads/quantize/untrained.h"
#include "workloads/reference/execute.h"
#include "workloads/tile/compile.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::end_to_end {
namespace {

using accelerator::Fidelity;
using accelerator::MachineResult;
using isa::machine::CoreConfig;
using isa::machine::Role;

CoreConfig core_of(const NetworkCase& c) {
  CoreConfig core;
  core.array.rows = c.rows;
  core.array.cols = c.cols;
  core.outputs.banks = std::max(core.outputs.banks, c.cols);
  // Small enough that layers are tiled, large enough for the widest layer of the zoo.
  core.activations.bytes = std::uint64_t{64} * 1024;
  core.weights.bytes = std::uint64_t{64} * 1024;
  core.outputs.bytes = std::uint64_t{core.outputs.banks} * 4 * 512;
  return core;
}

void expect_accounted(const accelerator::MachineResult& result, const tile::Compiled& compiled) {
  const control::machine::Record& record = result.record;
  EXPECT_EQ(std::accumulate(record.causes.begin(), record.causes.end(), std::uint64_t{0}), record.cycles);
  control::machine::CauseCycles sum{};
  for (const control::machine::CauseCycles& layer : record.layer_causes) {
    for (std::size_t i = 0; i < layer.size(); ++i) sum[i] += layer[i];
  }
  EXPECT_EQ(sum, record.causes);
  std::uint64_t loads = 0, stores = 0;
  for (const tile::LayerPlan& layer : compiled.layers) {
    loads += layer.load_bytes;
    stores += layer.store_bytes;
  }
  EXPECT_EQ(record.dram_bytes_read, loads);
  EXPECT_EQ(record.dram_bytes_written, stores);
}

void expect_tensors(const MachineResult& result, const tile::Compiled& compiled,
                    const reference::QuantizedGraph& network) {
  const tile::NodePlace& input = compiled.nodes[network.input()];
  ASSERT_TRUE(input.section);
  const isa::machine::Section& section = compiled.program.sections[*input.section];
  ASSERT_EQ(section.role, Role::input);
  const std::vector<reference::Tensor> expected =
      reference::execute(network, tile::gather(input, network.graph().node(network.input()).shape, section.values));
  std::size_t compared = 0;
  for (graph::NodeId id = 0; id < expected.size(); ++id) {
    const tile::NodePlace& place = compiled.nodes[id];
    const graph::Node& node = network.graph().node(id);
    if (!place.section) {
      // What never exists must be part of a tensor that does.
      ASSERT_TRUE(place.folded_into) << node.name;
      continue;
    }
    const std::vector<std::int8_t>& bytes = result.tensors.at(*place.section);
    ASSERT_EQ(bytes.size(), compiled.program.sections[*place.section].bytes) << node.name;
    const std::vector<std::int8_t> actual = tile::gather(place, node.shape, bytes);
    ASSERT_EQ(reference::difference(node, expected[id].values, actual), std::nullopt);
    ++compared;
  }
  EXPECT_GT(compared, network.graph().nodes().size() / 3);
}

}  // namespace

std::string title(const NetworkCase& c) {
  std::string text = c.network + "_" + c.variant + "_" + std::to_string(c.input_side) + "_on_" +
                     std::to_string(c.rows) + "x" + std::to_string(c.cols) + "_" + name(c.depthwise) + "_" + c.memory;
  for (char& letter : text) letter = std::isalnum(static_cast<unsigned char>(letter)) != 0 ? letter : '_';
  return text;
}

std::vector<NetworkCase> every_network(std::uint32_t input_side, std::uint32_t rows, std::uint32_t cols) {
  std::vector<NetworkCase> all;
  for (const std::string_view network : zoo::networks()) {
    for (const std::string_view variant : zoo::variants(network)) {
      all.push_back({std::string(network), std::string(variant), input_side, rows, cols});
    }
  }
  return all;
}

std::vector<NetworkCase> archon_networks(std::uint32_t rows, std::uint32_t cols) {
  std::vector<NetworkCase> all;
  for (const std::string_view network : zoo::archon_networks()) {
    all.push_back({std::string(network), "baseline", 32, rows, cols});
  }
  return all;
}

void expect_network_runs(const NetworkCase& c, const std::vector<Fidelity>& fidelities) {
  const reference::QuantizedGraph network = quantize::untrained_network(
      quantize::with_input_size(zoo::build(c.network, c.variant), c.input_side, c.input_side), 1);
  tile::Options options;
  options.core = core_of(c);
  options.depthwise = c.depthwise;
  const tile::Compiled compiled = tile::compile(network, c.network + " " + c.variant, options);
  MachineResult first;
  for (const Fidelity fidelity : fidelities) {
    SCOPED_TRACE(name(fidelity));
    accelerator::MachineOptions how;
    how.fidelity = fidelity;
    how.memory.standard = c.memory;
    how.keep_tensors = true;
    how.make_rtl = [](const isa::ArrayConfig& config) { return std::make_unique<rtl::VerilatedArray>(config); };
    MachineResult result = accelerator::run(compiled.program, options.core, how);
    expect_accounted(result, compiled);
    if (fidelity == fidelities.front()) {
      expect_tensors(result, compiled, network);
      first = std::move(result);
      continue;
    }
    EXPECT_EQ(result.tensors, first.tensors);
    EXPECT_EQ(result.record.cycles, first.record.cycles);
    EXPECT_EQ(result.record.causes, first.record.causes);
    EXPECT_EQ(result.record.layer_causes, first.record.layer_causes);
    EXPECT_EQ(result.record.pads, first.record.pads);
    ASSERT_EQ(result.record.instructions, first.record.instructions);
  }
}

}  // namespace fusesim::end_to_end
