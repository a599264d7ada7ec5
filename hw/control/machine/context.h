// SPDX-License-Identifier: Apache-2.0
// What all units of one run share. Everything outlives the units.
#pragma once

#include <vector>

#include "hw/control/machine/occupancy.h"
#include "hw/control/machine/record.h"
#include "hw/control/machine/unit.h"
#include "hw/isa/machine/program.h"
#include "hw/memory/scratchpad/scratchpad.h"

namespace fusesim::control::machine {

struct Context {
  const isa::machine::Program& program;  ///< Valid on `core`.
  const isa::machine::CoreConfig& core;  ///< The machine that runs it.
  memory::Scratchpads& pads;
  Clock clock;
  bool values = true;  ///< Compute values; timing is the same without.
  UnitListener& listener;
  /// One an instruction. Units fill in what they know of theirs: start, end, folds, macs, bytes, conflict_cycles.
  std::vector<InstructionRecord>& records;
  const Observer& observer;
  /// Counts what write() and release() change. Without one the observer is told of every change as it is made.
  Occupancy* occupancy = nullptr;

  /// "instruction 17 (compute, layer 'conv1')": how messages begin.
  [[nodiscard]] std::string describe(std::uint32_t instruction) const;
  /// Throws std::runtime_error when bytes that the instruction reads were never written, naming the first, run by run:
  /// "instruction 17 (compute, layer 'conv1') reads byte 0x180 of the activations scratchpad, which was never written
  /// or has been released; a load or a token is missing before it".
  void check_written(std::uint32_t instruction, isa::machine::Pad pad, const memory::ByteGrid& grid) const {
    if (!pads[pad].all_written(grid)) refuse_unwritten(instruction, pad, grid);
  }
  void check_written(std::uint32_t instruction, isa::machine::Pad pad, std::uint32_t address,
                     std::uint64_t count) const {
    check_written(instruction, pad, {.address = address, .run = count});
  }
  /// Marks bytes as written from `cycle` on: now or the next one.
  void write(isa::machine::Pad pad, const memory::ByteGrid& grid, std::uint64_t cycle) const;
  void write(isa::machine::Pad pad, std::uint32_t address, std::uint64_t count, std::uint64_t cycle) const {
    write(pad, {.address = address, .run = count}, cycle);
  }
  /// Releases what the instruction says it does; called by its unit when it completes.
  void release(std::uint32_t instruction, std::uint64_t cycle) const;

 private:
  void refuse_unwritten(std::uint32_t instruction, isa::machine::Pad pad, const memory::ByteGrid& grid) const;
  void changed(isa::machine::Pad pad, std::uint64_t before, std::uint64_t cycle) const;
};

/// The unit of the array, or of array and fused unit. Cycles in which neither works belong to the controller's account.
class ArrayUnitIf : public UnitIf {
 public:
  /// How many of the cycles before `cycle` (at most now) the array held no fold and no fused instruction ran.
  [[nodiscard]] virtual std::uint64_t empty_cycles_before(std::uint64_t cycle) = 0;
  /// After the run: compute, fill, drain and conflict cycles from the start of each instruction to the start of the
  /// next one on the array; of fused instructions compute, predict, stall, fill and drain; zero for instructions of
  /// other units. Indexed as the program's instructions.
  [[nodiscard]] virtual const std::vector<CauseCycles>& booked() = 0;
};

}  // namespace fusesim::control::machine
