// SPDX-License-Identifier: Apache-2.0
#include "workloads/reference/execute.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <stdexcept>

#include "workloads/reference/operators.h"

namespace fusesim::reference {
namespace {

using graph::Graph;
using graph::NodeId;
using testing::ElementsAre;
using testing::HasSubstr;

const TensorFormat unit{Scale(1), 0};

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing thrown";
}

Weights ones(std::size_t channels, std::size_t window) {
  return {ElementType::int8, std::vector<std::int8_t>(channels * window, 1), std::vector<Scale>(channels, Scale(1)),
          std::vector<std::int32_t>(channels, 0)};
}

TEST(Execute, PaddingIsZeroPointAndLeavesNoTraceInTheResult) {
  Graph graph;
  graph.add("in", graph::Input{{1, 1, 2}});
  graph.add("conv", graph::Conv{1, 1, 1, 3, 1, 1, graph::Padding::symmetric(0, 1)}, {0});
  const QuantizedGraph network(graph, {{Scale(1), 50}, unit}, {{1, ones(1, 3)}});
  EXPECT_EQ(network.convolution(1).pad_value, 50);
  EXPECT_EQ(network.convolution(1).folded_bias, (std::vector<std::int32_t>{-150}));
  const auto tensors = execute(network, std::vector<std::int8_t>{53, 57}, {.keep_sums = true});
  EXPECT_THAT(tensors[1].sums, ElementsAre(160, 160));  // 50 + 53 + 57
  EXPECT_THAT(tensors[1].values, ElementsAre(10, 10));  // 3 + 7
  EXPECT_TRUE(execute(network, std::vector<std::int8_t>{53, 57})[1].sums.empty());
}

TEST(Execute, BiasAndMultiplierAreThoseOfTheChannel) {
  Graph graph;
  graph.add("in", graph::Input{{1, 1, 1}});
  graph.add("fc", graph::Linear{1, 3, true}, {0});
  Weights weights{ElementType::int8, {1, -2, 100}, {Scale(1), Scale(0.5F), Scale(0.25F)}, {7, 1, -3}};
  const QuantizedGraph network(graph, {unit, {Scale(2), -1}}, {{1, weights}});
  // (10 + 7) / 2 = 8.5 -> 9; (-20 + 1) / 4 = -4.75 -> -5; (1000 - 3) / 8 = 124.6 -> 125; each less 1.
  EXPECT_THAT(execute(network, std::vector<std::int8_t>{10})[1].values, ElementsAre(8, -6, 124));
}

TEST(Execute, AccumulatorsWrapAround) {
  constexpr std::uint32_t features = (std::uint32_t{1} << 17) + 1;  // Of -128 * -128 = 2^14 each.
  Graph graph;
  graph.add("in", graph::Input{{features, 1, 1}});
  graph.add("fc", graph::Linear{features, 1}, {0});
  Weights weights = ones(1, features);
  weights.values.assign(features, -128);
  const QuantizedGraph network(graph, {unit, unit}, {{1, weights}});
  EXPECT_EQ(largest_sum(network, 1), (std::uint64_t{1} << 31) + (std::uint64_t{1} << 14));
  const auto tensors = execute(network, std::vector<std::int8_t>(features, -128), {.keep_sums = true});
  EXPECT_THAT(tensors[1].sums, ElementsAre(std::numeric_limits<std::int32_t>::min() + (1 << 14)));
  EXPECT_THAT(tensors[1].values, ElementsAre(-128));
}

TEST(Execute, ClampAfterConvolutionEqualsOneClampInRequantisation) {
  Graph graph;
  graph.add("in", graph::Input{{1, 1, 5}});
  graph.add("conv", graph::Conv{1, 1}, {0});
  graph.add("relu6", graph::Activation{graph::ActivationKind::relu6}, {1});
  const TensorFormat out{Scale(0.125F), -100};
  const QuantizedGraph network(graph, {unit, out, out}, {{1, ones(1, 1)}});
  const auto tensors = execute(network, std::vector<std::int8_t>{-100, -1, 3, 6, 100});
  EXPECT_THAT(tensors[1].values, ElementsAre(-128, -108, -76, -52, 127));
  EXPECT_THAT(tensors[2].values, ElementsAre(-100, -100, -76, -52, -52));
  const Limits bounds = std::get<ClampConstants>(network.constants(2)).bounds;
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(requantize(tensors[0].values[i], network.convolution(1).multipliers[0], out.zero_point, bounds),
              tensors[2].values[i]);
  }
}

