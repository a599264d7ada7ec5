// SPDX-License-Identifier: Apache-2.0
#include "workloads/reference/arithmetic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace fusesim::reference {
namespace {

using graph::ActivationKind;
__extension__ using Wide = __int128;

// Wide enough that a scale is held exactly and a product of three loses nothing that matters here.
static_assert(std::numeric_limits<long double>::digits >= 64);

/// The integer n with 2 n - 1 <= 2 numerator / denominator < 2 n + 1: half goes up, said without a division's rounding.
bool is_rounded_half_up(Wide n, Wide numerator, Wide denominator) {
  return (2 * n - 1) * denominator <= 2 * numerator && 2 * numerator < (2 * n + 1) * denominator;
}

Scale random_scale(std::mt19937& random, float smallest = Scale::smallest, float largest = Scale::largest) {
  std::uniform_real_distribution<float> exponent(std::log2(smallest), std::log2(largest));
  return Scale(std::clamp(std::exp2(exponent(random)), smallest, largest));
}

TEST(Requantize, IsTheExactRationalRoundedHalfUpAndSaturated) {
  std::mt19937 random(1);
  std::uniform_int_distribution<std::int32_t> any_sum(std::numeric_limits<std::int32_t>::min());
  std::uniform_int_distribution<std::int32_t> any_value(0), any_shift(1, 62), any_zero(-128, 127);
  int inside = 0;
  for (int i = 0; i < 200'000; ++i) {
    const std::int32_t sum = any_sum(random) >> (i % 32);
    const Multiplier by{any_value(random) >> (i / 32 % 32), any_shift(random)};
    const std::int32_t zero_point = any_zero(random);
    const std::int64_t shifted = rounding_shift(std::int64_t{sum} * by.value, by.shift);
    ASSERT_TRUE(is_rounded_half_up(shifted, Wide{sum} * by.value, Wide{1} << by.shift))
        << sum << " * " << by.value << " >> " << by.shift;
    const std::int64_t exact = zero_point + shifted;
    const std::int8_t result = requantize(sum, by, zero_point, limits(ElementType::int8));
    ASSERT_EQ(result, std::clamp<std::int64_t>(exact, -128, 127));
    inside += exact >= -128 && exact <= 127;
  }
  EXPECT_GT(inside, 20'000) << "too few results were not saturated";
}

TEST(Requantize, RoundsHalvesUpOnBothSidesOfZero) {
  const Multiplier half{1, 1};
  const auto at = [&](std::int32_t sum) { return requantize(sum, half, 0, limits(ElementType::int8)); };
  EXPECT_EQ(at(3), 2);
  EXPECT_EQ(at(1), 1);
  EXPECT_EQ(at(-1), 0);
  EXPECT_EQ(at(-3), -1);
}

TEST(Requantize, HoldsTheExtremesOfItsOperands) {
  constexpr std::int32_t lowest = std::numeric_limits<std::int32_t>::min(), highest = -(lowest + 1);
  EXPECT_EQ(requantize(lowest, {highest, 62}, 5, limits(ElementType::int8)), 4);  // -1 + 2^-31
  EXPECT_EQ(requantize(highest, {highest, 62}, 5, limits(ElementType::int8)), 6);
  EXPECT_EQ(requantize(lowest, {highest, 1}, 127, limits(ElementType::int8)), -128);
  EXPECT_EQ(requantize(highest, {highest, 1}, -128, limits(ElementType::int4)), 7);
  EXPECT_EQ(requantize(lowest, {highest, 1}, 0, limits(ElementType::int4)), -8);
}

TEST(Multiplier, IsTheNearestToItsRatioWithTheMostBits) {
  std::mt19937 random(2);
  for (int i = 0; i < 50'000; ++i) {
    const Scale a = random_scale(random), b = random_scale(random), c = random_scale(random);
    const Ratio exact = product_ratio(a, b, c);
    const long double real = static_cast<long double>(a.value()) * b.value() / c.value();
    if (real > 0x1p29L) continue;
    const Multiplier by = make_multiplier(exact);
    ASSERT_GE(by.shift, 1);
    ASSERT_LE(by.shift, 62);
    if (by.shift < 62) {
      ASSERT_GE(by.value, std::int32_t{1} << 30) << real;
    }
    const long double error = std::abs(std::ldexp(static_cast<long double>(by.value), -by.shift) - real);
    // Half a unit, and what long double loses in two operations.
    ASSERT_LE(error, std::ldexp(0.5L, -by.shift) + std::ldexp(real, -62)) << real;
  }
}

TEST(Multiplier, OfEqualScalesIsOne) {
  std::mt19937 random(3);
  for (int i = 0; i < 1000; ++i) {
    const Scale scale = random_scale(random);
    ASSERT_EQ(make_multiplier(ratio(scale, scale)), (Multiplier{std::int32_t{1} << 30, 30}));
  }
}

TEST(Multiplier, RoundsUpToTheNextPowerOfTwoWithoutLeavingItsRange) {
  // Just below 1: 31 bits of it round to 2^31, which does not fit, so that one bit is given up.
  EXPECT_EQ(make_multiplier({(std::uint64_t{1} << 40) - 1, std::uint64_t{1} << 40, 0}),
            (Multiplier{std::int32_t{1} << 30, 30}));
}

TEST(Multiplier, RefusesRatiosOutOfRangeAndVanishesBelowIt) {
  EXPECT_THROW((void)make_multiplier(product_ratio(Scale(256), Scale(256), Scale(0x1p-24F))), ArithmeticError);
  EXPECT_EQ(make_multiplier({1, 1, -40}), (Multiplier{1 << 22, 62}));
  EXPECT_EQ(make_multiplier({1, 1, -200}), (Multiplier{0, 62}));
  EXPECT_THROW((void)ratio(Scale(1), Scale(1), 0), ArithmeticError);
}

TEST(Scale, IsItsMantissaTimesItsPowerOfTwo) {
  std::mt19937 random(4);
  for (int i = 0; i < 1000; ++i) {
    const Scale scale = random_scale(random);
    ASSERT_EQ(std::ldexp(static_cast<float>(scale.mantissa()), scale.exponent()), scale.value());
    ASSERT_GE(scale.mantissa(), 1U << 23);
    ASSERT_LT(scale.mantissa(), 1U << 24);
  }
  for (const float bad : {0.0F, -1.0F, 0x1p-25F, 257.0F, std::numeric_limits<float>::quiet_NaN()}) {
    EXPECT_THROW(Scale{bad}, ArithmeticError) << bad;
  }
}

TEST(RequantizeSum, RoundsOnceAndEqualsTheExactSum) {
  std::mt19937 random(5);
  std::uniform_int_distribution<std::int32_t> any_difference(-255, 255), any_zero(-128, 127), any_count(2, 5);
  for (int i = 0; i < 50'000; ++i) {
    const Scale out = random_scale(random, 0x1p-10F, 1.0F);
    std::vector<Ratio> ratios;
    std::vector<std::int32_t> differences;
    long double exact = 0;
    for (std::int32_t k = any_count(random); k > 0; --k) {
      const Scale in = random_scale(random, 0x1p-10F, 1.0F);
      ratios.push_back(ratio(in, out));
      differences.push_back(any_difference(random));
      exact += static_cast<long double>(in.value()) * differences.back() / out.value();
    }
    const SharedMultiplier by = make_shared_multiplier(ratios);
    ASSERT_GE(*std::max_element(by.values.begin(), by.values.end()), std::int32_t{1} << 30);
    Wide sum = 0;
    for (std::size_t k = 0; k < ratios.size(); ++k) sum += Wide{differences[k]} * by.values[k];
    const std::int32_t zero_point = any_zero(random);
    const std::int8_t result = requantize_sum(differences, by, zero_point, limits(ElementType::int8));
    if (result > -128 && result < 127) {
      ASSERT_TRUE(is_rounded_half_up(result - zero_point, sum, Wide{1} << by.shift));
      ASSERT_NEAR(static_cast<double>(exact), result - zero_point, 0.5 + 1e-5);
    } else {
      ASSERT_TRUE(result == 127 ? exact > 127 - zero_point - 0.501L : exact < -128 - zero_point + 0.501L);
    }
  }
}

long double clamp6(long double x) {
  return std::clamp(x, 0.0L, 6.0L);
}

TEST(ActivationTable, IsTheRealFunctionRoundedHalfUp) {
  std::mt19937 random(6);
  std::uniform_int_distribution<std::int32_t> any_zero(-128, 127);
  int halves = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto any_format = [&] {
      return TensorFormat{i % 2 == 0 ? random_scale(random, 0x1p-9F, 0x1p-1F)
                                     : Scale(std::ldexp(1.0F, -static_cast<int>(1 + random() % 8))),
                          any_zero(random)};
    };
    const TensorFormat in = any_format(), out = any_format();
    for (const ActivationKind kind : {ActivationKind::hswish, ActivationKind::hsigmoid}) {
      const Table table = activation_table(kind, in, out);
      for (int q = -128; q <= 127; ++q) {
        const long double x = static_cast<long double>(in.scale.value()) * (q - in.zero_point);
        const long double product = (kind == ActivationKind::hswish ? x : 1.0L) * clamp6(x + 3);
        const long double real = product / 6 / out.scale.value();
        const long double fraction = real - std::floor(real);
        const auto rounded = static_cast<std::int64_t>(std::floor(real + 0.5L));
        const std::int64_t expected = std::clamp<std::int64_t>(rounded + out.zero_point, -128, 127);
        const bool half = std::abs(fraction - 0.5L) < 1e-12L;
        halves += half;
        // With powers of two the long double is exact and must agree at halves too.
        if (!half || i % 2 == 1) {
          ASSERT_EQ(look_up(table, static_cast<std::int8_t>(q)), expected) << name(kind) << " of " << q;
        }
      }
    }
  }
  EXPECT_GT(halves, 1000) << "the rounding of halves was not tried";
}

TEST(ActivationTable, HoldsTheExtremesOfScales) {
  const TensorFormat finest{Scale(Scale::smallest), 0}, coarsest{Scale(Scale::largest), 0};
  // x = 127 * 2^-24, x * 3 / 6 / 2^-24 = 63.5.
  EXPECT_EQ(look_up(activation_table(ActivationKind::hswish, finest, finest), 127), 64);
  EXPECT_EQ(look_up(activation_table(ActivationKind::hswish, finest, coarsest), 127), 0);
  EXPECT_EQ(look_up(activation_table(ActivationKind::hswish, coarsest, finest), 1), 127);
  EXPECT_EQ(look_up(activation_table(ActivationKind::hswish, coarsest, coarsest), 100), 100);
  EXPECT_EQ(look_up(activation_table(ActivationKind::hsigmoid, coarsest, finest), -1), 0);
  EXPECT_EQ(look_up(activation_table(ActivationKind::hsigmoid, coarsest, finest), 0), 127);
}

TEST(ActivationTable, IsForCurvedFunctionsOnlyAndBoundsForClampsOnly) {
  const TensorFormat format{Scale(0.05F), -10};
  EXPECT_THROW((void)activation_table(ActivationKind::relu, format, format), ArithmeticError);
  EXPECT_THROW((void)activation_bounds(ActivationKind::hswish, format), ArithmeticError);
}

TEST(ActivationBounds, AreZeroAndSixInStepsOfTheFormat) {
  EXPECT_EQ(activation_bounds(ActivationKind::relu, {Scale(0.05F), -10}), (Limits{-10, 127}));
  // 0.05 as binary32 lies just above 1/20: 6 / 0.05 is just below 120.
  EXPECT_EQ(activation_bounds(ActivationKind::relu6, {Scale(0.05F), -10}), (Limits{-10, 110}));
  EXPECT_EQ(activation_bounds(ActivationKind::relu6, {Scale(0.01F), -10}), (Limits{-10, 127}));
  // 6 / 4 = 1.5 goes up.
  EXPECT_EQ(activation_bounds(ActivationKind::relu6, {Scale(4), 0}), (Limits{0, 2}));
  EXPECT_EQ(activation_bounds(ActivationKind::relu6, {Scale(1), -8, ElementType::int4}), (Limits{-8, -2}));
}

TEST(Quantize, InvertsDequantizeAndRoundsHalvesUp) {
  const TensorFormat format{Scale(0.037F), 21};
  for (int q = -128; q <= 127; ++q) {
    const auto value = static_cast<std::int8_t>(q);
    EXPECT_EQ(quantize(dequantize(value, format), format), value);
  }
  const TensorFormat unit{Scale(1), 0, ElementType::int4};
  EXPECT_EQ(quantize(-2.5, unit), -2);
  EXPECT_EQ(quantize(2.5, unit), 3);
  EXPECT_EQ(quantize(1e300, unit), 7);
  EXPECT_EQ(quantize(-1e300, unit), -8);
  EXPECT_THROW((void)quantize(std::nan(""), unit), ArithmeticError);
}

/// The lemma of docs/arithmetic.md: with an odd number of elements, or a power of two, the multiplier for 1 / area
/// gives the mean rounded half up exactly, for every sum a window can have.
TEST(Average, IsTheExactMeanForOddAreasAndPowersOfTwo) {
  const Scale scale(0.019F);
  std::mt19937 random(7);
  for (const std::int32_t area : {1, 2, 3, 4, 8, 9, 15, 16, 25, 49, 64, 81, 121, 169, 225, 7 * 7 * 49, 112 * 112 + 1}) {
    const Multiplier by = make_multiplier(ratio(scale, scale, static_cast<std::uint32_t>(area)));
    std::uniform_int_distribution<std::int32_t> any_sum(-255 * area, 255 * area);
    const auto expect_exact = [&](std::int32_t sum) {
      const std::int64_t mean = rounding_shift(std::int64_t{sum} * by.value, by.shift);
      ASSERT_TRUE(is_rounded_half_up(mean, sum, area)) << sum << " / " << area;
    };
    for (std::int32_t multiple = -255; multiple < 255; ++multiple) {  // Around every half.
      for (std::int32_t near = -1; near <= 1; ++near) expect_exact(multiple * area + area / 2 + near);
    }
    for (int i = 0; i < 1000; ++i) expect_exact(any_sum(random));
  }
}

}  // namespace
}  // namespace fusesim::reference
