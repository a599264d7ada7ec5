// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <ostream>
#include <system_error>

#include "hw/isa/machine/trace.h"
#include "hw/isa/trace.h"
#include "hw/isa/write_file.h"
#include "sim/cli/command.h"
#include "sim/cli/machine_report.h"
#include "sim/cli/program_options.h"
#include "sim/config/scratchpads.h"

namespace fusesim::cli {
namespace {

struct Options {
  ProgramOptions program;
  std::string output;
  bool plan = false, timing_only = false;
  report::Format format = report::Format::table;
};

/// Writes a trace, and says what it holds unless it went into a pipe, where it must stay alone.
void write(std::ostream& out, const Options& options, const std::string& bytes, std::size_t instructions,
           const std::string& machine) {
  isa::write_file(options.output, bytes);
  std::error_code ignored;
  if (!options.plan && std::filesystem::is_regular_file(options.output, ignored)) {
    out << fmt::format("{}: {} instructions, {} bytes, for {}\n", options.output, instructions, bytes.size(), machine);
  }
}

int compile_for_array(std::ostream& out, const Options& options) {
  if (options.plan) {
    throw UsageError(
        "--plan needs a machine with a DRAM, such as --machine fuseconv-64x64-ddr4 or --dram DDR4-2400: for the array "
        "alone nothing is planned");
  }
  if (options.timing_only) throw UsageError("--timing-only needs a machine with a DRAM: array traces hold no values");
  const isa::Program program = compile(options.program);
  write(out, options, isa::encode_trace(program), program.instructions.size(), "array " + describe(program.array));
  return 0;
}

int write_compiled(std::ostream& out, const Options& options) {
  if (options.output.empty() && !options.plan) throw UsageError("--output is required unless --plan is given");
  const config::MachineConfig machine = machine_of(options.program);
  if (!machine.has_dram()) return compile_for_array(out, options);
  const bool values = !options.timing_only && !options.output.empty();
  const tile::Compiled compiled = compile_whole(options.program, machine, values);
  const isa::machine::Program& program = compiled.program;
  if (!options.output.empty()) {
    write(out, options, isa::machine::encode_trace(program), program.instructions.size(),
          fmt::format("array {}, scratchpads {}", describe(program.core.array),
                      config::text(config::scratchpads(program.core))));
  }
  if (options.plan) print_plan(out, options.format, compiled, machine);
  return 0;
}

const Registration compile_command(
    {20, "compile", "Compile a network into a trace", [](CLI::App& app) -> Action {
       auto options = std::make_shared<Options>();
       app.add_option("NETWORK", options->program.network, "Network, as listed by `fusesim networks`")
           ->required()
           ->type_name("");
       add_program_options(app, options->program);
       app.add_option("-o,--output", options->output, "Trace to write")->type_name("FILE");
       app.add_flag("--timing-only", options->timing_only,
                    "Leave weights and input out of a machine's trace: it can be timed, not computed");
       app.add_flag("--plan", options->plan,
                    "Print how layers are cut into tiles, planned DRAM traffic and estimated cycles (machines with a "
                    "DRAM)");
       add_format_option(app, options->format);
       app.footer(
           "For a machine with a DRAM the trace holds the whole program, DRAM to DRAM; else that of the array alone.\n"
           "Examples: fusesim compile mobilenet_v2 --variant fuse_half --array 32x32 -o v2.trace\n"
           "          fusesim compile mobilenet_v2 --machine fuseconv-64x64-ddr4 --plan");
       return [options](std::ostream& out) { return write_compiled(out, *options); };
     }});

}  // namespace
}  // namespace fusesim::cli
