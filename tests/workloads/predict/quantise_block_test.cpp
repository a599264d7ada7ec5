// SPDX-License-Identifier: Apache-2.0
#include "workloads/predict/block/quantise_block.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "random_float_block.h"
#include "workloads/quantize/quantize.h"
#include "workloads/reference/composed_block.h"

namespace fusesim::predict {
namespace {

using reference::Scale;
using reference::TensorFormat;
using test::RandomFloat;
using testing::HasSubstr;

graph::Shape result_shape(const graph::PredictedBlock& block, graph::Shape in) {
  graph::Graph graph;
  graph.add("in", graph::Input{in});
  return graph.node(graph.add("block", block, {0})).shape;
}

struct Case {
  graph::PredictedBlock block;
  FloatBlock real;
  graph::Shape in, out;
  TensorFormat in_format, projected_format, out_format;
  std::vector<std::int8_t> input;
  std::vector<double> input_values;
};

Case random_case(std::uint64_t seed) {
  RandomFloat random(seed);
  Case c;
  c.block = test::random_predicted_block(random);
  c.real = test::random_float_block(random, c.block, {0.5, 0.4});
  c.in = {c.block.in_channels, random.between(1, 9), random.between(1, 9)};
  c.out = result_shape(c.block, c.in);
  c.in_format = {Scale(static_cast<float>(random.uniform(0.01, 0.06))),
                 static_cast<std::int32_t>(random.between(0, 60)) - 30};
  for (std::uint64_t i = 0; i < c.in.elements(); ++i) {
    c.input.push_back(static_cast<std::int8_t>(static_cast<std::int32_t>(random.between(0, 255)) - 128));
    c.input_values.push_back(reference::dequantize(c.input.back(), c.in_format));
  }
  const std::vector<double> result = evaluate(c.block, c.real, c.in, c.out, c.input_values).result;
  quantize::Range range{}, projected{};
  for (std::size_t i = 0; i < result.size(); ++i) {
    range = {std::min(range.low, result[i]), std::max(range.high, result[i])};
    const double value = result[i] - (c.block.residual ? c.input_values[i] : 0.0);
    projected = {std::min(projected.low, value), std::max(projected.high, value)};
  }
  c.out_format = quantize::format_of(range, reference::ElementType::int8);
  c.projected_format = quantize::format_of(projected, reference::ElementType::int8);
  if (!c.block.residual) c.projected_format = c.out_format;
  return c;
}

reference::BlockConstants quantise(const Case& c, const BlockWidths& widths = {}) {
  return quantise_block(c.block, c.real, c.in_format, c.projected_format, c.out_format, widths);
}

reference::BlockTrace run(const Case& c, const reference::BlockConstants& constants) {
  return reference::execute_block(c.block, constants, c.in, c.in_format, c.out_format, c.input);
}

TEST(QuantiseBlock, IntegersMaskExactlyWhatRealNumbersMask) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Case c = random_case(seed);
    const BlockMaps real = evaluate(c.block, c.real, c.in, c.out, c.input_values);
    const reference::BlockTrace integer = run(c, quantise(c));
    ASSERT_EQ(integer.mask1, real.mask1) << "seed " << seed;
    ASSERT_EQ(integer.level, real.level) << "seed " << seed;
    ASSERT_EQ(integer.mask2, real.mask2) << "seed " << seed;
  }
}

/// 10 log10 of signal over error: the median of many blocks.
double signal_to_noise(const BlockWidths& widths) {
  std::vector<double> ratios;
  for (std::uint64_t seed = 0; seed < 61; ++seed) {
    const Case c = random_case(seed);
    const std::vector<double> real = evaluate(c.block, c.real, c.in, c.out, c.input_values).result;
    ratios.push_back(quantize::sqnr(real, run(c, quantise(c, widths)).result, c.out_format));
  }
  std::ranges::nth_element(ratios, ratios.begin() + 30);
  return ratios[30];
}

TEST(QuantiseBlock, EachBitOfTheFactorsBringsTheResultNearer) {
  const double six = signal_to_noise({6, 6, 6}), five = signal_to_noise({5, 5, 5}), four = signal_to_noise({4, 4, 4});
  EXPECT_GT(six, 30);
  EXPECT_GT(six, five + 3);
  EXPECT_GT(five, four + 3);
}

