// SPDX-License-Identifier: Apache-2.0
// Timing of a program on the array without values: the event model's clock, usable without a SystemC kernel.
#pragma once

#include <cstdint>
#include <vector>

#include "hw/isa/program.h"

namespace fusesim::control {

/// Where the cycles of an interval went; every cycle is in exactly one of them, the first that applies:
struct CycleBreakdown {
  std::uint64_t compute = 0;  ///< At least one PE accumulates at the edge that ends the cycle.
  std::uint64_t fill = 0;     ///< Operands are in flight and none has met its partner yet.
  std::uint64_t drain = 0;    ///< Sums move down.
  std::uint64_t idle = 0;     ///< Nothing moves.
  [[nodiscard]] std::uint64_t total() const { return compute + fill + drain + idle; }
  CycleBreakdown& operator+=(const CycleBreakdown& other);
  bool operator==(const CycleBreakdown&) const = default;
};

/// One instruction's stay on the array. Cycles are counted from the start of the run.
struct InstructionTiming {
  std::uint64_t start = 0;  ///< First operand enters.
  std::uint64_t end = 0;    ///< Edges until the last result has left: the next dependent instruction may start here.
  std::uint64_t folds = 0;
  std::uint64_t macs = 0;   ///< Useful multiply-accumulates.
  /// The cycles from the later of `start` and the previous instruction's end up to `end`. The sum over a program is
  /// the whole run.
  CycleBreakdown cycles;
  bool operator==(const InstructionTiming&) const = default;
};

/// Times every instruction of a valid program in order. The run's length is the largest `end`.
[[nodiscard]] std::vector<InstructionTiming> time_program(const isa::Program& program);

}  // namespace fusesim::control
