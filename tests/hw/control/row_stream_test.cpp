// SPDX-License-Identifier: Apache-2.0
#include "hw/control/row_stream.h"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

namespace fusesim::control {
namespace {

TEST(RowStream, HasTheCheckedLength) {
  for (std::uint32_t c = 1; c < 20; ++c) {
    for (std::uint32_t k = 1; k <= 7; ++k) {
      for (std::uint32_t s = 1; s <= 3; ++s) {
        const std::uint32_t phases = std::min(s, k);
        EXPECT_EQ(RowStream(c, k, s, 1).length(), phases * c + k - phases) << c << " " << k << " " << s;
      }
    }
  }
}

TEST(RowStream, PutsEveryTapOnTheWireWhenEveryColumnHoldsItsInput) {
  for (std::uint32_t c = 1; c < 9; ++c) {
    for (std::uint32_t k = 1; k <= 7; ++k) {
      for (std::uint32_t s = 1; s <= 4; ++s) {
        for (std::uint32_t d = 1; d <= 3; ++d) {
          const RowStream stream(c, k, s, d);
          std::set<std::uint32_t> seen;
          for (const TapSlot& slot : stream.taps()) {
            seen.insert(slot.tap);
            // The tap is latched together with the element of its cycle; column j's element entered j cycles before.
            for (std::uint32_t j = 0; j < c; ++j) {
              ASSERT_GE(slot.cycle, j);
              ASSERT_EQ(stream.position(slot.cycle - j), s * j + d * slot.tap);
            }
          }
          ASSERT_EQ(seen.size(), k);
          ASSERT_EQ(stream.taps().size(), k);
        }
      }
    }
  }
}

TEST(RowStream, RefusesZero) {
  EXPECT_THROW(RowStream(0, 3, 1, 1), std::invalid_argument);
  EXPECT_THROW(RowStream(4, 0, 1, 1), std::invalid_argument);
  EXPECT_THROW(RowStream(4, 3, 0, 1), std::invalid_argument);
  EXPECT_THROW(RowStream(4, 3, 1, 0), std::invalid_argument);
}

}  // namespace
}  // namespace fusesim::control