TEST(QuantiseBlock, FindsTheIntegersThatABlockWasMadeOf) {
  RandomFloat random(4);
  const graph::PredictedBlock block{2, 6, 3, 1, 3, 1, graph::Padding::symmetric(1, 1)};
  const TensorFormat in{Scale(0x1p-5F), 3}, out{Scale(0x1p-2F), 0};
  // Steps of powers of two, the largest factor in every channel.
  const auto integers = [&](std::size_t channels, std::size_t each) {
    std::vector<double> values;
    for (std::size_t i = 0; i < channels * each; ++i) {
      values.push_back(i % each == 0 ? 31 : static_cast<double>(random.between(0, 62)) - 31);
    }
    return values;
  };
  const std::vector<double> expand = integers(6, 2), depthwise = integers(6, 9), project = integers(3, 6);
  const std::vector<double> steps1{0x1p-3, 0x1p-4, 0x1p-5, 0x1p-3, 0x1p-7, 1}, steps2{1, 0x1p-4, 0x1p-2, 0x1p-6, 2, 4};
  FloatBlock real = test::random_float_block(random, block);
  for (std::size_t m = 0; m < 6; ++m) {
    // The batch norms' factors hold the steps, so that folding them is tested too; offsets are whole bias steps.
    real.expand_norm.factor[m] = steps1[m];
    real.depthwise_norm.factor[m] = steps2[m];
    real.expand_norm.offset[m] = 17 * 0x1p-5 * steps1[m];
    real.depthwise_norm.offset[m] = -1000 * 0x1p-5 * steps1[m] * steps2[m];
    for (std::size_t i = 0; i < 2; ++i) real.expand[m * 2 + i] = expand[m * 2 + i];
    for (std::size_t k = 0; k < 9; ++k) real.depthwise[m * 9 + k] = depthwise[m * 9 + k];
    for (std::size_t o = 0; o < 3; ++o) real.project[o * 6 + m] = project[o * 6 + m] / (steps1[m] * steps2[m]);
  }
  real.project_norm = {{0x1p-8, 0x1p-10, 0x1p-9}, {0x1p-13 * 5, 0x1p-15 * -7, 0}};
  const reference::BlockConstants made = quantise_block(block, real, in, out, out);
  const auto as_double = [](const auto& values) { return std::vector<double>(values.begin(), values.end()); };
  EXPECT_EQ(as_double(made.expand), expand);
  EXPECT_EQ(as_double(made.depthwise), depthwise);
  EXPECT_EQ(as_double(made.project), project);
  EXPECT_EQ(made.expand_bias_shift, 0);  // 31 * 31 * 17 fits 16 bits.
  EXPECT_EQ(made.expand_bias, std::vector<std::int32_t>(6, 17));
  EXPECT_EQ(made.depthwise_bias_shift, 0);  // So does 31 * 1000.
  EXPECT_EQ(made.depthwise_bias, std::vector<std::int32_t>(6, -1000));
  EXPECT_EQ(made.bias, (std::vector<std::int32_t>{5, -7, 0}));
  // 2^-5 2^-8 over 2^-2.
  EXPECT_EQ(made.multipliers[0], (reference::Multiplier{1 << 30, 41}));
  EXPECT_EQ(made.multipliers[1], (reference::Multiplier{1 << 30, 43}));
}

TEST(QuantiseBlock, BiasShiftsAreTheSmallestThatFit) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    for (const std::uint32_t adder : {20U, 16U}) {
      const Case c = random_case(seed);
      reference::BlockConstants made;
      try {
        made = quantise(c, {5, 5, 5, adder});
      } catch (const PredictError&) {
        continue;  // Not every block fits 16 bits.
      }
      for (const reference::LargestList& list : reference::largest_lists(c.block, made)) {
        ASSERT_LT(list.magnitude, std::int64_t{1} << (adder - 1));
      }
      // With one bit more, some term or list would not have fitted. Half up: a bias of n was at least 2n - 1.
      const auto tighter = [&](std::vector<std::int32_t> reference::BlockConstants::*biases,
                               std::uint32_t reference::BlockConstants::*shift) {
        if (made.*shift == 0) return true;
        reference::BlockConstants finer = made;
        for (std::int32_t& bias : finer.*biases) bias = bias > 0 ? 2 * bias + 1 : 2 * bias - 1;
        std::int64_t largest = 0, term = 0;
        for (const auto& list : reference::largest_lists(c.block, finer)) largest = std::max(largest, list.magnitude);
        for (std::uint32_t o = 0; o < c.block.out_channels; ++o) {
          for (const reference::Term& each : reference::compose(c.block, finer, o).terms) {
            term = std::max<std::int64_t>(term, std::abs(each.weight));
          }
        }
        return largest >= std::int64_t{1} << (adder - 1) || term > 32767;
      };
      ASSERT_TRUE(tighter(&reference::BlockConstants::expand_bias, &reference::BlockConstants::expand_bias_shift));
      ASSERT_TRUE(
          tighter(&reference::BlockConstants::depthwise_bias, &reference::BlockConstants::depthwise_bias_shift));
    }
  }
}

