// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/program_options.h"

#include <fmt/format.h>

#include "hw/isa/names.h"
#include "sim/cli/command.h"
#include "sim/cli/numbers.h"
#include "sim/config/array_size.h"
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

/// An empty text would pass for an option that was not given.
std::string not_empty(const std::string& text) {
  return text.empty() ? "must not be empty; leave the option out for the default" : "";
}

}  // namespace

void add_program_options(CLI::App& app, ProgramOptions& options) {
  const CLI::Validator given(not_empty, "");
  app.add_option("--variant", options.variant,
                 "baseline, fuse_full, fuse_half, fuse_full_50 or fuse_half_50 (default baseline)")
      ->type_name("VARIANT")
      ->check(given);
  app.add_option("--machine", options.machine, "Preset or TOML file of the machine (default fuseconv-64x64)")
      ->type_name("NAME|FILE")
      ->check(given);
  app.add_option("--set", options.overrides, "Override a key of the machine, for instance array.rows=32; may repeat")
      ->type_name("KEY=VALUE")
      ->check(given);
  app.add_option("--array", options.array, "Size of the array: 64 or ROWSxCOLS")->type_name("SIZE")->check(given);
  app.add_option("--accumulators", options.accumulators, "single or pingpong, per PE")->type_name("KIND")->check(given);
  app.add_option("--folds", options.folds, "serial or pipelined")->type_name("KIND")->check(given);
  app.add_option_function<std::string>(
         "--broadcast-stages",
         [&options](const std::string& text) {
           options.broadcast_stages =
               static_cast<std::uint32_t>(parse_whole("--broadcast-stages", text, 0, isa::ArrayConfig::max_side - 1));
         },
         "Pipeline registers on each FuSe wire")
      ->type_name("N");
  app.add_flag("--no-fuse-links", options.no_fuse_links,
               "An array without FuSe wires; 1xK and Kx1 layers run as depthwise");
  app.add_option("--dw-mapping", options.mapping, "How depthwise layers run: column, row or broadcast (default column)")
      ->type_name("MAPPING")
      ->check(given);
  app.add_flag("--packing", options.packing,
               "Put several short image lines in one array row where that is faster (FuSe dataflows)");
  add_whole(app, "--seed", options.seed, "Seed of the generated inputs and weights (default 1)");
}

bool any_compile_option(const ProgramOptions& options) {
  return !options.variant.empty() || !options.array.empty() || !options.accumulators.empty() ||
         !options.folds.empty() || !options.mapping.empty() || options.broadcast_stages || options.no_fuse_links ||
         options.packing || options.seed != 1;
}

config::MachineConfig machine_of(const ProgramOptions& options) {
  config::MachineConfig machine;
  try {
    machine = config::load(options.machine.empty() ? "fuseconv-64x64" : options.machine);
  } catch (const config::UnknownMachine& error) {
    throw UsageError(std::string("--machine: ") + error.what());
  }
  try {
    config::apply_overrides(machine, options.overrides);
  } catch (const config::ConfigError& error) {
    throw UsageError(error.what());
  }
  isa::ArrayConfig& array = machine.core.array;
  try {
    if (!options.array.empty()) {
      const config::ArraySize size = config::parse_array_size("--array", options.array);
      array.rows = size.rows;
      array.cols = size.cols;
    }
    if (!options.accumulators.empty()) {
      array.accumulators = isa::value_in(isa::accumulator_names(), "--accumulators", options.accumulators);
    }
    if (!options.folds.empty()) array.folds = isa::value_in(isa::fold_overlap_names(), "--folds", options.folds);
    if (options.no_fuse_links) array.fuse_links = false;
    if (options.broadcast_stages) array.broadcast_stages = *options.broadcast_stages;
    isa::validate(array);
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
  return machine;
}

isa::Program compile(const ProgramOptions& options) {
  const std::string variant = options.variant.empty() ? "baseline" : options.variant;
  lower::LowerOptions lowering;
  lowering.array = machine_of(options).core.array;
  lowering.row_packing = options.packing;
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
