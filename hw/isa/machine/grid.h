// SPDX-License-Identifier: Apache-2.0
// Runs of bytes repeated on a grid: what transfers, maps and operands are made of.
#pragma once

#include <cstdint>
#include <span>

namespace fusesim::isa::machine {

/// One dimension of a grid.
struct Axis {
  std::uint64_t count = 1;   ///< At least 1, below 2^32.
  std::uint64_t stride = 0;  ///< Bytes.
};

/// From the first byte of the first run to one past the last byte of the last; 2^64 - 1 when that does not fit.
[[nodiscard]] std::uint64_t reach(std::uint64_t run_bytes, std::span<const Axis> axes);

/// Whether the runs of each axis, from the shortest stride to the longest, lie clear of one another: then no byte
/// belongs to two runs, and the bytes of the grid are at most reach(). At most 3 axes.
[[nodiscard]] bool disjoint(std::uint64_t run_bytes, std::span<const Axis> axes);

}  // namespace fusesim::isa::machine
