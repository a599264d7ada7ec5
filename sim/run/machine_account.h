// SPDX-License-Identifier: Apache-2.0
// What a user wants to know of a run of a machine program, gathered from the record it left.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hw/control/machine/record.h"
#include "hw/isa/machine/program.h"

namespace fusesim::run {

/// A layer, or the whole run.
struct MachineLayer {
  std::string name;
  /// Dataflow of the layer's array instructions; nothing when the vector unit alone works on it.
  std::optional<isa::Dataflow> dataflow;
  std::uint32_t lines_per_row = 1;         ///< Most of its array instructions: FuSe row packing.
  bool fused = false;                      ///< Works on the fused unit.
  std::uint64_t start = 0, end = 0;        ///< First start and last end of its instructions, loads and stores included.
  std::uint64_t cycles = 0;                ///< Booked on it: the sum of its causes. Layers add up to the run.
  control::machine::CauseCycles causes{};  ///< docs/machine.md, "Where cycles go".
  std::uint64_t instructions = 0, folds = 0;
  std::uint64_t macs = 0;          ///< Useful multiply-accumulates.
  fused::Counters fused_counters;  ///< Of its instructions on the fused unit (docs/fused.md).
  /// Multiplications a PE and cycle, 0 to 1: (macs + fused_counters.products) / (rows * cols * cycles), for the fused
  /// unit works on the array's PEs. 0 without cycles.
  double utilization = 0;
  std::uint64_t vector_cycles = 0;    ///< In which the vector unit had one of its instructions.
  std::uint64_t sram_bytes_read = 0;  ///< From all scratchpads.
  std::uint64_t sram_bytes_written = 0;
  std::uint64_t dram_bytes_read = 0;     ///< By its loads.
  std::uint64_t dram_bytes_written = 0;  ///< By its stores.
  /// XXH3 (64 bit) of the bytes that its stores left in DRAM, by ascending address: of its result as it lies there. For
  /// the whole run, of the layers' digests in order. Nothing without values or stores.
  std::optional<std::uint64_t> digest;

  /// Bytes read and written in each cycle booked on it. A layer whose loads ran ahead of it may show more than the
  /// memory's peak; the run never does. Nothing when no cycle is booked on it.
  [[nodiscard]] std::optional<double> dram_bytes_per_cycle() const;
  /// Arithmetic intensity; nothing without traffic.
  [[nodiscard]] std::optional<double> macs_per_dram_byte() const;
};

struct MachineAccount {
  MachineLayer total;
  std::vector<MachineLayer> layers;                                 ///< As Program::layers.
  std::array<std::uint64_t, isa::machine::pad_count> peak_bytes{};  ///< Most bytes that each scratchpad held at a time.
  double dram_peak_bytes_per_cycle = 0;
  /// Bursts served from an open row over all; nothing for a memory without rows.
  std::optional<double> row_hit_rate;
};

/// `tensors` is MachineResult::tensors, or empty when values were not computed.
[[nodiscard]] MachineAccount make_account(const isa::machine::Program& program, const isa::machine::CoreConfig& core,
                                          const control::machine::Record& record,
                                          const std::vector<std::vector<std::int8_t>>& tensors);

}  // namespace fusesim::run
