// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "sim/cli/command.h"
#include "sim/sweep/session.h"

namespace fusesim::cli {
namespace {

std::atomic<bool> stop_requested = false;
std::atomic<int> stop_signal = 0;
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free,
              "a signal handler may touch nothing else");

extern "C" void request_stop(int signal) {
  stop_signal = signal;
  stop_requested = true;
}

/// The first interrupt lets the points under way end; SA_RESETHAND makes a second one end the program at once.
void listen_for_interrupts() {
  struct sigaction action {};
  action.sa_handler = request_stop;
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
}

int sweep_status(const sweep::Request& request, std::ostream& out) {
  listen_for_interrupts();
  try {
    const auto ending = sweep::run_session(request, out, std::cerr, isatty(STDERR_FILENO) == 1, stop_requested);
    return ending == sweep::Ending::finished ? 0 : 128 + stop_signal;
  } catch (const sweep::UsageError& error) {
    throw UsageError(error.what());
  }
}

Action declare(CLI::App& app) {
  auto request = std::make_shared<sweep::Request>();
  auto& axes = request->axes;
  app.add_option_function<std::string>(
         "--paper", [request](const std::string& name) { request->paper = name; },
         "Instead of a sweep: a paper's speedups beside ours; fuseconv or archon")
      ->type_name("NAME");
  std::vector<const CLI::Option*> axis_options;
  const auto axis = [&](const char* option, std::string& value, const char* help) {
    axis_options.push_back(app.add_option(option, value, help)->type_name("LIST")->capture_default_str());
  };
  axis("--networks", axes.networks, "all (of the FuSeConv study), or names");
  axis("--variants", axes.variants, "all, or names; a network without one leaves it out");
  axis("--arrays", axes.arrays, "Sizes: 64 or ROWSxCOLS");
  axis("--models", axes.models, "simulated, authors-released, authors-2020, scale-sim-v3");
  axis("--accumulators", axes.accumulators, "single, pingpong");
  axis("--folds", axes.folds, "serial, pipelined");
  axis("--dw-mapping", axes.dw_mapping, "column, row, broadcast");
  axis("--fuse-links", axes.fuse_links, "yes, no");
  axis("--packing", axes.packing, "yes, no");
  axis("--dram", axes.dram, "none (ideal, the default), fixed, DDR4-2400, LPDDR4-3200, HBM2-2000");
  axis("--bandwidth", axes.bandwidth, "Fixed memories of so many 10^9 bytes a second, beside those of --dram");
  axis("--scratchpad", axes.scratchpad, "With a DRAM: all bytes, as in 1MiB (the default), or 256KiB/256KiB/512KiB");
  add_format_option(app, request->format);
  axis_options.push_back(
      app.add_option("--columns", request->columns, "Columns to print, as CSV names them (default: the usual ones)")
          ->type_name("LIST"));
  app.add_option("--out", request->out_directory,
                 "Directory for CSV, JSON, figures (SVG, PNG; archon has none) and the journal an interrupted sweep "
                 "continues from")
      ->type_name("DIR");
  app.add_flag_callback(
      "--no-figures", [request] { request->figures = false; }, "With --out: draw nothing");
  app.add_option("--threads", request->threads, "Default: all cores")->check(CLI::Range(1U, 1024U))->type_name("N");
  app.footer(
      "Lists are separated by commas. Combinations without meaning are left out and counted below the table.\n"
      "Examples: fusesim sweep --networks mobilenet_v2 --arrays 32,64,48x96 --dw-mapping column,row,broadcast\n"
      "          fusesim sweep --networks mobilenet_v2 --arrays 64 --folds pipelined --dram "
      "none,DDR4-2400,LPDDR4-3200\n"
      "          fusesim sweep --paper fuseconv --out results");
  return [request, axis_options](std::ostream& out) {
    for (const CLI::Option* option : axis_options) {
      if (request->paper && option->count() > 0) {
        throw UsageError("--paper chooses its own points; leave out " + option->get_name());
      }
    }
    return sweep_status(*request, out);
  };
}

const Registration sweep_command({31, "sweep", "Speedups over networks, variants, array sizes and models", declare});

}  // namespace
}  // namespace fusesim::cli
