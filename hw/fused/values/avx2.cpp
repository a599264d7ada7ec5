// SPDX-License-Identifier: Apache-2.0
// The kernels on AVX2 and BMI2.
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "hw/fused/values/bmi2_bits.h"
#include "hw/fused/values/loops.h"
#include "hw/fused/values/portable_set.h"

namespace fusesim::fused::values {
namespace {

struct Avx2 : PortableSet<Avx2>, Bmi2Bits<Avx2> {
  using Bmi2Bits<Avx2>::gather_bits;

  static __m256i load(const std::uint8_t* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }

  static std::uint64_t count(const Term* terms, std::size_t n, const std::uint64_t* masks, std::uint8_t* counts,
                             std::uint64_t& additions) {
    // Byte i of a half reads byte i / 8 of its 32 bits and keeps bit i % 8.
    const __m256i spread = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3,
                                            3, 3, 3, 3, 3, 3, 3);
    const __m256i bit = _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201ULL));
    const auto expand = [&](std::uint64_t mask, int half) {
      const __m256i bits = _mm256_set1_epi32(static_cast<int>(static_cast<std::uint32_t>(mask >> (32 * half))));
      const __m256i mine = _mm256_and_si256(_mm256_shuffle_epi8(bits, spread), bit);
      return _mm256_cmpeq_epi8(mine, bit);  // -1 where set.
    };
    __m256i low = _mm256_setzero_si256(), high = low;
    std::uint64_t survived = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint64_t mask = masks[terms[i].middle];
      survived |= mask;
      additions += static_cast<std::uint64_t>(_mm_popcnt_u64(mask));
      low = _mm256_sub_epi8(low, expand(mask, 0));
      high = _mm256_sub_epi8(high, expand(mask, 1));
    }
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(counts), low);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(counts + 32), high);
    return survived;
  }

  static bool fit(const std::uint8_t* queued, const std::uint8_t* entries, std::uint32_t depth) {
    const __m256i most = _mm256_max_epu8(_mm256_add_epi8(load(queued), load(entries)),
                                         _mm256_add_epi8(load(queued + 32), load(entries + 32)));
    const __m256i over = _mm256_subs_epu8(most, _mm256_set1_epi8(static_cast<char>(depth)));
    return _mm256_testz_si256(over, over) != 0;
  }

  class Sums {
   public:
    void add_where(std::uint64_t mask, std::int16_t weight) {
      const __m256i weights = _mm256_set1_epi32(weight);
      const __m256i first = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
      for (std::size_t i = 0; i < 8; ++i) {
        const __m256i bits = _mm256_set1_epi32(static_cast<int>(mask >> (8 * i) & 0xff));
        const __m256i selected = _mm256_cmpeq_epi32(_mm256_and_si256(bits, first), first);
        sums_[i] = _mm256_add_epi32(sums_[i], _mm256_and_si256(selected, weights));
      }
    }
    void add_products(const Sums& sum, const std::int16_t* operands) {
      for (std::size_t i = 0; i < 8; ++i) {
        const __m256i by = _mm256_cvtepi16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(operands + 8 * i)));
        sums_[i] = _mm256_add_epi32(sums_[i], _mm256_mullo_epi32(sum.sums_[i], by));
      }
    }
    void add_scaled(const Sums& sum, std::int32_t unit) {
      for (std::size_t i = 0; i < 8; ++i) {
        sums_[i] = _mm256_add_epi32(sums_[i], _mm256_mullo_epi32(sum.sums_[i], _mm256_set1_epi32(unit)));
      }
    }
    void store(std::int32_t* to) const {
      for (std::size_t i = 0; i < 8; ++i) _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + 8 * i), sums_[i]);
    }

   private:
    __m256i sums_[8] = {};
  };

  static std::uint64_t passing(const std::int16_t* sums, bool falling, std::int16_t threshold) {
    const __m256i limit = _mm256_set1_epi16(threshold);
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < 64; i += 32) {
      const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(sums + i));
      const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(sums + i + 16));
      // Failing sums: -1 in 16 bits. Packing goes by halves of 128 bits.
      const __m256i fail_a = falling ? _mm256_cmpgt_epi16(a, limit) : _mm256_cmpgt_epi16(limit, a);
      const __m256i fail_b = falling ? _mm256_cmpgt_epi16(b, limit) : _mm256_cmpgt_epi16(limit, b);
      const __m256i fails = _mm256_permute4x64_epi64(_mm256_packs_epi16(fail_a, fail_b), 0xd8);
      bits |= std::uint64_t{~static_cast<std::uint32_t>(_mm256_movemask_epi8(fails))} << i;
    }
    return bits;
  }
};

}  // namespace

const Kernels avx2_kernels = Loops<Avx2>::kernels();

}  // namespace fusesim::fused::values
