// SPDX-License-Identifier: Apache-2.0
// Grids against a list of every byte they touch.
#include "hw/isa/machine/grid.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace fusesim::isa::machine {
namespace {

std::vector<std::uint64_t> bytes_of(std::uint64_t run, const std::array<Axis, 3>& axes) {
  std::vector<std::uint64_t> bytes;
  for (std::uint64_t k = 0; k < axes[2].count; ++k) {
    for (std::uint64_t j = 0; j < axes[1].count; ++j) {
      for (std::uint64_t i = 0; i < axes[0].count; ++i) {
        for (std::uint64_t b = 0; b < run; ++b) {
          bytes.push_back(i * axes[0].stride + j * axes[1].stride + k * axes[2].stride + b);
        }
      }
    }
  }
  std::sort(bytes.begin(), bytes.end());
  return bytes;
}

TEST(Grid, ReachesItsLastByteAndIsDisjointOnlyWhenNoByteIsTouchedTwice) {
  std::mt19937 random(1);
  const auto upto = [&](std::uint64_t n) { return std::uniform_int_distribution<std::uint64_t>(1, n)(random); };
  int disjoint_ones = 0, shared = 0;
  for (int round = 0; round < 20000; ++round) {
    const std::uint64_t run = upto(4);
    std::array<Axis, 3> axes;
    for (Axis& axis : axes) axis = {upto(4), upto(40) - 1};
    const auto bytes = bytes_of(run, axes);
    ASSERT_EQ(reach(run, axes), bytes.back() + 1);
    const bool twice = std::adjacent_find(bytes.begin(), bytes.end()) != bytes.end();
    if (twice) {
      ++shared;
      ASSERT_FALSE(disjoint(run, axes));
    }
    disjoint_ones += disjoint(run, axes);
  }
  EXPECT_GT(disjoint_ones, 1000);
  EXPECT_GT(shared, 1000);
}

TEST(Grid, NestedInAnyOrderIsDisjoint) {
  std::mt19937 random(2);
  const auto upto = [&](std::uint64_t n) { return std::uniform_int_distribution<std::uint64_t>(1, n)(random); };
  for (int round = 0; round < 2000; ++round) {
    const std::uint64_t run = upto(4);
    std::array<Axis, 3> axes;
    std::uint64_t extent = run;
    for (Axis& axis : axes) {
      axis = {upto(4), extent + upto(5) - 1};
      extent += (axis.count - 1) * axis.stride;
    }
    std::shuffle(axes.begin(), axes.end(), random);
    ASSERT_TRUE(disjoint(run, axes));
    ASSERT_EQ(reach(run, axes), extent);
  }
}

TEST(Grid, SaysTheMostWhenItsReachDoesNotFit) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  const Axis product[] = {{std::uint64_t{1} << 32, std::uint64_t{1} << 33}};
  EXPECT_EQ(reach(1, product), most);
  const Axis sum[] = {{2, most - 7}, {2, 7}};
  EXPECT_EQ(reach(1, sum), most);
  const Axis fits[] = {{2, most - 8}, {2, 7}};
  EXPECT_EQ(reach(1, fits), most);
  EXPECT_EQ(reach(1, {fits, 1}), most - 7);
}

}  // namespace
}  // namespace fusesim::isa::machine
