// SPDX-License-Identifier: Apache-2.0
#include "sim/run/machine_run.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "hw/accelerator/machine.h"
#include "rtl/fused/verilated_fused_core.h"
#include "rtl/verilated_array.h"
#include "sim/run/wave_file.h"

namespace fusesim::run {

namespace {

void check_options(const isa::machine::Program& program, const MachineOptions& options) {
  const bool event = options.fidelity == accelerator::Fidelity::event;
  if (!options.values && !event) {
    throw OptionError(std::string("fidelity ") + accelerator::name(options.fidelity) +
                      " always computes values; leave out --timing-only or use --fidelity event");
  }
  if (options.waves && event) {
    throw OptionError("fidelity event has no registers to show; waveforms need --fidelity stepped or rtl");
  }
  if (options.values && !program.has_values()) {
    throw OptionError("the program was compiled for timing only and holds no weights; run it with --timing-only");
  }
}

}  // namespace

MachineRun run_machine(const isa::machine::Program& program, const config::MachineConfig& machine,
                       const MachineOptions& options) {
  check_options(program, options);
  const isa::machine::CoreConfig core = config::core_of(machine);
  accelerator::MachineOptions how;
  how.fidelity = options.fidelity;
  how.clock_mhz = machine.frequency_mhz;
  how.values = options.values;
  how.memory = machine.memory;
  how.keep_tensors = options.values;
  how.observer = options.observer;
  // A term survives when both ReLUs let pass.
  if (options.survival && !options.values) how.synthetic_masks = {.survival = *options.survival * *options.survival};
  const bool runs_fused = std::any_of(program.instructions.begin(), program.instructions.end(),
                                      [](const auto& instruction) { return instruction.is_fused(); });
  // Made before anything is written: they may not exist.
  std::unique_ptr<array::ArrayModel> verilated;
  std::unique_ptr<fused::FusedCore> verilated_fused;
  if (options.fidelity == accelerator::Fidelity::rtl) {
    verilated = std::make_unique<rtl::VerilatedArray>(core.array);
    if (runs_fused) verilated_fused = std::make_unique<rtl::VerilatedFusedCore>(core.fused);
  }
  how.make_rtl = [&](const isa::ArrayConfig&) { return std::move(verilated); };
  how.make_rtl_fused = [&](const isa::machine::FusedConfig&) { return std::move(verilated_fused); };
  std::optional<WaveFile> waves;
  if (options.waves) {
    waves.emplace(core.array, *options.waves, machine.frequency_mhz,
                  runs_fused ? std::optional(core.fused) : std::optional<isa::machine::FusedConfig>());
    if (runs_fused) how.observe_fused = waves->fused_observer();
    how.window_begin = waves->observed_begin();
    how.window_end = waves->observed_end();
    how.observe = waves->observer();
  }
  accelerator::MachineResult result = accelerator::run(program, core, how);
  MachineRun run;
  if (waves) {
    try {
      WaveFile::check_window(*options.waves, result.record.cycles);
      waves->close();
    } catch (...) {
      run.waves_failure = std::current_exception();
    }
  }
  run.account = make_account(program, core, result.record, result.tensors);
  run.record = std::move(result.record);
  return run;
}

}  // namespace fusesim::run
