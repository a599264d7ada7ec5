// SPDX-License-Identifier: Apache-2.0
// The line kernels on AVX2: eight elements at a time, as two vectors of four 64-bit products.
#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hw/vector/values/line_kernels.h"
#include "hw/vector/values/line_loops.h"

namespace fusesim::vector {
namespace {

struct Avx2 {
  static constexpr std::size_t width = 8;
  using Ints = __m256i;
  struct Wide {
    __m256i even, odd;  ///< Of the elements with even and odd index.
  };

  static __m256i first(std::size_t count) {
    const __m256i index = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), index);
  }

  static Ints load_sums(const std::int8_t* from, std::size_t count) {
    if (count == width) return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    return _mm256_maskload_epi32(reinterpret_cast<const int*>(from), first(count));
  }
  static Ints load_bytes(const std::int8_t* from, std::size_t count) {
    std::int64_t bytes = 0;
    std::memcpy(&bytes, from, count);
    return _mm256_cvtepi8_epi32(_mm_cvtsi64_si128(bytes));
  }
  static void store(std::int8_t* to, Ints values, std::size_t count) {
    // The low byte of each element, four in each half.
    const __m256i low_bytes = _mm256_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 4, 8, 12,
                                               -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    const __m256i halves = _mm256_shuffle_epi8(values, low_bytes);
    const __m128i all = _mm_unpacklo_epi32(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1));
    const std::int64_t bytes = _mm_cvtsi128_si64(all);
    std::memcpy(to, &bytes, count);
  }
  static void store_sums(std::int8_t* to, Ints values, std::size_t count) {
    _mm256_maskstore_epi32(reinterpret_cast<int*>(to), first(count), values);
  }
  static Ints set(std::int32_t value) { return _mm256_set1_epi32(value); }
  static Ints add(Ints a, Ints b) { return _mm256_add_epi32(a, b); }
  static Ints multiply(Ints a, Ints b) { return _mm256_mullo_epi32(a, b); }
  static Ints max(Ints a, Ints b) { return _mm256_max_epi32(a, b); }
  static Wide product(Ints a, Ints same) {
    // `same` has one value everywhere: its even elements serve the odd ones of `a` too.
    return {_mm256_mul_epi32(a, same), _mm256_mul_epi32(_mm256_srli_epi64(a, 32), same)};
  }
  static Wide sum(const Wide& a, const Wide& b) {
    return {_mm256_add_epi64(a.even, b.even), _mm256_add_epi64(a.odd, b.odd)};
  }

  /// AVX2 has no arithmetic shift of 64 bits. With 2^63 added, a value is not negative as an unsigned number; shifted,
  /// it is too large by 2^(63 - shift), below 2^63, and can be compared as a signed one.
  class Rounder {
   public:
    Rounder(std::int64_t offset, const Rounding& rounding) {
      const std::uint64_t raised = std::uint64_t{1} << (63 - rounding.shift);
      const auto limit = [&](std::int32_t bound) {
        return _mm256_set1_epi64x(static_cast<std::int64_t>(raised) + bound - rounding.zero);
      };
      offset_ =
          _mm256_set1_epi64x(static_cast<std::int64_t>(static_cast<std::uint64_t>(offset) + (std::uint64_t{1} << 63)));
      shift_ = _mm_cvtsi32_si128(rounding.shift);
      lowest_ = limit(rounding.lowest);
      highest_ = limit(rounding.highest);
      zero_ = _mm256_set1_epi32(static_cast<std::int32_t>(rounding.zero - static_cast<std::int64_t>(raised)));
    }
    Ints operator()(const Wide& value) const {
      const __m256i even = clamped(value.even), odd = clamped(value.odd);
      // Modulo 2^32: the high halves and what `raised` has beyond 32 bits fall away.
      return _mm256_add_epi32(_mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA), zero_);
    }

   private:
    [[nodiscard]] __m256i clamped(__m256i value) const {
      const __m256i rounded = _mm256_srl_epi64(_mm256_add_epi64(value, offset_), shift_);
      const __m256i raised = _mm256_blendv_epi8(rounded, lowest_, _mm256_cmpgt_epi64(lowest_, rounded));
      return _mm256_blendv_epi8(raised, highest_, _mm256_cmpgt_epi64(raised, highest_));
    }
    __m256i offset_, lowest_, highest_, zero_;
    __m128i shift_;
  };
};

}  // namespace

const LineKernels avx2_line_kernels = LineLoops<Avx2>::kernels();

}  // namespace fusesim::vector
