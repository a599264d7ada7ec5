// SPDX-License-Identifier: Apache-2.0
// The value kernels on AVX512-VNNI. vpdpbusd multiplies unsigned by signed bytes and adds four products to a 32-bit sum
// without saturating (vpdpbusds is the saturating one); each product fits 16 bits signed. Pixels are offset by 128 to
// be unsigned, and every sum starts at -128 times the sum of its weights: exact modulo 2^32, hence the same bits.
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
  static void add(__m512i& sum, __m512i a, __m512i b) { sum = _mm512_dpwssd_epi32(sum, a, b); }
};

struct Vector : Avx512Common<Multiply> {
  using Weight = std::int8_t;
  static constexpr std::size_t k_pack = 4;
  static constexpr std::uint32_t pixel_offset = 128;

  static void pack(const std::int8_t* const* rows, std::byte* panel_group) {
    // Unpacking works within quarters: a 4x4 transposition of the four-element runs puts the results in order.
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i offset = _mm512_set1_epi8(-128);
    __m512i row[4];
    for (int i = 0; i < 4; ++i)
      row[i] = _mm512_permutexvar_epi32(order, _mm512_xor_si512(_mm512_loadu_si512(rows[i]), offset));
    const __m512i low_01 = _mm512_unpacklo_epi8(row[0], row[1]), high_01 = _mm512_unpackhi_epi8(row[0], row[1]);
    const __m512i low_23 = _mm512_unpacklo_epi8(row[2], row[3]), high_23 = _mm512_unpackhi_epi8(row[2], row[3]);
    __m512i* to = reinterpret_cast<__m512i*>(panel_group);
    _mm512_store_si512(to, _mm512_unpacklo_epi16(low_01, low_23));
    _mm512_store_si512(to + 1, _mm512_unpackhi_epi16(low_01, low_23));
    _mm512_store_si512(to + 2, _mm512_unpacklo_epi16(high_01, high_23));
    _mm512_store_si512(to + 3, _mm512_unpackhi_epi16(high_01, high_23));
  }
  static __m512i broadcast(const Weight* from) { return broadcast_32(from); }
  static void multiply_add(Accumulator& sum, Pixels pixels, __m512i weight) {
    sum = _mm512_dpbusd_epi32(sum, pixels, weight);
  }
};

}  // namespace

const Kernels avx512_vnni_kernels = {Gemm<Vector>::scratch, Gemm<Vector>::run, Depthwise<Vector>::scratch,
                                     Depthwise<Vector>::run};

}  // namespace fusesim::array::values
