// SPDX-License-Identifier: Apache-2.0
// What the two 512-bit forms of the value kernels share.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "hw/array/values/avx2_chunks.h"

namespace fusesim::array::values {

/// `Multiply::add(sum, a, b)` adds the products of neighbouring 16-bit elements; it is local to a translation unit and
/// keeps this code so, too (kernels.h).
template <class Multiply>
struct Avx512Common : Avx2Chunks<Multiply> {
  using Accumulator = __m512i;
  using Pixels = __m512i;
  static constexpr std::size_t lanes = 16;
  static constexpr std::size_t tile_rows = 6;  // 24 sums, 4 of pixels, a weight and products in 32 registers.
  static constexpr std::size_t tile_vectors = 4;
  static constexpr std::size_t panel = lanes * tile_vectors;

  static __mmask16 mask(std::size_t count) { return static_cast<__mmask16>((1U << count) - 1); }
  static Accumulator splat(std::int32_t value) { return _mm512_set1_epi32(value); }
  static Accumulator load(const std::int32_t* from) { return _mm512_loadu_si512(from); }
  static Accumulator load_part(const std::int32_t* from, std::size_t count) {
    return _mm512_maskz_loadu_epi32(mask(count), from);
  }
  static void store(std::int32_t* to, Accumulator sum) { _mm512_storeu_si512(to, sum); }
  static void store_part(std::int32_t* to, Accumulator sum, std::size_t count) {
    _mm512_mask_storeu_epi32(to, mask(count), sum);
  }
  static Pixels load_pixels(const std::byte* from) { return _mm512_load_si512(from); }

  static __m512i broadcast_32(const void* from) {
    int word;
    __builtin_memcpy(&word, from, sizeof word);
    return _mm512_set1_epi32(word);
  }
  static __m512i broadcast_pair(const std::int16_t* from) { return broadcast_32(from); }

  /// Thirty-two sums; quarter q of `low` and `high` holds elements 8q .. 8q+3 and 8q+4 .. 8q+7.
  struct Sums {
    static constexpr std::size_t count = 32;
    __m512i low = _mm512_setzero_si512(), high = _mm512_setzero_si512();

    void add(const std::int16_t* first, const std::int16_t* second, __m512i weights) {
      const __m512i a = _mm512_loadu_si512(first);
      const __m512i b = _mm512_loadu_si512(second);
      Multiply::add(low, _mm512_unpacklo_epi16(a, b), weights);
      Multiply::add(high, _mm512_unpackhi_epi16(a, b), weights);
    }
    void store(std::int32_t* to) const {
      const __m512i lower = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
      const __m512i upper = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
      Avx512Common::store(to, _mm512_permutex2var_epi64(low, lower, high));
      Avx512Common::store(to + 16, _mm512_permutex2var_epi64(low, upper, high));
    }
  };
};

}  // namespace fusesim::array::values
