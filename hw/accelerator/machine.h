// SPDX-License-Identifier: Apache-2.0
// The whole machine, DRAM to DRAM: elaborates the units of docs/machine.md and runs one machine program on them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hw/accelerator/accelerator.h"
#include "hw/control/machine/record.h"
#include "hw/isa/machine/program.h"

namespace fusesim::accelerator {

/// DRAM, interconnect and DMA.
struct MemoryConfig {
  /// "DDR4-2400", "LPDDR4-3200", "HBM2-2000" (hw/memory/dram/dram_standards.h), or "fixed": a memory that moves
  /// fixed_gigabytes_per_second after fixed_latency_ns, reads and writes alike.
  std::string standard = "DDR4-2400";
  double fixed_gigabytes_per_second = 16;
  double fixed_latency_ns = 50;
  std::string address_map = "row:bank:column:bankgroup";
  std::string scheduler = "fr_fcfs";
  std::uint32_t queue_bursts = 32;
  bool refresh = true;

  std::uint32_t dma_request_bytes = 1024;       ///< Largest request; a power of two.
  std::uint32_t dma_outstanding = 8;            ///< Requests under way in each direction.
  std::uint32_t dma_descriptors = 4;            ///< Transfers under way in each direction.
  std::string dma_arbitration = "round_robin";  ///< Or "load_first", "store_first".

  bool operator==(const MemoryConfig&) const = default;
};

/// Throws std::invalid_argument naming the field, the value and the cure.
void validate(const MemoryConfig& config);
/// Bytes that the memory's data bus moves in a second at most.
[[nodiscard]] double peak_bytes_per_second(const MemoryConfig& config);

struct MachineOptions {
  Fidelity fidelity = Fidelity::event;
  double clock_mhz = 1000;
  bool values = true;  ///< event only: move and compute values. Timing is the same without.
  MemoryConfig memory;
  bool keep_tensors = false;  ///< Read the sections of MachineResult::tensors back from DRAM after the run.
  control::machine::Observer observer;
  /// stepped, rtl: registers are observed in cycles [window_begin, window_end) in which the array's clock runs.
  CycleObserver observe;
  std::uint64_t window_begin = 0, window_end = 0;
  /// rtl: makes the array's registers for a configuration. Passed in because hw does not know rtl.
  std::function<std::unique_ptr<array::ArrayModel>(const isa::ArrayConfig&)> make_rtl;
};

struct MachineResult {
  control::machine::Record record;
  /// With keep_tensors: the bytes of every section that is not constant, as they lie in DRAM after the run; indexed as
  /// the program's sections, empty for constants.
  std::vector<std::vector<std::int8_t>> tensors;
};

/// Runs a valid program to its end on a SystemC kernel of its own. Throws InvalidProgram when the program does not fit
/// the core, std::invalid_argument for options that do not fit (values of a program without values, a DRAM smaller than
/// the program), std::runtime_error for what goes wrong on the way: a deadlock (each queue's head and the tokens it
/// waits for), bytes read that were never written. Not reentrant.
[[nodiscard]] MachineResult run(const isa::machine::Program& program, const isa::machine::CoreConfig& core,
                                const MachineOptions& options);

}  // namespace fusesim::accelerator