TEST(Execute, BranchesSplitJoinAndScaleByTheirGate) {
  Graph graph;
  graph.add("in", graph::Input{{4, 1, 2}});
  graph.add("left", graph::Split{0, 2}, {0});
  graph.add("right", graph::Split{2, 4}, {0});
  graph.add("cat", graph::Concat{}, {2, 1});
  graph.add("pool", graph::Pool{.kind = graph::PoolKind::global_average}, {3});
  graph.add("gate", graph::Activation{graph::ActivationKind::hsigmoid}, {4});
  graph.add("scale", graph::Scale{}, {3, 5});
  graph.add("sum", graph::Add{}, {0, 6});
  const TensorFormat in{Scale(1), 10}, coarse{Scale(2), -4}, gate{Scale(0x1p-8F), -128};
  const QuantizedGraph network(graph, {in, in, in, coarse, coarse, gate, coarse, {Scale(1), 1}}, {});
  const auto tensors = execute(network, std::vector<std::int8_t>{11, 12, 13, 14, 15, 16, 9, 8});
  EXPECT_THAT(tensors[1].values, ElementsAre(11, 12, 13, 14));
  EXPECT_THAT(tensors[2].values, ElementsAre(15, 16, 9, 8));
  // Reals 5 6 -1 -2 1 2 3 4 in steps of 2, halves up, zero point -4.
  EXPECT_THAT(tensors[3].values, ElementsAre(-1, -1, -4, -5, -3, -3, -2, -2));
  // Steps 3 3 0 -1 1 1 2 2: means 3, -0.5, 1, 2.
  EXPECT_THAT(tensors[4].values, ElementsAre(-1, -4, -3, -2));
  // Reals 6, 0, 2, 4 give 1, 1/2, 5/6, 1; 256 of it saturates.
  EXPECT_THAT(tensors[5].values, ElementsAre(127, 0, 85, 127));
  // Steps times 255/256, 1/2, 213/256, 255/256.
  EXPECT_THAT(tensors[6].values, ElementsAre(-1, -1, -4, -4, -3, -3, -2, -2));
  // in - 10 + 2 (scale + 4), zero point 1.
  EXPECT_THAT(tensors[7].values, ElementsAre(8, 9, 4, 5, 8, 9, 4, 3));
}

/// As ShuffleNet defines it: the channels as a matrix of `groups` rows, transposed. The order of twelve in three groups
/// is written out; the others are filled row by row and read column by column.
TEST(Execute, AShuffleTransposesGroupsAndChannelsOfAGroup) {
  const TensorFormat four{Scale(0.5F), 3, ElementType::int4};
  const auto shuffled = [&](std::uint32_t channels, std::uint32_t groups, const std::vector<std::int8_t>& map) {
    Graph graph;
    graph.add("in", graph::Input{{channels, 1, static_cast<std::uint32_t>(map.size()) / channels}});
    graph.add("shuffle", graph::Shuffle{groups}, {0});
    return execute(QuantizedGraph(graph, {four, four}, {}), map)[1].values;
  };
  EXPECT_THAT(shuffled(12, 3, {-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3}),
              ElementsAre(-8, -4, 0, -7, -3, 1, -6, -2, 2, -5, -1, 3));
  for (std::uint32_t rows = 1; rows <= 4; ++rows) {
    for (std::uint32_t columns = 1; columns <= 4; ++columns) {
      std::vector<std::int8_t> map, expected;
      const auto pixel = [&](std::uint32_t row, std::uint32_t column, std::uint32_t x) {
        return static_cast<std::int8_t>((7 * (row * columns + column) + x) % 16 - 8);
      };
      for (std::uint32_t r = 0; r < rows; ++r) {
        for (std::uint32_t c = 0; c < columns; ++c) map.insert(map.end(), {pixel(r, c, 0), pixel(r, c, 1)});
      }
      for (std::uint32_t c = 0; c < columns; ++c) {
        for (std::uint32_t r = 0; r < rows; ++r) expected.insert(expected.end(), {pixel(r, c, 0), pixel(r, c, 1)});
      }
      EXPECT_EQ(shuffled(rows * columns, rows, map), expected) << rows << " rows of " << columns;
      EXPECT_EQ(shuffled(rows * columns, columns, shuffled(rows * columns, rows, map)), map);
    }
  }
}

TEST(Execute, AShuffleKeepsTheFormat) {
  Graph graph;
  graph.add("in", graph::Input{{4, 1, 1}});
  graph.add("shuffle", graph::Shuffle{2}, {0});
  EXPECT_THAT(message_of([&] {
                QuantizedGraph(graph, {unit, {Scale(2), 0}}, {});
              }),
              HasSubstr("'shuffle': shuffle keeps the format of 'in'"));
}

