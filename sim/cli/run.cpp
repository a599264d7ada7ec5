// SPDX-License-Identifier: Apache-2.0
#include "sim/run/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "hw/isa/names.h"
#include "hw/isa/trace.h"
#include "hw/waves/vcd_writer.h"
#include "sim/cli/command.h"
#include "sim/cli/program_options.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::cli {
namespace {

struct Options {
  ProgramOptions program;
  std::string fidelity = "event";
  bool timing_only = false;
  std::string vcd, window, scope = "all";
  report::Format format = report::Format::table;
};

/// A trace when there is such a file or the name looks like a path, else a network.
bool is_trace(const std::string& name) {
  const auto networks = zoo::networks();
  if (std::find(networks.begin(), networks.end(), name) != networks.end()) return false;
  std::error_code unreadable;  // A link to itself, say: reading it will name the reason.
  return std::filesystem::exists(name, unreadable) || unreadable || name.find_first_of("./") != std::string::npos;
}

isa::Program load(const Options& options) {
  if (!is_trace(options.program.network)) return compile(options.program);
  if (any_compile_option(options.program)) {
    throw UsageError(
        options.program.network +
        ": a trace is already compiled for its array; leave out --variant, --array and the like, or name a network");
  }
  isa::Program program = isa::read_trace(options.program.network);
  if (!options.program.machine.empty() || !options.program.overrides.empty()) {
    const isa::ArrayConfig wanted = machine_of(options.program).core.array;
    if (wanted != program.array) {
      throw UsageError(
          fmt::format("{}: compiled for array {}, but the machine has {}; compile the network for this machine",
                      options.program.network, describe(program.array), describe(wanted)));
    }
  }
  return program;
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

std::string hex(std::uint64_t digest) {
  return fmt::format("{:016x}", digest);
}

void print_json(std::ostream& out, const isa::Program& program, const run::Result& result, const Options& options,
                double mhz) {
  using nlohmann::ordered_json;
  auto breakdown = [](const control::CycleBreakdown& b) {
    return ordered_json{{"compute", b.compute}, {"fill", b.fill}, {"drain", b.drain}, {"idle", b.idle}};
  };
  ordered_json layers = ordered_json::array();
  for (const run::LayerResult& layer : result.layers) {
    ordered_json entry{{"name", layer.name},
                       {"dataflow", isa::name(layer.dataflow)},
                       {"lines_per_row", layer.lines_per_row},
                       {"start", layer.timing.start},
                       {"end", layer.timing.end},
                       {"cycles", layer.timing.cycles.total()},
                       {"folds", layer.timing.folds},
                       {"macs", layer.timing.macs},
                       {"utilization", layer.utilization},
                       {"breakdown", breakdown(layer.timing.cycles)}};
    if (!options.timing_only) entry["digest"] = hex(layer.digest);
    layers.push_back(std::move(entry));
  }
  const isa::ArrayConfig& array = program.array;
  ordered_json document{{"network", program.network},
                        {"array", isa::describe(array)},
                        {"rows", array.rows},
                        {"cols", array.cols},
                        {"accumulators", isa::name_in(isa::accumulator_names(), array.accumulators)},
                        {"folds", isa::name_in(isa::fold_overlap_names(), array.folds)},
                        {"fuse_links", array.fuse_links},
                        {"broadcast_stages", array.broadcast_stages},
                        {"memory", "ideal"},
                        {"frequency_mhz", mhz},
                        {"fidelity", options.fidelity},
                        {"cycles", result.cycles},
                        {"macs", result.macs},
                        {"utilization", result.utilization},
                        {"breakdown", breakdown(result.breakdown)}};
  if (!options.timing_only) document["digest"] = hex(result.digest);
  document["layers"] = std::move(layers);
  out << document.dump(2) << '\n';
}

report::Table layer_table(const isa::Program& program, const run::Result& result, const Options& options, double mhz) {
  report::Table table(fmt::format("{} on {}, {} fidelity, ideal memory", program.network, isa::describe(program.array),
                                  options.fidelity),
                      {{"layer", "", "Layer"},
                       {"dataflow", "", "How the layer is laid on the array"},
                       {"lines_per_row", "", "Image lines side by side in an array row (row packing)"},
                       {"start", "cycle", "First operand enters"},
                       {"end", "cycle", "Last sum has left"},
                       {"cycles", "", "Cycles booked on the layer: from its start to the next layer's"},
                       {"folds", "", "Times the array was filled"},
                       {"macs", "", "Useful multiply-accumulates"},
                       {"utilization", "", "macs / (rows * cols * cycles)", 4},
                       {"compute", "cycles", "Sums grow"},
                       {"fill", "cycles", "Operands are on their way to their PEs"},
                       {"drain", "cycles", "Sums move down and nothing else happens"},
                       {"idle", "cycles", "Nothing moves"},
                       {"digest", "", "XXH3 of the layer's int32 sums", 3, true}});
  auto row = [&](const std::string& label, const std::string& dataflow, report::Cell lines, std::uint64_t start,
                 std::uint64_t end, std::uint64_t folds, std::uint64_t macs, double use,
                 const control::CycleBreakdown& b, std::uint64_t digest) {
    table.add_row({label, dataflow, lines, start, end, b.total(), folds, macs, use, b.compute, b.fill, b.drain, b.idle,
                   options.timing_only ? report::Cell{} : report::Cell{hex(digest)}});
  };
  std::uint64_t folds = 0;
  for (const run::LayerResult& layer : result.layers) {
    row(layer.name, isa::name(layer.dataflow), std::uint64_t{layer.lines_per_row}, layer.timing.start, layer.timing.end,
        layer.timing.folds, layer.timing.macs, layer.utilization, layer.timing.cycles, layer.digest);
    folds += layer.timing.folds;
  }
  if (options.format == report::Format::table) {
    row("total", "", {}, 0, result.cycles, folds, result.macs, result.utilization, result.breakdown, result.digest);
    table.add_note(fmt::format("{} cycles, {:.3f} ms at {} MHz. compute + fill + drain + idle = cycles.", result.cycles,
                               static_cast<double>(result.cycles) / mhz / 1000, mhz));
    if (!options.timing_only) table.add_note("Digest of all sums: " + hex(result.digest));
  }
  return table;
}

int run_program(std::ostream& out, const Options& options) {
  run::Options how;
  how.fidelity = parse_fidelity(options.fidelity);
  how.values = !options.timing_only;
  if (!options.vcd.empty()) {
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
    how.waves = waves;
  } else if (!options.window.empty()) {
    throw UsageError("--vcd-window needs --vcd FILE");
  }
  const isa::Program program = load(options);
  how.clock_mhz = machine_of(options.program).frequency_mhz;
  run::Result result;
  try {
    result = run::run(program, how);
  } catch (const run::OptionError& error) {
    throw UsageError(error.what());
  }
  if (options.format == report::Format::json) {
    print_json(out, program, result, options, how.clock_mhz);
  } else {
    report::write(out, layer_table(program, result, options, how.clock_mhz), options.format);
  }
  return 0;
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
       app.add_flag("--timing-only", options->timing_only, "Do not compute values (event fidelity)");
       app.add_option("--vcd", options->vcd, "Write waveforms to this file")->type_name("FILE");
       app.add_option("--vcd-window", options->window, "Cycles to write, END excluded")->type_name("FIRST:END");
       app.add_option(
              "--vcd-scope", options->scope,
              "Signals to write: all, ports, or PEs such as pe[0:3][0:3]; several joined by commas (default all)")
           ->type_name("SCOPE");
       add_format_option(app, options->format);
       app.footer(
           "Examples: fusesim run mobilenet_v2 --variant fuse_half --array 32x32\n"
           "          fusesim run v2.trace --vcd v2.vcd --vcd-window 1000:1400 --vcd-scope 'pe[0:3][0:3],ports'");
       return [options](std::ostream& out) { return run_program(out, *options); };
     }});

}  // namespace
}  // namespace fusesim::cli
