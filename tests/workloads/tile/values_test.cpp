// SPDX-License-Identifier: Apache-2.0
// What compiled programs mean: run one instruction after the other, they leave in DRAM the tensors of the reference.
#include <gtest/gtest.h>

#include <string>

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

  const isa::machine::Section& input = compiled.program.sections[*compiled.nodes[network.input()].section];
  const std::vector<reference::Tensor> expected = reference::execute(network, input.values);
  std::size_t compared = 0;
  for (NodeId id = 0; id < expected.size(); ++id) {
    const NodePlace& place = compiled.nodes[id];
    EXPECT_NE(place.section.has_value(), place.folded_into.has_value()) << network.graph().node(id).name;
    if (!place.section) continue;
    const std::uint64_t address = compiled.program.sections[*place.section].address + place.offset;
    const std::span<const std::int8_t> actual{machine.dram().data() + address, expected[id].values.size()};
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

}  // namespace
}  // namespace fusesim::tile
