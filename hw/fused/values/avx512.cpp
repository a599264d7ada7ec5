// SPDX-License-Identifier: Apache-2.0
// The kernels on AVX-512: a mask register is a block.
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "hw/fused/values/bmi2_bits.h"
#include "hw/fused/values/loops.h"
#include "hw/fused/values/portable_set.h"

namespace fusesim::fused::values {
namespace {

struct Avx512 : PortableSet<Avx512>, Bmi2Bits<Avx512> {
  using Bmi2Bits<Avx512>::gather_bits;

  static std::uint64_t count(const Term* terms, std::size_t n, const std::uint64_t* masks, std::uint8_t* counts,
                             std::uint64_t& additions) {
    const __m512i one = _mm512_set1_epi8(1);
    __m512i sums = _mm512_setzero_si512();
    std::uint64_t survived = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint64_t mask = masks[terms[i].middle];
      survived |= mask;
      additions += static_cast<std::uint64_t>(_mm_popcnt_u64(mask));
      sums = _mm512_mask_add_epi8(sums, mask, sums, one);
    }
    _mm512_storeu_si512(counts, sums);
    return survived;
  }

  static bool fit(const std::uint8_t* queued, const std::uint8_t* entries, std::uint32_t depth) {
    const __m512i sum = _mm512_add_epi8(_mm512_loadu_si512(queued), _mm512_loadu_si512(entries));
    return _mm512_cmpgt_epu8_mask(sum, _mm512_set1_epi8(static_cast<char>(depth))) == 0;
  }

  static __m512i widened(const std::uint8_t* bytes) {
    return _mm512_cvtepu8_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes)));
  }

  static void take(std::uint8_t* queued, std::uint64_t* tails, std::uint32_t adders) {
    const __m512i longest = _mm512_set1_epi64(1LL << (adders - 1));
    for (std::size_t p = 0; p < block_pes; p += 8) {
      const __m512i bits = _mm512_loadu_si512(tails + p);
      const __m512i held = widened(queued + p);
      const __m512i stop = _mm512_or_si512(bits, longest);
      const __m512i lowest = _mm512_and_si512(stop, _mm512_sub_epi64(_mm512_setzero_si512(), stop));
      // A power of two is exact in binary64; its exponent less 1022 is the bit's place plus one.
      const __m512i exponent = _mm512_srli_epi64(_mm512_castpd_si512(_mm512_cvtepu64_pd(lowest)), 52);
      const __m512i taken = _mm512_min_epu64(held, _mm512_sub_epi64(exponent, _mm512_set1_epi64(1022)));
      _mm512_storeu_si512(tails + p, _mm512_srlv_epi64(bits, taken));
      _mm_storel_epi64(reinterpret_cast<__m128i*>(queued + p), _mm512_cvtepi64_epi8(_mm512_sub_epi64(held, taken)));
    }
  }

  static void mark(const std::uint8_t* queued, const std::uint8_t* entries, std::uint64_t* bits) {
    const __m512i one = _mm512_set1_epi64(1);
    for (std::size_t p = 0; p < block_pes; p += 8) {
      const __m512i pushed = widened(entries + p);
      const __m512i place = _mm512_sub_epi64(_mm512_add_epi64(widened(queued + p), pushed), one);
      const __m512i before = _mm512_loadu_si512(bits + p);
      const __mmask8 some = _mm512_test_epi64_mask(pushed, pushed);
      _mm512_storeu_si512(bits + p, _mm512_mask_or_epi64(before, some, before, _mm512_sllv_epi64(one, place)));
    }
  }

  class Sums {
   public:
    void add_where(std::uint64_t mask, std::int16_t weight) {
      const __m512i weights = _mm512_set1_epi32(weight);
      for (std::size_t i = 0; i < 4; ++i) {
        sums_[i] = _mm512_mask_add_epi32(sums_[i], static_cast<__mmask16>(mask >> (16 * i)), sums_[i], weights);
      }
    }
    void add_products(const Sums& sum, const std::int16_t* operands) {
      for (std::size_t i = 0; i < 4; ++i) {
        const __m512i by =
            _mm512_cvtepi16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(operands + 16 * i)));
        sums_[i] = _mm512_add_epi32(sums_[i], _mm512_mullo_epi32(sum.sums_[i], by));
      }
    }
    void add_scaled(const Sums& sum, std::int32_t unit) {
      for (std::size_t i = 0; i < 4; ++i) {
        sums_[i] = _mm512_add_epi32(sums_[i], _mm512_mullo_epi32(sum.sums_[i], _mm512_set1_epi32(unit)));
      }
    }
    void store(std::int32_t* to) const {
      for (std::size_t i = 0; i < 4; ++i) _mm512_storeu_si512(to + 16 * i, sums_[i]);
    }

   private:
    __m512i sums_[4] = {};
  };

  static std::uint64_t passing(const std::int16_t* sums, bool falling, std::int16_t threshold) {
    const __m512i limit = _mm512_set1_epi16(threshold);
    const __m512i a = _mm512_loadu_si512(sums), b = _mm512_loadu_si512(sums + 32);
    const std::uint64_t low = falling ? _mm512_cmple_epi16_mask(a, limit) : _mm512_cmpge_epi16_mask(a, limit);
    const std::uint64_t high = falling ? _mm512_cmple_epi16_mask(b, limit) : _mm512_cmpge_epi16_mask(b, limit);
    return low | high << 32;
  }
};

}  // namespace

const Kernels avx512_kernels = Loops<Avx512>::kernels();

}  // namespace fusesim::fused::values
