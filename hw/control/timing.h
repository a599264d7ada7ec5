// SPDX-License-Identifier: Apache-2.0
// Timing of a program on the array without values: the event model's clock, usable without a SystemC kernel.
#pragma once

#include <cstdint>
#include <vector>

#include "hw/array/cycle_breakdown.h"
#include "hw/isa/program.h"

namespace fusesim::control {

using array::CycleBreakdown;

/// One instruction's stay on the array. Cycles are counted from the start of the run.
struct InstructionTiming {
  std::uint64_t start = 0;  ///< First operand enters.
  std::uint64_t end = 0;    ///< Edges until the last result has left: the next dependent instruction may start here.
  std::uint64_t folds = 0;
  std::uint64_t macs = 0;  ///< Useful multiply-accumulates.
  /// Cycles from this instruction's start to the next one's (to the end of the run for the last; from cycle 0 for the
  /// first). The sum over a program is the whole run.
  CycleBreakdown cycles;
  bool operator==(const InstructionTiming&) const = default;
};

/// Times every instruction of a valid program in order. The run's length is the largest `end`.
[[nodiscard]] std::vector<InstructionTiming> time_program(const isa::Program& program);

}  // namespace fusesim::control
