// SPDX-License-Identifier: Apache-2.0
// Compiled with -mavx2; nothing here runs unless the processor has it.
#include "hw/array/row_kernels.h"

#if defined(__AVX2__)
#include <immintrin.h>

#include <bit>

namespace fusesim::array {

namespace {

__m256i load(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
void store(void* p, __m256i v) { _mm256_storeu_si256(static_cast<__m256i*>(p), v); }
std::uint32_t bits(__m256i v) { return static_cast<std::uint32_t>(_mm256_movemask_epi8(v)); }
/// Bytes whose bit `Bit` is set become 0xff.
template <int Bit>
__m256i flag(__m256i control) {
  const __m256i mask = _mm256_set1_epi8(1 << Bit);
  return _mm256_cmpeq_epi8(_mm256_and_si256(control, mask), mask);
}
/// Eight bytes, sign-extended to 32-bit lanes.
__m256i widen(const void* p) { return _mm256_cvtepi8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(p))); }

std::uint32_t accumulate(std::uint32_t lanes, const std::int8_t* a, const std::uint8_t* control, const std::int8_t* w,
                         const std::uint8_t* wv, const RowBanks& row) {
  std::uint32_t macs = 0;
  for (std::uint32_t j = 0; j < lanes; j += row_lanes) {
    const __m256i c = load(control + j);
    const __m256i valid = _mm256_and_si256(flag<0>(c), load(wv + j));
    const std::uint32_t valid_bits = bits(valid);
    if (valid_bits == 0) continue;
    macs += static_cast<std::uint32_t>(std::popcount(valid_bits));
    const __m256i first = _mm256_and_si256(flag<1>(c), valid);
    const __m256i second_bank = _mm256_and_si256(flag<2>(c), valid);
    const std::uint32_t bank_bits = bits(second_bank);
    const bool plain = bits(first) == 0 && (bank_bits == 0 || bank_bits == valid_bits);
    // Invalid lanes get a zero product. Each factor is one half of a pair of 16-bit numbers whose other half is zero,
    // so that the multiply-add of pairs is the product.
    alignas(32) std::int8_t masked[row_lanes];
    const std::int8_t* operand = a + j;
    if (valid_bits != 0xffffffffU) {
      _mm256_store_si256(reinterpret_cast<__m256i*>(masked), _mm256_and_si256(load(a + j), valid));
      operand = masked;
    }
    __m256i sum[4];
    for (int q = 0; q < 4; ++q) {
      const __m256i x = _mm256_and_si256(widen(operand + 8 * q), _mm256_set1_epi32(0xffff));
      sum[q] = _mm256_madd_epi16(x, widen(w + j + 8 * q));
    }
    if (plain) {
      const int bank = bank_bits != 0 ? 1 : 0;
      std::int32_t* acc = row.acc[bank] + j;
      for (int q = 0; q < 4; ++q) store(acc + 8 * q, _mm256_add_epi32(load(acc + 8 * q), sum[q]));
      std::uint8_t* full = row.full[bank] + j;
      store(full, _mm256_or_si256(load(full), valid));
      continue;
    }
    // The first operands of a fold pass through: some lanes restart, and lanes of two folds use two banks.
    alignas(32) std::uint8_t first_bytes[row_lanes];
    alignas(32) std::uint8_t lane_bytes[row_lanes];
    _mm256_store_si256(reinterpret_cast<__m256i*>(first_bytes), first);
    for (int bank = 0; bank < 2; ++bank) {
      const __m256i here = bank == 1 ? second_bank : _mm256_andnot_si256(second_bank, valid);
      if (bits(here) == 0) continue;
      _mm256_store_si256(reinterpret_cast<__m256i*>(lane_bytes), here);
      for (int q = 0; q < 4; ++q) {
        std::int32_t* acc = row.acc[bank] + j + 8 * q;
        const __m256i old = load(acc);
        const __m256i grown = _mm256_add_epi32(_mm256_andnot_si256(widen(first_bytes + 8 * q), old), sum[q]);
        store(acc, _mm256_blendv_epi8(old, grown, widen(lane_bytes + 8 * q)));
      }
      std::uint8_t* full = row.full[bank] + j;
      store(full, _mm256_or_si256(load(full), here));
    }
  }
  return macs;
}

std::uint64_t move(std::uint32_t lanes, const std::uint8_t* mv, const std::uint8_t* mb, const std::uint8_t* drain,
                   const std::uint8_t* drain_bank, const RowBanks& from, const RowBanks& to, std::uint8_t* to_mv,
                   std::uint8_t* to_mb) {
  std::uint64_t words = 0, conflicts = 0;
  for (std::uint32_t j = 0; j < lanes; j += row_lanes) {
    const __m256i arrived = load(mv + j);
    const __m256i strobe = load(drain + j);
    __m256i moving = arrived;
    __m256i second_bank = load(mb + j);
    if (bits(strobe) != 0) {
      const __m256i strobe_bank = load(drain_bank + j);
      __m256i started = _mm256_setzero_si256();
      for (int bank = 0; bank < 2; ++bank) {
        const __m256i drained = bank == 1 ? _mm256_and_si256(strobe, strobe_bank) : _mm256_andnot_si256(strobe_bank, strobe);
        const __m256i full = load(from.full[bank] + j);
        const __m256i here = _mm256_and_si256(full, drained);
        started = _mm256_or_si256(started, here);
        if (bits(here) != 0) store(from.full[bank] + j, _mm256_andnot_si256(drained, full));
      }
      conflicts += static_cast<std::uint32_t>(std::popcount(bits(_mm256_and_si256(started, arrived))));
      started = _mm256_andnot_si256(arrived, started);
      moving = _mm256_or_si256(moving, started);
      second_bank = _mm256_or_si256(second_bank, _mm256_and_si256(started, strobe_bank));
    }
    second_bank = _mm256_and_si256(second_bank, moving);
    store(to_mv + j, moving);
    store(to_mb + j, second_bank);
    const std::uint32_t moving_bits = bits(moving);
    if (moving_bits == 0) continue;
    words += static_cast<std::uint32_t>(std::popcount(moving_bits));
    for (int bank = 0; bank < 2; ++bank) {
      const __m256i here = bank == 1 ? second_bank : _mm256_andnot_si256(second_bank, moving);
      const std::uint32_t here_bits = bits(here);
      if (here_bits == 0) continue;
      conflicts += static_cast<std::uint32_t>(std::popcount(bits(_mm256_and_si256(here, load(to.full[bank] + j)))));
      const std::int32_t* source = from.acc[bank] + j;
      std::int32_t* target = to.acc[bank] + j;
      if (here_bits == 0xffffffffU) {
        for (int q = 0; q < 4; ++q) store(target + 8 * q, load(source + 8 * q));
      } else {
        alignas(32) std::uint8_t lane_bytes[row_lanes];
        _mm256_store_si256(reinterpret_cast<__m256i*>(lane_bytes), here);
        for (int q = 0; q < 4; ++q) _mm256_maskstore_epi32(target + 8 * q, widen(lane_bytes + 8 * q), load(source + 8 * q));
      }
    }
  }
  return words | conflicts << 32;
}

}  // namespace

const RowKernels* avx2_row_kernels() {
  static constexpr RowKernels kernels{accumulate, move};
  static const bool supported = __builtin_cpu_supports("avx2") != 0;
  return supported ? &kernels : nullptr;
}

}  // namespace fusesim::array

#else

namespace fusesim::array {
const RowKernels* avx2_row_kernels() { return nullptr; }
}  // namespace fusesim::array

#endif
