// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <ostream>
#include <system_error>

#include "hw/isa/trace.h"
#include "hw/isa/write_file.h"
#include "sim/cli/command.h"
#include "sim/cli/program_options.h"

namespace fusesim::cli {
namespace {

struct Options {
  ProgramOptions program;
  std::string output;
};

int write_compiled(std::ostream& out, const Options& options) {
  const isa::Program program = compile(options.program);
  const std::string bytes = isa::encode_trace(program);
  isa::write_file(options.output, bytes);
  // Written to a pipe, the trace must stay alone.
  std::error_code ignored;
  if (std::filesystem::is_regular_file(options.output, ignored)) {
    out << fmt::format("{}: {} instructions, {} bytes, for array {}\n", options.output, program.instructions.size(),
                       bytes.size(), describe(program.array));
  }
  return 0;
}

const Registration compile_command(
    {20, "compile", "Compile a network into a trace", [](CLI::App& app) -> Action {
       auto options = std::make_shared<Options>();
       app.add_option("NETWORK", options->program.network, "Network, as listed by `fusesim networks`")
           ->required()
           ->type_name("");
       add_program_options(app, options->program);
       app.add_option("-o,--output", options->output, "Trace to write")->required()->type_name("FILE");
       app.footer("Example: fusesim compile mobilenet_v2 --variant fuse_half --array 32x32 -o v2.trace");
       return [options](std::ostream& out) { return write_compiled(out, *options); };
     }});

}  // namespace
}  // namespace fusesim::cli
