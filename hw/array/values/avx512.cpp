// SPDX-License-Identifier: Apache-2.0
// The value kernels on 512-bit vpmaddwd (AVX512BW). Exact for the reason given in avx2.cpp.
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "hw/array/values/avx512_common.h"
#include "hw/array/values/depthwise_kernel.h"
#include "hw/array/values/gemm_kernel.h"
#include "hw/array/values/kernels.h"

namespace fusesim::array::values {
namespace {

struct Multiply {
  static void add(__m512i& sum, __m512i a, __m512i b) { sum = _mm512_add_epi32(sum, _mm512_madd_epi16(a, b)); }
};

struct Vector : Avx512Common<Multiply> {
  using Weight = std::int16_t;
  static constexpr std::size_t k_pack = 2;
  static constexpr std::uint32_t pixel_offset = 0;

  static void pack(const std::int8_t* const* rows, std::byte* panel_group) {
    const __m512i* a = reinterpret_cast<const __m512i*>(rows[0]);
    const __m512i* b = reinterpret_cast<const __m512i*>(rows[1]);
    // Unpacking works within quarters: bring the eight-element runs 0 2 4 6 | 1 3 5 7 into place first.
    const __m512i order = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7);
    const __m512i first = _mm512_permutexvar_epi64(order, _mm512_loadu_si512(a));
    const __m512i second = _mm512_permutexvar_epi64(order, _mm512_loadu_si512(b));
    const __m512i low = _mm512_unpacklo_epi8(first, second), high = _mm512_unpackhi_epi8(first, second);
    __m512i* to = reinterpret_cast<__m512i*>(panel_group);
    _mm512_store_si512(to, _mm512_cvtepi8_epi16(_mm512_castsi512_si256(low)));
    _mm512_store_si512(to + 1, _mm512_cvtepi8_epi16(_mm512_extracti64x4_epi64(low, 1)));
    _mm512_store_si512(to + 2, _mm512_cvtepi8_epi16(_mm512_castsi512_si256(high)));
    _mm512_store_si512(to + 3, _mm512_cvtepi8_epi16(_mm512_extracti64x4_epi64(high, 1)));
  }
  static __m512i broadcast(const Weight* from) { return broadcast_32(from); }
  static void multiply_add(Accumulator& sum, Pixels pixels, __m512i weight) { Multiply::add(sum, pixels, weight); }
};

}  // namespace

const Kernels avx512_kernels = {Gemm<Vector>::scratch, Gemm<Vector>::run, Depthwise<Vector>::scratch,
                                Depthwise<Vector>::run};

}  // namespace fusesim::array::values
