// SPDX-License-Identifier: Apache-2.0
#include "hw/control/feed/banked_reads.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

#include "hw/control/feed/fold_addresses.h"
#include "tests/hw/control/feed/random_compute.h"

namespace fusesim::control {
namespace {

using isa::machine::ScratchpadConfig;
using test::Random;

TEST(BankedReads, FeedersThatWantOneWordShareAnAccess) {
  BankedReads reads(ScratchpadConfig{.bytes = 64, .banks = 4, .width = 2, .ports = 1}, 4);
  reads.begin_fold();
  const std::vector<std::int64_t> one_word{6, 7, 6, 7};
  EXPECT_EQ(reads.read(one_word), 1U);
  EXPECT_EQ(reads.words(), 1U);
}

TEST(BankedReads, AWordInTheRegisterCostsNothingUntilTheNextFold) {
  BankedReads reads(ScratchpadConfig{.bytes = 64, .banks = 4, .width = 2, .ports = 1}, 2);
  const std::vector<std::int64_t> even{0, 8}, odd{1, 9}, nothing{no_address, no_address};
  reads.begin_fold();
  EXPECT_EQ(reads.read(even), 2U);  // Words 0 and 4 are both in bank 0.
  EXPECT_EQ(reads.read(odd), 1U);
  EXPECT_EQ(reads.read(nothing), 1U);
  EXPECT_EQ(reads.read(even), 1U);
  EXPECT_EQ(reads.words(), 2U);
  reads.begin_fold();
  EXPECT_EQ(reads.read(odd), 2U);
  EXPECT_EQ(reads.words(), 4U);
}

TEST(BankedReads, SecondPortHalvesTheQueue) {
  const std::vector<std::int64_t> five{0, 4, 8, 12, 16};  // All in bank 0.
  for (const std::uint32_t ports : {1U, 2U, 3U, 5U}) {
    BankedReads reads(ScratchpadConfig{.bytes = 64, .banks = 4, .width = 1, .ports = ports}, 5);
    reads.begin_fold();
    EXPECT_EQ(reads.read(five), (5 + ports - 1) / ports);
  }
}

TEST(BankedReads, EqualsSetsOfWordsOnRandomAddresses) {
  Random random(1);
  for (int trial = 0; trial < 500; ++trial) {
    const ScratchpadConfig pad = test::random_pad(random, 24);
    const std::uint32_t feeders = random.between(1, 20), reach = random.between(1, 300);
    BankedReads reads(pad, feeders);
    std::uint64_t words = 0;
    for (int fold = 0; fold < 3; ++fold) {
      reads.begin_fold();
      std::map<std::size_t, std::int64_t> held;
      for (int cycle = 0; cycle < 20; ++cycle) {
        std::vector<std::int64_t> addresses(random.chance(0.2) ? random.between(0, feeders) : feeders);
        std::map<std::int64_t, std::set<std::int64_t>> requested;  // By bank.
        for (std::size_t i = 0; i < addresses.size(); ++i) {
          addresses[i] = random.chance(0.2) ? no_address : random.between(0, reach);
          if (addresses[i] == no_address) continue;
          const std::int64_t word = addresses[i] / pad.width;
          if (!held.contains(i) || held[i] != word) requested[word % pad.banks].insert(word);
          held[i] = word;
        }
        std::size_t cycles = 1;
        for (const auto& [bank, wanted] : requested) {
          words += wanted.size();
          cycles = std::max(cycles, (wanted.size() + pad.ports - 1) / pad.ports);
        }
        ASSERT_EQ(reads.read(addresses), cycles) << "trial " << trial;
      }
    }
    ASSERT_EQ(reads.words(), words) << "trial " << trial;
  }
}

}  // namespace
}  // namespace fusesim::control
