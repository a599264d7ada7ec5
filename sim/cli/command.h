// SPDX-License-Identifier: Apache-2.0
// How a subcommand joins the program: a file of its own in sim/cli with a Registration, and a line
// fusesim_command(FILE DEPENDS ...) in CMakeLists.txt. networks.cpp is an example.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <iosfwd>
#include <stdexcept>
#include <string>

#include "sim/report/table.h"

namespace fusesim::cli {

/// A mistake in how the program was called: exit status 2. Any other std::exception is exit status 1.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Does the work after the command line has been read; returns the exit status. `out` is standard output, checked for
/// write errors by the caller: an action need not.
using Action = std::function<int(std::ostream& out)>;

struct Command {
  int order;            ///< Place in the help: workloads 10-19, programs 20-29, runs 30-39.
  const char* name;     ///< As typed.
  const char* summary;  ///< One line of help.
  /// Adds options and arguments to the subcommand's App and returns what to do. Values that options fill must live in
  /// the action (a shared_ptr it captures). More help: App::footer.
  Action (*declare)(CLI::App& app);
};

/// Define one at namespace scope.
class Registration {
 public:
  explicit Registration(const Command& command);
};

/// Throws UsageError when writing `output` would replace `input`, the file that is being read.
void refuse_overwrite(const char* option, const std::string& input, const std::string& output);

/// Declares `--format table|csv|json`, default table; `format` must live as long as the App.
void add_format_option(CLI::App& app, report::Format& format);

/// Runs the program on a command line and returns the exit status: 0, what the action returned, 1 when it failed or
/// standard output could not be written, 2 when the command line is wrong.
int run(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

}  // namespace fusesim::cli
