// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/units.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <map>
#include <random>
#include <sstream>
#include <string>

namespace fusesim::cli {
namespace {

TEST(Units, DurationsChooseTheirUnit) {
  EXPECT_EQ(duration(0, 1000), "0.000 ns");
  EXPECT_EQ(duration(1, 1000), "1.000 ns");
  EXPECT_EQ(duration(999, 1000), "999.000 ns");
  EXPECT_EQ(duration(1000, 1000), "1.000 us");
  EXPECT_EQ(duration(1, 400), "2.500 ns");
  EXPECT_EQ(duration(12345, 400), "30.863 us");
  EXPECT_EQ(duration(999'999, 1000), "999.999 us");
  EXPECT_EQ(duration(4'512'345, 1000), "4.512 ms");
  EXPECT_EQ(duration(2'500'000'000, 1000), "2.500 s");
  EXPECT_EQ(duration(5'000'000, 0.001), "5000.000 s");
}

TEST(Units, AmountsChooseTheirUnit) {
  EXPECT_EQ(amount(0), "0 B");
  EXPECT_EQ(amount(999), "999 B");
  EXPECT_EQ(amount(1000), "1.00 kB");
  EXPECT_EQ(amount(4608), "4.61 kB");
  EXPECT_EQ(amount(7'416'320), "7.42 MB");
  EXPECT_EQ(amount(123'456'789'012), "123456.79 MB");
}

TEST(Units, WhatRoundsToAThousandIsOneOfTheNextUnit) {
  EXPECT_EQ(duration(999'999'499, 1000), "999.999 ms");
  EXPECT_EQ(duration(999'999'501, 1000), "1.000 s");
  EXPECT_EQ(amount(999'994), "999.99 kB");
  EXPECT_EQ(amount(999'996), "1.00 MB");
}

/// Read back, a text must be the value to half of its last digit, and a number below 1000 but not 0.
TEST(Units, NothingIsLostBeyondTheDigitsShown) {
  const std::map<std::string, double> units{{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1},
                                            {"B", 1},     {"kB", 1e3},  {"MB", 1e6}};
  const auto check = [&](const std::string& text, double value, double half_digit) {
    std::istringstream stream(text);
    double number = 0;
    std::string unit;
    stream >> number >> unit;
    ASSERT_TRUE(units.contains(unit)) << text;
    EXPECT_GE(number, 1) << text;
    EXPECT_LT(number, 1000) << text;
    EXPECT_LE(std::abs(number * units.at(unit) - value), (half_digit + 1e-9) * units.at(unit)) << text << ' ' << value;
  };
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t cycles = 1 + (random() >> (random() % 30 + 28));  // Up to 2^36: 69 seconds.
    check(duration(cycles, 1000), static_cast<double>(cycles) * 1e-9, 0.0005);
    const std::uint64_t bytes = 1 + (random() >> (random() % 29 + 35));  // Up to 2^29.
    check(amount(bytes), static_cast<double>(bytes), 0.005);
  }
}

}  // namespace
}  // namespace fusesim::cli
