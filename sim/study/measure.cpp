// SPDX-License-Identifier: Apache-2.0
#include "sim/study/measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "sim/run/machine_run.h"
#include "sim/run/network.h"
#include "workloads/predict/annotate.h"
#include "workloads/quantize/quantize.h"
#include "workloads/quantize/synthetic.h"
#include "workloads/quantize/untrained.h"
#include "workloads/tile/compile.h"
#include "workloads/transform/fuse.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::study {

namespace {

graph::Graph study_network(const std::string& network) {
  return zoo::build(network, "baseline");
}

/// The network that runs layer by layer, with any weights: zeros are not skipped there.
reference::QuantizedGraph unpredicted(const Point& point) {
  graph::Graph graph = study_network(point.network);
  if (point.dataflow == Dataflow::fuse_half) graph = transform::fuse(graph, {});
  return quantize::untrained_network(graph);
}

}  // namespace

Measurer::Measurer(std::function<bool()> stop) {
  if (!stop) return;
  checkpoint_ = [stop = std::move(stop)] {
    if (stop()) throw Stopped();
  };
}

const predict::SyntheticPredicted& Measurer::predicted(const std::string& network, double survival) {
  const auto key = std::pair(network, survival);
  const auto found = predicted_.find(key);
  if (found != predicted_.end()) return found->second;
  predict::SyntheticOptions options;
  options.survival = survival;
  options.quantize.checkpoint = checkpoint_;
  return predicted_.emplace(key, predict::synthetic_predicted(study_network(network), options)).first->second;
}

LayerByLayer Measurer::layer_by_layer(const std::string& network) {
  constexpr std::uint32_t pes = 64;
  const quantize::FloatNetwork whole = quantize::synthetic_network(study_network(network), 1, 1, checkpoint_);
  return layer_by_layer_cycles(predict::prune(whole, predict::choose_blocks(whole.graph)), pes);
}

Result Measurer::run(const Point& point) {
  const config::MachineConfig machine = machine_of(point);
  config::validate(machine);
  run::NetworkOptions options;
  options.depthwise =
      machine.core.array.fuse_links ? isa::Dataflow::depthwise_broadcast : isa::Dataflow::depthwise_column;
  options.values = point.dataflow == Dataflow::fused_elastic;
  options.fused.schedule =
      point.terms == Terms::passing_lists ? tile::FusedSchedule::lists_pass : tile::FusedSchedule::best;
  if (point.terms == Terms::factors) options.fused.source = isa::machine::FusedSource::factors;
  tile::Options tiling = run::tile_options(machine, options);
  tile::Compiled compiled;
  if (is_fused(point.dataflow)) {
    const predict::SyntheticPredicted& network = predicted(point.network, point.survival);
    tiling.input = quantize::quantize_map(network.images.front(), network.quantized.format(network.quantized.input()));
    compiled = tile::compile(network.quantized, describe(point), tiling);
  } else {
    compiled = tile::compile(unpredicted(point), describe(point), tiling);
  }

  run::MachineOptions run_options;
  run_options.values = options.values;
  const run::MachineRun done = run::run_machine(compiled.program, machine, run_options);
  Result result;
  result.cycles = done.record.cycles;
  result.causes = done.record.causes;
  result.dram_bytes = done.record.dram_bytes_read + done.record.dram_bytes_written;
  result.peak_weight_bytes = done.record.pads[static_cast<std::size_t>(isa::machine::Pad::weights)].peak_bytes;
  for (const control::machine::InstructionRecord& record : done.record.instructions) result.fused += record.fused;
  return result;
}

Result Measurer::measure(const Point& point) {
  try {
    return run(point);
  } catch (const Stopped&) {
    throw;
  } catch (const std::exception& error) {
    throw std::runtime_error(fmt::format("{}: {}", describe(point), error.what()));
  }
}

}  // namespace fusesim::study
