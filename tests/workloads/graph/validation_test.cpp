// SPDX-License-Identifier: Apache-2.0
// Every mistake a graph can hold gives one line that names the node.
#include <gmock/gmock.h>

#include <functional>

#include "workloads/graph/graph.h"

namespace fusesim::graph {
namespace {

/// The message of adding a node "bad" that reads the given nodes of a small graph:
/// 0 = 8x6x6 map, 1 = 4x6x6 map, 2 = 8x3x3 map, 3 = 8x1x1 vector.
std::string refusal(const Operator& op, std::vector<NodeId> inputs) {
  Graph graph;
  graph.add("map", Input{{8, 6, 6}});
  graph.add("narrow", Input{{4, 6, 6}});
  graph.add("small", Input{{8, 3, 3}});
  graph.add("vector", Input{{8, 1, 1}});
  try {
    graph.add("bad", op, std::move(inputs));
  } catch (const GraphError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Validation, ConvolutionsThatDoNotFit) {
  const Conv good{.in_channels = 8, .out_channels = 8, .kernel_height = 3, .kernel_width = 3};
  EXPECT_EQ(refusal(good, {0}), "accepted");
  Conv conv = good;
  conv.in_channels = 5;
  EXPECT_EQ(refusal(conv, {0}), "node 'bad': expects 5 input channels but reads a map of 8 (8x6x6)");
  conv = good;
  conv.groups = 3;
  EXPECT_EQ(refusal(conv, {0}), "node 'bad': 3 groups do not divide 8 input and 8 output channels");
  conv = good;
  conv.groups = 4;
  conv.out_channels = 6;
  EXPECT_EQ(refusal(conv, {0}), "node 'bad': 4 groups do not divide 8 input and 6 output channels");
  conv = good;
  conv.kernel_height = 9;
  conv.padding = Padding::symmetric(1, 1);
  EXPECT_EQ(refusal(conv, {0}), "node 'bad': the kernel reaches over 9 elements of height but the padded map has 8");
  conv = good;
  conv.dilation_width = 3;
  EXPECT_EQ(refusal(conv, {0}), "node 'bad': the kernel reaches over 7 elements of width but the padded map has 6");
}

TEST(Validation, ZeroSizes) {
  const Conv good{.in_channels = 8, .out_channels = 8};
  const auto with = [&](std::uint32_t Conv::*field) {
    Conv conv = good;
    conv.*field = 0;
    return refusal(conv, {0});
  };
  EXPECT_EQ(with(&Conv::in_channels), "node 'bad': in_channels is zero");
  EXPECT_EQ(with(&Conv::out_channels), "node 'bad': out_channels is zero");
  EXPECT_EQ(with(&Conv::groups), "node 'bad': groups is zero");
  EXPECT_EQ(with(&Conv::kernel_height), "node 'bad': kernel height is zero");
  EXPECT_EQ(with(&Conv::kernel_width), "node 'bad': kernel width is zero");
  EXPECT_EQ(with(&Conv::stride_height), "node 'bad': stride along the height is zero");
  EXPECT_EQ(with(&Conv::stride_width), "node 'bad': stride along the width is zero");
  EXPECT_EQ(with(&Conv::dilation_height), "node 'bad': dilation along the height is zero");
  EXPECT_EQ(with(&Conv::dilation_width), "node 'bad': dilation along the width is zero");
  EXPECT_EQ(refusal(Linear{0, 4, false}, {3}), "node 'bad': in_features is zero");
  EXPECT_EQ(refusal(Linear{8, 0, false}, {3}), "node 'bad': out_features is zero");
  EXPECT_EQ(refusal(BatchNorm{0}, {0}), "node 'bad': channels is zero");
  EXPECT_EQ(refusal(Pool{.kernel_height = 0}, {0}), "node 'bad': kernel height is zero");
  EXPECT_EQ(refusal(Pool{.kernel_width = 0}, {0}), "node 'bad': kernel width is zero");
  EXPECT_EQ(refusal(Pool{.stride_height = 0}, {0}), "node 'bad': stride along the height is zero");
  EXPECT_EQ(refusal(Input{{3, 0, 5}}, {}), "node 'bad': a size of its map 3x0x5 is zero");
}

TEST(Validation, OtherOperatorsThatDoNotFit) {
  EXPECT_EQ(refusal(Linear{8, 4, false}, {0}),
            "node 'bad': a linear layer reads a vector, not a map of 8x6x6; flatten or pool it first");
  EXPECT_EQ(refusal(Linear{9, 4, false}, {3}), "node 'bad': expects 9 input features but reads 8");
  EXPECT_EQ(refusal(BatchNorm{5}, {0}), "node 'bad': normalises 5 channels but reads a map of 8 (8x6x6)");
  EXPECT_EQ(refusal(Add{}, {0, 1}), "node 'bad': adds maps of different shapes, 8x6x6 and 4x6x6");
  EXPECT_EQ(refusal(Concat{}, {0, 2}), "node 'bad': concatenates maps of different sizes, 8x6x6 and 8x3x3");
  EXPECT_EQ(refusal(Split{3, 9}, {0}), "node 'bad': channels [3, 9) are not a slice of the 8 it reads");
  EXPECT_EQ(refusal(Split{3, 3}, {0}), "node 'bad': channels [3, 3) are not a slice of the 8 it reads");
  EXPECT_EQ(refusal(Shuffle{3}, {0}), "node 'bad': 3 groups do not divide the 8 channels it shuffles");
  EXPECT_EQ(refusal(Shuffle{0}, {0}), "node 'bad': groups is zero");
  EXPECT_EQ(refusal(Shuffle{2}, {0, 1}), "node 'bad': shuffle needs 1 input, has 2");
  EXPECT_EQ(refusal(Scale{}, {1, 3}), "node 'bad': the gate is 8x1x1 but the map 4x6x6 needs 4x1x1");
  EXPECT_EQ(refusal(Pool{.kernel_height = 7, .kernel_width = 2}, {0}),
            "node 'bad': the kernel reaches over 7 elements of height but the padded map has 6");
  EXPECT_EQ(refusal(Pool{.kernel_height = 2, .kernel_width = 2, .padding = Padding::symmetric(2, 0)}, {0}),
            "node 'bad': pooling padding must be smaller than the 2x2 window");
}

TEST(Validation, InputsThatAreMissingOrUnknown) {
  EXPECT_EQ(refusal(Activation{}, {}), "node 'bad': activation needs 1 input, has 0");
  EXPECT_EQ(refusal(Input{{1, 1, 1}}, {0}), "node 'bad': input needs 0 inputs, has 1");
  EXPECT_EQ(refusal(Scale{}, {0}), "node 'bad': scale needs 2 inputs, has 1");
  EXPECT_EQ(refusal(Add{}, {0}), "node 'bad': add needs two inputs or more, has 1");
  EXPECT_EQ(refusal(Concat{}, {0}), "node 'bad': concat needs two inputs or more, has 1");
  EXPECT_EQ(refusal(Activation{}, {4}), "node 'bad': its input 4 is unknown; inputs are earlier nodes, here 0 to 3");
  Graph graph;
  EXPECT_THROW((void)graph.node(0), GraphError);
}

TEST(Validation, SizesThatWouldOverflow) {
  EXPECT_EQ(refusal(Input{{65536, 65536, 2}}, {}), "node 'bad': its map has more than 2147483647 elements");
  EXPECT_EQ(refusal(Linear{8, 4'000'000'000U, false}, {3}),
            "node 'bad': the weight matrix has more than 2147483647 elements");
  EXPECT_EQ(refusal(Conv{.in_channels = 8, .out_channels = 4'000'000'000U}, {3}),
            "node 'bad': the weight tensor has more than 2147483647 elements");
  Conv huge{.in_channels = 8, .out_channels = 8};
  huge.kernel_height = huge.dilation_height = 4'000'000'000U;
  EXPECT_THAT(refusal(huge, {0}), ::testing::HasSubstr("the kernel reaches over"));
  Conv padded{.in_channels = 8, .out_channels = 8};
  padded.padding = {4'000'000'000U, 0, 4'000'000'000U, 0};
  EXPECT_THAT(refusal(padded, {0}), ::testing::HasSubstr("output height exceeds"));
}

std::string message(const std::function<void()>& action) {
  try {
    action();
  } catch (const GraphError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Validation, NamesAreGivenAndUnique) {
  Graph graph;
  graph.add("input", Input{{1, 2, 2}});
  EXPECT_EQ(message([&] { graph.add("input", Activation{}, {0}); }),
            "node 'input': the name is taken by an earlier node");
  EXPECT_EQ(message([&] { graph.add("", Activation{}, {0}); }), "node 1: the name is empty");
  EXPECT_EQ(graph.nodes().size(), 1U);
  EXPECT_EQ(graph.find("input"), 0U);
  EXPECT_EQ(graph.find("output"), std::nullopt);
}

TEST(Validation, NodesThatLeadNowhere) {
  Graph graph;
  EXPECT_EQ(message([&] { graph.validate(); }), "the graph has no node that runs");
  graph.add("input", Input{{1, 2, 2}});
  graph.add("left", Activation{}, {0});
  graph.add("right", Activation{}, {0});
  EXPECT_EQ(message([&] { graph.validate(); }),
            "node 'left': no other node reads it and it is not the output, which is 'right'");
  EXPECT_EQ(message([&] { (void)array_layers(graph); }),
            "node 'left': no other node reads it and it is not the output, which is 'right'");
  graph.add("sum", Add{}, {1, 2});
  EXPECT_EQ(message([&] { graph.validate(); }), "accepted");
}

TEST(Validation, WhatNeverRunsIsReadOnlyByItsLike) {
  Graph graph;
  graph.add("input", Input{{4, 2, 2}});
  const NodeId spare = graph.add_unused("spare", Conv{.in_channels = 4, .out_channels = 6}, {0});
  const NodeId norm = graph.add_unused("spare_bn", BatchNorm{6}, {spare});
  EXPECT_EQ(message([&] { graph.add("reader", Activation{}, {norm}); }),
            "node 'reader': reads 'spare_bn', which never runs");
  const NodeId last = graph.add("conv", Conv{.in_channels = 4, .out_channels = 2}, {0});
  graph.add_unused("after", Activation{}, {last});
  EXPECT_EQ(graph.output(), last);
  EXPECT_EQ(message([&] { graph.validate(); }), "accepted");
  const Totals sum = totals(graph);
  EXPECT_EQ(sum.macs, 4U * 2 * 4);
  EXPECT_EQ(sum.params_array, 8U);
  EXPECT_EQ(sum.params_bn, 12U);
  EXPECT_EQ(sum.params_unused, 24U);
  EXPECT_EQ(sum.params(), 44U);
}

TEST(Validation, PredictedBlocksThatDoNotFit) {
  const PredictedBlock good{8, 24, 8, 4, 3, 1, Padding::symmetric(1, 1), 2, true};
  EXPECT_EQ(refusal(good, {0}), "accepted");
  const auto changed = [&](auto change) {
    PredictedBlock block = good;
    change(block);
    return refusal(block, {0});
  };
  EXPECT_EQ(changed([](auto& b) { b.in_channels = 4; }),
            "node 'bad': expects 4 input channels but reads a map of 8 (8x6x6)");
  EXPECT_EQ(changed([](auto& b) { b.middle_channels = 0; }), "node 'bad': middle_channels is zero");
  EXPECT_EQ(changed([](auto& b) { b.middle_channels = 22; }),
            "node 'bad': 4 groups do not divide 8 input, 22 middle and 8 output channels");
  EXPECT_EQ(changed([](auto& b) { b.shuffle = 3; }), "node 'bad': 3 groups do not divide the 8 channels it shuffles");
  EXPECT_EQ(changed([](auto& b) { b.kernel = 8; }), "node 'bad': a predicted block's kernel is 1 to 7, not 8");
  EXPECT_EQ(changed([](auto& b) { b.stride = 3; }), "node 'bad': a predicted block's stride is 1 or 2, not 3");
  EXPECT_EQ(changed([](auto& b) { b.padding.left = 3; }),
            "node 'bad': a predicted block's padding must be smaller than its 3x3 kernel");
  EXPECT_EQ(changed([](auto& b) { b.stride = 2; }),
            "node 'bad': adds its input 8x6x6 to its result 8x3x3: a residual needs equal shapes");
  EXPECT_EQ(changed([](auto& b) { b.kernel = 7, b.padding = {}; }),
            "node 'bad': the kernel reaches over 7 elements of height but the padded map has 6");
}

}  // namespace
}  // namespace fusesim::graph