std::string refusal(const Case& c, const BlockWidths& widths) {
  try {
    static_cast<void>(quantise(c, widths));
  } catch (const PredictError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(QuantiseBlock, WhatDoesNotFitIsRefusedWithItsCure) {
  const Case c = random_case(3);
  EXPECT_EQ(refusal(c, {9, 6, 6}), "expansion factors of 9 bits are asked for; it is 2 to 8");
  EXPECT_EQ(refusal(c, {6, 6, 6, 7}), "adders of 7 bits are asked for; it is 8 to 32");
  EXPECT_THAT(refusal(c, {8, 8, 8, 32}), HasSubstr("more than the 32767 that a term of 16 bits holds"));
  EXPECT_THAT(refusal(c, {6, 6, 6, 8}), HasSubstr("adders of 8 bits; use"));
  EXPECT_THAT(refusal(c, {6, 6, 6, 8}), HasSubstr("with factors of 4, 4 and 6 bits the terms of list"));
  Case wrong = c;
  wrong.real.expand.pop_back();
  EXPECT_THAT(refusal(wrong, {}), HasSubstr("expansion weights, needs"));
  wrong = c;
  wrong.real.predictor.depthwise.offset[0] = std::nan("");
  EXPECT_THAT(refusal(wrong, {}), HasSubstr("number 0 of its offsets of the predictor's second batch norm is nan"));
  wrong = c;
  wrong.real.predictor.step = 0;
  EXPECT_THAT(refusal(wrong, {}), HasSubstr("the predictor's step is 0"));
}

TEST(QuantiseBlock, WideBlocksGetRoomForTheirSums) {
  RandomFloat random(8);
  const graph::PredictedBlock block{24, 1200, 2, 1, 3, 1, graph::Padding::symmetric(1, 1)};
  const FloatBlock real = test::random_float_block(random, block, {0.75, 0.6});
  const TensorFormat in{Scale(0.03F), 0}, out{Scale(0.1F), 0};
  const reference::BlockConstants made = quantise_block(block, real, in, out, out);
  for (std::size_t o = 0; o < 2; ++o) {
    std::int32_t largest = 0;
    for (std::size_t m = 0; m < 1200; ++m) {
      largest = std::max<std::int32_t>(largest, std::abs(made.project[o * 1200 + m]));
    }
    EXPECT_LT(largest, 31);
    EXPECT_GT(largest, 31 / 2.5 - 1);
    // Not more than needed.
    const std::int64_t sum = reference::largest_sums(block, made, in)[o];
    EXPECT_LT(sum, std::int64_t{1} << 31);
    EXPECT_GT(sum, std::int64_t{1} << 30);
  }
}

std::int32_t largest_of(const std::vector<std::int8_t>& factors) {
  std::int32_t largest = 0;
  for (const std::int8_t factor : factors) largest = std::max<std::int32_t>(largest, std::abs(factor));
  return largest;
}

TEST(QuantiseBlock, WiderBlocksGetNarrowerFactorsAndTheWidestNone) {
  RandomFloat random(9);
  const TensorFormat in{Scale(0.03F), 0}, out{Scale(0.1F), 0};
  const graph::PredictedBlock wide{48, 1200, 2, 1, 3, 1, graph::Padding::symmetric(1, 1)};
  const FloatBlock real = test::random_float_block(random, wide, {0.75, 0.6});
  const reference::BlockConstants made = quantise_block(wide, real, in, out, out);
  EXPECT_EQ(largest_of(made.expand), 15);
  EXPECT_EQ(largest_of(made.depthwise), 31);
  for (const std::int64_t sum : reference::largest_sums(wide, made, in)) EXPECT_LT(sum, std::int64_t{1} << 31);

  const graph::PredictedBlock widest{200, 2000, 2, 1, 5, 1, graph::Padding::symmetric(2, 2)};
  const FloatBlock dense = test::random_float_block(random, widest, {0, 0});
  try {
    static_cast<void>(quantise_block(widest, dense, in, out, out));
    FAIL();
  } catch (const PredictError& error) {
    EXPECT_THAT(error.what(), testing::MatchesRegex("output channel 0: with factors of 4, 4 and 6 bits its sum can "
                                                    "reach [0-9]+, beyond the 2147483647 of 32 bits; use narrower "
                                                    "projection factors, prune more or use more groups"));
  }
}

}  // namespace
}  // namespace fusesim::predict
