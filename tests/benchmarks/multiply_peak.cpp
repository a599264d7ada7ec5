// SPDX-License-Identifier: Apache-2.0
#include "multiply_peak.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "multiply_peak_loop.h"

namespace fusesim::benchmarks {

double multiply_peak([[maybe_unused]] array::values::InstructionSet set) {
#ifdef FUSESIM_X86_PEAK
  using array::values::InstructionSet;
  using Clock = std::chrono::steady_clock;
  int lanes = 4;
  auto* loop = multiply_128;
  if (set == InstructionSet::avx2) {
    lanes = 8;
    loop = multiply_256;
  } else if (set != InstructionSet::portable) {
    lanes = 16;
    loop = multiply_512;
  }
  // The best of several short runs: anything slower was disturbed.
  constexpr std::uint64_t rounds = 100'000;
  double best = 0;
  for (int trial = 0; trial < 12; ++trial) {
    const auto start = Clock::now();
    benchmark::DoNotOptimize(loop(rounds));
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    best = std::max(best, static_cast<double>(rounds) * peak_products * lanes * 2 / seconds);
  }
  return best;
#else
  return 0;
#endif
}

}  // namespace fusesim::benchmarks
