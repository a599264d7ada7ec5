// SPDX-License-Identifier: Apache-2.0
// Occupancy is that of whole cycles, in whatever order units tell of their changes.
#include "hw/control/machine/occupancy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <stdexcept>
#include <tuple>
#include <vector>

#include "hw/control/machine/context.h"

namespace fusesim::control::machine {
namespace {

using isa::machine::Pad;
using Seen = std::vector<std::tuple<std::uint64_t, Pad, std::uint64_t>>;

TEST(Occupancy, CountsTheChangesOfACycleTogetherInAnyOrder) {
  struct Change {
    std::uint64_t cycle;
    Pad pad;
    std::int64_t bytes;
  };
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    const auto upto = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % (n + 1)); };
    // Changes that never take more than there is at the end of a cycle.
    std::vector<Change> changes;
    std::map<std::uint64_t, std::array<std::int64_t, 3>> by_cycle;
    std::array<std::int64_t, 3> bytes{};
    std::uint64_t cycle = 0;
    for (int i = 0; i < 60; ++i) {
      cycle += upto(3) == 0 ? upto(5) : upto(1);
      const std::size_t pad = upto(2);
      const std::int64_t change = static_cast<std::int64_t>(upto(50)) - std::min<std::int64_t>(bytes[pad], upto(60));
      bytes[pad] += change;
      changes.push_back({cycle, static_cast<Pad>(pad), change});
      by_cycle[cycle][pad] += change;
    }
    Seen expected;
    std::array<std::uint64_t, 3> now{}, peaks{};
    for (const auto& [at, by_pad] : by_cycle) {
      for (std::size_t pad = 0; pad < 3; ++pad) {
        if (by_pad[pad] == 0) continue;
        now[pad] += static_cast<std::uint64_t>(by_pad[pad]);
        peaks[pad] = std::max(peaks[pad], now[pad]);
        expected.emplace_back(at, static_cast<Pad>(pad), now[pad]);
      }
    }
    // Neighbours may come in any order as long as none falls behind by more than a cycle.
    for (std::size_t i = 1; i < changes.size(); ++i) {
      const auto earlier = changes.begin() + static_cast<std::ptrdiff_t>(i);
      if (upto(1) == 0 && earlier->cycle <= std::prev(earlier)->cycle + 1 &&
          (i < 2 || earlier->cycle >= changes[i - 2].cycle)) {
        std::iter_swap(earlier, std::prev(earlier));
        ++i;
      }
    }
    Seen seen;
    Observer observer;
    observer.occupancy = [&](std::uint64_t at, Pad pad, std::uint64_t count) { seen.emplace_back(at, pad, count); };
    Occupancy occupancy(observer);
    for (const Change& change : changes) occupancy.change(change.cycle, change.pad, change.bytes);
    occupancy.finish();
    ASSERT_EQ(seen, expected) << "seed " << seed;
    for (std::size_t pad = 0; pad < 3; ++pad) ASSERT_EQ(occupancy.peak(static_cast<Pad>(pad)), peaks[pad]);
  }
}

TEST(Occupancy, AChangeOfACycleThatHasBeenCountedIsAnError) {
  const Observer observer;
  Occupancy occupancy(observer);
  occupancy.change(7, Pad::weights, 3);
  occupancy.change(6, Pad::weights, 2);
  EXPECT_THROW(occupancy.change(5, Pad::weights, 1), std::logic_error);
}

TEST(Clock, SpeaksOfCyclesThatSimulatedTimeReaches) {
  EXPECT_EQ(Clock(1000.0).period(), sc_core::sc_time(1, sc_core::SC_NS));
  EXPECT_EQ(Clock(700.0).period(), sc_core::sc_time::from_value(1429));  // rounded to picoseconds
  EXPECT_THROW(Clock(0.9), std::invalid_argument);
  EXPECT_THROW(Clock(1e7), std::invalid_argument);
  const Clock slow(1.0);
  EXPECT_EQ(slow.until(18'446'744'073'709).value(), 18'446'744'073'709'000'000U);
  EXPECT_THROW(static_cast<void>(slow.until(18'446'744'073'710)), std::runtime_error);
}

}  // namespace
}  // namespace fusesim::control::machine
