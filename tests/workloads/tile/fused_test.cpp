// SPDX-License-Identifier: Apache-2.0
// Programs of networks with predicted blocks: what they mean, whether they wait for enough and for no more, and what
// the compiler says of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "hw/isa/machine/fused_lists.h"
#include "tests/support/compiled_tensors.h"
#include "tests/support/hazard_checker.h"
#include "tests/support/machine_interpreter.h"
#include "tests/support/random_block.h"
#include "tests/support/random_core.h"
#include "tests/support/random_predicted_network.h"
#include "workloads/tile/compile.h"

namespace fusesim::tile {
namespace {

using isa::machine::FusedAccumulate;
using isa::machine::FusedPredict;
using isa::machine::FusedSource;
using isa::machine::FusedTile;
using isa::machine::Instruction;
using isa::machine::Load;
using isa::machine::Pad;
using isa::machine::Program;
using isa::machine::Role;

/// Any schedule, either source, scratchpads of 4 to 64 KB.
Options random_options(test::Random& random) {
  Options options = test::random_compile_options(random);
  for (isa::machine::ScratchpadConfig* pad :
       {&options.core.activations, &options.core.weights, &options.core.outputs}) {
    pad->bytes =
        (std::max<std::uint64_t>(pad->bytes, 4096) + pad->row_bytes() - 1) / pad->row_bytes() * pad->row_bytes();
  }
  options.core.fused = test::random_fused_unit(random, options.core.array);
  options.fused.schedule =
      std::array{FusedSchedule::best, FusedSchedule::lists_stay, FusedSchedule::lists_pass}[random.between(0, 2)];
  options.fused.source = random.chance(0.3) ? FusedSource::factors : FusedSource::lists;
  return options;
}

struct Case {
  reference::QuantizedGraph network;
  Options options;
};
Case random_case(std::uint64_t seed, const test::PredictedNetworkOptions& size = {}) {
  test::Random random(seed);
  Case made{test::random_predicted_network(seed, size), random_options(random)};
  made.options.seed = seed;
  return made;
}

/// Nothing where the machine is too small.
std::optional<Compiled> try_compile(const Case& c) {
  try {
    return compile(c.network, "test", c.options);
  } catch (const CompileError&) {
    return std::nullopt;
  }
}

TEST(FusedValues, EveryTensorOfRandomNetworksEqualsTheReference) {
  std::size_t compared = 0, refused = 0, blocks = 0;
  std::map<std::string, std::size_t> orders;
  for (std::uint64_t seed = 0; seed < 250; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Case c = random_case(seed);
    const auto compiled = try_compile(c);
    if (!compiled) {
      ++refused;
      continue;
    }
    isa::machine::validate(compiled->program);
    test::MachineInterpreter machine(compiled->program);
    machine.run();
    compared += test::expect_tensors(*compiled, c.network, test::expected_tensors(*compiled, c.network),
                                     [&](std::uint32_t index) {
                                       const isa::machine::Section& section = compiled->program.sections[index];
                                       return std::span(machine.dram()).subspan(section.address, section.bytes);
                                     });
    for (const LayerPlan& layer : compiled->layers) {
      if (layer.words == 0) continue;
      ++orders[layer.loop_order];
      ++blocks;
    }
    if (HasFailure()) return;
  }
  EXPECT_LT(refused, 60U);
  EXPECT_GT(compared, 1000U);
  EXPECT_GT(blocks, 500U);
  EXPECT_GT(orders["groups outside"], 100U);
  EXPECT_GT(orders["tiles outside"], 100U);
}

TEST(FusedHazards, NoneInRandomNetworks) {
  std::size_t programs = 0;
  for (std::uint64_t seed = 1000; seed < 1250; ++seed) {
    Case c = random_case(seed);
    c.options.values = false;
    const auto compiled = try_compile(c);
    if (!compiled) continue;
    const auto hazard = test::find_hazard(compiled->program);
    ASSERT_FALSE(hazard) << "seed " << seed << ": " << *hazard;
    ++programs;
  }
  EXPECT_GT(programs, 190U);
}

TEST(FusedHazards, EveryWaitIsNeeded) {
  std::size_t waits = 0, needless = 0;
  for (std::uint64_t seed = 2000; seed < 2060; ++seed) {
    Case c = random_case(seed, {.blocks = 1, .size = 12});
    c.options.values = false;
    auto compiled = try_compile(c);
    if (!compiled) continue;
    Program& program = compiled->program;
    for (std::size_t i = 0; i < program.instructions.size() && waits < 800; ++i) {
      for (std::uint32_t& wait : program.instructions[i].waits) {
        if (wait == 0) continue;
        const std::uint32_t kept = std::exchange(wait, wait - 1);
        ++waits;
        if (!test::find_hazard(program)) {
          ++needless;
          ADD_FAILURE() << "seed " << seed << ", instruction " << i << " " << name(program.instructions[i])
                        << " needs no wait for " << kept;
          if (needless > 5) return;
        }
        wait = kept;
      }
    }
  }
  EXPECT_GT(waits, 400U);
  EXPECT_EQ(needless, 0U) << "of " << waits;
}

/// The bytes that an instruction reads, as its section holds them.
std::vector<std::uint8_t> bytes_at(const Program& program, std::uint64_t dram, std::uint32_t bytes) {
  for (const isa::machine::Section& section : program.sections) {
    if (section.role != Role::lists || dram < section.address || dram >= section.address + section.bytes) continue;
    const auto begin = section.values.begin() + static_cast<std::ptrdiff_t>(dram - section.address);
    return {begin, begin + bytes};
  }
  return {};
}

/// What the plan counts, from the instructions alone.
struct Counted {
  std::uint64_t loads = 0, stores = 0, lists = 0, words = 0, products = 0;
  std::uint32_t tiles = 0;
};

std::vector<Counted> count(const Program& program) {
  std::vector<Counted> layers(program.layers.size());
  const isa::machine::FusedConfig& unit = program.core.fused;
  const std::uint32_t pes = unit.tile_rows * unit.tile_columns;
  for (const Instruction& instruction : program.instructions) {
    Counted& layer = layers[instruction.layer];
    if (const auto* load = std::get_if<Load>(&instruction.work)) {
      layer.loads += load->bytes();
      layer.lists += load->pad == Pad::weights ? load->bytes() : 0;
    }
    if (const auto* store = std::get_if<isa::machine::Store>(&instruction.work)) layer.stores += store->bytes();
    if (const auto* predict = std::get_if<FusedPredict>(&instruction.work)) {
      const isa::machine::FusedGeometry& g = predict->geometry;
      const isa::machine::FusedListShape shape{g.channels, g.middle, g.kernel, 1};
      const auto words = isa::machine::cut_predictor(
          isa::machine::decode_predictor(bytes_at(program, predict->lists_dram, predict->lists_bytes), shape,
                                         predict->round_channels),
          predict->round_channels, unit.lanes, unit.ladders);
      for (const isa::machine::PredictorWord& word : words.words) {
        layer.words += word.depthwise ? 1 : (g.positions() + pes - 1) / pes;
      }
    }
    if (const auto* accumulate = std::get_if<FusedAccumulate>(&instruction.work)) {
      const isa::machine::FusedGeometry& g = accumulate->geometry;
      const isa::machine::FusedListShape shape{g.channels, g.middle, g.kernel, accumulate->out_channels};
      const auto bytes = bytes_at(program, accumulate->lists_dram, accumulate->lists_bytes);
      const isa::machine::FusedTerms terms =
          accumulate->source == FusedSource::lists
              ? isa::machine::decode_terms(bytes, shape)
              : isa::machine::compose(isa::machine::decode_factors(bytes, shape), shape);
      layer.words += isa::machine::count_words(terms, unit.lanes);
      for (std::size_t list = 0; list < terms.ends.size(); ++list) {
        if (terms.list(list)[0].weight != 0) layer.products += std::uint64_t{g.out_rows} * g.out_columns;
      }
    }
  }
  return layers;
}

TEST(FusedPlan, StatesTrafficWordsAndProductsOfRandomNetworks) {
  std::size_t blocks = 0;
  for (std::uint64_t seed = 3000; seed < 3150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Case c = random_case(seed);
    c.options.values = false;
    const auto compiled = try_compile(c);
    if (!compiled) continue;
    isa::machine::validate(compiled->program);
    const std::vector<Counted> counted = count(compiled->program);
    for (std::size_t i = 0; i < counted.size(); ++i) {
      const LayerPlan& plan = compiled->layers[i];
      EXPECT_EQ(plan.load_bytes, counted[i].loads) << plan.name;
      EXPECT_EQ(plan.store_bytes, counted[i].stores) << plan.name;
      EXPECT_EQ(plan.words, counted[i].words) << plan.name;
      EXPECT_EQ(plan.products, counted[i].products) << plan.name;
      if (plan.words == 0) continue;
      EXPECT_EQ(plan.list_bytes, counted[i].lists) << plan.name;
      EXPECT_GE(plan.estimated_stall, 0) << plan.name;
      ++blocks;
    }
    if (HasFailure()) return;
  }
  EXPECT_GT(blocks, 300U);
}

/// Every output once, in tiles no larger than the unit's; lists that stay are loaded once.
TEST(FusedPlan, CutsMapsIntoTilesAndLoadsListsAsItSays) {
  for (std::uint64_t seed = 4000; seed < 4100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Case c = random_case(seed);
    c.options.values = false;
    const auto compiled = try_compile(c);
    if (!compiled) continue;
    const Program& program = compiled->program;
    std::vector<std::uint64_t> outputs(program.layers.size());
    std::vector<std::map<std::uint64_t, std::uint32_t>> loads(program.layers.size());
    std::vector<std::uint32_t> predicts(program.layers.size());
    for (const Instruction& instruction : program.instructions) {
      if (const auto* load = std::get_if<Load>(&instruction.work); load && load->pad == Pad::weights) {
        ++loads[instruction.layer][load->dram];
      }
      predicts[instruction.layer] += std::holds_alternative<FusedPredict>(instruction.work) ? 1 : 0;
      if (const auto* work = std::get_if<FusedAccumulate>(&instruction.work)) {
        outputs[instruction.layer] +=
            std::uint64_t{work->out_channels} * work->geometry.out_rows * work->geometry.out_columns;
      }
    }
    const auto& nodes = c.network.graph().nodes();
    for (std::size_t i = 0; i < program.layers.size(); ++i) {
      const LayerPlan& plan = compiled->layers[i];
      if (plan.words == 0) continue;
      const graph::Node& node = nodes[*c.network.graph().find(plan.name)];
      const auto& block = std::get<graph::PredictedBlock>(node.op);
      EXPECT_EQ(outputs[i], node.shape.elements());
      EXPECT_EQ(predicts[i], plan.tiles * block.groups);
      const std::uint32_t times = plan.loop_order == "groups outside" ? 1 : plan.tiles;
      for (const auto& [address, count] : loads[i]) EXPECT_EQ(count, times);
      if (c.options.fused.schedule == FusedSchedule::lists_stay) {
        EXPECT_EQ(plan.loop_order, "groups outside");
      }
      if (c.options.fused.schedule == FusedSchedule::lists_pass) {
        EXPECT_EQ(plan.loop_order, "tiles outside");
      }
    }
    if (HasFailure()) return;
  }
}

/// One block of 3x3 kernels in two groups on an 8x8 unit.
struct Single {
  reference::QuantizedGraph network;
  Options options;
};
Single single_block() {
  const auto suits = [](const test::RandomBlock& made) {
    const auto& factors = made.constants.project;
    return made.block.kernel == 3 && made.block.groups == 2 && made.block.out_channels >= 4 &&
           made.shape.height >= 10 && made.shape.width >= 10 &&
           std::count(factors.begin(), factors.end(), 0) < static_cast<std::ptrdiff_t>(factors.size() / 2);
  };
  std::uint64_t seed = 1;
  test::RandomBlock made;
  do {
    made = test::random_block(seed++, {.size = 14, .channels = 4, .middle = 40});
  } while (!suits(made));
  graph::Graph graph;
  graph.add("in", graph::Input{made.shape});
  graph.add("b1", made.block, {0});
  Single single{{graph, {made.in, made.out}, {}, {{1, made.constants}}}, {}};
  single.options.core.array.rows = single.options.core.array.cols = 8;
  single.options.core.fused.present = true;
  single.options.core.fused.adder_bits = 32;
  return single;
}

/// Empty when it compiles.
std::string refusal(const Single& single) {
  try {
    static_cast<void>(compile(single.network, "test", single.options));
  } catch (const CompileError& error) {
    return error.what();
  }
  return "";
}

/// What the message asks for is enough, and one less (a step less) is not.
template <typename T>
void expect_exact_need(Single& single, T& field, T small, const std::string& said, const std::string& before_number,
                       T step = 1) {
  ASSERT_EQ(refusal(single), "");
  field = small;
  const std::string message = refusal(single);
  EXPECT_THAT(message, testing::AllOf(testing::HasSubstr("layer 'b1'"), testing::HasSubstr(said)));
  const auto at = message.find(before_number);
  ASSERT_NE(at, std::string::npos) << message;
  const auto needed = static_cast<T>(std::stoull(message.substr(at + before_number.size())));
  EXPECT_GT(needed, small);
  field = needed;
  EXPECT_EQ(refusal(single), "");
  field = needed - step;
  EXPECT_THAT(refusal(single), testing::HasSubstr(before_number + std::to_string(needed)));
}

TEST(FusedErrors, NameTheStorageThatIsTooSmallAndHowMuchWouldDo) {
  Single single = single_block();
  isa::machine::FusedConfig& unit = single.options.core.fused;
  expect_exact_need(single, unit.mask_channels, 1U, "fused.mask_channels is 1", "raise it to ");
  single = single_block();
  expect_exact_need(single, unit.mask_positions, 64U, "fused.mask_positions is 64", "raise it to ");
  single = single_block();
  expect_exact_need(single, unit.tile_bytes, 1U, "fused.tile_bytes is 1", "raise it to ");
  single = single_block();
  expect_exact_need(single, unit.adder_bits, 8U, "composed weights of output channel", "need adders of ");
}

TEST(FusedErrors, NameTheScratchpadThatIsTooSmallAndHowMuchWouldDo) {
  constexpr std::uint64_t row = 64;
  Single single = single_block();
  isa::machine::CoreConfig& core = single.options.core;
  core.activations = core.weights = {.bytes = 256 * 1024, .banks = 64, .width = 1};
  core.outputs = {.bytes = 256 * 1024, .banks = 16, .width = 4};
  const Single ample = single;
  expect_exact_need(single, core.activations.bytes, row, "activations scratchpad for the input of a tile",
                    "needs at least ", row);
  single = ample;
  expect_exact_need(single, core.outputs.bytes, row, "outputs scratchpad for the results of a tile", "needs at least ",
                    row);
  single = ample;
  single.options.fused.schedule = FusedSchedule::lists_stay;
  expect_exact_need(single, core.weights.bytes, row, "the lists of a group, which are to stay there", "needs at least ",
                    row);
  single = ample;
  single.options.fused.schedule = FusedSchedule::lists_pass;
  core.weights.bytes = row;
  EXPECT_THAT(refusal(single), testing::HasSubstr("weights scratchpad for the predictor's lists of a group"));
  // Between the predictor's lists and twice those of the largest channel.
  std::uint64_t needed = 0;
  for (int rounds = 0; rounds < 10 && !refusal(single).empty(); ++rounds) {
    const std::string message = refusal(single);
    const bool lists = message.find("the lists of output channel") != std::string::npos;
    const std::string before = lists ? "make it " : "needs at least ";
    const auto at = message.find(before);
    ASSERT_NE(at, std::string::npos) << message;
    needed = std::stoull(message.substr(at + before.size()));
    if (lists) {
      EXPECT_THAT(message,
                  testing::HasSubstr("half of the weights scratchpad has " + std::to_string(core.weights.bytes / 2)));
    }
    core.weights.bytes = (needed + row - 1) / row * row;
  }
  EXPECT_EQ(refusal(single), "");
  core.weights.bytes -= row;
  EXPECT_NE(refusal(single), "");
}

TEST(FusedErrors, SayThatTheMachineHasNoFusedUnit) {
  Single single = single_block();
  single.options.core.fused = {};
  EXPECT_THAT(refusal(single), testing::AllOf(testing::HasSubstr("layer 'b1' is a predicted block"),
                                              testing::HasSubstr("has no fused unit")));
}

}  // namespace
}  // namespace fusesim::tile
