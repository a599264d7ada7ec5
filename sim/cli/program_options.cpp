// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/program_options.h"

#include <fmt/format.h>

#include <charconv>

#include "hw/isa/names.h"
#include "sim/cli/command.h"
#include "workloads/graph/graph.h"
#include "workloads/lower/lower.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::cli {

namespace {

constexpr std::pair<std::string_view, isa::Dataflow> kMappings[] = {
    {"column", isa::Dataflow::depthwise_column},
    {"row", isa::Dataflow::depthwise_row},
    {"broadcast", isa::Dataflow::depthwise_broadcast},
};

bool parse_number(std::string_view text, std::uint32_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

/// "RxC".
void parse_sides(const std::string& text, isa::ArrayConfig& array) {
  const std::size_t times = text.find('x');
  if (times == std::string::npos || !parse_number(std::string_view(text).substr(0, times), array.rows) ||
      !parse_number(std::string_view(text).substr(times + 1), array.cols)) {
    throw UsageError(fmt::format("--array '{}' is not of the form ROWSxCOLS; write for instance 64x64", text));
  }
}

}  // namespace

void add_program_options(CLI::App& app, ProgramOptions& options) {
  app.add_option("--variant", options.variant,
                 "baseline, fuse_full, fuse_half, fuse_full_50 or fuse_half_50 (default baseline)")
      ->type_name("VARIANT");
  app.add_option("--machine", options.machine, "Preset or TOML file of the machine (default fuseconv-64x64)")
      ->type_name("NAME|FILE");
  app.add_option("--set", options.overrides, "Override a key of the machine, for instance array.rows=32; may repeat")
      ->type_name("KEY=VALUE");
  app.add_option("--array", options.array, "Rows and columns of the array")->type_name("RxC");
  app.add_option("--accumulators", options.accumulators, "single or pingpong, per PE")->type_name("KIND");
  app.add_option("--folds", options.folds, "serial or pipelined")->type_name("KIND");
  app.add_option("--broadcast-stages", options.broadcast_stages, "Pipeline registers on each FuSe wire")
      ->type_name("N");
  app.add_flag("--no-fuse-links", options.no_fuse_links,
               "An array without FuSe wires; 1xK and Kx1 layers run as depthwise");
  app.add_option("--dw-mapping", options.mapping, "How depthwise layers run: column, row or broadcast (default column)")
      ->type_name("MAPPING");
  app.add_flag("--no-packing", options.no_packing, "One line per array row in FuSe dataflows");
  app.add_option("--seed", options.seed, "Seed of the generated inputs and weights (default 1)")->type_name("N");
}

bool any_compile_option(const ProgramOptions& options) {
  return !options.variant.empty() || !options.array.empty() || !options.accumulators.empty() ||
         !options.folds.empty() || !options.mapping.empty() || !options.broadcast_stages.empty() ||
         options.no_fuse_links || options.no_packing || options.seed != 1;
}

config::MachineConfig machine_of(const ProgramOptions& options) {
  config::MachineConfig machine = config::load(options.machine.empty() ? "fuseconv-64x64" : options.machine);
  config::apply_overrides(machine, options.overrides);
  isa::ArrayConfig& array = machine.array;
  try {
    if (!options.array.empty()) parse_sides(options.array, array);
    if (!options.accumulators.empty()) {
      array.accumulators = isa::value_in(isa::accumulator_names(), "--accumulators", options.accumulators);
    }
    if (!options.folds.empty()) array.folds = isa::value_in(isa::fold_overlap_names(), "--folds", options.folds);
    if (options.no_fuse_links) array.fuse_links = false;
    if (!options.broadcast_stages.empty() && !parse_number(options.broadcast_stages, array.broadcast_stages)) {
      throw UsageError(fmt::format("--broadcast-stages '{}' is not a number", options.broadcast_stages));
    }
    isa::validate(array);
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
  return machine;
}

isa::Program compile(const ProgramOptions& options) {
  const std::string variant = options.variant.empty() ? "baseline" : options.variant;
  lower::LowerOptions lowering;
  lowering.array = machine_of(options).array;
  lowering.row_packing = !options.no_packing;
  lowering.seed = options.seed;
  try {
    if (!options.mapping.empty()) {
      lowering.depthwise = isa::value_in(isa::NameTable<isa::Dataflow>(kMappings), "--dw-mapping", options.mapping);
    }
    const auto layers = graph::array_layers(zoo::build(options.network, variant));
    return lower::lower_layers(layers, options.network + " " + variant, lowering);
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
}

}  // namespace fusesim::cli
