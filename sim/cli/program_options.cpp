// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/program_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <string_view>

#include "hw/isa/machine/names.h"
#include "hw/isa/names.h"
#include "sim/cli/command.h"
#include "sim/cli/numbers.h"
#include "sim/config/array_size.h"
#include "sim/config/comma_list.h"
#include "sim/config/scratchpads.h"
#include "workloads/graph/graph.h"
#include "workloads/lower/lower.h"
#include "workloads/transform/bottleneck.h"

namespace fusesim::cli {

namespace {

constexpr std::pair<std::string_view, isa::Dataflow> kMappings[] = {
    {"column", isa::Dataflow::depthwise_column},
    {"row", isa::Dataflow::depthwise_row},
    {"broadcast", isa::Dataflow::depthwise_broadcast},
};

constexpr std::pair<std::string_view, tile::FusedSchedule> kOrders[] = {
    {"best", tile::FusedSchedule::best},
    {"groups", tile::FusedSchedule::lists_stay},
    {"tiles", tile::FusedSchedule::lists_pass},
};

bool any_prediction_option(const ProgramOptions& options) {
  return !options.blocks.empty() || !options.fused_source.empty() || !options.fused_order.empty();
}

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
  app.add_option("--input-size", options.input,
                 "Size of the network's input: 96 or HEIGHTxWIDTH (default: as published, 224 or 32)")
      ->type_name("SIZE")
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
  app.add_option("--dram", options.dram,
                 "Memory of the machine: none, fixed, DDR4-2400, LPDDR4-3200 or HBM2-2000 (default: as the machine)")
      ->type_name("NAME")
      ->check(given);
  app.add_option("--bandwidth", options.bandwidth, "A fixed memory of so many 10^9 bytes a second")
      ->type_name("GB/S")
      ->check(given);
  app.add_option("--latency", options.latency, "Nanoseconds until a fixed memory moves the first byte of a request")
      ->type_name("NS")
      ->check(given);
  app.add_option("--scratchpad", options.scratchpads,
                 "All scratchpads together, as in 1MiB, or ACTIVATIONS/WEIGHTS/OUTPUTS, as in 256KiB/256KiB/512KiB")
      ->type_name("SIZE")
      ->check(given);
  app.add_option("--dw-mapping", options.mapping, "How depthwise layers run: column, row or broadcast (default column)")
      ->type_name("MAPPING")
      ->check(given);
  app.add_flag("--packing", options.packing,
               "Put several short image lines in one array row where that is faster (FuSe dataflows)");
  app.add_flag("--fused", options.predicted,
               "Run expand-depthwise-project blocks on the fused unit, with both ReLUs predicted: weights pruned, "
               "predictors made up (machines with a fused unit)");
  app.add_option(
         "--survival", options.survival,
         "Share of values that a predicted ReLU lets pass, 0 to 1 (default 0.3); an elastic trace needs it with "
         "--timing-only, which makes its masks up")
      ->type_name("SHARE")
      ->check(given);
  app.add_option("--blocks", options.blocks,
                 "Blocks to predict, each by its name or one of its layers', joined by commas (default: all that can "
                 "be)")
      ->type_name("NAMES")
      ->check(given);
  app.add_option(
         "--fused-source", options.fused_source,
         "What the fused unit reads: lists, composed beforehand, or factors, composed as it reads (default lists)")
      ->type_name("KIND")
      ->check(given);
  app.add_option("--fused-order", options.fused_order,
                 "groups: a group's lists stay for all its tiles; tiles: lists pass by for each tile; or best (default "
                 "best)")
      ->type_name("ORDER")
      ->check(given);
  add_whole(app, "--seed", options.seed, "Seed of the generated inputs and weights (default 1)");
}

bool any_compile_option(const ProgramOptions& options) {
  return !options.variant.empty() || !options.array.empty() || !options.accumulators.empty() ||
         !options.folds.empty() || !options.mapping.empty() || options.broadcast_stages || options.no_fuse_links ||
         options.packing || options.seed != 1 || !options.input.empty() || options.predicted ||
         any_prediction_option(options);
}

bool any_machine_option(const ProgramOptions& options) {
  return !options.machine.empty() || !options.overrides.empty() || !options.dram.empty() ||
         !options.bandwidth.empty() || !options.latency.empty() || !options.scratchpads.empty();
}

double survival_of(const ProgramOptions& options) {
  if (options.survival.empty()) return run::PredictionOptions{}.survival;
  try {
    return parse_share("--survival", options.survival);
  } catch (const CLI::ValidationError& error) {
    throw UsageError(error.what());
  }
}

config::MachineConfig machine_of(const ProgramOptions& options) {
  try {
    return machine_of(options, config::load(options.machine.empty() ? "fuseconv-64x64" : options.machine));
  } catch (const config::UnknownMachine& error) {
    throw UsageError(std::string("--machine: ") + error.what());
  }
}

config::MachineConfig machine_of(const ProgramOptions& options, config::MachineConfig machine) {
  const auto set = [&machine](const char* option, const char* key, const std::string& text) {
    if (!text.empty()) config::set_key(machine, key, text, fmt::format("{} {}", option, text));
  };
  try {
    for (const std::string& assignment : options.overrides) config::set_key(machine, assignment);
    isa::ArrayConfig& array = machine.core.array;
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
    if (options.dram.empty() && !options.bandwidth.empty()) machine.memory.standard = "fixed";
    set("--dram", "dram.standard", options.dram);
    set("--bandwidth", "dram.bandwidth_gbps", options.bandwidth);
    set("--latency", "dram.latency_ns", options.latency);
    if (!options.scratchpads.empty()) {
      config::set_scratchpads(machine, config::parse_scratchpads("--scratchpad", options.scratchpads));
      if (!machine.has_dram()) {
        throw UsageError(
            "--scratchpad needs a machine with a DRAM, such as --dram DDR4-2400: operands of the array alone are "
            "always there");
      }
    }
    config::validate(machine);
  } catch (const config::ConfigError& error) {
    throw UsageError(error.what());
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
  return machine;
}

namespace {

/// "96", a square, or "96x128", height by width.
run::InputSize parse_input_size(const std::string& text) {
  constexpr std::uint64_t most = 4096;
  const std::size_t times = text.find('x');
  const auto side = [&](const std::string& digits) {
    try {
      return static_cast<std::uint32_t>(parse_whole("--input-size", digits, 1, most));
    } catch (const CLI::ValidationError&) {
      throw UsageError(
          fmt::format("--input-size {} is not a whole number from 1 to {}, nor two of them, as in 96x128", text, most));
    }
  };
  if (times == std::string::npos) return {side(text), side(text)};
  return {side(text.substr(0, times)), side(text.substr(times + 1))};
}

run::PredictionOptions prediction_of(const ProgramOptions& options) {
  run::PredictionOptions prediction;
  prediction.survival = survival_of(options);
  if (options.blocks.empty()) return prediction;
  for (const std::string_view name : config::split_list("--blocks", options.blocks)) {
    prediction.blocks.emplace_back(name);
  }
  return prediction;
}

tile::FusedOptions fused_of(const ProgramOptions& options) {
  tile::FusedOptions fused;
  if (!options.fused_source.empty()) {
    fused.source = isa::value_in(isa::machine::fused_source_names(), "--fused-source", options.fused_source);
  }
  if (!options.fused_order.empty()) {
    fused.schedule = isa::value_in(isa::NameTable<tile::FusedSchedule>(kOrders), "--fused-order", options.fused_order);
  }
  return fused;
}

isa::Dataflow depthwise_of(const ProgramOptions& options) {
  if (options.mapping.empty()) return isa::Dataflow::depthwise_column;
  return isa::value_in(isa::NameTable<isa::Dataflow>(kMappings), "--dw-mapping", options.mapping);
}

}  // namespace

namespace {

void check_packing(const ProgramOptions& options, const isa::ArrayConfig& array) {
  if (options.packing && !array.fuse_links) {
    throw UsageError(
        "--packing needs FuSe links, which this array does not have; leave it out, or set array.fuse_links");
  }
}

}  // namespace

run::Network network_of(const ProgramOptions& options) {
  run::Network network{options.network, options.variant.empty() ? "baseline" : options.variant, {}};
  if (!options.input.empty()) network.input = parse_input_size(options.input);
  return network;
}

isa::Program compile(const ProgramOptions& options) {
  if (options.predicted || any_prediction_option(options) || !options.survival.empty()) {
    throw UsageError("--fused needs a machine with a DRAM and a fused unit, such as --machine archon-8x8");
  }
  lower::LowerOptions lowering;
  lowering.array = machine_of(options).core.array;
  check_packing(options, lowering.array);
  lowering.row_packing = options.packing;
  lowering.seed = options.seed;
  try {
    lowering.depthwise = depthwise_of(options);
    const run::Network network = network_of(options);
    return lower::lower_layers(graph::array_layers(run::build(network)), run::describe(network), lowering);
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
}

namespace {

/// The rest of the network is slower than a user may expect, and nothing else tells why.
void tell_unpredicted(const run::Network& network, const tile::Compiled& compiled) {
  const graph::Graph graph = run::build(network);
  const auto predicted = std::ranges::count_if(compiled.layers, [](const auto& layer) { return layer.words > 0; });
  const std::size_t blocks =
      transform::find_bottlenecks(graph).size() + transform::unsuitable_bottlenecks(graph).size();
  if (static_cast<std::size_t>(predicted) == blocks) return;
  std::cerr << fmt::format(
      "fusesim: predicts {} of the network's {} blocks; the others do not expand their channels or cannot be "
      "predicted: --blocks NAME takes one of them, or says why not\n",
      predicted, blocks);
}

}  // namespace

tile::Compiled compile_whole(const ProgramOptions& options, const config::MachineConfig& machine, bool values) {
  check_packing(options, machine.core.array);
  run::NetworkOptions compiling;
  compiling.row_packing = options.packing;
  compiling.seed = options.seed;
  compiling.values = values;
  if (!options.predicted && (any_prediction_option(options) || !options.survival.empty())) {
    throw UsageError("--survival, --blocks, --fused-source and --fused-order need --fused");
  }
  try {
    if (options.predicted) compiling.prediction = prediction_of(options);
    compiling.fused = fused_of(options);
    compiling.depthwise = depthwise_of(options);
    const run::Network network = network_of(options);
    tile::Compiled compiled = run::compile_network(network, machine, compiling);
    if (options.predicted && options.blocks.empty()) tell_unpredicted(network, compiled);
    return compiled;
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
}

}  // namespace fusesim::cli
