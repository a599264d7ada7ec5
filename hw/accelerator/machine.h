// SPDX-License-Identifier: Apache-2.0
// The whole machine, DRAM to DRAM: elaborates the units of docs/machine.md and runs one machine program on them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hw/accelerator/accelerator.h"
#include "hw/accelerator/memory_config.h"
#include "hw/control/machine/record.h"
#include "hw/fused/fused_core.h"
#include "hw/fused/law.h"
#include "hw/isa/machine/program.h"

namespace fusesim::accelerator {

/// Called after a clock edge of the fused unit with what its registers were given in that cycle.
using FusedObserver =
    std::function<void(std::uint64_t cycle, const fused::FusedCore& core, const fused::CoreInputs& inputs)>;

struct MachineOptions {
  Fidelity fidelity = Fidelity::event;
  double clock_mhz = 1000;
  bool values = true;  ///< event only: move and compute values. Timing is the same without.
  /// event only: DMA and memory as modules that speak TLM-2.0 on SystemC's kernel, as in the other fidelities, rather
  /// than by their law alone. All results are the same.
  bool tlm = false;
  MemoryConfig memory;
  bool keep_tensors = false;  ///< Read the sections of MachineResult::tensors back from DRAM after the run.
  control::machine::Observer observer;
  /// stepped, rtl: registers are observed in cycles [window_begin, window_end) in which the array's clock runs.
  CycleObserver observe;
  std::uint64_t window_begin = 0, window_end = 0;
  /// rtl: makes the array's registers for a configuration. Passed in because hw does not know rtl.
  std::function<std::unique_ptr<array::ArrayModel>(const isa::ArrayConfig&)> make_rtl;
  /// rtl, programs with instructions of the fused block: likewise the fused unit's.
  std::function<std::unique_ptr<fused::FusedCore>(const isa::machine::FusedConfig&)> make_rtl_fused;
  /// stepped, rtl: as `observe`, in cycles in which the fused unit's clock runs.
  FusedObserver observe_fused;
  /// Without values: masks by chance, on which a fused unit's timing depends in mode elastic, and its survivors always.
  std::optional<fused::SyntheticMasks> synthetic_masks;
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
