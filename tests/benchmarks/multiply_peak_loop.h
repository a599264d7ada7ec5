// SPDX-License-Identifier: Apache-2.0
// The loop behind multiply_peak(), compiled once for each vector width.
#pragma once

#include <cstdint>

namespace fusesim::benchmarks {

/// Runs `rounds` rounds of peak_products products of two vectors and returns something that depends on all of them.
std::int32_t multiply_128(std::uint64_t rounds);
std::int32_t multiply_256(std::uint64_t rounds);
std::int32_t multiply_512(std::uint64_t rounds);

constexpr int peak_products = 10;  // Accumulators: more than latency times throughput of any core, within 16 registers.

template <class V>
std::int32_t multiply_loop(std::uint64_t rounds) {
  typename V::Register a = V::splat(3), b = V::splat(5), sum[peak_products];
#pragma GCC unroll 10
  for (int i = 0; i < peak_products; ++i) sum[i] = V::splat(0);
  for (std::uint64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 10
    for (int i = 0; i < peak_products; ++i) {
      asm volatile("" : "+v"(b));  // As if b were new each time: no product may be reused or moved out of the loop.
      sum[i] = V::add(sum[i], V::multiply(a, b));
      asm volatile("" : "+v"(sum[i]));  // Sums stay in registers.
    }
  }
#pragma GCC unroll 10
  for (int i = 1; i < peak_products; ++i) sum[0] = V::add(sum[0], sum[i]);
  std::int32_t lowest;
  __builtin_memcpy(&lowest, &sum[0], sizeof lowest);
  return lowest;
}

}  // namespace fusesim::benchmarks
