// SPDX-License-Identifier: Apache-2.0
// The line kernels on AVX-512: sixteen elements at a time, as two vectors of eight 64-bit products.
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "hw/vector/values/line_kernels.h"
#include "hw/vector/values/line_loops.h"

namespace fusesim::vector {
namespace {

struct Avx512 {
  static constexpr std::size_t width = 16;
  using Ints = __m512i;
  struct Wide {
    __m512i even, odd;  ///< Of the elements with even and odd index.
  };

  static __mmask16 first(std::size_t count) { return static_cast<__mmask16>((1U << count) - 1); }

  static Ints load_sums(const std::int8_t* from, std::size_t count) {
    return count == width ? _mm512_loadu_si512(from) : _mm512_maskz_loadu_epi32(first(count), from);
  }
  static Ints load_bytes(const std::int8_t* from, std::size_t count) {
    return _mm512_cvtepi8_epi32(count == width ? _mm_loadu_si128(reinterpret_cast<const __m128i*>(from))
                                               : _mm_maskz_loadu_epi8(first(count), from));
  }
  static void store(std::int8_t* to, Ints values, std::size_t count) {
    const __m128i bytes = _mm512_cvtepi32_epi8(values);
    if (count == width) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bytes);
    } else {
      _mm_mask_storeu_epi8(to, first(count), bytes);
    }
  }
  static void store_sums(std::int8_t* to, Ints values, std::size_t count) {
    _mm512_mask_storeu_epi32(to, count == width ? __mmask16{0xFFFF} : first(count), values);
  }
  static Ints set(std::int32_t value) { return _mm512_set1_epi32(value); }
  static Ints add(Ints a, Ints b) { return _mm512_add_epi32(a, b); }
  static Ints multiply(Ints a, Ints b) { return _mm512_mullo_epi32(a, b); }
  static Ints max(Ints a, Ints b) { return _mm512_max_epi32(a, b); }
  static Wide product(Ints a, Ints same) {
    // `same` has one value everywhere: its even elements serve the odd ones of `a` too.
    return {_mm512_mul_epi32(a, same), _mm512_mul_epi32(_mm512_srli_epi64(a, 32), same)};
  }
  static Wide sum(const Wide& a, const Wide& b) {
    return {_mm512_add_epi64(a.even, b.even), _mm512_add_epi64(a.odd, b.odd)};
  }

  class Rounder {
   public:
    Rounder(std::int64_t offset, const Rounding& rounding)
        : offset_(_mm512_set1_epi64(offset)),
          shift_(_mm_cvtsi32_si128(rounding.shift)),
          lowest_(_mm512_set1_epi64(rounding.lowest - rounding.zero)),
          highest_(_mm512_set1_epi64(rounding.highest - rounding.zero)),
          zero_(_mm512_set1_epi32(rounding.zero)) {}
    Ints operator()(const Wide& value) const {
      const __m512i even = clamped(value.even), odd = clamped(value.odd);
      return _mm512_add_epi32(_mm512_mask_blend_epi32(0xAAAA, even, _mm512_slli_epi64(odd, 32)), zero_);
    }

   private:
    [[nodiscard]] __m512i clamped(__m512i value) const {
      const __m512i rounded = _mm512_sra_epi64(_mm512_add_epi64(value, offset_), shift_);
      return _mm512_min_epi64(_mm512_max_epi64(rounded, lowest_), highest_);
    }
    __m512i offset_;
    __m128i shift_;
    __m512i lowest_, highest_, zero_;
  };
};

}  // namespace

const LineKernels avx512_line_kernels = LineLoops<Avx512>::kernels();

}  // namespace fusesim::vector
