// SPDX-License-Identifier: Apache-2.0
// How the x86 forms of the value kernels copy sixteen input elements (phase_image.h).
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace fusesim::array::values {

template <class Local>  // A type local to the translation unit, which keeps this code so (kernels.h).
struct Avx2Chunks {
  static constexpr std::size_t chunk = 16;

  static void copy_chunk(std::int16_t* to, const std::int8_t* from) {
    store(to, _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
  }
  static void copy_chunk(std::int8_t* to, const std::int8_t* from) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  /// Elements 0, 2, 4 ...
  static void copy_even_chunk(std::int16_t* to, const std::int8_t* from) { store(to, even(from)); }
  static void copy_even_chunk(std::int8_t* to, const std::int8_t* from) {
    const __m256i packed = _mm256_permute4x64_epi64(_mm256_packs_epi16(even(from), _mm256_setzero_si256()), 0x08);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(packed));
  }

 private:
  static void store(std::int16_t* to, __m256i elements) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), elements);
  }
  static __m256i even(const std::int8_t* from) {
    const __m256i pairs = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    return _mm256_srai_epi16(_mm256_slli_epi16(pairs, 8), 8);
  }
};

}  // namespace fusesim::array::values
