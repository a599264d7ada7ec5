// SPDX-License-Identifier: Apache-2.0
// Whole networks from DRAM to DRAM: every tensor that the machine leaves in DRAM is what the integer reference
// computes, the DMA moves exactly the bytes that the compiler planned, every cycle has one cause, and the fidelities
// agree on all of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "hw/accelerator/machine.h"
#include "rtl/verilated_array.h"
#include "workloads/quantize/rewrite.h"
#include "workloads/quantize/untrained.h"
#include "workloads/reference/execute.h"
#include "workloads/tile/compile.h"
#include "workloads/zoo/zoo.h"

namespace fusesim {
namespace {

using accelerator::Fidelity;
using accelerator::MachineResult;
using isa::machine::CoreConfig;
using isa::machine::Role;

struct Case {
  std::string network, variant;
  std::uint32_t input_side;  ///< Pixels.
  std::uint32_t rows, cols;
  isa::Dataflow depthwise = isa::Dataflow::depthwise_broadcast;
  std::string memory = "DDR4-2400";
  std::vector<Fidelity> fidelities = {Fidelity::event};
};

std::string title(const testing::TestParamInfo<Case>& info) {
  const Case& c = info.param;
  std::string text = c.network + "_" + c.variant + "_" + std::to_string(c.input_side) + "_on_" +
                     std::to_string(c.rows) + "x" + std::to_string(c.cols) + "_" + name(c.depthwise) + "_" + c.memory;
  for (char& letter : text) letter = std::isalnum(static_cast<unsigned char>(letter)) != 0 ? letter : '_';
  return text;
}

CoreConfig core_of(const Case& c) {
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
  const std::vector<isa::machine::Section>& sections = compiled.program.sections;
  const auto input = std::find_if(sections.begin(), sections.end(),
                                  [](const isa::machine::Section& section) { return section.role == Role::input; });
  ASSERT_NE(input, sections.end());
  const std::vector<reference::Tensor> expected = reference::execute(network, input->values);
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
    ASSERT_LE(place.offset + expected[id].values.size(), bytes.size()) << node.name;
    const std::span<const std::int8_t> actual{bytes.data() + place.offset, expected[id].values.size()};
    ASSERT_EQ(reference::difference(node, expected[id].values, actual), std::nullopt);
    ++compared;
  }
  EXPECT_GT(compared, network.graph().nodes().size() / 3);
}

class MachineNetwork : public testing::TestWithParam<Case> {};

TEST_P(MachineNetwork, EqualsTheReferenceOnEveryTensorInEveryFidelity) {
  const Case& c = GetParam();
  const reference::QuantizedGraph network = quantize::untrained_network(
      quantize::with_input_size(zoo::build(c.network, c.variant), c.input_side, c.input_side), 1);
  tile::Options options;
  options.core = core_of(c);
  options.depthwise = c.depthwise;
  const tile::Compiled compiled = tile::compile(network, c.network + " " + c.variant, options);
  MachineResult first;
  for (const Fidelity fidelity : c.fidelities) {
    SCOPED_TRACE(name(fidelity));
    accelerator::MachineOptions how;
    how.fidelity = fidelity;
    how.memory.standard = c.memory;
    how.keep_tensors = true;
    how.make_rtl = [](const isa::ArrayConfig& config) { return std::make_unique<rtl::VerilatedArray>(config); };
    MachineResult result = accelerator::run(compiled.program, options.core, how);
    expect_accounted(result, compiled);
    if (fidelity == c.fidelities.front()) {
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

constexpr isa::Dataflow column = isa::Dataflow::depthwise_column;
constexpr isa::Dataflow row = isa::Dataflow::depthwise_row;
constexpr isa::Dataflow broadcast = isa::Dataflow::depthwise_broadcast;

#ifndef FUSESIM_LONG

/// Every network and variant, small pictures.
std::vector<Case> every_network() {
  std::vector<Case> all;
  const isa::Dataflow mappings[] = {broadcast, column, row};
  const std::string memories[] = {"DDR4-2400", "LPDDR4-3200", "HBM2-2000", "fixed"};
  for (const std::string_view network : zoo::networks()) {
    for (const std::string_view variant : zoo::variants(network)) {
      const std::size_t n = all.size();
      all.push_back({std::string(network), std::string(variant), static_cast<std::uint32_t>(n % 3 == 0 ? 33 : 32),
                     n % 2 == 0 ? 16U : 12U, n % 4 < 2 ? 16U : 24U, mappings[n % 3], memories[n % 4]});
    }
  }
  return all;
}
INSTANTIATE_TEST_SUITE_P(Zoo, MachineNetwork, testing::ValuesIn(every_network()), title);

INSTANTIATE_TEST_SUITE_P(
    Stepped, MachineNetwork,
    testing::Values(
        Case{"mobilenet_v2", "baseline", 32, 16, 16, column, "DDR4-2400", {Fidelity::event, Fidelity::stepped}},
        Case{"mobilenet_v2", "fuse_half", 40, 13, 9, broadcast, "LPDDR4-3200", {Fidelity::event, Fidelity::stepped}},
        Case{"mobilenet_v3_small", "fuse_half_50", 32, 8, 20, row, "fixed", {Fidelity::event, Fidelity::stepped}},
        Case{"mobilenet_v3_large",
             "fuse_full",
             32,
             32,
             32,
             broadcast,
             "HBM2-2000",
             {Fidelity::event, Fidelity::stepped}},
        Case{"resnet50", "baseline", 32, 32, 32, broadcast, "DDR4-2400", {Fidelity::event, Fidelity::stepped}}),
    title);

INSTANTIATE_TEST_SUITE_P(
    Rtl, MachineNetwork,
    testing::Values(
        Case{"mobilenet_v2",
             "baseline",
             32,
             8,
             8,
             broadcast,
             "DDR4-2400",
             {Fidelity::event, Fidelity::stepped, Fidelity::rtl}},
        Case{"mobilenet_v3_small", "fuse_half", 32, 16, 16, column, "LPDDR4-3200", {Fidelity::event, Fidelity::rtl}},
        Case{"mnasnet_b1", "fuse_full", 32, 16, 8, broadcast, "DDR4-2400", {Fidelity::event, Fidelity::rtl}}),
    title);

#else

/// Every network and variant as published.
std::vector<Case> every_network() {
  std::vector<Case> all;
  for (const std::string_view network : zoo::networks()) {
    for (const std::string_view variant : zoo::variants(network)) {
      all.push_back({std::string(network), std::string(variant), 224, 64, 64});
    }
  }
  return all;
}
INSTANTIATE_TEST_SUITE_P(Zoo224, MachineNetwork, testing::ValuesIn(every_network()), title);

INSTANTIATE_TEST_SUITE_P(
    Stepped224, MachineNetwork,
    testing::Values(
        Case{"mobilenet_v2", "baseline", 224, 64, 64, broadcast, "DDR4-2400", {Fidelity::event, Fidelity::stepped}},
        Case{"mobilenet_v2", "fuse_half", 224, 32, 32, broadcast, "LPDDR4-3200", {Fidelity::event, Fidelity::stepped}},
        Case{"mobilenet_v3_large", "baseline", 224, 32, 64, column, "DDR4-2400", {Fidelity::event, Fidelity::stepped}}),
    title);

INSTANTIATE_TEST_SUITE_P(
    Rtl224, MachineNetwork,
    testing::Values(Case{
        "mobilenet_v2", "baseline", 224, 32, 32, broadcast, "DDR4-2400", {Fidelity::event, Fidelity::rtl}}),
    title);

#endif

}  // namespace
}  // namespace fusesim
