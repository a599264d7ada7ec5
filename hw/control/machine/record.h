// SPDX-License-Identifier: Apache-2.0
// What a run of a machine program leaves behind. All cycles are of the accelerator's clock, from the start of the run.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "hw/fused/counters.h"
#include "hw/isa/machine/program.h"
#include "hw/memory/statistics/statistic.h"

namespace fusesim::control::machine {

/// Where a cycle went; every cycle of a run has exactly one (docs/machine.md, "Where cycles go").
enum class Cause : std::uint8_t {
  compute,   ///< Sums grow on the array, or terms are broadcast to the fused unit.
  fill,      ///< Operands are on their way to their PEs; the fused unit loads a tile.
  drain,     ///< Sums move down, nothing else happens on the array; the fused unit's last results leave.
  conflict,  ///< The array is held because scratchpad banks need another cycle for its operands.
  predict,   ///< The fused unit's predictor works.
  stall,     ///< The fused unit holds its words because queues are full or results wait, or waits for the next word.
  load,      ///< Neither array nor fused unit has work, in the end because a load is under way.
  vector,    ///< ... because the vector unit is at work.
  store,     ///< ... because a store is under way.
  control,   ///< ... because instructions are being fetched or decoded.
};
inline constexpr std::uint32_t cause_count = 10;
/// "compute", "fill", "drain", "conflict", "predict", "stall", "load", "vector", "store", "control".
[[nodiscard]] const char* name(Cause cause);

using CauseCycles = std::array<std::uint64_t, cause_count>;  ///< Indexed by Cause.

struct InstructionRecord {
  std::uint64_t decoded = 0;     ///< Enters its queue.
  std::uint64_t start = 0;       ///< Array: first operand enters. Others: the unit takes it.
  std::uint64_t end = 0;         ///< Its token is given: a waiting instruction may start in this cycle.
  std::uint64_t folds = 0;       ///< Array only.
  std::uint64_t macs = 0;        ///< Array only: useful multiply-accumulates.
  std::uint64_t dram_bytes = 0;  ///< Loads and stores.
  std::uint64_t conflict_cycles =
      0;  ///< Array: cycles held for banks. Vector: cycles its scratchpads were taken by DMA.
  std::array<std::uint64_t, isa::machine::pad_count> read_bytes{};  ///< Bytes of words read from each scratchpad.
  std::array<std::uint64_t, isa::machine::pad_count> written_bytes{};
  fused::Counters fused;  ///< Fused unit only.
  bool operator==(const InstructionRecord&) const = default;
};

struct PadRecord {
  std::uint64_t peak_bytes = 0;  ///< Most bytes that were written and not released at a time.
  bool operator==(const PadRecord&) const = default;
};

struct Record {
  std::uint64_t cycles = 0;  ///< Until the last instruction has completed.
  std::vector<InstructionRecord> instructions;
  CauseCycles causes{};                   ///< Sums to `cycles`.
  std::vector<CauseCycles> layer_causes;  ///< One a layer; sums to `causes`.
  std::array<PadRecord, isa::machine::pad_count> pads;
  std::uint64_t dram_bytes_read = 0, dram_bytes_written = 0;  ///< As the DMA counted them.
  double dram_peak_bytes_per_cycle = 0;                       ///< Of the memory's data bus.
  /// Counters of the DRAM, the DMA channels and the arbiter, by unit.
  std::vector<std::pair<std::string, std::vector<memory::Statistic>>> statistics;
};

/// Called while a machine runs, for timelines. Any member may be empty.
struct Observer {
  /// A fold of an array instruction, in global cycles; folds of an instruction come in order.
  std::function<void(std::uint32_t instruction, std::uint64_t fold, std::uint64_t start, std::uint64_t end)> fold;
  /// Bytes occupied in a scratchpad from `cycle` on; cycles ascend.
  std::function<void(std::uint64_t cycle, isa::machine::Pad pad, std::uint64_t bytes)> occupancy;
  /// A DMA request of a load (read) or store (write) was answered at the given cycle, rounded up; cycles ascend.
  std::function<void(std::uint64_t cycle, bool write, std::uint32_t bytes)> request;
};

}  // namespace fusesim::control::machine
