// SPDX-License-Identifier: Apache-2.0
// The array among the units of a machine, at event fidelity, without values: a long program of tiles of MobileNet-like
// layers, each issued as soon as there is a place at the array's door. What is timed holds the kernel's events, the
// checks of what was written, and the records; compiling the program and taking the kernel down do not count.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "hw/control/array_unit/event_array_unit.h"
#include "tests/hw/memory/support/kernel.h"

namespace fusesim::benchmarks {
namespace {

using control::machine::ArrayUnitIf;
using isa::Dataflow;
using isa::machine::Compute;
using isa::machine::CoreConfig;
using isa::machine::Pad;

class Issuer final : public sc_core::sc_module, public control::machine::UnitListener {
 public:
  sc_core::sc_port<ArrayUnitIf> unit{"unit"};

  SC_HAS_PROCESS(Issuer);
  Issuer(const sc_core::sc_module_name& module_name, std::size_t count, const control::machine::Clock& clock)
      : sc_module(module_name), count_(count), clock_(clock) {
    SC_METHOD(issue);
    sensitive << wake_;
  }
  void started(std::uint32_t, std::uint64_t cycle) override { wake_.notify(clock_.until(cycle + 1)); }
  void completed(std::uint32_t, std::uint64_t cycle) override { end = cycle; }

  std::uint64_t end = 0;

 private:
  void issue() {
    if (next_ < count_) unit->issue(next_++);
  }
  std::size_t count_;
  const control::machine::Clock& clock_;
  std::uint32_t next_ = 0;
  sc_core::sc_event wake_;
};

Compute tile(Dataflow dataflow, std::uint32_t channels, std::uint32_t filters, std::uint32_t side, std::uint32_t kernel,
             std::uint32_t stride) {
  Compute compute;
  compute.dataflow = dataflow;
  isa::ConvGeometry& g = compute.geometry;
  g.in_channels = channels;
  g.out_channels = filters;
  g.in_height = g.in_width = side;
  g.kernel_height = dataflow == Dataflow::fuse_row ? 1 : kernel;
  g.kernel_width = dataflow == Dataflow::fuse_column ? 1 : kernel;
  g.stride_height = g.stride_width = stride;
  g.pad_top = g.pad_bottom = g.kernel_height / 2;
  g.pad_left = g.pad_right = g.kernel_width / 2;
  g.out_height = g.out_width = (side - 1) / stride + 1;
  if (dataflow != Dataflow::gemm) g.groups = channels;
  compute.input = {0, side * side, side};
  compute.weights_pitch = filters;
  return compute;
}

/// Pointwise, depthwise and FuSe tiles by turns, in two halves of each scratchpad.
isa::machine::Program tiles(std::size_t count, std::uint32_t activation_banks) {
  const Compute shapes[] = {
      tile(Dataflow::gemm, 96, 64, 14, 1, 1),        tile(Dataflow::fuse_row, 64, 64, 14, 3, 1),
      tile(Dataflow::gemm, 64, 128, 14, 1, 1),       tile(Dataflow::fuse_column, 64, 64, 14, 3, 1),
      tile(Dataflow::gemm, 16, 32, 28, 1, 1),        tile(Dataflow::depthwise_broadcast, 64, 64, 14, 3, 1),
      tile(Dataflow::gemm, 160, 160, 7, 1, 1),       tile(Dataflow::fuse_row, 96, 96, 14, 5, 2),
      tile(Dataflow::gemm, 3, 32, 56, 3, 2),         tile(Dataflow::gemm, 320, 64, 7, 1, 1),
      tile(Dataflow::fuse_column, 144, 144, 7, 5, 1)};
  isa::machine::Program program;
  program.network = "tiles";
  program.layers = {"layer"};
  program.core.activations.banks = activation_banks;
  for (std::size_t i = 0; i < count; ++i) {
    Compute compute = shapes[i % std::size(shapes)];
    if (i % 2 == 1) {
      compute.input.address = static_cast<std::uint32_t>(program.core.activations.bytes / 2);
      compute.weights = static_cast<std::uint32_t>(program.core.weights.bytes / 2);
      compute.output = static_cast<std::uint32_t>(program.core.outputs.bytes / 2);
    }
    program.instructions.push_back({compute});
    // As if the vector unit had read the sums before these.
    if (i > 0) {
      const auto& before = std::get<Compute>(program.instructions[i - 1].work);
      const isa::ConvGeometry& g = before.geometry;
      program.instructions.back().releases = {
          {Pad::outputs, before.output, g.out_channels * g.out_height * g.out_width * 4}};
    }
  }
  validate(program);
  return program;
}

void array_unit(benchmark::State& state, std::uint32_t activation_banks) {
  const isa::machine::Program program = tiles(50000, activation_banks);
  std::uint64_t cycles = 0, conflicts = 0;
  for (auto _ : state) {
    state.PauseTiming();
    {
      memory::Scratchpads pads(program.core, false);
      for (const Pad pad : {Pad::activations, Pad::weights}) pads[pad].mark_written(0, program.core.pad(pad).bytes);
      std::vector<control::machine::InstructionRecord> records(program.instructions.size());
      const control::machine::Observer observer;
      const memory_test::Kernel kernel;
      const control::machine::Clock clock(500.0);
      Issuer issuer("issuer", program.instructions.size(), clock);
      const control::machine::Context context{program, program.core, pads, clock, false, issuer, records, observer};
      control::machine::EventArrayUnit unit("unit", context);
      issuer.unit(unit);
      sc_core::sc_start(sc_core::SC_ZERO_TIME);  // elaboration
      state.ResumeTiming();
      sc_core::sc_start();
      state.PauseTiming();
      unit.rethrow();
      cycles = issuer.end;
      conflicts = 0;
      for (const auto& record : records) conflicts += record.conflict_cycles;
    }
    state.ResumeTiming();
  }
  const auto instructions = static_cast<double>(program.instructions.size());
  using benchmark::Counter;
  state.counters["cycles"] = Counter(static_cast<double>(cycles));
  state.counters["conflicts"] = Counter(static_cast<double>(conflicts));
  state.counters["instructions_per_second"] =
      Counter(instructions * static_cast<double>(state.iterations()), Counter::kIsRate);
}

BENCHMARK_CAPTURE(array_unit, without_conflicts, 512)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(array_unit, with_conflicts, 16)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace fusesim::benchmarks

BENCHMARK_MAIN();
