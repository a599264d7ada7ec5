// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <ostream>
#include <string>

#include "hw/isa/machine/text.h"
#include "hw/isa/machine/trace.h"
#include "hw/isa/read_file.h"
#include "hw/isa/text.h"
#include "hw/isa/trace.h"
#include "sim/cli/command.h"
#include "sim/cli/machine_report.h"

namespace fusesim::cli {
namespace {

struct Options {
  std::string input, output;
};

int make_trace(const Options& options) {
  refuse_overwrite("--output", options.input, options.output);
  const std::string text = isa::read_file(options.input);
  if (isa::text_kind(text) == isa::ProgramKind::machine) {
    const isa::machine::Program program = isa::machine::assemble(text, options.input);
    isa::machine::write_trace(options.output, program);
    warn_of_unstored(options.input, program);
  } else {
    isa::write_trace(options.output, isa::assemble(text, options.input));
  }
  return 0;
}

const Registration asm_command(
    {22, "asm", "Make a trace of its text form", [](CLI::App& app) -> Action {
       auto options = std::make_shared<Options>();
       app.add_option("FILE", options->input, "Text to read, as `fusesim disasm` prints it")->required()->type_name("");
       app.add_option("-o,--output", options->output, "Trace to write")->required()->type_name("FILE");
       app.footer("Example: fusesim asm v2.fasm -o v2.trace");
       return [options](std::ostream&) { return make_trace(*options); };
     }});

}  // namespace
}  // namespace fusesim::cli
