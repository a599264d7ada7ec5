// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/scratchpad/scratchpad.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <numeric>
#include <type_traits>
#include <vector>

#include "tests/support/random_instruction.h"

namespace fusesim::memory {
namespace {

using isa::machine::Pad;
using isa::machine::ScratchpadConfig;
using test::Random;

TEST(Scratchpad, BytesAreAlignedWhereTheirAddressIs) {
  for (int trial = 0; trial < 20; ++trial) {
    Scratchpad pad({.bytes = 4096, .banks = 4, .width = 2, .ports = 1}, true);
    for (const std::uint32_t address : {0U, 64U, 1024U, 4032U}) {
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(pad.bytes(address, 64).data()) % 64, 0U);
    }
  }
}

TEST(Scratchpad, BytesAreAllThereAndApart) {
  const std::uint64_t size = 1030;
  Scratchpad pad({.bytes = size, .banks = 5, .width = 2, .ports = 1}, true);
  for (const std::int8_t value : pad.bytes(0, size)) EXPECT_EQ(value, 0);
  for (std::uint32_t i = 0; i < size; ++i) pad.bytes(i, 1)[0] = static_cast<std::int8_t>(i % 127);
  const auto all = pad.bytes(0, size);
  ASSERT_EQ(all.size(), size);
  for (std::uint32_t i = 0; i < size; ++i) ASSERT_EQ(all[i], static_cast<std::int8_t>(i % 127));

  // Moving keeps them where they are; a copy could not.
  const std::int8_t* const before = pad.bytes(17, 1).data();
  Scratchpad moved(std::move(pad));
  EXPECT_EQ(moved.bytes(17, 1).data(), before);
  static_assert(!std::is_copy_constructible_v<Scratchpad>);
}

TEST(Scratchpad, KnowsItsConfigurationAndWhetherItHoldsValues) {
  const ScratchpadConfig config{.bytes = 60, .banks = 3, .width = 4, .ports = 2};
  EXPECT_EQ(Scratchpad(config, false).config(), config);
  EXPECT_FALSE(Scratchpad(config, false).has_values());
  EXPECT_TRUE(Scratchpad(config, true).has_values());
}

TEST(Scratchpad, WrittenBytesFollowAByteByByteModel) {
  Random random(11);
  for (int trial = 0; trial < 60; ++trial) {
    const std::uint32_t size = random.chance(0.5) ? random.between(1, 400) : random.between(1000, 9000);
    Scratchpad pad({.bytes = size, .banks = 1, .width = 1, .ports = 1}, false);
    std::vector<bool> written(size);
    std::uint64_t peak = 0;
    for (int step = 0; step < 200; ++step) {
      const std::uint32_t address = random.between(0, size - 1);
      const std::uint32_t count = random.chance(0.1) ? size - address : random.between(0, size - address);
      const auto begin = written.begin() + address, end = begin + count;
      if (random.chance(0.4)) {
        pad.mark_written(address, count);
        std::fill(begin, end, true);
      } else if (random.chance(0.4)) {
        pad.release(address, count);
        std::fill(begin, end, false);
      }
      const auto occupied = static_cast<std::uint64_t>(std::count(written.begin(), written.end(), true));
      peak = std::max(peak, occupied);
      ASSERT_EQ(pad.occupied(), occupied) << "trial " << trial << ", step " << step;
      ASSERT_EQ(pad.peak(), peak) << "trial " << trial << ", step " << step;
      const auto missing = std::find(begin, end, false);
      const auto first = pad.first_unwritten(address, count);
      ASSERT_EQ(pad.all_written({.address = address, .run = count}), missing == end)
          << "trial " << trial << ", step " << step;
      ASSERT_EQ(first.has_value(), missing != end) << "trial " << trial << ", step " << step;
      ASSERT_EQ(first.value_or(size), missing == end ? size : static_cast<std::uint32_t>(missing - written.begin()));
    }
  }
}

TEST(Scratchpad, TheSystemPortServesRequestsOneAfterTheOtherCycleByCycle) {
  Random random(12);
  for (int trial = 0; trial < 100; ++trial) {
    const ScratchpadConfig config{
        .bytes = 1 << 12, .banks = random.between(1, 9), .width = 1U << random.between(0, 2), .ports = 1};
    Scratchpad pad(config, false);

    // Requests queue up; in each cycle the oldest one that has arrived moves a row of words.
    struct Request {
      std::uint64_t from;
      std::uint64_t left;
      std::uint64_t promised;
    };
    const double often = random.chance(0.5) ? 0.05 : 0.3;
    std::deque<Request> queue;
    std::vector<bool> taken;
    for (std::uint64_t cycle = 0; cycle < 220 || !queue.empty(); ++cycle) {
      // Bursts of requests, some announced ahead of time; in the end all are served.
      while (cycle < 200 && random.chance(often)) {
        const std::uint64_t from = cycle + random.between(0, 4), bytes = random.between(0, 60);
        if (!queue.empty() && from < queue.back().from) continue;
        queue.push_back({from, (bytes + config.row_bytes() - 1) / config.row_bytes(), pad.take_port(from, bytes)});
      }
      while (!queue.empty() && queue.front().left == 0) {
        ASSERT_EQ(queue.front().promised, std::max(cycle, queue.front().from)) << "trial " << trial;
        queue.pop_front();
      }
      const bool now = !queue.empty() && queue.front().from <= cycle;
      if (now && --queue.front().left == 0) {
        ASSERT_EQ(queue.front().promised, cycle + 1) << "trial " << trial;
        queue.pop_front();
      }
      taken.push_back(now);
      ASSERT_EQ(pad.taken(cycle), now) << "trial " << trial << ", cycle " << cycle;
    }
    std::uint64_t before = 0;
    for (std::uint64_t cycle = 0; cycle < taken.size(); ++cycle) {
      ASSERT_EQ(pad.taken_before(cycle), before) << "trial " << trial << ", cycle " << cycle;
      ASSERT_EQ(pad.taken(cycle), taken[cycle]) << "trial " << trial << ", cycle " << cycle;
      before += taken[cycle] ? 1 : 0;
    }
    ASSERT_EQ(pad.taken_before(1'000'000), before);
  }
}

TEST(Scratchpad, NoBytesTakeNoCycle) {
  Scratchpad pad({.bytes = 64, .banks = 4, .width = 2, .ports = 1}, false);
  EXPECT_EQ(pad.take_port(10, 0), 10U);
  EXPECT_EQ(pad.take_port(5, 9), 7U);
  EXPECT_EQ(pad.take_port(6, 0), 7U);
  EXPECT_EQ(pad.taken_before(100), 2U);
}

TEST(Scratchpads, AreFoundByTheirNames) {
  isa::machine::CoreConfig core;
  core.activations.bytes = 128 * 1024;
  core.weights.bytes = 64 * 1024;
  core.outputs.bytes = 256 * 1024;
  Scratchpads pads(core, false);
  for (const Pad pad : {Pad::activations, Pad::weights, Pad::outputs}) EXPECT_EQ(pads[pad].config(), core.pad(pad));
  pads[Pad::weights].mark_written(0, 10);
  EXPECT_EQ(pads[Pad::activations].occupied(), 0U);
  EXPECT_EQ(pads[Pad::weights].occupied(), 10U);
  EXPECT_EQ(std::as_const(pads)[Pad::outputs].occupied(), 0U);
}

}  // namespace
}  // namespace fusesim::memory
