// SPDX-License-Identifier: Apache-2.0
// The int8 values of a `generated` tensor: a hash of the tensor's seed and the element's index, so that any element can
// be had without the ones before it and a trace of a whole network needs no file of weights.
//
// Element i is byte i % 8 (least significant first) of block(seed, i / 8), as a signed byte: all 256 values are equally
// likely. block() is the finaliser of splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number
// generators", OOPSLA 2014) applied to a counter that starts at the hashed seed, so that near seeds share nothing.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>

namespace fusesim::isa {

/// splitmix64's output function: a bijection of 64-bit words.
[[nodiscard]] constexpr std::uint64_t mix64(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/// Eight elements at once: elements 8 index .. 8 index + 7 of the tensor, least significant byte first.
[[nodiscard]] constexpr std::uint64_t generated_block(std::uint64_t seed, std::uint64_t index) {
  constexpr std::uint64_t golden = 0x9E3779B97F4A7C15u;
  return mix64(mix64(seed + golden) + (index + 1) * golden);
}

[[nodiscard]] constexpr std::int8_t generated_value(std::uint64_t seed, std::uint64_t element) {
  return static_cast<std::int8_t>(generated_block(seed, element / 8) >> (8 * (element % 8)));
}

/// out[i] = generated_value(seed, first + i).
inline void fill_generated(std::uint64_t seed, std::uint64_t first, std::span<std::int8_t> out) {
  std::size_t i = 0;
  const std::size_t lead = std::min<std::size_t>((8 - first % 8) % 8, out.size());
  for (; i < lead; ++i) out[i] = generated_value(seed, first + i);
  for (; i + 8 <= out.size(); i += 8) {
    std::uint64_t block = generated_block(seed, (first + i) / 8);
    if constexpr (std::endian::native == std::endian::big) block = __builtin_bswap64(block);
    std::memcpy(&out[i], &block, sizeof block);
  }
  for (; i < out.size(); ++i) out[i] = generated_value(seed, first + i);
}

}  // namespace fusesim::isa
