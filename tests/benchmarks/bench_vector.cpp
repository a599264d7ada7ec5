// SPDX-License-Identifier: Apache-2.0
// The vector unit: elements a second that each kind's kernel computes, on each instruction set, and instructions a
// second that the two models take without values.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <systemc>
#include <vector>

#include "hw/control/machine/context.h"
#include "hw/vector/event_vector_unit.h"
#include "hw/vector/stepped_vector_unit.h"
#include "hw/vector/values/compute.h"

// Debian's libsystemc carries a main() that calls this; the project has its own.
int sc_main(int, char*[]) {
  return EXIT_FAILURE;
}

namespace fusesim::benchmarks {
namespace {

using isa::machine::Pad;
using isa::machine::Vector;
using isa::machine::VectorKind;

isa::machine::CoreConfig core() {
  isa::machine::CoreConfig config;
  config.array.rows = config.array.cols = 64;
  return config;
}

/// channels x side x side maps, dense; results of a requantisation lie over their sums.
Vector instruction(VectorKind kind, std::uint32_t channels, std::uint32_t side, bool table) {
  Vector v;
  v.kind = kind;
  v.channels = channels;
  v.height = v.width = side;
  const std::uint32_t bytes = kind == VectorKind::requantize ? 4 : 1;
  v.a = {Pad::outputs, 0, side * side * bytes, side * bytes};
  v.b = {Pad::activations, 0, kind == VectorKind::scale ? 1 : side * side, side};
  v.result = {Pad::outputs, kind == VectorKind::requantize ? 0U : 256U * 1024, side * side, side};
  if (kind == VectorKind::max_pool || kind == VectorKind::average_pool) v.window = {side, side, 3, 3, 1, 1, 1, 1};
  v.multiplier_a = v.multiplier_b = 0x6543210F;
  v.shift = 33;
  v.parameters = 1024;
  v.has_table = table;
  return v;
}

void fill(const Vector& v, memory::Scratchpads& pads) {
  std::mt19937 engine(1);
  for (const Pad pad : {Pad::activations, Pad::weights, Pad::outputs}) {
    for (std::int8_t& byte : pads[pad].bytes(0, pads[pad].config().bytes)) byte = static_cast<std::int8_t>(engine());
  }
  for (std::uint32_t c = 0; c < v.channels; ++c) {
    const std::int32_t parameters[3] = {static_cast<std::int32_t>(engine()) >> 12, 0x6543210F, 44};
    std::memcpy(pads[Pad::weights].bytes(v.parameters + c * 12, 12).data(), parameters, 12);
  }
}

void values(benchmark::State& state, VectorKind kind, std::uint32_t channels, std::uint32_t side, bool table,
            array::values::InstructionSet set) {
  memory::Scratchpads pads(core(), true);
  const Vector v = instruction(kind, channels, side, table);
  fill(v, pads);
  for (auto _ : state) vector::compute(v, pads, set);
  state.SetItemsProcessed(state.iterations() * v.channels * v.height * v.width);
}

/// SystemC elaborates once per context: one for each run.
class Kernel {
 public:
  Kernel() : previous_(sc_core::sc_curr_simcontext), context_(new sc_core::sc_simcontext) { use(context_.get()); }
  ~Kernel() { use(previous_); }
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

 private:
  static void use(sc_core::sc_simcontext* context) {
    sc_core::sc_curr_simcontext = sc_core::sc_default_global_context = context;
  }
  sc_core::sc_simcontext* previous_;
  std::unique_ptr<sc_core::sc_simcontext> context_;
};

/// Issues instruction after instruction, with a DMA request on the result's port every so often.
template <class Unit>
struct Issuer final : public sc_core::sc_module, public control::machine::UnitListener {
  SC_HAS_PROCESS(Issuer);
  Issuer(const sc_core::sc_module_name& module_name, const isa::machine::Program& program)
      : sc_module(module_name),
        pads(program.core, false),
        records(program.instructions.size()),
        context{program, program.core, pads, control::machine::Clock(1000.0), false, *this, records, observer},
        unit("unit", context) {
    for (const Pad pad : {Pad::activations, Pad::weights, Pad::outputs})
      pads[pad].mark_written(0, pads[pad].config().bytes);
    SC_METHOD(issue);
    sensitive << next;
  }
  void started(std::uint32_t, std::uint64_t) override {}
  void completed(std::uint32_t, std::uint64_t) override { next.notify(sc_core::SC_ZERO_TIME); }
  void issue() {
    if (issued == records.size()) return;
    if (issued % 2 == 0) pads[Pad::outputs].take_port(context.clock.next(), 1024);
    unit.issue(issued++);
  }

  memory::Scratchpads pads;
  std::vector<control::machine::InstructionRecord> records;
  control::machine::Observer observer;
  control::machine::Context context;
  Unit unit;
  sc_core::sc_event next;
  std::uint32_t issued = 0;
};

template <class Unit>
void timing(benchmark::State& state) {
  isa::machine::Program program;
  program.core = core();
  program.layers = {"layer"};
  program.instructions.assign(1000, {.work = instruction(VectorKind::requantize, 64, 14, false)});
  std::uint64_t cycles = 0;
  for (auto _ : state) {
    const Kernel kernel;
    Issuer<Unit> issuer("issuer", program);
    sc_core::sc_start();
    cycles = issuer.records.back().end;
  }
  const auto instructions = static_cast<double>(program.instructions.size()) * static_cast<double>(state.iterations());
  state.counters["instructions"] = benchmark::Counter(instructions, benchmark::Counter::kIsRate);
  state.counters["cycles"] = benchmark::Counter(static_cast<double>(cycles) * static_cast<double>(state.iterations()),
                                                benchmark::Counter::kIsRate);
}

void register_all() {
  for (const auto set : array::values::available_instruction_sets()) {
    const auto add = [&](const std::string& name, VectorKind kind, std::uint32_t channels, std::uint32_t side,
                         bool table) {
      benchmark::RegisterBenchmark((std::string(array::values::name(set)) + "/" + name).c_str(),
                                   [=](benchmark::State& state) { values(state, kind, channels, side, table, set); });
    };
    add("requantize/96x28x28", VectorKind::requantize, 96, 28, false);
    add("requantize/960x7x7", VectorKind::requantize, 960, 7, false);
    add("requantize_table/96x28x28", VectorKind::requantize, 96, 28, true);
    add("add/96x28x28", VectorKind::add, 96, 28, false);
    add("scale/96x28x28", VectorKind::scale, 96, 28, false);
    add("rescale/96x28x28", VectorKind::rescale, 96, 28, false);
    add("max_pool/96x28x28", VectorKind::max_pool, 96, 28, false);
    add("average_pool/96x28x28", VectorKind::average_pool, 96, 28, false);
  }
  benchmark::RegisterBenchmark("event", timing<vector::EventVectorUnit>)->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark("stepped", timing<vector::SteppedVectorUnit>)->Unit(benchmark::kMillisecond);
}

}  // namespace
}  // namespace fusesim::benchmarks

int main(int argc, char** argv) {
  fusesim::benchmarks::register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return EXIT_FAILURE;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
