// SPDX-License-Identifier: Apache-2.0
// How the x86 forms of the kernels gather bits.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace fusesim::fused::values {

template <class Local>  // A type local to the translation unit, which keeps this code so.
struct Bmi2Bits {
  static void gather_bits(const std::uint64_t* from, const std::uint64_t* select, std::size_t from_words,
                          const std::uint64_t* place, std::size_t to_words, std::uint64_t* to) {
    __extension__ using Bits = unsigned __int128;
    Bits held = 0;
    int count = 0;  // Bits held; below 64 whenever more are fetched.
    std::size_t word = 0;
    for (std::size_t i = 0; i < to_words; ++i) {
      const int wanted = static_cast<int>(_mm_popcnt_u64(place[i]));
      for (; count < wanted && word < from_words; ++word) {
        held |= Bits{_pext_u64(from[word], select[word])} << count;
        count += static_cast<int>(_mm_popcnt_u64(select[word]));
      }
      to[i] = _pdep_u64(static_cast<std::uint64_t>(held), place[i]);
      held >>= wanted;
      count -= wanted;
    }
  }
};

}  // namespace fusesim::fused::values
