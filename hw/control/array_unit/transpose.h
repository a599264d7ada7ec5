// SPDX-License-Identifier: Apache-2.0
// Transposes a matrix of bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace fusesim::control::machine {

/// to[c * rows + r] = from[r * pitch + c] for r < rows, c < columns. The two may not overlap.
inline void transpose_bytes(const std::int8_t* from, std::size_t pitch, std::size_t rows, std::size_t columns,
                            std::int8_t* to) {
  constexpr std::size_t block = 8;
  const std::size_t whole_rows = rows / block * block, whole_columns = columns / block * block;
  // Eight by eight in registers: exchange quarters of the block, then of its quarters, then of theirs.
  const auto exchange = [](std::uint64_t& a, std::uint64_t& b, unsigned shift, std::uint64_t mask) {
    const std::uint64_t t = ((a >> shift) ^ b) & mask;
    b ^= t;
    a ^= t << shift;
  };
  std::array<std::uint64_t, block> x{};
  for (std::size_t c = 0; c < whole_columns; c += block) {
    for (std::size_t r = 0; r < whole_rows; r += block) {
      for (std::size_t i = 0; i < block; ++i) std::memcpy(&x[i], from + (r + i) * pitch + c, block);
      for (std::size_t i = 0; i < 4; ++i) exchange(x[i], x[i + 4], 32, 0x00000000FFFFFFFF);
      for (const std::size_t i : {0U, 1U, 4U, 5U}) exchange(x[i], x[i + 2], 16, 0x0000FFFF0000FFFF);
      for (const std::size_t i : {0U, 2U, 4U, 6U}) exchange(x[i], x[i + 1], 8, 0x00FF00FF00FF00FF);
      for (std::size_t i = 0; i < block; ++i) std::memcpy(to + (c + i) * rows + r, &x[i], block);
    }
  }
  const auto copy = [&](std::size_t first_row, std::size_t first_column, std::size_t end_column) {
    for (std::size_t c = first_column; c < end_column; ++c) {
      for (std::size_t r = first_row; r < rows; ++r) to[c * rows + r] = from[r * pitch + c];
    }
  };
  copy(whole_rows, 0, whole_columns);
  copy(0, whole_columns, columns);
}

}  // namespace fusesim::control::machine
