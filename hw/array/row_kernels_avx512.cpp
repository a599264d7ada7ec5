// SPDX-License-Identifier: Apache-2.0
// Compiled with AVX-512 F, BW, VL, DQ and POPCNT; nothing here runs unless the processor has them.
#include "hw/array/row_kernels.h"

#if defined(__AVX512BW__) && defined(__AVX512F__)
#include <immintrin.h>

namespace fusesim::array {

namespace {

constexpr std::uint32_t step = 16;  // 32-bit lanes of a register

/// Sixteen bytes as 32-bit lanes; zero where masked.
__m512i widen(__mmask16 lanes, const std::int8_t* p) {
  return _mm512_maskz_cvtepi8_epi32(lanes, _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
/// 32 columns that all accumulate, none from zero.
void accumulate_32(const std::int8_t* a, const std::int8_t* w, std::int32_t* acc) {
  // Products of two bytes are at most 2^14: they fit 16 bits.
  const __m512i product =
      _mm512_mullo_epi16(_mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(a))),
                         _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(w))));
  const __m512i low = _mm512_cvtepi16_epi32(_mm512_castsi512_si256(product));
  const __m512i high = _mm512_cvtepi16_epi32(_mm512_extracti64x4_epi64(product, 1));
  _mm512_storeu_si512(acc, _mm512_add_epi32(_mm512_loadu_si512(acc), low));
  _mm512_storeu_si512(acc + step, _mm512_add_epi32(_mm512_loadu_si512(acc + step), high));
}

/// 16 columns of which `valid` accumulate, `restart` from zero.
void accumulate_16(const std::int8_t* a, const std::int8_t* w, std::uint64_t valid, std::uint64_t restart,
                   std::int32_t* acc) {
  // One 16-bit factor a pair, the other half zero: the multiply-add gives the product.
  const auto lanes = static_cast<__mmask16>(valid);
  const __m512i x = _mm512_and_si512(widen(lanes, a), _mm512_set1_epi32(0xffff));
  const __m512i product = _mm512_madd_epi16(x, widen(lanes, w));
  const __m512i old = _mm512_maskz_loadu_epi32(static_cast<__mmask16>(~restart), acc);
  _mm512_storeu_si512(acc, _mm512_add_epi32(old, product));
}

void accumulate(const Accumulation& work) {
  const std::uint32_t columns = work.columns;
  const std::int8_t* a = work.a;
  const std::int8_t* w = work.w;
  std::int32_t* acc = work.acc;
  for (std::uint32_t i = 0; i < work.rows; ++i, a += work.a_stride, w += columns, acc += columns) {
    const std::uint64_t* lanes = work.lanes.words + i;
    const std::uint64_t* first = work.first.words != nullptr ? work.first.words + i : nullptr;
    for (std::uint32_t begin = 0; begin < columns; begin += 64, lanes += work.lanes.stride) {
      std::uint64_t valid = *lanes, restart = 0;
      if (first != nullptr) {
        restart = *first & valid;
        first += work.first.stride;
      }
      if (valid == ~std::uint64_t{0} && restart == 0) {
        accumulate_32(a + begin, w + begin, acc + begin);
        accumulate_32(a + begin + 32, w + begin + 32, acc + begin + 32);
        continue;
      }
      if (valid == 0xffffffffU && restart == 0) {
        accumulate_32(a + begin, w + begin, acc + begin);
        continue;
      }
      for (std::uint32_t j = begin; valid != 0; j += step, valid >>= step, restart >>= step) {
        if ((valid & 0xffff) != 0) accumulate_16(a + j, w + j, valid, restart, acc + j);
      }
    }
  }
}

void move_down(std::uint32_t rows, std::uint32_t columns, RowSets lanes, std::int32_t* acc) {
  for (std::uint32_t i = rows; i-- > 0;) {
    const std::int32_t* from = acc + std::size_t{i} * columns;
    std::int32_t* to = acc + (std::size_t{i} + 1) * columns;
    for (std::uint32_t begin = 0; begin < columns; begin += 64) {
      std::uint64_t now = lanes.words[begin / 64 * lanes.stride + i];
      for (std::uint32_t j = begin; now != 0; j += step, now >>= step) {
        // Masked stores are slow on some processors: read, blend, write whole registers.
        const auto mask = static_cast<__mmask16>(now);
        _mm512_storeu_si512(to + j, _mm512_mask_loadu_epi32(_mm512_loadu_si512(to + j), mask, from + j));
      }
    }
  }
}

std::uint32_t count_bits(const std::uint64_t* words, std::size_t count) {
  std::uint64_t bits = 0;
  for (std::size_t k = 0; k < count; ++k) bits += static_cast<std::uint64_t>(_mm_popcnt_u64(words[k]));
  return static_cast<std::uint32_t>(bits);
}

}  // namespace

const RowKernels* avx512_row_kernels() {
  static constexpr RowKernels kernels{accumulate, move_down, count_bits};
  static const bool supported = __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
                                __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
                                __builtin_cpu_supports("popcnt") != 0;
  return supported ? &kernels : nullptr;
}

}  // namespace fusesim::array

#else

namespace fusesim::array {
const RowKernels* avx512_row_kernels() {
  return nullptr;
}
}  // namespace fusesim::array

#endif
