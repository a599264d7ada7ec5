// SPDX-License-Identifier: Apache-2.0
#include "hw/array/values/convolve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <ostream>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace fusesim::array::values {
namespace {

using isa::ConvGeometry;

std::string describe(const ConvGeometry& g) {
  const auto pair = [](std::uint32_t a, std::uint32_t b) { return std::to_string(a) + "x" + std::to_string(b) + " "; };
  return std::to_string(g.in_channels) + "x" + pair(g.in_height, g.in_width) + "-> " + std::to_string(g.out_channels) +
         "x" + pair(g.out_height, g.out_width) + "kernel " + pair(g.kernel_height, g.kernel_width) + "stride " +
         pair(g.stride_height, g.stride_width) + "dilation " + pair(g.dilation_height, g.dilation_width) + "pad " +
         pair(g.pad_top, g.pad_left) + pair(g.pad_bottom, g.pad_right) + "groups " + std::to_string(g.groups);
}

struct Operands {
  std::vector<std::int8_t> in, weights;
  std::int8_t pad_value = 0;
};

/// The definition, loop by loop.
std::vector<std::int32_t> brute_force(const ConvGeometry& g, const Operands& operands) {
  const std::uint32_t group_in = g.in_channels / g.groups, group_out = g.out_channels / g.groups;
  std::vector<std::int32_t> out;
  out.reserve(std::size_t{g.out_channels} * g.out_height * g.out_width);
  for (std::uint32_t o = 0; o < g.out_channels; ++o)
    for (std::uint32_t y = 0; y < g.out_height; ++y)
      for (std::uint32_t x = 0; x < g.out_width; ++x) {
        std::uint32_t sum = 0;
        for (std::uint32_t i = 0; i < group_in; ++i)
          for (std::uint32_t kh = 0; kh < g.kernel_height; ++kh)
            for (std::uint32_t kw = 0; kw < g.kernel_width; ++kw) {
              const std::int64_t in_y = std::int64_t{y} * g.stride_height + kh * g.dilation_height - g.pad_top;
              const std::int64_t in_x = std::int64_t{x} * g.stride_width + kw * g.dilation_width - g.pad_left;
              const bool inside = in_y >= 0 && in_y < g.in_height && in_x >= 0 && in_x < g.in_width;
              const std::int64_t channel = o / group_out * group_in + i;
              const std::int32_t value =
                  inside ? operands.in[static_cast<std::size_t>((channel * g.in_height + in_y) * g.in_width + in_x)]
                         : operands.pad_value;
              const std::int32_t weight =
                  operands.weights[((std::size_t{o} * group_in + i) * g.kernel_height + kh) * g.kernel_width + kw];
              sum += static_cast<std::uint32_t>(value * weight);
            }
        out.push_back(static_cast<std::int32_t>(sum));
      }
  return out;
}

std::size_t in_elements(const ConvGeometry& g) {
  return std::size_t{g.in_channels} * g.in_height * g.in_width;
}
std::size_t weight_elements(const ConvGeometry& g) {
  return std::size_t{g.out_channels} * (g.in_channels / g.groups) * g.kernel_height * g.kernel_width;
}
std::size_t out_elements(const ConvGeometry& g) {
  return std::size_t{g.out_channels} * g.out_height * g.out_width;
}

/// Output size from the others, at least 1: bottom and right padding grow until the kernel fits.
void close(ConvGeometry& g) {
  const auto size = [](std::uint32_t in, std::uint32_t kernel, std::uint32_t stride, std::uint32_t dilation,
                       std::uint32_t before, std::uint32_t& after) {
    const std::uint32_t span = (kernel - 1) * dilation + 1;
    if (in + before + after < span) after = span - in - before;
    return (in + before + after - span) / stride + 1;
  };
  g.out_height = size(g.in_height, g.kernel_height, g.stride_height, g.dilation_height, g.pad_top, g.pad_bottom);
  g.out_width = size(g.in_width, g.kernel_width, g.stride_width, g.dilation_width, g.pad_left, g.pad_right);
}

Operands random_operands(const ConvGeometry& g, std::mt19937& random) {
  std::uniform_int_distribution<int> any(-128, 127);
  Operands operands{std::vector<std::int8_t>(in_elements(g)), std::vector<std::int8_t>(weight_elements(g)), 0};
  for (std::int8_t& value : operands.in) value = static_cast<std::int8_t>(any(random));
  for (std::int8_t& value : operands.weights) value = static_cast<std::int8_t>(any(random));
  operands.pad_value = static_cast<std::int8_t>(any(random));
  return operands;
}

Operands constant_operands(const ConvGeometry& g, std::int8_t value, std::int8_t weight, std::int8_t pad_value) {
  return {std::vector<std::int8_t>(in_elements(g), value), std::vector<std::int8_t>(weight_elements(g), weight),
          pad_value};
}

class Convolve : public testing::TestWithParam<InstructionSet> {
 protected:
  /// Runs into a buffer with guards on both sides, which must survive.
  std::vector<std::int32_t> run(const ConvGeometry& g, const Operands& operands) {
    constexpr std::size_t guard = 64;
    constexpr std::int32_t mark = 0x5a5a5a5a;
    std::vector<std::int32_t> out(out_elements(g) + 2 * guard, mark);
    convolve(g, operands.in.data(), operands.weights.data(), operands.pad_value, out.data() + guard, scratch_,
             GetParam());
    const auto is_mark = [](std::int32_t word) { return word == mark; };
    EXPECT_TRUE(std::all_of(out.begin(), out.begin() + guard, is_mark)) << "wrote before the output";
    EXPECT_TRUE(std::all_of(out.end() - guard, out.end(), is_mark)) << "wrote past the output";
    return {out.begin() + guard, out.end() - guard};
  }

