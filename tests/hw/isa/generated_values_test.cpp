// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/generated_values.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace fusesim::isa {
namespace {

// splitmix64 seeded with 0 yields these words first (the values every implementation publishes).
TEST(GeneratedValues, MixIsSplitmix64) {
  constexpr std::uint64_t golden = 0x9E3779B97F4A7C15u;
  EXPECT_EQ(mix64(golden), 0xE220A8397B1DCDAFu);
  EXPECT_EQ(mix64(2 * golden), 0x6E789E6AA1B965F4u);
}

TEST(GeneratedValues, BulkFillEqualsElementsAtEveryAlignment) {
  for (std::uint64_t first = 0; first < 20; ++first) {
    for (std::size_t count = 0; count < 40; ++count) {
      std::vector<std::int8_t> values(count);
      fill_generated(7, first, values);
      for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(values[i], generated_value(7, first + i));
    }
  }
}

TEST(GeneratedValues, UseTheFullRangeEvenly) {
  std::vector<std::int8_t> values(256 * 1000);
  fill_generated(42, 0, values);
  std::array<int, 256> count{};
  for (const std::int8_t value : values) ++count[static_cast<std::uint8_t>(value)];
  double chi_square = 0;
  for (const int n : count) chi_square += (n - 1000.0) * (n - 1000.0) / 1000.0;
  EXPECT_GT(chi_square, 150);  // 255 degrees of freedom: outside 150 .. 380 less than once in a million
  EXPECT_LT(chi_square, 380);
}

TEST(GeneratedValues, NearSeedsShareNothing) {
  std::vector<std::int8_t> a(4096), b(4096);
  fill_generated(1, 0, a);
  for (const std::uint64_t other : {std::uint64_t{0}, std::uint64_t{2}, std::uint64_t{1} + 0x9E3779B97F4A7C15u}) {
    for (const std::uint64_t shift : {0, 8}) {
      fill_generated(other, shift, b);
      int same = 0;
      for (std::size_t i = 0; i < a.size(); ++i) same += a[i] == b[i];
      EXPECT_LT(same, 60);  // 16 by chance
    }
  }
}

}  // namespace
}  // namespace fusesim::isa