TEST(Execute, FourBitTensorsSaturateAtFourBits) {
  Graph graph;
  graph.add("in", graph::Input{{1, 1, 3}});
  graph.add("conv", graph::Conv{1, 1}, {0});
  Weights weights = ones(1, 1);
  weights.type = ElementType::int4;
  weights.values = {3};
  const TensorFormat four{Scale(1), -1, ElementType::int4};
  const QuantizedGraph network(graph, {four, four}, {{1, weights}});
  EXPECT_THAT(execute(network, std::vector<std::int8_t>{-8, 0, 7})[1].values, ElementsAre(-8, 2, 7));
  EXPECT_THAT(message_of([&] {
                (void)execute(network, std::vector<std::int8_t>{0, 8, 0});
              }),
              HasSubstr("'in': the input holds 8, outside -8 .. 7"));
  weights.values = {8};
  EXPECT_THAT(message_of([&] {
                QuantizedGraph(graph, {four, four}, {{1, weights}});
              }),
              HasSubstr("'conv': weight 8 is outside -8 .. 7 of int4"));
}

TEST(Execute, OneNodeRunsAloneOnWhatAnotherMachineComputed) {
  Graph graph;
  graph.add("in", graph::Input{{1, 1, 2}});
  graph.add("sum", graph::Add{}, {0, 0});
  const QuantizedGraph network(graph, {unit, unit}, {});
  const Tensor foreign{{1, 1, 2}, {4, -5}, {}}, small{{1, 1, 1}, {4}, {}};
  EXPECT_THAT(execute_node(network, 1, std::vector{&foreign, &foreign}).values, ElementsAre(8, -10));
  EXPECT_THAT(message_of([&] {
                (void)execute_node(network, 1, std::vector{&foreign, &small});
              }),
              HasSubstr("'in': given 1 elements of 2"));
  EXPECT_THAT(message_of([&] { (void)execute_node(network, 0, {}); }), HasSubstr("'in': input cannot be run"));
}

TEST(QuantizedGraph, RefusesWhatItCannotRunAndNamesTheNode) {
  Graph graph;
  graph.add("in", graph::Input{{2, 2, 2}});
  graph.add("conv", graph::Conv{2, 3}, {0});
  graph.add("relu", graph::Activation{graph::ActivationKind::relu}, {1});
  const std::vector<TensorFormat> formats(3, unit);
  const auto refusal = [&](std::vector<TensorFormat> given, std::map<NodeId, Weights> weights) {
    return message_of([&] { QuantizedGraph(graph, std::move(given), std::move(weights)); });
  };
  const Weights good = ones(3, 2);
  EXPECT_EQ(refusal(formats, {{1, good}}), "nothing thrown");
  EXPECT_THAT(refusal({unit}, {{1, good}}), HasSubstr("1 formats for 3 nodes"));
  EXPECT_THAT(refusal(formats, {}), HasSubstr("'conv': has no weights"));
  EXPECT_THAT(refusal(formats, {{1, good}, {2, good}}), HasSubstr("node 2, which is no convolution"));
  EXPECT_THAT(refusal(formats, {{1, ones(3, 1)}}), HasSubstr("'conv': has 3 weights, needs 6"));
  EXPECT_THAT(refusal({unit, {Scale(1), 128}, unit}, {{1, good}}), HasSubstr("'conv': zero point 128"));
  EXPECT_THAT(refusal({unit, unit, {Scale(2), 0}}, {{1, good}}), HasSubstr("'relu': activation keeps the format"));
  Weights coarse = good;
  coarse.scales.assign(3, Scale(256));
  EXPECT_THAT(refusal({{Scale(256), 0}, {Scale(0x1p-24F), 0}, {Scale(0x1p-24F), 0}}, {{1, coarse}}),
              HasSubstr("'conv': a ratio of scales"));
  Graph norm;
  norm.add("in", graph::Input{{2, 2, 2}});
  norm.add("bn", graph::BatchNorm{2}, {0});
  EXPECT_THAT(message_of([&] { QuantizedGraph(norm, {unit, unit}, {}); }), HasSubstr("'bn': a batch norm must be"));
}

TEST(Difference, NamesThePlaceAndCounts) {
  const graph::Node node{"features.1", graph::Add{}, {}, {2, 2, 3}, true};
  std::vector<std::int8_t> expected(12, 7), actual = expected;
  EXPECT_EQ(difference(node, expected, actual), std::nullopt);
  actual[6 + 3 + 1] = 5;
  actual[11] = 0;
  EXPECT_EQ(difference(node, expected, actual),
            "features.1: channel 1, row 1, column 1 is 5, not 7; 2 of 12 elements differ");
  actual.pop_back();
  EXPECT_EQ(difference(node, expected, actual), "features.1: 11 elements, not 12");
}

}  // namespace
}  // namespace fusesim::reference
