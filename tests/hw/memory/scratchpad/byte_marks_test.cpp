// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/scratchpad/byte_marks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "tests/support/random_instruction.h"

namespace fusesim::memory {
namespace {

using test::Random;

std::vector<std::uint64_t> bytes_of(const ByteGrid& grid) {
  std::vector<std::uint64_t> bytes;
  for_runs(grid, [&](std::uint64_t address, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) bytes.push_back(address + i);
  });
  return bytes;
}

/// Lies in [0, size). As a rule it ascends, and often its runs or lines touch.
ByteGrid random_grid(Random& random, std::uint32_t size) {
  ByteGrid grid{.run = random.between(1, 5)};
  std::uint64_t extent = grid.run;
  for (ByteGrid::Axis& axis : grid.axes) {
    if (random.chance(0.4)) continue;
    const auto least = static_cast<std::uint32_t>(random.chance(0.9) ? extent : 0);
    axis = {random.between(1, 4), least + (random.chance(0.4) ? 0 : random.between(0, 5))};
    extent += std::uint64_t{axis.count - 1} * axis.stride;
  }
  if (random.chance(0.1)) std::swap(grid.axes[0], grid.axes[1]);
  if (grid.end() > size) return {.address = random.between(0, size - 1), .run = 1};
  grid.address = random.between(0, size - static_cast<std::uint32_t>(grid.end()));
  return grid;
}

TEST(ByteGrid, PackedHasTheSameBytesInTheSameOrder) {
  Random random(21);
  for (int trial = 0; trial < 2000; ++trial) {
    const ByteGrid grid = random_grid(random, 400), packed = grid.packed();
    const std::vector<std::uint64_t> bytes = bytes_of(grid);
    ASSERT_EQ(bytes_of(packed), bytes);
    ASSERT_EQ(packed.packed(), packed);
    ASSERT_EQ(packed.bytes(), bytes.size());
    ASSERT_EQ(grid.end(), *std::ranges::max_element(bytes) + 1);
    ASSERT_EQ(packed.end(), grid.end());
    if (grid.ascends()) {
      ASSERT_TRUE(std::ranges::is_sorted(bytes));
    }
    ASSERT_EQ(grid.ascends(), packed.ascends());
  }
  // Lines that touch are one run, and so are channels that do then.
  const ByteGrid dense{.address = 100, .run = 3, .axes = {{{7, 3}, {5, 21}}}};
  EXPECT_EQ(dense.packed(), (ByteGrid{.address = 100, .run = 105}));
  const ByteGrid lines{.address = 100, .run = 3, .axes = {{{7, 3}, {1, 9}, {5, 22}}}};
  EXPECT_EQ(lines.packed(), (ByteGrid{.address = 100, .run = 21, .axes = {{{5, 22}}}}));
}

TEST(ByteGrid, ShowsNothingButItsOwnBytes) {
  Random random(22);
  int shown = 0, hidden = 0;
  for (int trial = 0; trial < 40000; ++trial) {
    const ByteGrid grid = random_grid(random, 200).packed();
    if (!grid.ascends()) continue;
    ByteGrid part = grid;
    part.address += random.chance(0.5) ? 0 : random.between(0, 30);
    part.run = random.between(1, static_cast<std::uint32_t>(grid.run));
    for (ByteGrid::Axis& axis : part.axes) {
      if (random.chance(0.5)) axis.count = random.between(1, axis.count);
      if (random.chance(0.1)) axis.stride = random.between(0, 9);
    }
    part = part.packed();
    const std::vector<std::uint64_t> all = bytes_of(grid), bytes = bytes_of(part);
    const bool inside =
        std::ranges::all_of(bytes, [&](std::uint64_t byte) { return std::ranges::binary_search(all, byte); });
    if (grid.shows(part)) {
      ASSERT_TRUE(inside);
      ++shown;
    } else {
      hidden += inside ? 1 : 0;
    }
  }
  EXPECT_GT(shown, 5000);
  EXPECT_LT(hidden * 10, shown);
}

TEST(ByteGrid, KnowsWhereTheRunOfAByteEnds) {
  Random random(23);
  for (int trial = 0; trial < 300; ++trial) {
    const ByteGrid grid = random_grid(random, 150).packed();
    if (!grid.ascends()) continue;
    for (std::uint64_t at = 0; at < 160; ++at) {
      std::uint64_t expected = at;
      for_runs(grid, [&](std::uint64_t address, std::uint64_t count) {
        if (address <= at && at < address + count) expected = address + count;
      });
      ASSERT_EQ(grid.run_end(at), expected) << "trial " << trial << " at " << at;
    }
  }
}

TEST(ByteMarks, FollowAByteByByteModel) {
  Random random(24);
  int all = 0, some = 0;
  for (int trial = 0; trial < 400; ++trial) {
    const std::uint32_t size = random.between(1, 300);
    ByteMarks marks(size);
    std::vector<bool> marked(size);
    // What was marked is looked at and cleared again, as a rule.
    std::vector<ByteGrid> grids;
    for (int step = 0; step < 60; ++step) {
      SCOPED_TRACE(testing::Message() << "trial " << trial << ", step " << step);
      const bool again = !grids.empty() && random.chance(0.5);
      const ByteGrid grid =
          again ? grids[random.between(0, static_cast<std::uint32_t>(grids.size() - 1))] : random_grid(random, size);
      if (random.chance(0.4)) {
        marks.mark(grid);
        for (const std::uint64_t byte : bytes_of(grid)) marked[byte] = true;
        grids.push_back(grid);
      } else if (random.chance(0.4)) {
        const std::uint64_t begin = random.chance(0.5) ? grid.address : random.between(0, size - 1);
        const std::uint64_t end = random.chance(0.5) ? std::max(begin, grid.end()) : size;
        marks.clear(begin, end - begin);
        for (std::uint64_t byte = begin; byte < end; ++byte) marked[byte] = false;
      }
      ASSERT_EQ(marks.marked(), static_cast<std::uint64_t>(std::count(marked.begin(), marked.end(), true)));
      const bool expected = std::ranges::all_of(bytes_of(grid), [&](std::uint64_t byte) { return marked[byte]; });
      ASSERT_EQ(marks.all_marked(grid), expected);
      ++(expected ? all : some);
      for (std::uint32_t from = 0; from < size; from += random.between(1, 20)) {
        const std::uint32_t count = random.between(0, size - from);
        const auto begin = marked.begin() + from, end = begin + count, missing = std::find(begin, end, false);
        const auto first = marks.first_clear(from, count);
        ASSERT_EQ(first.has_value(), missing != end);
        ASSERT_EQ(first.value_or(size), missing == end ? size : static_cast<std::uint64_t>(missing - marked.begin()));
      }
    }
  }
  EXPECT_GT(all, 5000);
  EXPECT_GT(some, 5000);
}

TEST(ByteMarks, NothingIsMarkedWithoutBytes) {
  ByteMarks marks(10);
  marks.mark({.address = 7, .run = 0});
  EXPECT_EQ(marks.marked(), 0U);
  EXPECT_TRUE(marks.all_marked({.address = 7, .run = 0}));
  EXPECT_EQ(marks.first_clear(7, 0), std::nullopt);
  EXPECT_EQ(marks.first_clear(7, 1), 7U);
}

}  // namespace
}  // namespace fusesim::memory
