// SPDX-License-Identifier: Apache-2.0
// The timing law of the vector unit (docs/machine.md). Plain C++.
#pragma once

#include <array>
#include <cstdint>

#include "hw/isa/machine/config.h"
#include "hw/isa/machine/program.h"

namespace fusesim::vector {

/// An instruction that starts in cycle s completes in cycle s + total + (cycles in which it stood still):
///
///   groups   = ceil(channels * height * width / lanes)
///   window   = kernel_height * kernel_width of a pool, padding included; 1 without a window
///   interval = max over scratchpads of max(cycles to read, cycles to write a group), where a group of an operand takes
///              ceil(lanes * element bytes / row bytes) cycles; two operands read from one scratchpad add up
///   total    = latency + groups * window * interval
struct VectorCycles {
  std::uint64_t groups = 0, window = 1, interval = 1, total = 0;
  bool operator==(const VectorCycles&) const = default;
};
[[nodiscard]] VectorCycles cycles(const isa::machine::Vector& instruction, const isa::machine::CoreConfig& core);

/// The scratchpads whose system port it uses, by Pad: those of map a, of map b (add), and of the result. Gates,
/// parameters and table sit in registers while it works.
using PortsUsed = std::array<bool, isa::machine::pad_count>;
[[nodiscard]] PortsUsed ports_used(const isa::machine::Vector& instruction);

}  // namespace fusesim::vector
