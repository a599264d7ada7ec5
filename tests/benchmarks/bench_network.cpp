// SPDX-License-Identifier: Apache-2.0
// MobileNetV2 at 224 from DRAM to DRAM on 64x64 with approximately timed DDR4: with all values and timing only, beside
// the time its multiply-accumulates take at this core's measured peak of vpmaddwd on 256 bits. `times_peak_time` is the
// run's time over that; `with_values_over_timing` what values cost.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <ctime>
#include <string>

#include "hw/accelerator/machine.h"
#include "hw/array/values/instruction_set.h"
#include "multiply_peak.h"
#include "workloads/quantize/untrained.h"
#include "workloads/tile/compile.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::benchmarks {
namespace {

using array::values::InstructionSet;

struct Workload {
  tile::Options options;
  tile::Compiled values, timing;
  double macs = 0;

  Workload() {
    const reference::QuantizedGraph network = quantize::untrained_network(zoo::build("mobilenet_v2", "baseline"), 1);
    values = tile::compile(network, "mobilenet_v2 baseline", options);
    options.values = false;
    timing = tile::compile(network, "mobilenet_v2 baseline", options);
    for (const tile::LayerPlan& layer : values.layers) macs += static_cast<double>(layer.macs);
  }
};

const Workload& workload() {
  static const Workload one;
  return one;
}

/// Of this thread, in seconds: what others do on the machine is not counted.
double processor_time() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Seconds of one run.
double run_once(bool values, const std::string& memory = "DDR4-2400") {
  const Workload& work = workload();
  accelerator::MachineOptions options;
  options.values = values;
  options.memory.standard = memory;
  const double begin = processor_time();
  benchmark::DoNotOptimize(
      accelerator::run(values ? work.values.program : work.timing.program, work.options.core, options));
  return processor_time() - begin;
}

void compile_network(benchmark::State& state) {
  const reference::QuantizedGraph network = quantize::untrained_network(zoo::build("mobilenet_v2", "baseline"), 1);
  tile::Options options;
  options.values = false;
  for (auto _ : state) benchmark::DoNotOptimize(tile::compile(network, "mobilenet_v2 baseline", options));
}
BENCHMARK(compile_network)->Unit(benchmark::kMillisecond);

/// The two kinds of run and the peak take turns, so that a machine that changes pace changes all three.
void network(benchmark::State& state) {
  double values = 0, timing = 0, peak_time = 0;
  const auto sets = array::values::available_instruction_sets();
  const bool avx2 = std::find(sets.begin(), sets.end(), InstructionSet::avx2) != sets.end();
  const InstructionSet set = avx2 ? InstructionSet::avx2 : InstructionSet::portable;
  for (auto _ : state) {
    peak_time += workload().macs / multiply_peak(set);
    const double with_values = run_once(true);
    timing += run_once(false);
    values += with_values;
    state.SetIterationTime(with_values);
  }
  const auto runs = static_cast<double>(state.iterations());
  state.counters["values_ms"] = values / runs * 1e3;
  state.counters["timing_only_ms"] = timing / runs * 1e3;
  state.counters["peak_ms"] = peak_time / runs * 1e3;
  state.counters["times_peak_time"] = values / peak_time;
  state.counters["with_values_over_timing"] = values / timing;
  state.counters["instructions"] = static_cast<double>(workload().values.program.instructions.size());
}
/// One kind alone, for a profiler.
void one_kind(benchmark::State& state, bool values) {
  workload();
  for (auto _ : state) state.SetIterationTime(run_once(values));
}
BENCHMARK_CAPTURE(one_kind, timing_only, false)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(one_kind, with_values, true)->UseManualTime()->Unit(benchmark::kMillisecond);

/// What is left of timing only where the memory is a bandwidth and a latency, and has no law to speak of.
void timing_only_without_dram(benchmark::State& state) {
  workload();
  for (auto _ : state) state.SetIterationTime(run_once(false, "fixed"));
}
BENCHMARK(timing_only_without_dram)->UseManualTime()->Unit(benchmark::kMillisecond);

BENCHMARK(network)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace fusesim::benchmarks

BENCHMARK_MAIN();
