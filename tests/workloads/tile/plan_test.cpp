// SPDX-License-Identifier: Apache-2.0
// What the compiler says of a program before it is made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <variant>

#include "tests/support/random_core.h"
#include "tests/support/random_network.h"
#include "workloads/quantize/rewrite.h"
#include "workloads/quantize/untrained.h"
#include "workloads/tile/compile.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::tile {
namespace {

using isa::machine::Pad;

/// Runs of bytes that are contiguous in DRAM; each begins behind the one before it.
std::uint64_t count_runs(const isa::machine::Transfer& t) {
  std::uint64_t runs = 0, end = 0;
  for (std::uint64_t k = 0; k < t.counts[2]; ++k) {
    for (std::uint64_t j = 0; j < t.counts[1]; ++j) {
      for (std::uint64_t i = 0; i < t.counts[0]; ++i) {
        const std::uint64_t begin = t.dram + i * t.dram_strides[0] + j * t.dram_strides[1] + k * t.dram_strides[2];
        EXPECT_TRUE(runs == 0 || begin >= end);
        if (runs == 0 || begin != end) ++runs;
        end = begin + t.run_bytes;
      }
    }
  }
  return runs;
}

/// Of all loads and stores.
std::uint64_t count_runs(const isa::machine::Program& program) {
  std::uint64_t runs = 0;
  for (const isa::machine::Instruction& instruction : program.instructions) {
    if (const auto* load = std::get_if<isa::machine::Load>(&instruction.work)) runs += count_runs(*load);
    if (const auto* store = std::get_if<isa::machine::Store>(&instruction.work)) runs += count_runs(*store);
  }
  return runs;
}

/// Planned bytes and tiles of every layer are those of its instructions.
void expect_planned(const Compiled& compiled) {
  const std::size_t layers = compiled.program.layers.size();
  ASSERT_EQ(compiled.layers.size(), layers);
  std::vector<std::uint64_t> loads(layers), stores(layers), macs(layers), tiles(layers);
  for (const isa::machine::Instruction& instruction : compiled.program.instructions) {
    if (const auto* load = std::get_if<isa::machine::Load>(&instruction.work))
      loads[instruction.layer] += load->bytes();
    if (const auto* store = std::get_if<isa::machine::Store>(&instruction.work)) {
      stores[instruction.layer] += store->bytes();
    }
    // One a tile; a shuffle may take several stores.
    if (std::holds_alternative<isa::machine::Vector>(instruction.work)) ++tiles[instruction.layer];
    if (const auto* compute = std::get_if<isa::machine::Compute>(&instruction.work)) {
      macs[instruction.layer] += compute->geometry.macs();
    }
  }
  for (std::size_t i = 0; i < layers; ++i) {
    const LayerPlan& plan = compiled.layers[i];
    EXPECT_EQ(plan.name, compiled.program.layers[i]);
    EXPECT_EQ(plan.load_bytes, loads[i]) << plan.name;
    EXPECT_EQ(plan.store_bytes, stores[i]) << plan.name;
    EXPECT_EQ(plan.macs, macs[i]) << plan.name;
    EXPECT_EQ(plan.tiles, tiles[i]) << plan.name;
    EXPECT_GE(plan.estimated_stall, 0) << plan.name;
  }
}

TEST(LayerPlan, StatesTheTrafficOfRandomNetworks) {
  for (std::uint64_t seed = 3000; seed < 3400; ++seed) {
    SCOPED_TRACE(seed);
    test::Random random(seed);
    const reference::QuantizedGraph network = test::random_network(seed);
    Options options = test::random_compile_options(random);
    options.values = false;
    try {
      expect_planned(compile(network, "test", options));
    } catch (const CompileError&) {
    }
    if (HasFailure()) return;
  }
}

TEST(LayerPlan, StatesTheTrafficOfEveryNetwork) {
  for (const auto network : zoo::all_networks()) {
    for (const auto variant : zoo::variants(network)) {
      SCOPED_TRACE(std::string(network) + " " + std::string(variant));
      const auto graph = zoo::build(network, variant);
      const reference::QuantizedGraph quantized = quantize::untrained_network(graph);
      Options options;
      options.values = false;
      const Compiled large = compile(quantized, "large", options);
      isa::machine::validate(large.program);
      expect_planned(large);
      EXPECT_EQ(graph::totals(graph).macs, [&] {
        std::uint64_t macs = 0;
        for (const LayerPlan& plan : large.layers) macs += plan.macs;
        return macs;
      }());
      options.core.array.rows = options.core.array.cols = 32;
      options.core.outputs.banks = 32;
      options.core.activations.bytes = options.core.weights.bytes = 96 * 1024;
      options.core.outputs.bytes = 64 * 1024;
      const Compiled small = compile(quantized, "small", options);
      isa::machine::validate(small.program);
      expect_planned(small);
    }
  }
}

/// Maps whose channels lie one after the other took 18,895 runs of 960 bytes on average.
TEST(Transfers, HaveLongRuns) {
  Options options;
  options.values = false;
  const Compiled compiled =
      compile(quantize::untrained_network(zoo::build("mobilenet_v2", "baseline")), "test", options);
  std::uint64_t bytes = 0;
  for (const LayerPlan& plan : compiled.layers) bytes += plan.load_bytes + plan.store_bytes;
  const std::uint64_t runs = count_runs(compiled.program);
  EXPECT_LT(runs, 6000U);
  EXPECT_GT(bytes / runs, 3000U);
}

TEST(Transfers, AscendInDram) {
  for (std::uint64_t seed = 5000; seed < 5100; ++seed) {
    SCOPED_TRACE(seed);
    test::Random random(seed);
    const reference::QuantizedGraph network = test::random_network(seed);
    Options options = test::random_compile_options(random);
    options.values = false;
    try {
      EXPECT_GT(count_runs(compile(network, "test", options).program), 0U);
    } catch (const CompileError&) {
    }
    if (HasFailure()) return;
  }
}

/// Whatever part of the rows a band has.
TEST(Transfers, OfBandsOfAllChannelsAreOneRun) {
  graph::Graph graph;
  graph.add("in", graph::Input{{8, 9, 7}});
  graph.add("pool", graph::Pool{.kernel_height = 3, .kernel_width = 3, .padding = {1, 1, 1, 1}}, {0});
  const reference::TensorFormat format{reference::Scale(1), 0};
  Options options;
  options.values = false;
  options.core.activations = {.bytes = 512, .banks = 4, .width = 1};
  const Compiled compiled = compile(reference::QuantizedGraph(graph, {format, format}, {}), "test", options);
  std::size_t whole = 0;
  for (const isa::machine::Instruction& instruction : compiled.program.instructions) {
    const isa::machine::Transfer* transfer = std::get_if<isa::machine::Load>(&instruction.work);
    if (!transfer) transfer = std::get_if<isa::machine::Store>(&instruction.work);
    if (!transfer || transfer->bytes() % (8 * 7) != 0) continue;
    EXPECT_EQ(count_runs(*transfer), 1U);
    ++whole;
  }
  EXPECT_GT(compiled.layers[0].tiles, 1U);
  EXPECT_EQ(whole, 2 * compiled.layers[0].tiles);
}

/// Shrinks one scratchpad until the compiler refuses; what it says must be enough, and a row less must not be.
TEST(CompileError, NamesTheBytesThatWouldDo) {
  std::size_t refused = 0;
  const std::regex pattern(
      "layer '(.*)' needs at least ([0-9]+) bytes of the ([a-z]+) scratchpad \\(machine has ([0-9]+)\\).*");
  for (std::uint64_t seed = 4000; seed < 4150; ++seed) {
    SCOPED_TRACE(seed);
    test::Random random(seed);
    const reference::QuantizedGraph network = test::random_network(seed, {.operators = 6});
    Options options = test::random_compile_options(random);
    options.values = false;
    const auto which = static_cast<Pad>(random.between(0, 2));
    auto& pad = which == Pad::activations ? options.core.activations
                : which == Pad::weights   ? options.core.weights
                                          : options.core.outputs;
    for (isa::machine::ScratchpadConfig* each :
         {&options.core.activations, &options.core.weights, &options.core.outputs}) {
      each->bytes = (std::uint64_t{1} << 20) / each->row_bytes() * each->row_bytes();
    }
    pad.bytes = pad.row_bytes();
    // The first layer that does not fit is named; with what it asks for, the next one may be.
    std::uint64_t needed = 0;
    for (int rounds = 0; rounds < 20; ++rounds) {
      try {
        static_cast<void>(compile(network, "test", options));
        break;
      } catch (const CompileError& error) {
        std::smatch match;
        const std::string message = error.what();
        ASSERT_TRUE(std::regex_match(message, match, pattern)) << message;
        EXPECT_EQ(match[3], name(which)) << message;
        EXPECT_EQ(std::stoull(match[4]), pad.bytes) << message;
        needed = std::stoull(match[2]);
        ASSERT_GT(needed, pad.bytes) << message;
        ASSERT_EQ(needed % pad.row_bytes(), 0U) << message;
        pad.bytes = needed;
        ++refused;
      }
    }
    if (needed == 0) continue;
    EXPECT_NO_THROW(static_cast<void>(compile(network, "test", options)));
    pad.bytes = needed - pad.row_bytes();
    if (pad.bytes == 0) continue;
    EXPECT_THROW(static_cast<void>(compile(network, "test", options)), CompileError);
  }
  EXPECT_GT(refused, 100U);
}

TEST(CompileError, RefusesSumsOfThree) {
  graph::Graph graph;
  graph.add("in", graph::Input{{2, 3, 3}});
  graph.add("sum", graph::Add{}, {0, 0, 0});
  const reference::TensorFormat format{reference::Scale(1), 0};
  const reference::QuantizedGraph network(graph, {format, format}, {});
  try {
    static_cast<void>(compile(network, "test", {}));
    FAIL();
  } catch (const CompileError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("layer 'sum' adds 3 maps"));
  }
}

}  // namespace
}  // namespace fusesim::tile
