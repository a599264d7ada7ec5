// SPDX-License-Identifier: Apache-2.0
// Timing whole programs without values: every network and variant on the FuSeConv paper's 64x64 array, and one network
// over array sizes. `cycles` is what was simulated; `cycles_per_second` how many of them a second of this core covers.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "hw/control/timing.h"
#include "workloads/graph/graph.h"
#include "workloads/lower/lower.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::benchmarks {
namespace {

isa::Program program(std::string_view network, std::string_view variant, std::uint32_t side) {
  lower::LowerOptions options;
  options.array.rows = options.array.cols = side;
  return lower::lower_layers(graph::array_layers(zoo::build(network, variant)), std::string(network), options);
}

void register_program(std::string_view network, std::string_view variant, std::uint32_t side) {
  const std::string title = "timing/" + std::string(network) + "/" + std::string(variant) + "/" + std::to_string(side) +
                            "x" + std::to_string(side);
  benchmark::RegisterBenchmark(title.c_str(), [network, variant, side](benchmark::State& state) {
    const isa::Program compiled = program(network, variant, side);
    std::uint64_t cycles = 0;
    for (auto _ : state) {
      cycles = 0;
      for (const control::InstructionTiming& timing : control::time_program(compiled))
        cycles = std::max(cycles, timing.end);
    }
    using benchmark::Counter;
    state.counters["cycles"] = Counter(static_cast<double>(cycles));
    state.counters["cycles_per_second"] =
        Counter(static_cast<double>(cycles) * static_cast<double>(state.iterations()), Counter::kIsRate);
  })->Unit(benchmark::kMicrosecond);
}

}  // namespace
}  // namespace fusesim::benchmarks

int main(int argc, char** argv) {
  using fusesim::benchmarks::register_program;
  for (const std::string_view network : fusesim::zoo::networks())
    for (const std::string_view variant : fusesim::zoo::variants(network)) register_program(network, variant, 64);
  for (const std::uint32_t side : {8U, 16U, 32U, 128U, 256U}) register_program("mobilenet_v2", "fuse_half", side);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
