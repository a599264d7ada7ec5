// SPDX-License-Identifier: Apache-2.0
// What array_layers() makes of a graph.
#include "workloads/graph/layer.h"

#include <gmock/gmock.h>

#include "workloads/graph/graph.h"

namespace fusesim::graph {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

LayerType type_of(const Conv& conv) {
  Graph graph;
  graph.add("input", Input{{conv.in_channels, 9, 9}});
  graph.add("conv", conv, {0});
  return array_layers(graph).at(0).type;
}

TEST(ArrayLayers, TellsTheKindsOfConvolutionApart) {
  const auto conv = [](std::uint32_t in, std::uint32_t out, std::uint32_t kh, std::uint32_t kw, std::uint32_t groups) {
    return Conv{.in_channels = in, .out_channels = out, .kernel_height = kh, .kernel_width = kw, .groups = groups};
  };
  EXPECT_EQ(type_of(conv(8, 8, 3, 3, 1)), LayerType::conv);
  EXPECT_EQ(type_of(conv(8, 8, 3, 3, 2)), LayerType::conv);
  EXPECT_EQ(type_of(conv(8, 8, 1, 3, 1)), LayerType::conv);
  EXPECT_EQ(type_of(conv(8, 4, 1, 1, 1)), LayerType::pointwise);
  EXPECT_EQ(type_of(conv(8, 8, 5, 5, 8)), LayerType::depthwise);
  EXPECT_EQ(type_of(conv(8, 8, 1, 1, 8)), LayerType::depthwise);
  EXPECT_EQ(type_of(conv(8, 8, 1, 3, 8)), LayerType::fuse_1xk);
  EXPECT_EQ(type_of(conv(8, 8, 3, 1, 8)), LayerType::fuse_kx1);
  // One channel in: to several it is a dense convolution, to one there is no difference.
  EXPECT_EQ(type_of(conv(1, 8, 3, 3, 1)), LayerType::conv);
  EXPECT_EQ(type_of(conv(1, 1, 1, 3, 1)), LayerType::fuse_1xk);
}

TEST(ArrayLayers, LooksThroughWhatDoesNotRunOnTheArray) {
  Graph graph;
  const NodeId input = graph.add("input", Input{{4, 6, 6}});
  const NodeId a = graph.add("a", Conv{.in_channels = 4, .out_channels = 4}, {input});
  const NodeId bn = graph.add("bn", BatchNorm{4}, {a});
  const NodeId b = graph.add("b", Conv{.in_channels = 4, .out_channels = 4}, {bn});
  const NodeId sum = graph.add("sum", Add{}, {bn, b});
  const NodeId slice = graph.add("slice", Split{1, 4}, {sum});
  const NodeId c = graph.add("c", Conv{.in_channels = 3, .out_channels = 5}, {slice});
  const NodeId d = graph.add("d", Conv{.in_channels = 4, .out_channels = 5}, {input});
  const NodeId both = graph.add("both", Concat{}, {d, c});
  const NodeId pool = graph.add("pool", Pool{.kind = PoolKind::global_average}, {both});
  graph.add("fc", Linear{.in_features = 10, .out_features = 2}, {pool});
  const std::vector<Layer> layers = array_layers(graph);
  ASSERT_EQ(layers.size(), 5U);
  EXPECT_THAT(layers[0].depends_on, IsEmpty());
  EXPECT_THAT(layers[1].depends_on, ElementsAre(0));
  EXPECT_THAT(layers[2].depends_on, ElementsAre(0, 1));
  EXPECT_EQ(layers[2].in_channels, 3U);
  EXPECT_EQ(layers[2].slice_begin, 1U);
  EXPECT_EQ(layers[2].slice_end, 4U);
  EXPECT_THAT(layers[3].depends_on, IsEmpty());
  EXPECT_THAT(layers[4].depends_on, ElementsAre(2, 3));
  EXPECT_EQ(layers[4].type, LayerType::linear);
  EXPECT_EQ(layers[4].slice_begin, std::nullopt);
}

TEST(ArrayLayers, MarksTheGateAndNotTheMapItScales) {
  Graph graph;
  const NodeId input = graph.add("input", Input{{4, 6, 6}});
  const NodeId map = graph.add("map", Conv{.in_channels = 4, .out_channels = 8}, {input});
  const NodeId pool = graph.add("pool", Pool{.kind = PoolKind::global_average}, {map});
  const NodeId squeeze = graph.add("squeeze", Linear{.in_features = 8, .out_features = 2}, {pool});
  const NodeId excite = graph.add("excite", Linear{.in_features = 2, .out_features = 8}, {squeeze});
  const NodeId scale = graph.add("scale", Scale{}, {map, excite});
  graph.add("next", Conv{.in_channels = 8, .out_channels = 1}, {scale});
  const std::vector<Layer> layers = array_layers(graph);
  std::vector<bool> gates;
  for (const Layer& layer : layers) gates.push_back(layer.squeeze_excite);
  EXPECT_THAT(gates, ElementsAre(false, true, true, false));
  EXPECT_THAT(layers[3].depends_on, ElementsAre(0, 2));
}

TEST(ArrayLayers, NamesOfTypesAreThoseOfTheTables) {
  EXPECT_STREQ(name(LayerType::conv), "conv");
  EXPECT_STREQ(name(LayerType::pointwise), "pw");
  EXPECT_STREQ(name(LayerType::depthwise), "dw");
  EXPECT_STREQ(name(LayerType::fuse_1xk), "fuse_1xk");
  EXPECT_STREQ(name(LayerType::fuse_kx1), "fuse_kx1");
  EXPECT_STREQ(name(LayerType::linear), "linear");
}

/// The same block twice: predicted, and as the nodes it stands for.
Graph bottleneck(bool predicted) {
  Graph graph;
  graph.add("input", Input{{8, 9, 7}});
  graph.add("first", Conv{.in_channels = 8, .out_channels = 8}, {0});
  const Padding padding = Padding::symmetric(2, 2);
  NodeId at = 0;
  if (predicted) {
    at = graph.add("block", PredictedBlock{8, 40, 8, 4, 5, 1, padding, 4, true}, {1});
  } else {
    at = graph.add("block.expand", Conv{.in_channels = 8, .out_channels = 40, .groups = 4}, {1});
    at = graph.add("block.expand.bn", BatchNorm{40}, {at});
    at = graph.add("block.expand.relu", Activation{}, {at});
    at = graph.add("block.depthwise", Conv{40, 40, 5, 5, 1, 1, padding, 1, 1, 40}, {at});
    at = graph.add("block.depthwise.bn", BatchNorm{40}, {at});
    at = graph.add("block.depthwise.relu", Activation{}, {at});
    at = graph.add("block.project", Conv{.in_channels = 40, .out_channels = 8, .groups = 4}, {at});
    at = graph.add("block.project.bn", BatchNorm{8}, {at});
    at = graph.add("block.shuffle", Shuffle{4}, {at});
    at = graph.add("block.add", Add{}, {at, 1});
  }
  graph.add("last", Conv{.in_channels = 8, .out_channels = 3}, {at});
  return graph;
}

TEST(ArrayLayers, OfAPredictedBlockAreThoseItStandsFor) {
  const Graph predicted = bottleneck(true), plain = bottleneck(false);
  EXPECT_EQ(predicted.node(predicted.output()).shape, plain.node(plain.output()).shape);
  const std::vector<Layer> actual = array_layers(predicted), expected = array_layers(plain);
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    EXPECT_EQ(actual[i].name, expected[i].name);
    EXPECT_EQ(actual[i].type, expected[i].type);
    EXPECT_EQ(actual[i].macs(), expected[i].macs());
    EXPECT_EQ(actual[i].params(), expected[i].params());
    EXPECT_EQ(actual[i].in_height, expected[i].in_height);
    EXPECT_EQ(actual[i].out_width, expected[i].out_width);
    EXPECT_EQ(actual[i].pad_bottom, expected[i].pad_bottom);
    EXPECT_EQ(actual[i].groups, expected[i].groups);
    EXPECT_EQ(actual[i].depends_on, expected[i].depends_on);
  }
  EXPECT_EQ(totals(predicted).macs, totals(plain).macs);
  EXPECT_EQ(totals(predicted).params_array, totals(plain).params_array);
  EXPECT_EQ(totals(predicted).params_bn, totals(plain).params_bn);
  EXPECT_EQ(parameters(predicted.node(2).op), totals(plain).params() - 8 * 8 - 8 * 3);
}

}  // namespace
}  // namespace fusesim::graph
