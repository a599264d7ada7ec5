// SPDX-License-Identifier: Apache-2.0
// Runs a machine program, DRAM to DRAM.
#pragma once

#include <exception>
#include <optional>

#include "hw/accelerator/accelerator.h"
#include "hw/control/machine/record.h"
#include "hw/isa/machine/program.h"
#include "sim/config/machine_config.h"
#include "sim/run/machine_account.h"
#include "sim/run/waves.h"

namespace fusesim::run {

struct MachineOptions {
  accelerator::Fidelity fidelity = accelerator::Fidelity::event;
  /// Only event fidelity can do without; cycles are the same, but for predicted blocks on an elastic fused unit.
  bool values = true;
  /// Without values: the share of values that each predicted ReLU lets pass, by chance. Programs with predicted blocks
  /// need it on an elastic fused unit.
  std::optional<double> survival = {};
  std::optional<Waves>
      waves;  ///< Fidelity stepped or rtl. Cycles in which the array's clock stands still show nothing.
  control::machine::Observer observer;
};

struct MachineRun {
  control::machine::Record record;
  MachineAccount account;
  std::exception_ptr waves_failure = nullptr;  ///< Why there is no waveform at the end; the run stands all the same.
};

/// Runs `program` on `machine`, which has a DRAM. Throws OptionError when options do not fit each other or the program,
/// isa::InvalidProgram when the program does not fit the machine, and what accelerator::run() throws. A waveform
/// appears under its name only when the run has ended well and the window had something to show; that it had not is a
/// waves_failure.
[[nodiscard]] MachineRun run_machine(const isa::machine::Program& program, const config::MachineConfig& machine,
                                     const MachineOptions& options);

}  // namespace fusesim::run
