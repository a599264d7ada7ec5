// SPDX-License-Identifier: Apache-2.0
#include "sim/run/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <typeinfo>

#include "hw/isa/invalid_program.h"
#include "hw/isa/machine/trace.h"
#include "hw/isa/names.h"
#include "hw/isa/trace.h"
#include "hw/isa/write_file.h"
#include "hw/waves/vcd_writer.h"
#include "sim/cli/array_report.h"
#include "sim/cli/command.h"
#include "sim/cli/machine_report.h"
#include "sim/cli/program_options.h"
#include "sim/run/machine_run.h"
#include "sim/timeline/write_timeline.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::cli {
namespace {

struct Options {
  ProgramOptions program;
  std::string fidelity = "event";
  bool timing_only = false;
  std::string vcd, window, scope = "all", timeline;
  report::Format format = report::Format::table;
};

/// A trace when there is such a file or the name looks like a path, else a network.
bool is_trace(const std::string& name) {
  const auto networks = zoo::all_networks();
  if (std::find(networks.begin(), networks.end(), name) != networks.end()) return false;
  std::error_code unreadable;  // A link to itself, say: reading it will name the reason.
  return std::filesystem::exists(name, unreadable) || unreadable || name.find_first_of("./") != std::string::npos;
}

/// A trace has its array and mapping fixed; where it runs may be chosen.
void refuse_compile_options(const ProgramOptions& options) {
  if (any_compile_option(options)) {
    throw UsageError(
        options.network +
        ": a trace is already compiled for its array; leave out --variant, --array and the like, or name a network");
  }
}

isa::Program load_array_trace(const ProgramOptions& options) {
  isa::Program program = isa::read_trace(options.network);
  if (!any_machine_option(options)) return program;
  const config::MachineConfig machine = machine_of(options);
  if (machine.has_dram()) {
    throw UsageError(
        fmt::format("{}: a trace of the array alone says nothing of memory, but the machine has dram.standard = {}; "
                    "compile the network for this machine, or use --dram none",
                    options.network, machine.memory.standard));
  }
  if (machine.core.array != program.array) {
    throw UsageError(
        fmt::format("{}: compiled for array {}, but the machine has {}; compile the network for this machine",
                    options.network, describe(program.array), describe(machine.core.array)));
  }
  return program;
}

/// The machine that a machine's trace runs on: the one that is named, or the one it was compiled for, on DDR4-2400 or
/// the memory that options ask for.
config::MachineConfig machine_for(const isa::machine::Program& program, const ProgramOptions& options) {
  config::MachineConfig machine;
  if (options.machine.empty()) {
    machine.core = program.core;
    machine.memory.standard = accelerator::MemoryConfig{}.standard;
    machine = machine_of(options, machine);
  } else {
    machine = machine_of(options);
  }
  if (!machine.has_dram()) {
    throw UsageError(options.network +
                     ": the trace moves tensors from and to DRAM, but the machine has dram.standard = none; add --dram "
                     "DDR4-2400 or name another machine");
  }
  return machine;
}

accelerator::Fidelity parse_fidelity(const std::string& text) {
  std::vector<std::string_view> valid;
  for (const auto fidelity :
       {accelerator::Fidelity::event, accelerator::Fidelity::stepped, accelerator::Fidelity::rtl}) {
    if (text == name(fidelity)) return fidelity;
    valid.emplace_back(name(fidelity));
  }
  try {
    isa::throw_unknown_name("--fidelity", text, valid);
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
}

std::optional<run::Waves> waves_of(const Options& options) {
  if (options.vcd.empty()) {
    if (!options.window.empty()) throw UsageError("--vcd-window needs --vcd FILE");
    return std::nullopt;
  }
  run::Waves waves;
  waves.file = options.vcd;
  waves.scope = options.scope;
  if (options.window.empty())
    throw UsageError("--vcd needs --vcd-window FIRST:END, in cycles; write for instance 0:500");
  try {
    const waves::Window window = waves::parse_window(options.window);
    waves.begin = window.first;
    waves.end = window.end;
  } catch (const std::invalid_argument& error) {
    throw UsageError(std::string("--vcd-window: ") + error.what());
  }
  refuse_overwrite("--vcd", options.program.network, options.vcd);
  return waves;
}

/// The result stands when a file beside it could not be written: only after it is printed does that end the program.
void rethrow_after(std::ostream& out, const std::exception_ptr& failure) {
  if (!failure) return;
  out.flush();
  std::rethrow_exception(failure);
}

int run_array(std::ostream& out, const Options& options, const isa::Program& program) {
  if (!options.timeline.empty()) {
    throw UsageError(
        "--timeline needs a machine with a DRAM, such as --machine fuseconv-64x64-ddr4 or --dram DDR4-2400: on the "
        "array "
        "alone there are no units to show");
  }
  run::Options how;
  how.fidelity = parse_fidelity(options.fidelity);
  how.values = !options.timing_only;
  how.waves = waves_of(options);
  how.clock_mhz = machine_of(options.program).frequency_mhz;
  const run::Result result = run::run(program, how);
  print_run(out, options.format, program, result, options.fidelity, how.values, how.clock_mhz);
  rethrow_after(out, result.waves_failure);
  return 0;
}

/// Whether the program's cycles depend on which values predicted ReLUs let pass.
bool depends_on_masks(const isa::machine::Program& program, const config::MachineConfig& machine) {
  return machine.core.fused.mode == isa::machine::FusedMode::elastic &&
         std::any_of(program.instructions.begin(), program.instructions.end(), [](const auto& instruction) {
           return std::holds_alternative<isa::machine::FusedAccumulate>(instruction.work);
         });
}

/// Errors of the program, which only a run finds, begin with its file's name; those of other classes are not its own.
run::MachineRun run_named(const std::string& file, const isa::machine::Program& program,
                          const config::MachineConfig& machine, const run::MachineOptions& how) {
  try {
    return run::run_machine(program, machine, how);
  } catch (const std::runtime_error& error) {
    if (typeid(error) != typeid(std::runtime_error)) throw;
    throw std::runtime_error(fmt::format("{}: {}", file, error.what()));
  }
}

int run_whole(std::ostream& out, const Options& options, const isa::machine::Program& program,
              const config::MachineConfig& machine) {
  run::MachineOptions how;
  how.fidelity = parse_fidelity(options.fidelity);
  how.values = !options.timing_only;
  if (options.timing_only && depends_on_masks(program, machine)) {
    how.survival = survival_of(options.program);
    std::cerr << fmt::format(
        "fusesim: without values the masks of predicted ReLUs are made up: each passes by chance, {} of the time\n",
        *how.survival);
  }
  how.waves = waves_of(options);
  if (how.waves && how.fidelity == accelerator::Fidelity::event) {
    if (options.timing_only) throw UsageError("--vcd shows values; leave out --timing-only");
    std::cerr << "fusesim: event fidelity has no registers to show: running at stepped fidelity, which takes longer\n";
    how.fidelity = accelerator::Fidelity::stepped;
  }
  std::optional<timeline::TimelineCollector> timeline;
  if (!options.timeline.empty()) {
    refuse_overwrite("--timeline", options.program.network, options.timeline);
    how.observer = timeline.emplace().observer();
  }
  const run::MachineRun run = run_named(options.program.network, program, machine, how);
  std::exception_ptr failure = run.waves_failure;
  try {
    if (timeline) timeline::write_timeline(options.timeline, program, run.record, *timeline, machine.frequency_mhz);
  } catch (...) {
    if (!failure) failure = std::current_exception();
  }
  print_run(out, options.format, program, machine, run.account, accelerator::name(how.fidelity));
  rethrow_after(out, failure);
  return 0;
}

int run_trace(std::ostream& out, const Options& options) {
  refuse_compile_options(options.program);
  if (!options.program.survival.empty() && !options.timing_only) {
    throw UsageError("--survival: a trace has its predictors; give it with --timing-only, where masks are made up");
  }
  if (isa::trace_kind(options.program.network) == isa::ProgramKind::array) {
    return run_array(out, options, load_array_trace(options.program));
  }
  const isa::machine::Program program = isa::machine::read_trace(options.program.network);
  const config::MachineConfig machine = machine_for(program, options.program);
  try {
    isa::machine::validate(program, config::core_of(machine));
  } catch (const isa::InvalidProgram& error) {
    throw UsageError(fmt::format("{}: {}", options.program.network, error.what()));
  }
  if (options.program.survival.empty() && depends_on_masks(program, machine)) {
    if (!program.has_values()) {
      throw UsageError(fmt::format(
          "{}: compiled for timing only, it holds no weights to compute what predicted ReLUs let pass, on which its "
          "cycles depend; run it with --timing-only --survival SHARE, for masks made up by chance",
          options.program.network));
    }
    if (options.timing_only) {
      throw UsageError(fmt::format(
          "{}: its cycles depend on what predicted ReLUs let pass, which --timing-only does not compute; leave it out, "
          "or give --survival SHARE for masks made up by chance",
          options.program.network));
    }
  }
  warn_of_unstored(options.program.network, program);
  return run_whole(out, options, program, machine);
}

int run_network(std::ostream& out, const Options& options) {
  const config::MachineConfig machine = machine_of(options.program);
  if (!machine.has_dram()) return run_array(out, options, compile(options.program));
  return run_whole(out, options, compile_whole(options.program, machine, !options.timing_only).program, machine);
}

int run_program(std::ostream& out, const Options& options) {
  for (const std::string& file : {options.vcd, options.timeline}) {
    if (!file.empty()) isa::check_writable(file);
  }
  try {
    return is_trace(options.program.network) ? run_trace(out, options) : run_network(out, options);
  } catch (const run::OptionError& error) {
    throw UsageError(error.what());
  }
}

const Registration run_command(
    {30, "run", "Run a trace or a network on the machine", [](CLI::App& app) -> Action {
       auto options = std::make_shared<Options>();
       app.add_option("TRACE|NETWORK", options->program.network, "Trace file, or a network to compile first")
           ->required()
           ->type_name("");
       add_program_options(app, options->program);
       app.add_option(
              "--fidelity", options->fidelity,
              "event: by the timing law, fastest; stepped: every register every clock; rtl: the Verilated array "
              "(default event; all three agree)")
           ->type_name("KIND");
       app.add_flag("--timing-only", options->timing_only,
                    "Do not compute values (event fidelity); masks of an elastic fused unit are made up");
       app.add_option("--vcd", options->vcd, "Write waveforms to this file")->type_name("FILE");
       app.add_option("--vcd-window", options->window, "Cycles to write, END excluded")->type_name("FIRST:END");
       app.add_option(
              "--vcd-scope", options->scope,
              "Signals to write: all, ports, or PEs such as pe[0:3][0:3]; several joined by commas (default all)")
           ->type_name("SCOPE");
       app.add_option("--timeline", options->timeline,
                      "Write when each unit of the machine does what, for ui.perfetto.dev (machines with a DRAM)")
           ->type_name("FILE");
       add_format_option(app, options->format);
       app.footer(
           "A machine with a DRAM (--machine fuseconv-64x64-ddr4, or --dram) runs the network from DRAM to DRAM with "
           "every\n"
           "stall accounted for; without one the array alone is timed, on ideal memory.\n"
           "Examples: fusesim run mobilenet_v2 --variant fuse_half --array 32x32\n"
           "          fusesim run mobilenet_v2 --dram DDR4-2400 --timeline v2.json\n"
           "          fusesim run fusionet_c10 --machine archon-8x8 --fused\n"
           "          fusesim run v2.trace --vcd v2.vcd --vcd-window 1000:1400 --vcd-scope 'pe[0:3][0:3],ports'");
       return [options](std::ostream& out) { return run_program(out, *options); };
     }});

}  // namespace
}  // namespace fusesim::cli
