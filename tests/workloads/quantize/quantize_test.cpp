// SPDX-License-Identifier: Apache-2.0
#include "workloads/quantize/quantize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "workloads/reference/execute.h"

namespace fusesim::quantize {
namespace {

using graph::Graph;
using graph::NodeId;
using reference::ElementType;
using reference::QuantizedGraph;
using testing::ElementsAre;

TEST(FormatOf, HoldsZeroExactlyAndTheWholeRangeWithinHalfAStep) {
  for (const ElementType type : {ElementType::int8, ElementType::int4}) {
    for (const Range range : {Range{-1, 3}, Range{0, 6}, Range{-4, 0}, Range{2, 5}, Range{-7, -3}, Range{-0.1, 100}}) {
      const reference::TensorFormat format = format_of(range, type);
      const double half_step = 0.5001 * double{format.scale.value()};
      for (const double value : {std::min(range.low, 0.0), std::max(range.high, 0.0)}) {
        EXPECT_NEAR(reference::dequantize(reference::quantize(value, format), format), value, 2 * half_step);
      }
      EXPECT_EQ(reference::dequantize(reference::quantize(0, format), format), 0);
      const double steps = std::max(range.high, 0.0) - std::min(range.low, 0.0);
      EXPECT_NEAR(steps / double{format.scale.value()}, type == ElementType::int8 ? 255 : 15, 1e-4);
    }
  }
}

TEST(FormatOf, CopesWithRangesWithoutScale) {
  EXPECT_EQ(format_of({0, 0}, ElementType::int8), (reference::TensorFormat{reference::Scale(1), 0}));
  EXPECT_EQ(format_of({0, 1e-30}, ElementType::int8).scale.value(), reference::Scale::smallest);
  EXPECT_EQ(format_of({0, 1e30}, ElementType::int8).scale.value(), reference::Scale::largest);
  EXPECT_THROW((void)format_of({0, std::numeric_limits<double>::infinity()}, ElementType::int8), QuantizeError);
}

TEST(Calibrate, TakesAllOrTheInnerShareOfEachSampleAndTheWidestOfThem) {
  Graph graph;
  graph.add("in", graph::Input{{1, 1, 101}});
  graph.add("relu", graph::Activation{graph::ActivationKind::relu}, {0});
  const FloatNetwork network{graph, {{}, {}}};
  Map sample, wider;
  for (int i = -50; i <= 50; ++i) {
    sample.push_back(i);
    wider.push_back(2 * i + 7);
  }
  const std::vector<Map> samples{sample, wider};
  const auto all = calibrate(network, samples);
  EXPECT_EQ(all[0].low, -93);
  EXPECT_EQ(all[0].high, 107);
  EXPECT_EQ(all[1].low, 0);
  const auto inner = calibrate(network, samples, {.calibration = Calibration::percentile, .percentile = 95.5});
  EXPECT_EQ(inner[0].low, 2 * -46 + 7) << "four of 101 are cut off at each end";
  EXPECT_EQ(inner[0].high, 2 * 46 + 7);
  EXPECT_THROW((void)calibrate(network, {}), QuantizeError);
  EXPECT_THROW((void)calibrate(network, samples, {.percentile = 50}), QuantizeError);
}

/// Two branches with activations of different reach, joined; the input of one is also the input of a sum.
FloatNetwork branches() {
  Graph graph;
  graph.add("in", graph::Input{{2, 2, 2}});
  graph.add("left", graph::Conv{2, 2}, {0});
  graph.add("left_relu", graph::Activation{graph::ActivationKind::relu}, {1});
  graph.add("right", graph::Conv{2, 2}, {0});
  graph.add("cat", graph::Concat{}, {2, 3});
  graph.add("mix", graph::Conv{4, 2}, {4});
  graph.add("sum", graph::Add{}, {0, 5});
  return {graph, {{}, {{1, 0, 0, 1}, {}}, {}, {{10, 0, 0, 10}, {}}, {}, {{1, 0, 0, 0, 0, 0, 0, 1}, {}}, {}}};
}
const std::vector<Map> samples{{1, -2, 3, -4, 4, 3, 2, 1}};

TEST(Calibrate, SamplesOfTheWrongShapeAreNamed) {
  graph::Graph graph;
  graph.add("in", graph::Input{{2, 3, 1}});
  graph.add("relu", graph::Activation{}, {0});
  const std::vector<Map> given{Map(6, 1.0), Map(5, 1.0)};
  try {
    (void)calibrate({graph, {{}, {}}}, given);
    FAIL();
  } catch (const QuantizeError& error) {
    EXPECT_STREQ(error.what(), "calibration sample 1: node 'in': the input has 5 elements, needs 6 (2 x 3 x 1)");
  }
}

TEST(Quantize, MapsJoinedByAConcatShareItsFormatOrKeepTheirOwn) {
  const QuantizedGraph equal = quantize(branches(), samples);
  for (const NodeId id : {1U, 2U, 3U}) EXPECT_EQ(equal.format(id), equal.format(4)) << id;
  EXPECT_FLOAT_EQ(equal.format(4).scale.value(), 80.0F / 255);
  const QuantizedGraph own = quantize(branches(), samples, {.concat = ConcatScales::rescaled});
  EXPECT_FLOAT_EQ(own.format(2).scale.value(), 4.0F / 255);
  EXPECT_EQ(own.format(2).zero_point, -128) << "what the ReLU cuts off needs no room";
  EXPECT_EQ(own.format(1), own.format(2));
  EXPECT_FLOAT_EQ(own.format(4).scale.value(), 80.0F / 255);
  EXPECT_NE(own.format(3).zero_point, own.format(2).zero_point);
  EXPECT_THAT(comparable_nodes(own), ElementsAre(true, false, true, true, true, true, true));
}

/// Six channels in three groups and back: the channel's number is in every pixel.
TEST(Quantize, AShuffleMovesRealAndIntegerChannelsAlikeAndKeepsFormat) {
  Graph graph;
  graph.add("in", graph::Input{{6, 1, 2}});
  graph.add("shuffle", graph::Shuffle{3}, {0});
  graph.add("conv", graph::Conv{6, 6}, {1});
  graph.add("back", graph::Shuffle{2}, {2});
  Parameters identity;
  for (int i = 0; i < 36; ++i) identity.weights.push_back(i % 7 == 0 ? 1 : 0);
  const FloatNetwork network{graph, {{}, {}, identity, {}}};
  const Map image{0, 1, 10, 11, 20, 21, 30, 31, 40, 41, 50, 51};
  const std::vector<Map> real = execute(network, image);
  EXPECT_THAT(real[1], ElementsAre(0, 1, 20, 21, 40, 41, 10, 11, 30, 31, 50, 51));
  EXPECT_EQ(real[3], image);

  const QuantizedGraph quantized = quantize(network, std::vector<Map>{image});
  EXPECT_EQ(quantized.format(1), quantized.format(0));
  EXPECT_EQ(quantized.format(3), quantized.format(2));
  const std::vector<reference::Tensor> integers =
      reference::execute(quantized, quantize_map(image, quantized.format(0)));
  for (const NodeId id : {1U, 3U}) {
    EXPECT_EQ(integers[id].values, quantize_map(real[id], quantized.format(id))) << id;
  }
}

TEST(Quantize, WeightsFillTheirTypeChannelByChannel) {
  Graph graph;
  graph.add("in", graph::Input{{2, 1, 1}});
  graph.add("fc", graph::Linear{2, 3, true}, {0});
  const FloatNetwork network{graph, {{}, {{1, -0.3, 0.005, 0.02, 0, 0}, {0.25, -0.25, 0}}}};
  const std::vector<Range> ranges{{-1, 1}, {-2, 2}};
  const reference::Weights eight = quantize(network, ranges).convolution(1).weights;
  EXPECT_THAT(eight.values, ElementsAre(127, -38, 32, 127, 0, 0));
  const double step = 2.0 / 255;
  EXPECT_EQ(eight.bias[0], std::lround(0.25 / (step / 127)));
  EXPECT_EQ(eight.bias[1], std::lround(-0.25 / (step * 0.02 / 127)));
  EXPECT_EQ(eight.bias[2], 0);
  const reference::Weights four = quantize(network, ranges, {.weights = ElementType::int4}).convolution(1).weights;
  EXPECT_THAT(four.values, ElementsAre(7, -2, 2, 7, 0, 0));
}

TEST(Quantize, AChannelOfTinyWeightsStillHoldsItsBias) {
  Graph graph;
  graph.add("in", graph::Input{{1, 1, 1}});
  graph.add("fc", graph::Linear{1, 1, true}, {0});
  const std::vector<Range> ranges{{-1, 1}, {0, 3}};
  const QuantizedGraph network = quantize({graph, {{}, {{1e-12}, {3}}}}, ranges);
  EXPECT_LE(largest_sum(network, 1), std::uint64_t{1} << 31);
  const auto tensors = execute(network, std::vector<std::int8_t>{100});
  EXPECT_NEAR(reference::dequantize(tensors[1].values[0], network.format(1)), 3, 0.01);
  EXPECT_THROW((void)quantize({graph, {{}, {{1}, {1e12}}}}, ranges), QuantizeError);
}

TEST(Quantize, RefusesBatchNormsThatWereNotFolded) {
  Graph graph;
  graph.add("in", graph::Input{{1, 1, 1}});
  graph.add("bn", graph::BatchNorm{1}, {0});
  const std::vector<Range> ranges(2, {-1, 1});
  EXPECT_THROW((void)quantize({graph, {{}, {{1}, {0}}}}, ranges), std::invalid_argument);
  EXPECT_THROW((void)quantize({graph, {{}, {{1}, {0}}}}, std::span(ranges).first(1)), QuantizeError);
}

TEST(Sqnr, IsSignalOverErrorInDecibel) {
  const reference::TensorFormat tenth{reference::Scale(0.125F), 0};
  EXPECT_NEAR(sqnr(std::vector<double>{1.25, 1.25}, std::vector<std::int8_t>{9, 11}, tenth), 20, 1e-9);
  EXPECT_TRUE(std::isinf(sqnr(std::vector<double>{1.25}, std::vector<std::int8_t>{10}, tenth)));
  EXPECT_THROW((void)sqnr(std::vector<double>{1}, {}, tenth), QuantizeError);
}

TEST(Accuracy, CountsAClampTogetherWithTheLayerBeforeIt) {
  Graph graph;
  graph.add("in", graph::Input{{1, 1, 2}});
  graph.add("conv", graph::Conv{1, 1}, {0});
  graph.add("relu", graph::Activation{graph::ActivationKind::relu}, {1});
  const FloatNetwork network{graph, {{}, {{0.77}, {}}, {}}};
  const std::vector<Range> ranges{{-1, 1}, {-1, 1}, {0, 1}};
  const auto result = accuracy(network, quantize(network, ranges), std::vector<double>{0.3, -0.6});
  ASSERT_TRUE(result[0] && result[2]);
  EXPECT_FALSE(result[1]) << "negative values of the layer are cut off before the ReLU";
  EXPECT_GT(result[2]->own, 30);
  EXPECT_TRUE(std::isfinite(result[2]->own)) << "rounding of the layer is part of it";
}

}  // namespace
}  // namespace fusesim::quantize
