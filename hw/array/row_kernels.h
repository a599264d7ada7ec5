// SPDX-License-Identifier: Apache-2.0
// What SteppedArray does to one row of PEs at a clock edge, on plain arrays: portable C++, AVX2 and AVX-512.
#pragma once

#include <cstdint>

namespace fusesim::array {

/// Control byte of an operand, as SteppedArray stores it.
enum ControlBits : std::uint8_t { control_valid = 1, control_first = 2, control_bank = 4 };

/// Lanes are columns; counts are padded to a multiple of `row_lanes`, and padding lanes have `wv` = 0.
inline constexpr std::uint32_t row_lanes = 32;

/// Accumulators and flags of one row. Byte flags are 0 or 0xff.
struct RowBanks {
  std::int32_t* acc[2];
  std::uint8_t* full[2];
};

struct RowKernels {
  /// Multiply-accumulates of a row: where the operand's control is valid and the top register is. Returns how many.
  std::uint32_t (*accumulate)(std::uint32_t lanes, const std::int8_t* a, const std::uint8_t* control, const std::int8_t* w,
                              const std::uint8_t* wv, const RowBanks& row);

  /// Words that leave a row: those that arrived at the last edge (`mv`, bank in `mb`) and, where `drain` is set, the
  /// full sums of bank `drain_bank`. Clears `full` at drained lanes. Writes data, bank and 0xff to the receiving row
  /// (acc of `to`, `to_mv`, `to_mb`), zero `to_mv` elsewhere. Returns the number of words in the low half, and in the
  /// high half the number of conflicts: two words in a PE, or a word that lands on a sum.
  std::uint64_t (*move)(std::uint32_t lanes, const std::uint8_t* mv, const std::uint8_t* mb, const std::uint8_t* drain,
                        const std::uint8_t* drain_bank, const RowBanks& from, const RowBanks& to, std::uint8_t* to_mv,
                        std::uint8_t* to_mb);
};

[[nodiscard]] const RowKernels& portable_row_kernels();
/// nullptr when the processor or the build lacks AVX2.
[[nodiscard]] const RowKernels* avx2_row_kernels();
/// nullptr when the processor or the build lacks AVX-512 F, BW, VL or DQ.
[[nodiscard]] const RowKernels* avx512_row_kernels();
/// The fastest this processor runs.
[[nodiscard]] const RowKernels& best_row_kernels();

}  // namespace fusesim::array
