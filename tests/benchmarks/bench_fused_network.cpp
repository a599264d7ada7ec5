// SPDX-License-Identifier: Apache-2.0
// FusioNet for ten classes, one image from DRAM to DRAM on the preset machines with DDR4, all blocks predicted with
// made-up predictors that pass three tenths: timing only on archon-8x8-fixed, with all values on archon-8x8, register
// by register; and compiling it. `cycles` is the run's, `clocks_per_s` what the model does of them.
#include <benchmark/benchmark.h>

#include <ctime>

#include "hw/accelerator/machine.h"
#include "sim/config/machine_config.h"
#include "sim/run/network.h"
#include "workloads/predict/synthetic_predicted.h"
#include "workloads/tile/compile.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::benchmarks {
namespace {

using accelerator::Fidelity;
using isa::machine::FusedMode;

const predict::SyntheticPredicted& network() {
  static const predict::SyntheticPredicted one = predict::synthetic_predicted(
      zoo::build("fusionet_c10", "baseline"), {.blocks = {}, .shares = {}, .survival = 0.3});
  return one;
}

const config::MachineConfig& machine_of(FusedMode mode) {
  static const config::MachineConfig elastic = config::load("archon-8x8"), fixed = config::load("archon-8x8-fixed");
  return mode == FusedMode::elastic ? elastic : fixed;
}

tile::Options options_for(FusedMode mode) {
  tile::Options options = run::tile_options(machine_of(mode), {});
  const reference::QuantizedGraph& quantized = network().quantized;
  options.input = quantize::quantize_map(network().images.front(), quantized.format(quantized.input()));
  return options;
}

/// Of this thread, in seconds: what others do on the machine is not counted.
double processor_time() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

void compile_network(benchmark::State& state) {
  const tile::Options options = options_for(FusedMode::elastic);
  for (auto _ : state) benchmark::DoNotOptimize(tile::compile(network().quantized, "fusionet_c10", options));
}
BENCHMARK(compile_network)->Unit(benchmark::kMillisecond);

void run_network(benchmark::State& state, FusedMode mode, Fidelity fidelity, bool values) {
  tile::Options options = options_for(mode);
  options.values = values;
  const isa::machine::Program program = tile::compile(network().quantized, "fusionet_c10", options).program;
  accelerator::MachineOptions how;
  how.fidelity = fidelity;
  how.values = values;
  how.memory = machine_of(mode).memory;
  how.clock_mhz = machine_of(mode).frequency_mhz;
  double cycles = 0, time = 0;
  for (auto _ : state) {
    const double begin = processor_time();
    const accelerator::MachineResult result = accelerator::run(program, program.core, how);
    const double seconds = processor_time() - begin;
    cycles = static_cast<double>(result.record.cycles);
    time += seconds;
    state.SetIterationTime(seconds);
  }
  state.counters["cycles"] = cycles;
  state.counters["clocks_per_s"] = cycles * static_cast<double>(state.iterations()) / time;
}
BENCHMARK_CAPTURE(run_network, fixed_timing_only, FusedMode::fixed, Fidelity::event, false)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(run_network, elastic_with_values, FusedMode::elastic, Fidelity::event, true)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(run_network, elastic_stepped, FusedMode::elastic, Fidelity::stepped, true)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace fusesim::benchmarks

BENCHMARK_MAIN();
