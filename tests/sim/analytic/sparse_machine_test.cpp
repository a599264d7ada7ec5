// SPDX-License-Identifier: Apache-2.0
#include "sim/analytic/sparse_machine.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace fusesim::analytic {
namespace {

/// Every PE's work, one product after the other: team t takes pixels t, t + teams, ...; within a team, PE p the filters
/// p, p + (PEs of the team), ...
std::uint64_t by_counting(const std::vector<std::uint32_t>& nonzeros, std::uint64_t pixels, std::uint32_t pes) {
  const std::size_t filters = nonzeros.size();
  const std::size_t team = filters < pes ? filters : pes;
  const std::size_t teams = pes / team;
  std::vector<std::uint64_t> work(pes);
  for (std::uint64_t pixel = 0; pixel < pixels; ++pixel) {
    for (std::size_t filter = 0; filter < filters; ++filter) {
      for (std::uint32_t weight = 0; weight < nonzeros[filter]; ++weight) {
        ++work[pixel % teams * team + filter % team];
      }
    }
  }
  std::uint64_t most = 0;
  for (const std::uint64_t cycles : work) most = cycles > most ? cycles : most;
  return most;
}

TEST(SparseMachine, EqualsACountOfEveryProduct) {
  std::mt19937 engine(1);
  const auto random = [&] { return static_cast<std::uint32_t>(engine()); };
  for (int trial = 0; trial < 300; ++trial) {
    std::vector<std::uint32_t> nonzeros(1 + random() % 40);
    for (std::uint32_t& count : nonzeros) count = random() % 9;
    const std::uint64_t pixels = 1 + random() % 50;
    const std::uint32_t pes = 1 + random() % 20;
    EXPECT_EQ(sparse_layer_cycles(nonzeros, pixels, pes), by_counting(nonzeros, pixels, pes)) << trial;
  }
}

TEST(SparseMachine, NeedsAPe) {
  EXPECT_THROW((void)sparse_layer_cycles(std::vector<std::uint32_t>{1}, 1, 0), std::invalid_argument);
}

}  // namespace
}  // namespace fusesim::analytic
