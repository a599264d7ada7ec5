// SPDX-License-Identifier: Apache-2.0
// What every instruction set can do, in plain C++; sets with something better override it (loops.h says what is asked).
#pragma once

#include <cstddef>
#include <cstdint>

#include "hw/fused/values/kernels.h"

namespace fusesim::fused::values {

template <class Local>  // A type local to the translation unit, which keeps this code so.
struct PortableSet {
  using Term = isa::machine::FusedTerm;

  /// Number of terms that survive in each PE, all of them together, and the PEs that have one.
  static std::uint64_t count(const Term* terms, std::size_t n, const std::uint64_t* masks, std::uint8_t* counts,
                             std::uint64_t& additions) {
    for (std::size_t p = 0; p < block_pes; ++p) counts[p] = 0;
    std::uint64_t survived = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint64_t mask = masks[terms[i].middle];
      survived |= mask;
      for (std::uint64_t left = mask; left != 0; left &= left - 1) {
        ++counts[__builtin_ctzll(left)];
        ++additions;
      }
    }
    return survived;
  }

  /// Whether the entries fit all PEs' FIFOs.
  static bool fit(const std::uint8_t* queued, const std::uint8_t* entries, std::uint32_t depth) {
    bool over = false;
    for (std::size_t p = 0; p < block_pes; ++p) over |= std::uint32_t{queued[p]} + entries[p] > depth;
    return !over;
  }

  /// Every PE takes up to `adders` entries, up to its first tail.
  static void take(std::uint8_t* queued, std::uint64_t* tails, std::uint32_t adders) {
    const std::uint64_t longest = std::uint64_t{1} << (adders - 1);
    for (std::size_t p = 0; p < block_pes; ++p) {
      const auto run = static_cast<std::uint32_t>(__builtin_ctzll(tails[p] | longest)) + 1;
      const std::uint32_t taken = queued[p] < run ? queued[p] : run;
      queued[p] = static_cast<std::uint8_t>(queued[p] - taken);
      tails[p] = taken == 64 ? 0 : tails[p] >> taken;
    }
  }

  /// Sets the bit of the last of each PE's entries, which stand behind those queued.
  static void mark(const std::uint8_t* queued, const std::uint8_t* entries, std::uint64_t* bits) {
    for (std::size_t p = 0; p < block_pes; ++p) {
      const std::uint32_t end = std::uint32_t{queued[p]} + entries[p];
      bits[p] |= entries[p] == 0 ? 0 : std::uint64_t{1} << (end - 1);
    }
  }

  /// A block's sums.
  class Sums {
   public:
    void add_where(std::uint64_t mask, std::int16_t weight) {
      for (; mask != 0; mask &= mask - 1) sums_[__builtin_ctzll(mask)] += unsigned_of(weight);
    }
    void add_products(const Sums& sum, const std::int16_t* operands) {
      for (std::size_t p = 0; p < block_pes; ++p) sums_[p] += sum.sums_[p] * unsigned_of(operands[p]);
    }
    void add_scaled(const Sums& sum, std::int32_t unit) {
      for (std::size_t p = 0; p < block_pes; ++p) sums_[p] += sum.sums_[p] * unsigned_of(unit);
    }
    void store(std::int32_t* to) const {
      for (std::size_t p = 0; p < block_pes; ++p) to[p] = static_cast<std::int32_t>(sums_[p]);
    }

   private:
    static std::uint32_t unsigned_of(std::int32_t value) { return static_cast<std::uint32_t>(value); }
    std::uint32_t sums_[block_pes] = {};
  };

  /// Bit i: sum i passes.
  static std::uint64_t passing(const std::int16_t* sums, bool falling, std::int16_t threshold) {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < 64; ++i) {
      const bool passes = falling ? sums[i] <= threshold : sums[i] >= threshold;
      bits |= std::uint64_t{passes} << i;
    }
    return bits;
  }

  static void gather_bits(const std::uint64_t* from, const std::uint64_t* select, std::size_t from_words,
                          const std::uint64_t* place, std::size_t to_words, std::uint64_t* to) {
    std::size_t word = 0;
    std::uint64_t left = from_words == 0 ? 0 : select[0];
    for (std::size_t i = 0; i < to_words; ++i) {
      to[i] = 0;
      for (std::uint64_t free = place[i]; free != 0; free &= free - 1) {
        while (left == 0) left = select[++word];
        if ((from[word] & left & (~left + 1)) != 0) to[i] |= free & (~free + 1);
        left &= left - 1;
      }
    }
  }
};

}  // namespace fusesim::fused::values
