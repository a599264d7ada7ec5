// SPDX-License-Identifier: Apache-2.0
#include "hw/array/row_kernels.h"

#include <bit>
#include <initializer_list>

namespace fusesim::array {

namespace {

bool has(const RowSets& sets, std::uint32_t row, std::uint32_t column) {
  return (sets.words[column / 64 * sets.stride + row] >> (column % 64) & 1) != 0;
}

void accumulate(const Accumulation& work) {
  for (std::uint32_t i = 0; i < work.rows; ++i) {
    const std::int8_t* a = work.a + i * work.a_stride;
    const std::int8_t* w = work.w + std::size_t{i} * work.columns;
    std::int32_t* acc = work.acc + std::size_t{i} * work.columns;
    for (std::uint32_t j = 0; j < work.columns; ++j) {
      if (!has(work.lanes, i, j)) continue;
      const std::int32_t old = work.first.words != nullptr && has(work.first, i, j) ? 0 : acc[j];
      // Unsigned addition: the accumulator wraps around.
      acc[j] = static_cast<std::int32_t>(static_cast<std::uint32_t>(old) + static_cast<std::uint32_t>(a[j] * w[j]));
    }
  }
}

void move_down(std::uint32_t rows, std::uint32_t columns, RowSets lanes, std::int32_t* acc) {
  for (std::uint32_t i = rows; i-- > 0;) {
    const std::int32_t* from = acc + std::size_t{i} * columns;
    for (std::uint32_t j = 0; j < columns; ++j) {
      if (has(lanes, i, j)) acc[(std::size_t{i} + 1) * columns + j] = from[j];
    }
  }
}

std::uint32_t count_bits(const std::uint64_t* words, std::size_t count) {
  std::uint32_t bits = 0;
  for (std::size_t k = 0; k < count; ++k) bits += static_cast<std::uint32_t>(std::popcount(words[k]));
  return bits;
}

}  // namespace

const RowKernels& portable_row_kernels() {
  static constexpr RowKernels kernels{accumulate, move_down, count_bits};
  return kernels;
}

const RowKernels& best_row_kernels() {
  for (const RowKernels* kernels : {avx512_row_kernels(), avx2_row_kernels()}) {
    if (kernels != nullptr) return *kernels;
  }
  return portable_row_kernels();
}

}  // namespace fusesim::array
