// SPDX-License-Identifier: Apache-2.0
// What a finished point of a sweep yields.
#pragma once

#include <cstdint>
#include <optional>

#include "hw/array/cycle_breakdown.h"

namespace fusesim::sweep {

struct Result {
  std::uint64_t cycles = 0;  ///< From the first operand of the first layer to the last result of the last.
  std::uint64_t macs = 0;    ///< Useful multiply-accumulates of the network.
  /// Where the cycles went; sums to `cycles`. Formulas have none.
  std::optional<array::CycleBreakdown> breakdown;
  bool operator==(const Result&) const = default;
};

}  // namespace fusesim::sweep
