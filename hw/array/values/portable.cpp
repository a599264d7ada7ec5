// SPDX-License-Identifier: Apache-2.0
// The value kernels in plain C++, written so that a compiler can vectorise them for its baseline.
#include <cstddef>
#include <cstdint>

#include "hw/array/values/depthwise_kernel.h"
#include "hw/array/values/gemm_kernel.h"
#include "hw/array/values/kernels.h"

namespace fusesim::array::values {
namespace {

std::uint32_t product(std::int16_t a, std::int16_t b) {
  return static_cast<std::uint32_t>(std::int32_t{a} * b);
}

struct Vector {
  using Weight = std::int16_t;
  static constexpr std::size_t lanes = 8;
  static constexpr std::size_t k_pack = 1;
  static constexpr std::size_t tile_rows = 4;
  static constexpr std::size_t tile_vectors = 2;
  static constexpr std::size_t panel = lanes * tile_vectors;
  static constexpr std::uint32_t pixel_offset = 0;

  struct Accumulator {
    std::uint32_t lane[lanes];
  };
  struct Pixels {
    std::int16_t lane[lanes];
  };

  static Accumulator splat(std::int32_t value) {
    Accumulator sum;
    for (std::uint32_t& lane : sum.lane) lane = static_cast<std::uint32_t>(value);
    return sum;
  }
  static Accumulator load(const std::int32_t* from) { return load_part(from, lanes); }
  static Accumulator load_part(const std::int32_t* from, std::size_t count) {
    Accumulator sum = {};
    for (std::size_t i = 0; i < count; ++i) sum.lane[i] = static_cast<std::uint32_t>(from[i]);
    return sum;
  }
  static void store(std::int32_t* to, const Accumulator& sum) { store_part(to, sum, lanes); }
  static void store_part(std::int32_t* to, const Accumulator& sum, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<std::int32_t>(sum.lane[i]);
  }
  static void pack(const std::int8_t* const* rows, std::byte* panel_group) {
    std::int16_t* to = reinterpret_cast<std::int16_t*>(panel_group);
    for (std::size_t i = 0; i < panel; ++i) to[i] = rows[0][i];
  }
  static Pixels load_pixels(const std::byte* from) {
    Pixels pixels;
    __builtin_memcpy(&pixels, from, sizeof pixels);
    return pixels;
  }
  static std::int16_t broadcast(const Weight* from) { return *from; }
  static void multiply_add(Accumulator& sum, const Pixels& pixels, std::int16_t weight) {
    for (std::size_t i = 0; i < lanes; ++i) sum.lane[i] += product(pixels.lane[i], weight);
  }

  static constexpr std::size_t chunk = 16;
  template <class T>
  static void copy_chunk(T* to, const std::int8_t* from) {
    copy_chunk_of<1>(to, from);
  }
  template <class T>
  static void copy_even_chunk(T* to, const std::int8_t* from) {
    copy_chunk_of<2>(to, from);
  }
  template <std::size_t stride, class T>
  static void copy_chunk_of(T* to, const std::int8_t* from) {
    T elements[chunk];  // So that the compiler need not fear that stores change what is still to be read.
    for (std::size_t i = 0; i < chunk; ++i) elements[i] = from[i * stride];
    __builtin_memcpy(to, elements, sizeof elements);
  }

  struct PairOfWeights {
    std::int16_t first, second;
  };
  static PairOfWeights broadcast_pair(const std::int16_t* weights) { return {weights[0], weights[1]}; }

  struct Sums {
    static constexpr std::size_t count = 8;
    std::uint32_t lane[count] = {};

    void add(const std::int16_t* first, const std::int16_t* second, PairOfWeights weights) {
      for (std::size_t i = 0; i < count; ++i)
        lane[i] += product(first[i], weights.first) + product(second[i], weights.second);
    }
    void store(std::int32_t* to) const {
      for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<std::int32_t>(lane[i]);
    }
  };
};

}  // namespace

const Kernels portable_kernels = {Gemm<Vector>::scratch, Gemm<Vector>::run, Depthwise<Vector>::scratch,
                                  Depthwise<Vector>::run};

}  // namespace fusesim::array::values
