// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <stdexcept>

#include "hw/control/timing.h"
#include "sim/run/machine_run.h"
#include "sim/run/network.h"
#include "workloads/graph/graph.h"
#include "workloads/lower/lower.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::sweep {

Workloads::Workloads(const std::vector<Point>& points) {
  for (const Point& point : points) {
    auto [entry, is_new] = layers_.try_emplace({point.network, point.variant});
    if (is_new) entry->second = graph::array_layers(zoo::build(point.network, point.variant));
  }
}

const std::vector<graph::Layer>& Workloads::layers(const std::string& network, const std::string& variant) const {
  return layers_.at({network, variant});
}

namespace {

Result simulate(const Point& point, const std::vector<graph::Layer>& layers) {
  lower::LowerOptions options;
  options.array.rows = point.rows;
  options.array.cols = point.cols;
  options.array.accumulators = point.hardware.accumulators;
  options.array.folds = point.hardware.folds;
  options.array.fuse_links = point.fuse_links;
  options.depthwise = dataflow(point.hardware.dw_mapping);
  options.row_packing = point.hardware.packing;
  Result result;
  result.breakdown.emplace();
  const isa::Program program = lower::lower_layers(layers, point.network + " " + point.variant, options);
  for (const control::InstructionTiming& timing : control::time_program(program)) {
    result.cycles = std::max(result.cycles, timing.end);
    result.macs += timing.macs;
    *result.breakdown += timing.cycles;
  }
  return result;
}

/// The hardware models of a whole machine share one simulation kernel, which is the process's: one run at a time.
std::mutex one_kernel;

Result simulate_machine(const Point& point) {
  const config::MachineConfig machine = machine_of(point);
  run::NetworkOptions options;
  options.depthwise = dataflow(point.hardware.dw_mapping);
  options.row_packing = point.hardware.packing;
  options.values = false;
  run::MachineOptions timing_only;
  timing_only.values = false;
  try {
    config::validate(machine);
    const tile::Compiled compiled = run::compile_network({point.network, point.variant, {}}, machine, options);
    const std::lock_guard lock(one_kernel);
    const run::MachineLayer total = run::run_machine(compiled.program, machine, timing_only).account.total;
    return {total.cycles, total.macs, {}, MachineResult{total.causes, total.dram_bytes_read, total.dram_bytes_written}};
  } catch (const config::ConfigError& error) {
    throw Infeasible(error.what());
  } catch (const tile::CompileError& error) {
    throw Infeasible(error.what());
  } catch (const std::exception& error) {
    throw std::runtime_error(fmt::format("{}: {}", in_words(point), error.what()));
  }
}

}  // namespace

Result evaluate(const Point& point, const Workloads& workloads) {
  if (point.hardware.memory) return simulate_machine(point);
  const std::vector<graph::Layer>& layers = workloads.layers(point.network, point.variant);
  if (!point.formula) return simulate(point, layers);
  Result result;
  for (const graph::Layer& layer : layers) result.macs += layer.macs();
  result.cycles = analytic::network_cycles(*point.formula, layers, {point.rows, point.cols, point.fuse_links});
  return result;
}

}  // namespace fusesim::sweep
