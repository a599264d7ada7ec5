// SPDX-License-Identifier: Apache-2.0
#include "workloads/lower/lower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "hw/control/timing.h"
#include "hw/isa/text.h"
#include "hw/isa/trace.h"
#include "workloads/graph/graph.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::lower {
namespace {

using graph::Layer;
using graph::LayerType;
using isa::Dataflow;
using testing::HasSubstr;

isa::Program compile(std::string_view network, std::string_view variant, const LowerOptions& options) {
  const auto layers = graph::array_layers(zoo::build(network, variant));
  return lower_layers(layers, std::string(network) + " " + std::string(variant), options);
}

std::string message_of(const std::vector<Layer>& layers, const LowerOptions& options) {
  try {
    static_cast<void>(lower_layers(layers, "net", options));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

std::uint64_t cycles(const isa::Program& program) {
  std::uint64_t end = 0;
  for (const control::InstructionTiming& timing : control::time_program(program)) end = std::max(end, timing.end);
  return end;
}

template <typename Check>
void for_each_network(Check check) {
  for (const auto network : zoo::networks()) {
    for (const auto variant : zoo::variants(network)) check(network, variant);
  }
}

TEST(Lower, KeepsEveryLayersShapeOrderAndDependencies) {
  for_each_network([](auto network, auto variant) {
    const auto layers = graph::array_layers(zoo::build(network, variant));
    const isa::Program program = compile(network, variant, {});
    ASSERT_EQ(program.instructions.size(), layers.size());
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const isa::ArrayInstruction& instruction = program.instructions[i];
      EXPECT_EQ(instruction.geometry.macs(), layers[i].macs());
      EXPECT_EQ(instruction.wait_for, layers[i].depends_on);
      EXPECT_EQ(program.layers[instruction.layer], layers[i].name);
    }
  });
}

TEST(Lower, GivesTracesWhoseTextFormReturnsTheSameBytes) {
  for_each_network([](auto network, auto variant) {
    const isa::Program program = compile(network, variant, {.depthwise = Dataflow::depthwise_broadcast});
    const std::string bytes = isa::encode_trace(program);
    ASSERT_EQ(isa::encode_trace(isa::assemble(isa::disassemble(program))), bytes) << network << " " << variant;
    ASSERT_EQ(isa::decode_trace(bytes, "t"), program);
  });
}

TEST(Lower, PicksTheDataflowByLayerAndArray) {
  const auto count = [](const isa::Program& program, Dataflow dataflow) {
    return std::count_if(program.instructions.begin(), program.instructions.end(),
                         [&](const auto& instruction) { return instruction.dataflow == dataflow; });
  };
  for (const Dataflow mapping : {Dataflow::depthwise_column, Dataflow::depthwise_row, Dataflow::depthwise_broadcast}) {
    const isa::Program baseline = compile("mobilenet_v1", "baseline", {.depthwise = mapping});
    EXPECT_EQ(count(baseline, mapping), 13);
    EXPECT_EQ(count(baseline, Dataflow::gemm), 15);
    const isa::Program fuse = compile("mobilenet_v1", "fuse_half", {.depthwise = mapping});
    EXPECT_EQ(count(fuse, Dataflow::fuse_row), 13);
    EXPECT_EQ(count(fuse, Dataflow::fuse_column), 13);
  }
  LowerOptions plain{.depthwise = Dataflow::depthwise_row};
  plain.array.fuse_links = false;
  EXPECT_EQ(count(compile("mobilenet_v1", "fuse_half", plain), Dataflow::depthwise_row), 26);
}

TEST(Lower, FuseHalfBranchesShareInputAndOutput) {
  const isa::Program program = compile("mobilenet_v1", "fuse_half", {});
  int pairs = 0;
  for (std::size_t i = 1; i < program.instructions.size(); ++i) {
    const isa::ArrayInstruction& column = program.instructions[i];
    if (column.dataflow != Dataflow::fuse_column) continue;
    const isa::ArrayInstruction& row = program.instructions[i - 1];
    ASSERT_EQ(row.dataflow, Dataflow::fuse_row);
    const std::uint32_t half = row.geometry.in_channels;
    EXPECT_EQ(row.input.tensor, column.input.tensor);
    EXPECT_EQ(row.input.channel, 0U);
    EXPECT_EQ(column.input.channel, half);
    EXPECT_EQ(program.tensors[row.input.tensor].channels, 2 * half);
    EXPECT_EQ(row.output.tensor, column.output.tensor);
    EXPECT_EQ(row.output.channel, 0U);
    EXPECT_EQ(column.output.channel, half);
    EXPECT_EQ(program.tensors[row.output.tensor].channels, 2 * half);
    ++pairs;
  }
  EXPECT_EQ(pairs, 13);
}

TEST(Lower, FuseFullBranchesReadAllChannels) {
  const isa::Program program = compile("mobilenet_v1", "fuse_full", {});
  for (std::size_t i = 1; i < program.instructions.size(); ++i) {
    const isa::ArrayInstruction& column = program.instructions[i];
    if (column.dataflow != Dataflow::fuse_column) continue;
    const isa::ArrayInstruction& row = program.instructions[i - 1];
    EXPECT_EQ(row.input, column.input);
    EXPECT_EQ(program.tensors[row.input.tensor].channels, row.geometry.in_channels);
    EXPECT_EQ(column.output.channel, row.geometry.out_channels);
  }
}

TEST(Lower, SharesTheInputOfTwoReadersOfOneProducer) {
  // ResNet: the first 1x1 of a stage and its shortcut read the same map.
  const isa::Program program = compile("resnet50", "baseline", {});
  int shared = 0;
  for (std::size_t i = 0; i < program.instructions.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const auto& a = program.instructions[j];
      const auto& b = program.instructions[i];
      if (a.input.tensor != b.input.tensor) continue;
      EXPECT_EQ(a.wait_for, b.wait_for);
      ++shared;
    }
  }
  EXPECT_EQ(shared, 4);
}

TEST(Lower, IsDeterministicAndSeedsTellProgramsApart) {
  const isa::Program program = compile("mnasnet_b1", "fuse_half_50", {});
  EXPECT_EQ(compile("mnasnet_b1", "fuse_half_50", {}), program);
  const isa::Program other = compile("mnasnet_b1", "fuse_half_50", {.seed = 2});
  std::vector<std::uint64_t> seeds;
  for (const isa::Program* p : {&program, &other}) {
    for (const isa::Tensor& tensor : p->tensors) {
      if (tensor.source == isa::TensorSource::generated) seeds.push_back(tensor.seed);
    }
  }
  std::sort(seeds.begin(), seeds.end());
  EXPECT_EQ(std::adjacent_find(seeds.begin(), seeds.end()), seeds.end());
}

TEST(Lower, RejectsOptionsThatDoNotFit) {
  LowerOptions options{.depthwise = Dataflow::depthwise_broadcast};
  options.array.fuse_links = false;
  EXPECT_EQ(message_of({}, options),
            "depthwise mapping 'broadcast' needs FuSe links, which array '64x64 pingpong pipelined nofuse stages=0' "
            "lacks; use 'column' or 'row'");
  EXPECT_THAT(message_of({}, {.depthwise = Dataflow::gemm}), HasSubstr("depthwise mapping 'gemm' is none"));
  EXPECT_THAT(message_of({}, {.array = {.rows = 0}}), HasSubstr("array.rows is 0"));
}

TEST(Lower, NamesAMalformedLayer) {
  Layer layer;
  layer.name = "odd";
  layer.in_channels = layer.in_height = layer.in_width = 4;
  layer.out_channels = layer.out_height = 4;
  layer.out_width = 5;
  EXPECT_THAT(message_of({layer}, {}), HasSubstr("instruction 0 (odd): out_width is 5"));
  layer.groups = 0;
  EXPECT_THAT(message_of({layer}, {}), HasSubstr("layer odd: groups is 0"));
}

TEST(Lower, GivesDepthwiseLayersWithSeveralFiltersAChannelToGemm) {
  Layer layer;
  layer.name = "multiplier";
  layer.type = LayerType::depthwise;
  layer.in_channels = layer.groups = 4;
  layer.in_height = layer.in_width = layer.kernel_height = layer.kernel_width = 3;
  layer.out_channels = 8;
  layer.out_height = layer.out_width = 1;
  const isa::Program program = lower_layers(std::vector{layer}, "net", {.depthwise = Dataflow::depthwise_row});
  EXPECT_EQ(program.instructions[0].dataflow, Dataflow::gemm);
}

// The estimate equals the timing law for an instruction alone, so its choice is the best there is.
TEST(Lower, PacksEachLayerAsFastAsTheTimingLawAllows) {
  for (const isa::ArrayConfig& array :
       {isa::ArrayConfig{.rows = 64, .cols = 64}, isa::ArrayConfig{.rows = 8, .cols = 100},
        isa::ArrayConfig{.rows = 32, .cols = 64, .accumulators = isa::Accumulators::single},
        isa::ArrayConfig{.rows = 16, .cols = 48, .folds = isa::FoldOverlap::serial}}) {
    for (const char* variant : {"baseline", "fuse_half"}) {
      const isa::Program program =
          compile("mobilenet_v2", variant, {.array = array, .depthwise = Dataflow::depthwise_broadcast});
      int packed = 0;
      for (const isa::ArrayInstruction& instruction : program.instructions) {
        const auto cycles_with = [&](std::uint32_t lines) {
          isa::Program alone = program;
          alone.instructions = {instruction};
          alone.instructions[0].wait_for.clear();
          alone.instructions[0].lines_per_row = lines;
          return cycles(alone);
        };
        const std::uint64_t chosen = cycles_with(instruction.lines_per_row);
        const std::uint32_t densest = densest_packing(instruction.dataflow, instruction.geometry, array.cols).lines;
        for (std::uint32_t lines = 1; lines <= densest; ++lines) {
          ASSERT_LE(chosen, cycles_with(lines)) << describe(array) << " " << program.layers[instruction.layer];
        }
        packed += instruction.lines_per_row > 1;
      }
      EXPECT_GT(packed, 0) << describe(array) << " " << variant;
    }
  }
}

// Instructions overlap in a network; that may not turn the choice into a loss.
TEST(Lower, PackingIsNeverSlowerThanNoneOrDensest) {
  struct Case {
    isa::ArrayConfig array;
    Dataflow depthwise;
    std::string_view network, variant;
  };
  std::vector<Case> cases;
  for (const auto accumulators : {isa::Accumulators::single, isa::Accumulators::pingpong}) {
    for (const auto folds : {isa::FoldOverlap::serial, isa::FoldOverlap::pipelined}) {
      for (const auto& [rows, cols] : {std::pair{64U, 64U}, {16U, 128U}, {128U, 32U}, {256U, 256U}}) {
        const isa::ArrayConfig array{.rows = rows, .cols = cols, .accumulators = accumulators, .folds = folds};
        cases.push_back({array, Dataflow::depthwise_broadcast, "mobilenet_v2", "baseline"});
        cases.push_back({array, Dataflow::depthwise_column, "mobilenet_v2", "fuse_half"});
        cases.push_back({array, Dataflow::depthwise_column, "mobilenet_v3_small", "fuse_full"});
      }
    }
  }
  for (const Case& c : cases) {
    const isa::Program packed = compile(c.network, c.variant, {.array = c.array, .depthwise = c.depthwise});
    isa::Program none = packed, densest = packed;
    for (auto& instruction : none.instructions) instruction.lines_per_row = 1;
    for (auto& instruction : densest.instructions) {
      instruction.lines_per_row = densest_packing(instruction.dataflow, instruction.geometry, c.array.cols).lines;
    }
    EXPECT_LE(cycles(packed), cycles(none)) << describe(c.array) << " " << c.variant;
    EXPECT_LE(cycles(packed), cycles(densest)) << describe(c.array) << " " << c.variant;
    EXPECT_EQ(compile(c.network, c.variant, {.array = c.array, .depthwise = c.depthwise, .row_packing = false}), none);
  }
}

}  // namespace
}  // namespace fusesim::lower
