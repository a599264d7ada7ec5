// SPDX-License-Identifier: Apache-2.0
// A service that leaves commands for later against one that issues each in its time.
#include "hw/memory/dram/dram_service.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include "hw/memory/dram/dram_standards.h"

namespace fusesim::memory {
namespace {

/// What the service answers up to a time, in order.
void take(DramService& service, std::uint64_t time, std::vector<std::pair<std::uint64_t, std::uint64_t>>& answers) {
  MemoryAnswers& known = service.answers();
  for (; !known.empty() && known.first().picoseconds <= time; known.pop()) {
    answers.emplace_back(known.first().picoseconds, known.first().tag);
  }
}

TEST(DramService, AnswersAsIfEveryCommandHadBeenIssuedInItsTime) {
  for (const char* standard : {"DDR4-2400", "LPDDR4-3200", "HBM2-2000"}) {
    SCOPED_TRACE(standard);
    const DramSpec& spec = dram_standard(standard);
    DramControllerOptions options;
    options.queue_bursts = 8;
    DramService punctual(spec, options), late(spec, options);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> expected, answers;
    std::mt19937 random(11);
    const auto between = [&](std::uint64_t low, std::uint64_t high) { return low + random() % (high - low + 1); };
    std::uint64_t now = 0, free = 0, quiet = 0;
    for (std::uint64_t tag = 0; tag < 300;) {
      now += between(1, between(1, 50) == 1 ? 20'000'000 : 40'000);
      const std::size_t before = expected.size();
      punctual.run_until(now);
      take(punctual, now, expected);
      late.answer_until(now);
      take(late, now, answers);
      ASSERT_EQ(answers, expected);
      if (before != expected.size()) {
        ASSERT_LE(quiet, expected[before].first);
      }
      if (now >= free && between(1, 10) <= 6) {
        const std::uint64_t address = between(0, 1023) * 512, bytes = between(1, 4096);
        const bool write = between(1, 10) <= 3;
        free = punctual.request(tag, address, bytes, write, now);
        ASSERT_EQ(late.request(tag, address, bytes, write, now), free);
        ++tag;
      }
      // Known answers aside, none comes before a time of which that was said.
      quiet = now + 30'000;
      if (!late.answers().empty()) quiet = std::min(quiet, late.answers().first().picoseconds);
      if (late.may_be_done_before(quiet)) quiet = 0;
      if (!late.idle()) {
        EXPECT_TRUE(late.may_be_done_before(DramService::kNever));
      }
    }
    while (!punctual.idle() || !punctual.answers().empty()) {
      now += 10'000;
      punctual.run_until(now);
      take(punctual, now, expected);
      late.answer_until(now);
      take(late, now, answers);
      ASSERT_EQ(answers, expected);
    }
    EXPECT_EQ(answers.size(), 300u);
    // An idle memory refreshes, as the statistics show.
    now += 100'000'000;
    punctual.run_until(now);
    late.answer_until(now);
    const std::vector<Statistic> all = late.statistics();
    for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].value, punctual.statistics()[i].value) << all[i].name;
  }
}

}  // namespace
}  // namespace fusesim::memory
