// SPDX-License-Identifier: Apache-2.0
// The line kernels, written once over an instruction set V:
//
//   width                          elements of a block
//   Ints, Wide                     a block of int32, of int64
//   load_sums, load_bytes, store_sums, store
//                                  a block of int32 or int8, or the first `count` elements of one; the rest is not
//                                  touched in memory
//   set, add, multiply, max        int32, modulo 2^32
//   product(Ints, Ints)            exact, Wide
//   wide, sum                      int64: one value for all; sum of two
//   Rounder(offset, rounding)      Wide to Ints: ((v + offset) >> shift), clamped, and the zero point
//
// V is local to its translation unit, so that code made with its compiler flags cannot be linked into another's.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "hw/vector/values/line_kernels.h"

namespace fusesim::vector {

template <class V>
struct LineLoops {
  static constexpr std::size_t width = V::width;

  /// Calls block(first element, elements) for each block.
  template <class Block>
  static void for_blocks(std::size_t count, Block block) {
    std::size_t i = 0;
    for (; i + width <= count; i += width) block(i, width);
    if (i < count) block(i, count - i);
  }

  static std::int64_t half(const Rounding& rounding) { return std::int64_t{1} << (rounding.shift - 1); }

  static void requantize(const std::int8_t* sums, std::int8_t* result, std::size_t count,
                         const isa::machine::ChannelParameters& parameters, const Rounding& rounding) {
    Rounding of_channel = rounding;
    of_channel.shift = parameters.shift;
    const typename V::Rounder round(half(of_channel), of_channel);
    const auto bias = V::set(parameters.bias), multiplier = V::set(parameters.multiplier);
    for_blocks(count, [&](std::size_t i, std::size_t n) {
      const auto sum = V::add(V::load_sums(sums + 4 * i, n), bias);
      V::store(result + i, round(V::product(sum, multiplier)), n);
    });
  }

  static void add(const std::int8_t* a, const std::int8_t* b, std::int8_t* result, std::size_t count,
                  const Factor& of_a, const Factor& of_b, const Rounding& rounding) {
    // The zero points' share is the same for all elements.
    const std::int64_t zeros = std::int64_t{of_a.zero} * of_a.multiplier + std::int64_t{of_b.zero} * of_b.multiplier;
    const typename V::Rounder round(half(rounding) - zeros, rounding);
    const auto multiplier_a = V::set(of_a.multiplier), multiplier_b = V::set(of_b.multiplier);
    for_blocks(count, [&](std::size_t i, std::size_t n) {
      V::store(result + i,
               round(V::sum(V::product(V::load_bytes(a + i, n), multiplier_a),
                            V::product(V::load_bytes(b + i, n), multiplier_b))),
               n);
    });
  }

  static void scale(const std::int8_t* a, std::int8_t* result, std::size_t count, const Factor& of_a, std::int32_t gate,
                    const Rounding& rounding) {
    const typename V::Rounder round(half(rounding), rounding);
    const auto zero = V::set(-of_a.zero), by = V::set(gate), multiplier = V::set(of_a.multiplier);
    for_blocks(count, [&](std::size_t i, std::size_t n) {
      const auto difference = V::multiply(V::add(V::load_bytes(a + i, n), zero), by);
      V::store(result + i, round(V::product(difference, multiplier)), n);
    });
  }

  static void accumulate(const std::int8_t* from, std::size_t stride, std::int32_t zero, std::int32_t* sums,
                         std::size_t count) {
    const auto loop = [&](std::size_t step) {
      for (std::size_t i = 0; i < count; ++i) sums[i] = add_modulo(sums[i], from[i * step] - zero);
    };
    if (stride == 1) {
      // Lines are often shorter than what the compiler would make of this loop.
      for_blocks(count, [&](std::size_t i, std::size_t n) {
        auto* at = reinterpret_cast<std::int8_t*>(sums + i);
        const auto difference = V::add(V::load_bytes(from + i, n), V::set(-zero));
        V::store_sums(at, V::add(V::load_sums(at, n), difference), n);
      });
      return;
    }
    stride == 2 ? loop(2) : loop(stride);
  }

  static void maximum(const std::int8_t* from, std::size_t stride, std::int8_t* largest, std::size_t count) {
    const auto loop = [&](std::size_t step) {
      for (std::size_t i = 0; i < count; ++i) largest[i] = std::max(largest[i], from[i * step]);
    };
    if (stride == 1) {
      for_blocks(count, [&](std::size_t i, std::size_t n) {
        V::store(largest + i, V::max(V::load_bytes(largest + i, n), V::load_bytes(from + i, n)), n);
      });
      return;
    }
    stride == 2 ? loop(2) : loop(stride);
  }

  static std::int32_t sum(const std::int8_t* from, std::int32_t zero, std::size_t count) {
    std::int32_t total = 0;
    for (std::size_t i = 0; i < count; ++i) total = add_modulo(total, from[i] - zero);
    return total;
  }

  static std::int32_t add_modulo(std::int32_t a, std::int32_t b) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
  }

  static constexpr LineKernels kernels() { return {requantize, add, scale, accumulate, maximum, sum}; }
};

}  // namespace fusesim::vector
