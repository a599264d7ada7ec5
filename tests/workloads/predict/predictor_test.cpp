// SPDX-License-Identifier: Apache-2.0
#include "workloads/predict/block/predictor.h"

#include <gmock/gmock.h>

#include <cmath>

#include "random_float_block.h"
#include "workloads/predict/block/ternarise.h"

namespace fusesim::predict {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Ternarise, KeepsTheSignsOfWeightsFromSevenTenthsOfTheMeanMagnitude) {
  // The mean magnitude is 1, delta 0.7.
  const Ternary ternary = ternarise(std::vector<double>{-2.0, 0.75, 0.5, -0.75, 0.0, 2.0});
  EXPECT_THAT(ternary.signs, ElementsAre(-1, 1, 0, -1, 0, 1));
  EXPECT_DOUBLE_EQ(ternary.alpha, (2.0 + 0.75 + 0.75 + 2.0) / 4);
}

TEST(Ternarise, OfPrunedWeightsKeepsAllThatAreLeft) {
  const Ternary ternary = ternarise(std::vector<double>{0, 0, 0.5, 0, 0, 0, -0.4, 0});
  EXPECT_THAT(ternary.signs, ElementsAre(0, 0, 1, 0, 0, 0, -1, 0));
  EXPECT_DOUBLE_EQ(ternary.alpha, 0.45);
}

TEST(Ternarise, OfZerosIsZero) {
  const Ternary ternary = ternarise(std::vector<double>(5, 0.0));
  EXPECT_THAT(ternary.signs, ElementsAre(0, 0, 0, 0, 0));
  EXPECT_EQ(ternary.alpha, 0);
}

TEST(Ternarise, EachGroupIsATensorOfItsOwn) {
  const GroupedTernary grouped = ternarise(std::vector<double>{1, 0.1, -100, 10}, 2);
  EXPECT_THAT(grouped.signs, ElementsAre(1, 0, -1, 0));
  EXPECT_THAT(grouped.alphas, ElementsAre(1, 100));
}

/// By the rule of docs/fused.md and nothing else.
void expect_same_decisions(const StageChannel& channel, std::int32_t low, std::int32_t high, double step) {
  const reference::Ladder ladder = make_ladder(channel, low, high, step);
  for (std::int32_t t = low; t <= high; ++t) {
    const double y = channel.factor * (channel.unit * t) + channel.offset;
    const auto passes = [&](std::int32_t threshold) { return ladder.falling ? t <= threshold : t >= threshold; };
    ASSERT_EQ(passes(ladder.mask), y > 0)
        << "factor " << channel.factor << ", offset " << channel.offset << ", t " << t;
    int level = 0;
    for (const std::int16_t threshold : ladder.levels) level += passes(threshold) ? 1 : 0;
    const double steps = y > 0 ? std::floor(y / step + 0.5) : 0;
    ASSERT_EQ(level, steps > 7 ? 7 : static_cast<int>(steps));
  }
  for (std::size_t i = 1; i < ladder.levels.size(); ++i) {
    ASSERT_LE(ladder.falling ? ladder.levels[i] : ladder.levels[i - 1],
              ladder.falling ? ladder.levels[i - 1] : ladder.levels[i]);
  }
}

TEST(Ladder, DecidesAsTheBatchNormDoesAtEveryInteger) {
  test::RandomFloat random(1);
  for (int trial = 0; trial < 3000; ++trial) {
    const StageChannel channel{random.normal(std::exp(random.uniform(-4, 2))), random.normal(2),
                               0.8 * std::exp(random.uniform(-3, 1))};
    const auto reach = static_cast<std::int32_t>(random.between(0, 320));
    expect_same_decisions(channel, -reach, static_cast<std::int32_t>(random.between(0, 320)), 0.8);
  }
}

TEST(Ladder, DecidesAsTheBatchNormDoesWhereItIsExactlyZero) {
  test::RandomFloat random(2);
  for (int trial = 0; trial < 500; ++trial) {
    const double factor = random.normal(), unit = random.uniform(0, 1);
    const auto zero = static_cast<std::int32_t>(random.between(0, 40)) - 20;
    expect_same_decisions({factor, -(factor * (unit * zero)), unit}, -20, 20, 0.8);
    // And where a level ends: y of half a step.
    expect_same_decisions({factor, 0.4 - factor * (unit * zero), unit}, -20, 20, 0.8);
  }
}

TEST(Ladder, AGammaOrUnitOfZeroPassesAlwaysOrNever) {
  for (const double factor : {0.0, -0.0, 1.0, -1.0}) {
    for (const double offset : {-1.0, 0.0, 1e-9, 0.5, 100.0}) {
      expect_same_decisions({factor, offset, 0.0}, -300, 300, 0.8);
      expect_same_decisions({0.0, offset, 0.7}, -300, 300, 0.8);
    }
  }
}

TEST(Ladder, SumsBeyondItsThresholdsAreRefused) {
  EXPECT_NO_THROW((void)make_ladder({1, 0, 1}, -32767, 32766, 0.8));
  EXPECT_THROW((void)make_ladder({1, 0, 1}, -32768, 0, 0.8), PredictError);
  EXPECT_THROW((void)make_ladder({1, 0, 1}, 0, 32767, 0.8), PredictError);
  EXPECT_THROW((void)make_ladder({std::nan(""), 0, 1}, 0, 9, 0.8), PredictError);
}

TEST(InputThresholds, GiveEveryIntegerTheCopyOfItsRealValue) {
  test::RandomFloat random(3);
  for (int trial = 0; trial < 500; ++trial) {
    reference::TensorFormat format{reference::Scale(static_cast<float>(std::exp(random.uniform(-8, 2))))};
    if (trial % 10 == 0) format.type = reference::ElementType::int4;
    const reference::Limits range = reference::limits(format.type);
    const auto span = static_cast<std::uint32_t>(range.highest - range.lowest);
    format.zero_point = range.lowest + static_cast<std::int32_t>(random.between(0, span));
    const auto thresholds = input_thresholds(format, 0.8);
    for (std::int32_t q = range.lowest; q <= range.highest; ++q) {
      const double x = static_cast<double>(format.scale.value()) * (q - format.zero_point);
      const double copy = std::floor(x / 0.8 + 0.5);
      int actual = -8;
      for (const std::int16_t threshold : thresholds) actual += threshold <= q ? 1 : 0;
      ASSERT_EQ(actual, copy < -8 ? -8 : copy > 7 ? 7 : static_cast<int>(copy));
    }
  }
}

TEST(FoldStatistics, IsTheAffineFunctionOfABatchNorm) {
  const Norm norm = fold_statistics({2, -1}, {0.5, 3}, {4, -2}, {0.249, 8.999});
  for (const double x : {-3.0, 0.0, 5.5}) {
    EXPECT_NEAR(norm.factor[0] * x + norm.offset[0], 2 * (x - 4) / 0.5 + 0.5, 1e-12);
    EXPECT_NEAR(norm.factor[1] * x + norm.offset[1], -(x + 2) / 3 + 3, 1e-12);
  }
  EXPECT_THROW((void)fold_statistics({1}, {1}, {1, 2}, {1}), PredictError);
}

}  // namespace
}  // namespace fusesim::predict
