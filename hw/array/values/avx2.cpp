// SPDX-License-Identifier: Apache-2.0
// The value kernels on 256-bit vpmaddwd: int8 widened to int16, products of two neighbours added into int32. The sum of
// two products is at most 2 * 128 * 128, so nothing saturates or wraps before the 32-bit accumulation.
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "hw/array/values/avx2_chunks.h"
#include "hw/array/values/depthwise_kernel.h"
#include "hw/array/values/gemm_kernel.h"
#include "hw/array/values/kernels.h"

namespace fusesim::array::values {
namespace {

struct Local {};

struct Vector : Avx2Chunks<Local> {
  using Weight = std::int16_t;
  using Accumulator = __m256i;
  using Pixels = __m256i;
  static constexpr std::size_t lanes = 8;
  static constexpr std::size_t k_pack = 2;
  static constexpr std::size_t tile_rows = 6;  // 12 sums, 2 of pixels, a weight and a product: all 16 registers.
  static constexpr std::size_t tile_vectors = 2;
  static constexpr std::size_t panel = lanes * tile_vectors;
  static constexpr std::uint32_t pixel_offset = 0;

  static __m256i mask(std::size_t count) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), lane);
  }
  static Accumulator splat(std::int32_t value) { return _mm256_set1_epi32(value); }
  static Accumulator load(const std::int32_t* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  }
  static Accumulator load_part(const std::int32_t* from, std::size_t count) {
    return _mm256_maskload_epi32(from, mask(count));
  }
  static void store(std::int32_t* to, Accumulator sum) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), sum); }
  static void store_part(std::int32_t* to, Accumulator sum, std::size_t count) {
    _mm256_maskstore_epi32(to, mask(count), sum);
  }
  static void pack(const std::int8_t* const* rows, std::byte* panel_group) {
    const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[0]));
    const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[1]));
    __m256i* to = reinterpret_cast<__m256i*>(panel_group);
    _mm256_store_si256(to, _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(a, b)));
    _mm256_store_si256(to + 1, _mm256_cvtepi8_epi16(_mm_unpackhi_epi8(a, b)));
  }
  static Pixels load_pixels(const std::byte* from) { return _mm256_load_si256(reinterpret_cast<const __m256i*>(from)); }
  static __m256i broadcast(const Weight* from) { return broadcast_pair(from); }
  static void multiply_add(Accumulator& sum, Pixels pixels, __m256i weight) {
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pixels, weight));
  }

  static __m256i broadcast_pair(const std::int16_t* from) {
    int pair;
    __builtin_memcpy(&pair, from, sizeof pair);
    return _mm256_set1_epi32(pair);
  }

  /// Sixteen sums; each half-register of `low` and `high` holds the lower and upper four of eight elements.
  struct Sums {
    static constexpr std::size_t count = 16;
    __m256i low = _mm256_setzero_si256(), high = _mm256_setzero_si256();

    void add(const std::int16_t* first, const std::int16_t* second, __m256i weights) {
      const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(first));
      const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(second));
      multiply_add(low, _mm256_unpacklo_epi16(a, b), weights);
      multiply_add(high, _mm256_unpackhi_epi16(a, b), weights);
    }
    void store(std::int32_t* to) const {
      Vector::store(to, _mm256_permute2x128_si256(low, high, 0x20));
      Vector::store(to + 8, _mm256_permute2x128_si256(low, high, 0x31));
    }
  };
};

}  // namespace

const Kernels avx2_kernels = {Gemm<Vector>::scratch, Gemm<Vector>::run, Depthwise<Vector>::scratch,
                              Depthwise<Vector>::run};

}  // namespace fusesim::array::values
