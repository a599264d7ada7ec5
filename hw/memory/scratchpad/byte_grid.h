// SPDX-License-Identifier: Apache-2.0
// Runs of bytes on a grid: what one transfer, map or operand takes up in a scratchpad. Plain C++.
#pragma once

#include <array>
#include <cstdint>

namespace fusesim::memory {

struct ByteGrid {
  /// One dimension. Both below 2^32, as all of a scratchpad.
  struct Axis {
    std::uint32_t count = 1;   ///< At least 1.
    std::uint32_t stride = 0;  ///< Bytes from one to the next.
    bool operator==(const Axis&) const = default;
  };

  std::uint64_t address = 0;
  std::uint64_t run = 0;          ///< Bytes in a row; they begin at `address` and wherever steps of the axes lead.
  std::array<Axis, 3> axes = {};  ///< The innermost first.

  bool operator==(const ByteGrid&) const = default;
  /// Of all runs together.
  [[nodiscard]] std::uint64_t bytes() const { return run * axes[0].count * axes[1].count * axes[2].count; }
  /// One past the last byte.
  [[nodiscard]] std::uint64_t end() const;
  /// Whether each run begins at or behind the end of the one before it.
  [[nodiscard]] bool ascends() const;
  /// The same bytes in the same order, with neighbours that touch joined: axes of one are behind all others, and those
  /// that lengthen the run are gone.
  [[nodiscard]] ByteGrid packed() const;
  /// Whether the axes show that each byte of `part` is one of this grid, which must be packed and ascend: each axis of
  /// the part is a stretch of one of this grid's, or lies within one run. Of a part that is packed it misses few.
  [[nodiscard]] bool shows(const ByteGrid& part) const;
  /// One past the last byte of the run in which `address` lies, `address` where that is in none. The grid ascends.
  [[nodiscard]] std::uint64_t run_end(std::uint64_t address) const;
};

/// Calls use(address, count) for each run, in order.
template <typename Use>
void for_runs(const ByteGrid& grid, Use use) {
  const auto& [inner, middle, outer] = grid.axes;
  for (std::uint32_t k = 0; k < outer.count; ++k) {
    for (std::uint32_t j = 0; j < middle.count; ++j) {
      std::uint64_t address = grid.address + std::uint64_t{k} * outer.stride + std::uint64_t{j} * middle.stride;
      for (std::uint32_t i = 0; i < inner.count; ++i, address += inner.stride) use(address, grid.run);
    }
  }
}

}  // namespace fusesim::memory
