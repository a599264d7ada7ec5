// SPDX-License-Identifier: Apache-2.0
// What compiled programs mean: run one instruction after the other, they leave in DRAM the tensors of the reference.
#include <gtest/gtest.h>

#include <string>

#include "hw/isa/limits.h"
#include "tests/support/machine_interpreter.h"
#include "tests/support/random_core.h"
#include "tests/support/random_network.h"
#include "workloads/quantize/rewrite.h"
#include "workloads/quantize/untrained.h"
#include "workloads/reference/execute.h"
#include "workloads/tile/compile.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::tile {
namespace {

using graph::NodeId;

/// Every tensor that exists, compared with the reference; how many there were.
std::size_t expect_equal_tensors(const reference::QuantizedGraph& network, const Options& options) {
  const Compiled compiled = compile(network, "test", options);
  isa::machine::validate(compiled.program);
  EXPECT_TRUE(compiled.program.has_values());
  test::MachineInterpreter machine(compiled.program);
  machine.run();

  const NodePlace& input = compiled.nodes[network.input()];
  const std::vector<reference::Tensor> expected = reference::execute(
      network,
      gather(input, network.graph().node(network.input()).shape, compiled.program.sections[*input.section].values));
  std::size_t compared = 0;
  for (NodeId id = 0; id < expected.size(); ++id) {
    const NodePlace& place = compiled.nodes[id];
    EXPECT_NE(place.section.has_value(), place.folded_into.has_value()) << network.graph().node(id).name;
    if (!place.section) continue;
    const isa::machine::Section& section = compiled.program.sections[*place.section];
    const std::vector<std::int8_t> actual = gather(place, network.graph().node(id).shape,
                                                   std::span(machine.dram()).subspan(section.address, section.bytes));
    const auto difference = reference::difference(network.graph().node(id), expected[id].values, actual);
    EXPECT_FALSE(difference) << *difference;
    ++compared;
    if (difference) break;
  }
  return compared;
}

TEST(CompiledValues, EveryTensorOfRandomNetworksEqualsTheReference) {
  std::size_t compared = 0;
  std::uint32_t refused = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    test::Random random(seed);
    const reference::QuantizedGraph network = test::random_network(seed);
    Options options = test::random_compile_options(random);
    options.seed = seed;
    try {
      compared += expect_equal_tensors(network, options);
    } catch (const CompileError& error) {
      ++refused;
    }
    if (HasFailure()) return;
  }
  // Most networks fit most cores.
  EXPECT_LT(refused, 40U);
  EXPECT_GT(compared, 4000U);
}

/// The input's own order and the documented one in DRAM, written out.
TEST(CompiledValues, TheInputLiesRowByRowUnlessItIsFlattened) {
  constexpr std::uint32_t channels = 3, height = 4, width = 5;
  const reference::TensorFormat format{reference::Scale(1), 0};
  Options options;
  for (std::uint32_t i = 0; i < channels * height * width; ++i) options.input.push_back(static_cast<std::int8_t>(i));
  for (const bool flattened : {false, true}) {
    graph::Graph graph;
    const NodeId in = graph.add("in", graph::Input{{channels, height, width}});
    graph.add("out", flattened ? graph::Operator(graph::Flatten{}) : graph::Pool{.kind = graph::PoolKind::max}, {in});
    const Compiled compiled = compile(reference::QuantizedGraph(graph, {format, format}, {}), "test", options);
    const std::vector<std::int8_t>& bytes = compiled.program.sections[*compiled.nodes[in].section].values;
    if (flattened) {
      EXPECT_EQ(bytes, options.input);
      continue;
    }
    ASSERT_EQ(bytes.size(), options.input.size());
    for (std::uint32_t c = 0; c < channels; ++c) {
      for (std::uint32_t y = 0; y < height; ++y) {
        for (std::uint32_t x = 0; x < width; ++x) {
          EXPECT_EQ(bytes[(y * channels + c) * width + x], options.input[(c * height + y) * width + x]);
        }
      }
    }
    EXPECT_EQ(gather(compiled.nodes[in], {channels, height, width}, bytes), options.input);
  }
}

TEST(CompiledValues, KernelsTooWideForTheWiresAreRight) {
  constexpr auto taps = static_cast<std::uint32_t>(isa::max_wire_taps) + 1;
  const reference::TensorFormat format{reference::Scale(1), 0};
  graph::Graph graph;
  graph.add("in", graph::Input{{2, 1, taps}});
  graph.add("conv", graph::Conv{.in_channels = 2, .out_channels = 2, .kernel_width = taps, .groups = 2}, {0});
  reference::Weights weights{reference::ElementType::int8, {}, {}, {0, 0}};
  test::Random random(1);
  for (std::uint32_t i = 0; i < 2 * taps; ++i) weights.values.push_back(random.int8());
  weights.scales.assign(2, reference::Scale(1e-5F));
  const reference::QuantizedGraph network(graph, {format, format}, {{1, weights}});
  Options options;
  options.core.activations.bytes = options.core.weights.bytes = std::uint64_t{4} << 20;
  EXPECT_EQ(expect_equal_tensors(network, options), 2U);
}

TEST(CompiledValues, EveryTensorOfTheZooEqualsTheReference) {
  for (const auto network : zoo::networks()) {
    for (const auto variant : zoo::variants(network)) {
      SCOPED_TRACE(std::string(network) + " " + std::string(variant));
      const std::uint32_t size = network == "mobilenet_v3_small" ? 64 : 32;
      const auto graph = quantize::with_input_size(zoo::build(network, variant), size, size);
      Options options;
      options.core.array.rows = 16;
      options.core.array.cols = 24;
      options.core.activations.bytes = options.core.weights.bytes = 32 * 1024;
      options.core.outputs.bytes = 24 * 1024;
      options.row_packing = variant == "fuse_half";
      if (variant == "fuse_full") options.core.array.fuse_links = false;
      if (variant == "fuse_full") options.depthwise = isa::Dataflow::depthwise_row;
      EXPECT_GT(expect_equal_tensors(quantize::untrained_network(graph), options), 20U);
      if (HasFailure()) return;
    }
  }
}

/// Grouped pointwise layers with shuffles, pooled shortcuts, gates on results.
TEST(CompiledValues, EveryTensorOfArchonNetworksEqualsTheReference) {
  for (const char* network : {"fusionet_c10", "archon_shufflenet_baseline", "archon_shufflenet", "archon_mnasnet"}) {
    SCOPED_TRACE(network);
    const auto graph = quantize::with_input_size(zoo::build(network, "baseline"), 15, 15);
    Options options;
    options.core.array.rows = 8;
    options.core.array.cols = 24;
    options.core.activations.bytes = options.core.weights.bytes = 32 * 1024;
    options.core.outputs.bytes = 24 * 1024;
    EXPECT_GT(expect_equal_tensors(quantize::untrained_network(graph), options), 20U);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace fusesim::tile
