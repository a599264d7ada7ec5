// SPDX-License-Identifier: Apache-2.0
// What a finished point of a sweep yields.
#pragma once

#include <cstdint>
#include <optional>

#include "hw/array/cycle_breakdown.h"
#include "hw/control/machine/record.h"

namespace fusesim::sweep {

/// Of a network that ran from DRAM to DRAM.
struct MachineResult {
  control::machine::CauseCycles causes{};  ///< Sums to the cycles.
  std::uint64_t dram_bytes_read = 0, dram_bytes_written = 0;
  bool operator==(const MachineResult&) const = default;
};

struct Result {
  std::uint64_t cycles = 0;  ///< From the first operand of the first layer to the last result of the last.
  std::uint64_t macs = 0;    ///< Useful multiply-accumulates of the network.
  /// Where the cycles went; sums to `cycles`. Simulated on ideal memory only.
  std::optional<array::CycleBreakdown> breakdown;
  std::optional<MachineResult> machine = {};  ///< Points with a memory only.
  bool operator==(const Result&) const = default;
};

}  // namespace fusesim::sweep