  void expect_exact(const ConvGeometry& g, const Operands& operands) {
    SCOPED_TRACE(describe(g));
    const std::vector<std::int32_t> expected = brute_force(g, operands), actual = run(g, operands);
    const auto different = std::mismatch(expected.begin(), expected.end(), actual.begin());
    ASSERT_TRUE(different.first == expected.end()) << "element " << different.first - expected.begin() << " is "
                                                   << *different.second << ", not " << *different.first;
  }

  Scratch scratch_;
};

TEST_P(Convolve, EqualsTheDefinitionOnRandomGeometries) {
  std::mt19937 random(20240607);
  const auto pick = [&](std::uint32_t low, std::uint32_t high) {
    return std::uniform_int_distribution<std::uint32_t>(low, high)(random);
  };
  for (int trial = 0; trial < 600 && !HasFatalFailure(); ++trial) {
    ConvGeometry g;
    const std::uint32_t in_per_group = pick(1, 9), out_per_group = pick(1, 15);
    g.groups = pick(0, 1) == 0 ? 1 : pick(1, 5);
    g.in_channels = g.groups * in_per_group;
    g.out_channels = g.groups * out_per_group;
    g.in_height = pick(1, 19);
    g.in_width = pick(1, 23);
    g.kernel_height = pick(1, 7);
    g.kernel_width = pick(1, 7);
    g.stride_height = pick(1, 3);
    g.stride_width = pick(1, 3);
    g.dilation_height = pick(1, 3);
    g.dilation_width = pick(1, 3);
    g.pad_top = pick(0, 4);
    g.pad_left = pick(0, 4);
    g.pad_bottom = pick(0, 4);
    g.pad_right = pick(0, 4);
    close(g);
    expect_exact(g, random_operands(g, random));
  }
}

TEST_P(Convolve, EqualsTheDefinitionOnRandomDepthwiseGeometries) {
  std::mt19937 random(77);
  const auto pick = [&](std::uint32_t low, std::uint32_t high) {
    return std::uniform_int_distribution<std::uint32_t>(low, high)(random);
  };
  for (int trial = 0; trial < 600 && !HasFatalFailure(); ++trial) {
    ConvGeometry g;
    g.in_channels = g.groups = pick(1, 6);
    g.out_channels = g.groups * pick(1, 3);
    g.in_height = pick(1, 40);
    g.in_width = pick(1, 70);
    const std::uint32_t kind = pick(0, 2);  // KxK, 1xK or Kx1.
    g.kernel_height = kind == 1 ? 1 : pick(1, 7);
    g.kernel_width = kind == 2 ? 1 : pick(1, 7);
    g.stride_height = pick(1, 3);
    g.stride_width = pick(1, 5);
    g.dilation_height = pick(1, 2);
    g.dilation_width = pick(1, 2);
    g.pad_top = pick(0, 5);
    g.pad_left = pick(0, 5);
    g.pad_bottom = pick(0, 5);
    g.pad_right = pick(0, 5);
    close(g);
    expect_exact(g, random_operands(g, random));
  }
}

TEST_P(Convolve, EqualsTheDefinitionOnRandomPointwiseLayers) {
  std::mt19937 random(5);
  const auto pick = [&](std::uint32_t low, std::uint32_t high) {
    return std::uniform_int_distribution<std::uint32_t>(low, high)(random);
  };
  for (int trial = 0; trial < 200 && !HasFatalFailure(); ++trial) {
    ConvGeometry g;
    g.in_channels = pick(1, 70);
    g.out_channels = pick(1, 40);
    g.in_height = g.out_height = pick(1, 15);
    g.in_width = g.out_width = pick(1, 15);
    expect_exact(g, random_operands(g, random));
  }
}

TEST_P(Convolve, SumsOverManyBlocksOfTheInnerDimension) {
  std::mt19937 random(6);
  for (const std::uint32_t channels : {767U, 768U, 769U, 1537U, 2048U}) {
    ConvGeometry g;
    g.in_channels = channels;
    g.out_channels = 7;
    g.in_height = g.out_height = 3;
    g.in_width = g.out_width = 31;
    expect_exact(g, random_operands(g, random));
  }
}

TEST_P(Convolve, LinearLayerIsAPointwiseOneOnASinglePixel) {
  std::mt19937 random(7);
  for (const std::uint32_t channels : {1U, 63U, 64U, 1280U}) {
    ConvGeometry g;
    g.in_channels = channels;
    g.out_channels = 1000;
    expect_exact(g, random_operands(g, random));
  }
}

TEST_P(Convolve, LargeMapsCrossEveryBlockBoundary) {
  std::mt19937 random(8);
  ConvGeometry pointwise;
  pointwise.in_channels = 130;
  pointwise.out_channels = 13;
  pointwise.in_height = pointwise.out_height = 61;
  pointwise.in_width = pointwise.out_width = 67;
  expect_exact(pointwise, random_operands(pointwise, random));

  ConvGeometry spatial;
  spatial.in_channels = 3;
  spatial.out_channels = 32;
  spatial.in_height = spatial.in_width = 96;
  spatial.kernel_height = spatial.kernel_width = 3;
  spatial.stride_height = spatial.stride_width = 2;
  spatial.pad_top = spatial.pad_left = spatial.pad_bottom = spatial.pad_right = 1;
  close(spatial);
  expect_exact(spatial, random_operands(spatial, random));

  ConvGeometry depthwise = spatial;
  depthwise.groups = depthwise.out_channels = depthwise.in_channels;
  depthwise.in_height = 130;
  close(depthwise);
  expect_exact(depthwise, random_operands(depthwise, random));
  depthwise.stride_height = depthwise.stride_width = 1;
  close(depthwise);
  expect_exact(depthwise, random_operands(depthwise, random));
}

TEST_P(Convolve, PadsLargerThanTheMapAreAllPadding) {
  std::mt19937 random(9);
  for (const std::uint32_t groups : {1U, 4U}) {
    ConvGeometry g;
    g.in_channels = g.out_channels = 4;
    g.groups = groups;
    g.in_height = 2;
    g.in_width = 3;
    g.kernel_height = g.kernel_width = 3;
    g.pad_top = 7;
    g.pad_left = 11;
    g.pad_bottom = 5;
    g.pad_right = 40;
    close(g);
    expect_exact(g, random_operands(g, random));
    g.stride_height = 3;
    g.stride_width = 5;
    close(g);
    expect_exact(g, random_operands(g, random));
  }
}

TEST_P(Convolve, ExtremeValuesDoNotSaturate) {
  for (const std::uint32_t groups : {1U, 6U}) {
    ConvGeometry g;
    g.in_channels = g.out_channels = 6;
    g.groups = groups;
    g.in_height = g.in_width = 20;
    g.kernel_height = g.kernel_width = 5;
    g.pad_top = g.pad_left = g.pad_bottom = g.pad_right = 2;
    close(g);
    for (const int value : {-128, 127})
      for (const int weight : {-128, 127})
        for (const int pad_value : {-128, 127})
          expect_exact(g, constant_operands(g, static_cast<std::int8_t>(value), static_cast<std::int8_t>(weight),
                                            static_cast<std::int8_t>(pad_value)));
  }
}

TEST_P(Convolve, SumsWrapAroundAt32Bits) {
  // 2^17 products of 2^14 make 2^31, which wraps to -2^31.
  ConvGeometry g;
  g.in_channels = 1U << 17U;
  g.out_channels = 2;
  g.in_width = g.out_width = 3;
  const Operands operands = constant_operands(g, -128, -128, 0);
  EXPECT_THAT(run(g, operands), testing::Each(INT32_MIN));
}

TEST_P(Convolve, WarmScratchIsNotReallocated) {
  std::mt19937 random(10);
  ConvGeometry big;
  big.in_channels = 16;
  big.out_channels = 8;
  big.in_height = big.out_height = big.in_width = big.out_width = 30;
  const Operands operands = random_operands(big, random);
  run(big, operands);
  const std::size_t held = scratch_.capacity();
  const std::byte* memory = scratch_.reserve(1);
  ConvGeometry small = big;
  small.in_channels = 5;
  expect_exact(small, random_operands(small, random));
  expect_exact(big, operands);
  EXPECT_EQ(scratch_.capacity(), held);
  EXPECT_EQ(scratch_.reserve(held), memory);
}

TEST_P(Convolve, RejectsGroupsThatDoNotDivide) {
  ConvGeometry g;
  g.in_channels = 6;
  g.out_channels = 6;
  g.groups = 4;
  try {
    run(g, {std::vector<std::int8_t>(6), std::vector<std::int8_t>(36), 0});
    FAIL() << "accepted";
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("groups = 4 does not divide in_channels = 6"));
  }
}

TEST_P(Convolve, RejectsZeroStrideByName) {
  ConvGeometry g;
  g.stride_width = 0;
  try {
    run(g, {std::vector<std::int8_t>(1), std::vector<std::int8_t>(1), 0});
    FAIL() << "accepted";
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("stride_width is 0"));
  }
}

INSTANTIATE_TEST_SUITE_P(EachInstructionSet, Convolve, testing::ValuesIn(available_instruction_sets()),
                         [](const auto& test) { return std::string(name(test.param)); });

}  // namespace
}  // namespace fusesim::array::values
