// SPDX-License-Identifier: Apache-2.0
// Compiled with AVX-512 F, BW, VL and DQ; nothing here runs unless the processor has them. Lanes may be counted in
// multiples of 32: the upper half of a 64-lane step is masked off where the row ends.
#include "hw/array/row_kernels.h"

#if defined(__AVX512BW__) && defined(__AVX512F__)
#include <immintrin.h>

#include <bit>

namespace fusesim::array {

namespace {

constexpr std::uint32_t step = 64;

__mmask64 lanes_from(std::uint32_t j, std::uint32_t lanes) {
  return lanes - j >= step ? ~__mmask64{0} : (__mmask64{1} << (lanes - j)) - 1;
}
__m512i bytes(__mmask64 lanes, const void* p) { return _mm512_maskz_loadu_epi8(lanes, p); }
__mmask64 flags(__mmask64 lanes, const std::uint8_t* p) {
  const __m512i v = bytes(lanes, p);
  return _mm512_test_epi8_mask(v, v);
}
__mmask16 part(__mmask64 mask, int q) { return static_cast<__mmask16>(mask >> (16 * q)); }
/// Sets the flags in `set` to `value`. Masked stores are slow on some processors: read, blend, write whole registers.
void set_flags(std::uint8_t* p, __mmask64 lanes, __mmask64 set, __m512i value) {
  if (lanes == ~__mmask64{0}) {
    _mm512_storeu_si512(p, _mm512_mask_mov_epi8(_mm512_loadu_si512(p), set, value));
  } else {
    const __m256i old = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                        _mm256_mask_mov_epi8(old, static_cast<__mmask32>(set), _mm512_castsi512_si256(value)));
  }
}
/// The 16 lanes of quarter q as 32-bit integers; zero where masked.
__m512i wide(__mmask16 lanes, const std::int8_t* p) {
  return _mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(lanes, p));
}

std::uint32_t accumulate(std::uint32_t lanes, const std::int8_t* a, const std::uint8_t* control, const std::int8_t* w,
                         const std::uint8_t* wv, const RowBanks& row) {
  const __m512i low_half = _mm512_set1_epi32(0xffff);
  std::uint32_t macs = 0;
  for (std::uint32_t j = 0; j < lanes; j += step) {
    const __mmask64 here = lanes_from(j, lanes);
    const __m512i c = bytes(here, control + j);
    const __mmask64 valid = _mm512_test_epi8_mask(c, _mm512_set1_epi8(control_valid)) & flags(here, wv + j);
    if (valid == 0) continue;
    macs += static_cast<std::uint32_t>(std::popcount(static_cast<std::uint64_t>(valid)));
    const __mmask64 first = valid & _mm512_test_epi8_mask(c, _mm512_set1_epi8(control_first));
    const __mmask64 second = valid & _mm512_test_epi8_mask(c, _mm512_set1_epi8(control_bank));
    for (int bank = 0; bank < 2; ++bank) {
      const __mmask64 mine = bank == 1 ? second : valid & ~second;
      if (mine == 0) continue;
      for (int q = 0; q < 4; ++q) {
        const __mmask16 now = part(mine, q);
        if (now == 0) continue;
        // One 16-bit factor a pair, the other half zero: the multiply-add gives the product.
        const __m512i x = _mm512_and_si512(wide(now, a + j + 16 * q), low_half);
        const __m512i product = _mm512_madd_epi16(x, wide(now, w + j + 16 * q));
        std::int32_t* acc = row.acc[bank] + j + 16 * q;
        const __m512i old = _mm512_loadu_si512(acc);
        const __m512i base = _mm512_mask_mov_epi32(old, part(first, q), _mm512_setzero_si512());
        _mm512_storeu_si512(acc, _mm512_mask_add_epi32(old, now, base, product));
      }
      set_flags(row.full[bank] + j, here, mine, _mm512_set1_epi8(-1));
    }
  }
  return macs;
}

std::uint64_t move(std::uint32_t lanes, const std::uint8_t* mv, const std::uint8_t* mb, const std::uint8_t* drain,
                   const std::uint8_t* drain_bank, const RowBanks& from, const RowBanks& to, std::uint8_t* to_mv,
                   std::uint8_t* to_mb) {
  std::uint64_t words = 0, conflicts = 0;
  for (std::uint32_t j = 0; j < lanes; j += step) {
    const __mmask64 here = lanes_from(j, lanes);
    const __mmask64 arrived = flags(here, mv + j);
    const __mmask64 strobe = flags(here, drain + j);
    __mmask64 moving = arrived;
    __mmask64 second = flags(here, mb + j);
    if (strobe != 0) {
      const __mmask64 strobe_second = strobe & flags(here, drain_bank + j);
      __mmask64 started = 0;
      for (int bank = 0; bank < 2; ++bank) {
        const __mmask64 drained = bank == 1 ? strobe_second : strobe & ~strobe_second;
        if (drained == 0) continue;
        started |= flags(drained, from.full[bank] + j);
        set_flags(from.full[bank] + j, here, drained, _mm512_setzero_si512());
      }
      conflicts += static_cast<std::uint32_t>(std::popcount(static_cast<std::uint64_t>(started & arrived)));
      started &= ~arrived;
      moving |= started;
      second |= started & strobe_second;
    }
    second &= moving;
    set_flags(to_mv + j, here, here, _mm512_movm_epi8(moving));
    set_flags(to_mb + j, here, here, _mm512_movm_epi8(second));
    if (moving == 0) continue;
    words += static_cast<std::uint32_t>(std::popcount(static_cast<std::uint64_t>(moving)));
    for (int bank = 0; bank < 2; ++bank) {
      const __mmask64 mine = bank == 1 ? second : moving & ~second;
      if (mine == 0) continue;
      conflicts += static_cast<std::uint32_t>(std::popcount(static_cast<std::uint64_t>(flags(mine, to.full[bank] + j))));
      for (int q = 0; q < 4; ++q) {
        const __mmask16 now = part(mine, q);
        if (now == 0) continue;
        const std::uint32_t at = j + 16 * static_cast<std::uint32_t>(q);
        const __m512i old = _mm512_loadu_si512(to.acc[bank] + at);
        _mm512_storeu_si512(to.acc[bank] + at, _mm512_mask_loadu_epi32(old, now, from.acc[bank] + at));
      }
    }
  }
  return words | conflicts << 32;
}

}  // namespace

const RowKernels* avx512_row_kernels() {
  static constexpr RowKernels kernels{accumulate, move};
  static const bool supported = __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
                                __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512dq") != 0;
  return supported ? &kernels : nullptr;
}

}  // namespace fusesim::array

#else

namespace fusesim::array {
const RowKernels* avx512_row_kernels() { return nullptr; }
}  // namespace fusesim::array

#endif
