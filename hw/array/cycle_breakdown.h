// SPDX-License-Identifier: Apache-2.0
// Where the cycles of a run on the array went.
#pragma once

#include <cstdint>
#include <ostream>

namespace fusesim::array {

/// Every cycle is in exactly one of these, the first that applies.
struct CycleBreakdown {
  /// Sums grow: from a GEMM fold's first to its last accumulation; for a FuSe fold, any PE accumulates.
  std::uint64_t compute = 0;
  std::uint64_t fill = 0;   ///< Operands are on their way to their PEs.
  std::uint64_t drain = 0;  ///< Sums move down.
  std::uint64_t idle = 0;   ///< Nothing moves.

  [[nodiscard]] std::uint64_t total() const { return compute + fill + drain + idle; }
  CycleBreakdown& operator+=(const CycleBreakdown& other) {
    compute += other.compute;
    fill += other.fill;
    drain += other.drain;
    idle += other.idle;
    return *this;
  }
  CycleBreakdown& operator-=(const CycleBreakdown& other) {
    compute -= other.compute;
    fill -= other.fill;
    drain -= other.drain;
    idle -= other.idle;
    return *this;
  }
  /// `count` times this.
  [[nodiscard]] CycleBreakdown times(std::uint64_t count) const {
    return {compute * count, fill * count, drain * count, idle * count};
  }
  bool operator==(const CycleBreakdown&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const CycleBreakdown& b) {
    return out << "compute " << b.compute << " fill " << b.fill << " drain " << b.drain << " idle " << b.idle;
  }
};

}  // namespace fusesim::array
