// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <ostream>
#include <system_error>

#include "hw/isa/text.h"
#include "hw/isa/trace.h"
#include "sim/cli/command.h"

namespace fusesim::cli {
namespace {

struct Options {
  std::string input, output;
};

std::string read_text(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text;
  if (file && !std::filesystem::is_directory(path)) text.assign(std::istreambuf_iterator<char>(file), {});
  if (!file || file.bad() || std::filesystem::is_directory(path)) {
    throw std::runtime_error(
        fmt::format("{}: cannot read: {}", path, std::generic_category().message(errno != 0 ? errno : EISDIR)));
  }
  return text;
}

const Registration asm_command(
    {22, "asm", "Make a trace of its text form", [](CLI::App& app) -> Action {
       auto options = std::make_shared<Options>();
       app.add_option("FILE", options->input, "Text to read, as `fusesim disasm` prints it")->required()->type_name("");
       app.add_option("-o,--output", options->output, "Trace to write")->required()->type_name("FILE");
       app.footer("Example: fusesim asm v2.fasm -o v2.trace");
       return [options](std::ostream&) {
         isa::write_trace(options->output, isa::assemble(read_text(options->input), options->input));
         return 0;
       };
     }});

}  // namespace
}  // namespace fusesim::cli
