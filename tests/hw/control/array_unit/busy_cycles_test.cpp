// SPDX-License-Identifier: Apache-2.0
#include "hw/control/array_unit/busy_cycles.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/random_instruction.h"

namespace fusesim::control::machine {
namespace {

TEST(BusyCycles, CountsTheCyclesThatNoSpanTakesIn) {
  test::Random random(8);
  for (int trial = 0; trial < 200; ++trial) {
    constexpr std::uint64_t length = 300;
    BusyCycles busy;
    std::vector<bool> is_busy(length);
    std::uint64_t begin = 0, end = 0, joined = 0;  // Of the last span, and where what it is joined to ends.
    while (true) {
      begin += random.between(0, 20);
      end = std::max<std::uint64_t>(begin, end) + random.between(0, 15);
      if (end > length) break;
      busy.add(begin, end);
      for (std::uint64_t cycle = begin <= joined ? joined : begin; cycle < end; ++cycle) is_busy[cycle] = true;
      joined = end;
      std::uint64_t empty = 0;
      for (std::uint64_t cycle = 0; cycle < length; ++cycle) {
        ASSERT_EQ(busy.empty_before(cycle), empty) << "trial " << trial << ", cycle " << cycle;
        if (!is_busy[cycle]) ++empty;
      }
    }
  }
}

}  // namespace
}  // namespace fusesim::control::machine
