// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <ostream>
#include <string>

#include "hw/isa/machine/text.h"
#include "hw/isa/machine/trace.h"
#include "hw/isa/text.h"
#include "hw/isa/trace.h"
#include "hw/isa/write_file.h"
#include "sim/cli/command.h"

namespace fusesim::cli {
namespace {

struct Options {
  std::string input, output;
};

std::string text_of(const std::string& path) {
  if (isa::trace_kind(path) == isa::ProgramKind::machine) {
    return isa::machine::disassemble(isa::machine::read_trace(path));
  }
  return isa::disassemble(isa::read_trace(path));
}

int print_text(std::ostream& out, const Options& options) {
  refuse_overwrite("--output", options.input, options.output);
  const std::string text = text_of(options.input);
  if (options.output.empty()) {
    out << text;
  } else {
    isa::write_file(options.output, text);
  }
  return 0;
}

const Registration disasm_command(
    {21, "disasm", "Print a trace as text", [](CLI::App& app) -> Action {
       auto options = std::make_shared<Options>();
       app.add_option("FILE", options->input, "Trace to read")->required()->type_name("");
       app.add_option("-o,--output", options->output, "Where to write (default standard output)")->type_name("FILE");
       app.footer("Example: fusesim disasm v2.trace -o v2.fasm");
       return [options](std::ostream& out) { return print_text(out, *options); };
     }});

}  // namespace
}  // namespace fusesim::cli
