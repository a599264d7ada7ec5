// SPDX-License-Identifier: Apache-2.0
// Compiled with -mavx2 -mpopcnt; nothing here runs unless the processor has it.
#include "hw/array/row_kernels.h"

#if defined(__AVX2__)
#include <immintrin.h>

namespace fusesim::array {

namespace {

constexpr std::uint32_t step = 8;  // 32-bit lanes of a register

__m256i load(const std::int32_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
void store(std::int32_t* p, __m256i v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v);
}
/// Sixteen bytes, sign-extended to 16-bit lanes.
__m256i widen(const std::int8_t* p) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
__m256i low_half(__m256i words) {
  return _mm256_cvtepi16_epi32(_mm256_castsi256_si128(words));
}
__m256i high_half(__m256i words) {
  return _mm256_cvtepi16_epi32(_mm256_extracti128_si256(words, 1));
}
/// All ones in the lanes whose bit is set among the lowest eight.
__m256i spread(std::uint64_t bits) {
  const __m256i lane = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  return _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(static_cast<int>(bits & 0xff)), lane), lane);
}

/// The 16 columns from j on, of which `valid` take part and `restart` start from zero.
void accumulate_16(const std::int8_t* a, const std::int8_t* w, std::uint64_t valid, std::uint64_t restart,
                   std::int32_t* acc) {
  const __m256i product = _mm256_mullo_epi16(widen(a), widen(w));  // at most 2^14: fits 16 bits
  __m256i low = low_half(product), high = high_half(product);
  __m256i low_sum = load(acc), high_sum = load(acc + step);
  if (valid != 0xffff) {
    low = _mm256_and_si256(low, spread(valid));
    high = _mm256_and_si256(high, spread(valid >> step));
  }
  if (restart != 0) {
    low_sum = _mm256_andnot_si256(spread(restart), low_sum);
    high_sum = _mm256_andnot_si256(spread(restart >> step), high_sum);
  }
  store(acc, _mm256_add_epi32(low_sum, low));
  store(acc + step, _mm256_add_epi32(high_sum, high));
}

void accumulate(const Accumulation& work) {
  static_assert(row_lanes == 2 * step);
  const std::uint32_t columns = work.columns;
  const std::int8_t* a = work.a;
  const std::int8_t* w = work.w;
  std::int32_t* acc = work.acc;
  for (std::uint32_t i = 0; i < work.rows; ++i, a += work.a_stride, w += columns, acc += columns) {
    const std::uint64_t* lanes = work.lanes.words + i;
    const std::uint64_t* first = work.first.words != nullptr ? work.first.words + i : nullptr;
    for (std::uint32_t begin = 0; begin < columns; begin += 64, lanes += work.lanes.stride) {
      const std::uint32_t end = columns - begin < 64 ? columns : begin + 64;
      std::uint64_t valid = *lanes, restart = 0;
      if (first != nullptr) {
        restart = *first & valid;
        first += work.first.stride;
      }
      if (valid == ~std::uint64_t{0} && restart == 0) {
        for (std::uint32_t j = begin; j < begin + 64; j += row_lanes) accumulate_16(a + j, w + j, 0xffff, 0, acc + j);
        continue;
      }
      for (std::uint32_t j = begin; j < end && valid != 0; j += row_lanes, valid >>= 16, restart >>= 16) {
        if ((valid & 0xffff) != 0) accumulate_16(a + j, w + j, valid & 0xffff, restart & 0xffff, acc + j);
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
        const std::uint64_t part = now & 0xff;
        if (part == 0xff) {
          store(to + j, load(from + j));
        } else if (part != 0) {
          store(to + j, _mm256_blendv_epi8(load(to + j), load(from + j), spread(part)));
        }
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

const RowKernels* avx2_row_kernels() {
  static constexpr RowKernels kernels{accumulate, move_down, count_bits};
  static const bool supported = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("popcnt") != 0;
  return supported ? &kernels : nullptr;
}

}  // namespace fusesim::array

#else

namespace fusesim::array {
const RowKernels* avx2_row_kernels() {
  return nullptr;
}
}  // namespace fusesim::array

#endif
