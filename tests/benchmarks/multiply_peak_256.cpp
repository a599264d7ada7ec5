// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include "multiply_peak_loop.h"

namespace fusesim::benchmarks {
namespace {

struct Vector {
  using Register = __m256i;
  static Register splat(int value) { return _mm256_set1_epi32(value); }
  static Register multiply(Register a, Register b) { return _mm256_madd_epi16(a, b); }
  static Register add(Register a, Register b) { return _mm256_add_epi32(a, b); }
};

}  // namespace

std::int32_t multiply_256(std::uint64_t rounds) {
  return multiply_loop<Vector>(rounds);
}

}  // namespace fusesim::benchmarks
