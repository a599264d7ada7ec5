// SPDX-License-Identifier: Apache-2.0
// fusesim verify: the stepped model and the Verilated SystemVerilog in lockstep.
#include "sim/verify/verify.h"

#include <fmt/format.h>

#include <memory>
#include <ostream>

#include "hw/array/stepped_array.h"
#include "hw/isa/names.h"
#include "hw/waves/array_probe.h"
#include "rtl/verilated_array.h"
#include "sim/cli/command.h"
#include "sim/cli/numbers.h"

namespace fusesim::cli {
namespace {

struct Options {
  verify::Options run;
  std::uint32_t rows = 8, cols = 8;
  std::string accumulators = "pingpong", folds = "pipelined";
  std::uint32_t broadcast_stages = 0, registers_every = 0;
  bool no_fuse_links = false, no_stalls = false;
  std::string vcd = "verify";
};

constexpr std::uint64_t clocks_before = 64, clocks_after = 16;

isa::ArrayConfig array_of(const Options& options) {
  isa::ArrayConfig array;
  array.rows = options.rows;
  array.cols = options.cols;
  array.fuse_links = !options.no_fuse_links;
  array.broadcast_stages = options.broadcast_stages;
  try {
    array.accumulators = isa::value_in(isa::accumulator_names(), "--accumulators", options.accumulators);
    array.folds = isa::value_in(isa::fold_overlap_names(), "--folds", options.folds);
    isa::validate(array);
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
  return array;
}

/// Runs the same clocks again and writes what both models show around clock `mismatch`.
void write_waves(const Options& options, std::uint64_t mismatch) {
  const isa::ArrayConfig& array = options.run.array;
  const waves::Window window{mismatch > clocks_before ? mismatch - clocks_before : 0, mismatch + clocks_after};
  const waves::WaveScope scope = waves::parse_wave_scope("all", array);
  array::SteppedArray stepped(array);
  rtl::VerilatedArray rtl(array);
  waves::VcdWriter stepped_file(options.vcd + "_stepped.vcd", {}, window),
      rtl_file(options.vcd + "_rtl.vcd", {}, window);
  waves::ArrayProbe stepped_probe(stepped_file, array, scope), rtl_probe(rtl_file, array, scope);
  verify::Options again = options.run;
  again.max_clocks = window.end;
  again.max_mismatches = clocks_after;
  again.observe = [&](std::uint64_t clock, const array::EdgeInputs& in, const verify::Lockstep& lockstep) {
    if (clock + 1 < window.first) return;
    stepped_probe.sample(clock, stepped, in, lockstep.first_outputs());
    rtl_probe.sample(clock, rtl, in, lockstep.second_outputs());
  };
  static_cast<void>(verify::verify(again, stepped, rtl));
  stepped_file.close();
  rtl_file.close();
}

int run_verify(std::ostream& out, Options options) {
  const isa::ArrayConfig array = options.run.array = array_of(options);
  options.run.stalls = !options.no_stalls;
  // Large arrays: comparing accumulators and ports in every clock costs less than reading every register.
  const bool small = std::uint64_t{array.rows} * array.cols <= 64;
  options.run.registers_every = options.registers_every != 0 ? options.registers_every : small ? 1 : 16;

  array::SteppedArray stepped(array);
  rtl::VerilatedArray rtl(array);
  const verify::Report report = verify::verify(options.run, stepped, rtl);

  out << fmt::format("array       {}\n", isa::describe(array));
  out << fmt::format("cases       {} (seed {})\n", report.cases, options.run.seed);
  for (std::size_t k = 0; k < report.cases_of_dataflow.size(); ++k) {
    if (report.cases_of_dataflow[k] == 0) continue;
    out << fmt::format("  {:<20} {}\n", isa::name(static_cast<isa::Dataflow>(k)), report.cases_of_dataflow[k]);
  }
  out << fmt::format("folds       {}\n", report.folds);
  out << fmt::format("clocks      {} compared; {} of them stalled; every register compared in {}\n", report.clocks,
                     report.stalled_clocks, report.full_comparisons);
  out << fmt::format("sums        {} left the array, {} wrong\n", report.words, report.wrong_sums);
  out << fmt::format("mismatches  {}\n", report.mismatches);
  if (report.wrong_sums != 0) out << "first wrong sum: " << report.first_wrong_sum << '\n';
  if (report.first_mismatch) {
    out << fmt::format("first mismatch: clock {}: {}\n", report.first_mismatch->clock, report.first_mismatch->what);
    write_waves(options, report.first_mismatch->clock);
    out << fmt::format("waveforms around it: {0}_stepped.vcd, {0}_rtl.vcd\n", options.vcd);
  }
  return report.passed() ? 0 : 1;
}

const Registration verify_command(
    {31, "verify", "Compare the array with its RTL, register by register", [](CLI::App& app) -> Action {
       auto options = std::make_shared<Options>();
       add_whole(app, "--rows", options->rows, "Rows of the array", 1U, isa::ArrayConfig::max_side)->default_str("8");
       add_whole(app, "--cols", options->cols, "Columns of the array", 1U, isa::ArrayConfig::max_side)
           ->default_str("8");
       app.add_option("--accumulators", options->accumulators, "single or pingpong, per PE")
           ->type_name("KIND")
           ->capture_default_str();
       app.add_option("--folds", options->folds, "serial or pipelined")->type_name("KIND")->capture_default_str();
       add_whole(app, "--broadcast-stages", options->broadcast_stages, "Pipeline registers on each FuSe wire")
           ->default_str("0");
       app.add_flag("--no-fuse-links", options->no_fuse_links, "An array without FuSe wires");
       add_whole(app, "--cases", options->run.cases, "Random layers, run back to back", std::uint64_t{1})
           ->default_str(std::to_string(options->run.cases));
       app.add_option("--clocks", options->run.min_clocks, "Go on with further layers until this many are compared")
           ->type_name("N");
       add_whole(app, "--seed", options->run.seed, "Of layers, values and stalls")
           ->default_str(std::to_string(options->run.seed));
       app.add_flag("--no-stalls", options->no_stalls, "Never hold the global enable low");
       add_whole(app, "--registers-every", options->registers_every,
                 "Clocks between comparisons of every register (default 1 up to 64 PEs, else 16); ports and "
                 "accumulators are compared in every clock",
                 1U);
       app.add_option("--vcd", options->vcd,
                      "Waveforms around the first mismatch: PREFIX_stepped.vcd and PREFIX_rtl.vcd")
           ->type_name("PREFIX")
           ->capture_default_str();
       app.footer(
           "Exit status 1 when the two differ or a sum is wrong. Example:\n"
           "  fusesim verify --rows 8 --cols 8 --cases 2000 --seed 7");
       return [options](std::ostream& out) { return run_verify(out, *options); };
     }});

}  // namespace
}  // namespace fusesim::cli
