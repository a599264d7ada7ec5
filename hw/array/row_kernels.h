// SPDX-License-Identifier: Apache-2.0
// What SteppedArray does to the sums of the PEs at a clock edge, on plain arrays: portable C++, AVX2 and AVX-512.
// Registers of one bit are not bytes but sets of columns, 64 to a word, on which SteppedArray computes with plain
// integer operations.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fusesim::array {

/// Columns come in multiples of this; rows are padded.
inline constexpr std::uint32_t row_lanes = 16;

/// A set of columns for each of several rows: column j of row i is bit j % 64 of words[j / 64 * stride + i]. Bits
/// beyond the padded row are zero.
struct RowSets {
  const std::uint64_t* words = nullptr;
  std::size_t stride = 0;
};

/// Multiply-accumulates of some rows. Rows of `w` and `acc` are `columns` apart.
struct Accumulation {
  std::uint32_t rows = 0, columns = 0;
  const std::int8_t* a = nullptr;  ///< Operands, `a_stride` from row to row, of any alignment.
  std::size_t a_stride = 0;
  const std::int8_t* w = nullptr;
  RowSets lanes;  ///< Which columns accumulate.
  RowSets first;  ///< Which of them start from zero (other columns do not matter); no words means none.
  std::int32_t* acc = nullptr;
};

struct RowKernels {
  /// acc = (first ? 0 : acc) + a * w in `lanes`, wrapping around; other columns keep their sums.
  void (*accumulate)(const Accumulation& work);
  /// Copies the sums in `lanes` of each of `rows` rows to the row below, the lowest first: `acc` has rows + 1 rows,
  /// `columns` apart.
  void (*move_down)(std::uint32_t rows, std::uint32_t columns, RowSets lanes, std::int32_t* acc);
  /// Bits set in `count` words.
  std::uint32_t (*count_bits)(const std::uint64_t* words, std::size_t count);
};

[[nodiscard]] const RowKernels& portable_row_kernels();
/// nullptr when the processor or the build lacks AVX2.
[[nodiscard]] const RowKernels* avx2_row_kernels();
/// nullptr when the processor or the build lacks AVX-512 F, BW, VL or DQ.
[[nodiscard]] const RowKernels* avx512_row_kernels();
/// The fastest this processor runs.
[[nodiscard]] const RowKernels& best_row_kernels();

}  // namespace fusesim::array
