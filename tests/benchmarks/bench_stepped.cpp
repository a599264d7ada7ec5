// SPDX-License-Identifier: Apache-2.0
// The array advanced register by register: the stepped model, and the Verilated SystemVerilog where a shared object of
// that size has been built. Both run full-size folds back to back, fed by the controller's edge logic as in a whole
// run: `gemm` are matrix products of inner length 576 (a 3x3 filter on 64 channels), `fuse` 1-D filters of three taps
// on the broadcast wires, as long as a row; `single` arrays have one accumulator a PE, the others two. `clocks` is
// clocks per second of CPU time, `pe_updates` PEs times that. `of_verilated` is the stepped model's speed over the
// Verilated one's, measured in turns within the same benchmark, with the observation buses left out of the Verilated
// array where such a build exists ("bare").
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "hw/array/array_model.h"
#include "hw/array/edge.h"
#include "hw/array/stepped_array.h"
#include "hw/control/fold_sequencer.h"
#include "rtl/verilated_array.h"

namespace fusesim::benchmarks {
namespace {

struct Case {
  std::uint32_t side = 8;
  bool fuse = false;
  bool single = false;

  [[nodiscard]] isa::ArrayConfig array() const {
    isa::ArrayConfig config;
    config.rows = config.cols = side;
    if (single) config.accumulators = isa::Accumulators::single;
    return config;
  }
  [[nodiscard]] std::string name() const {
    const std::string size = std::to_string(side);
    return size + "x" + size + (fuse ? "/fuse" : "/gemm") + (single ? "/single" : "");
  }
};

/// Drives an array with folds of one kind, one after the other.
class Folds {
 public:
  Folds(const Case& what, array::ArrayModel& model)
      : model_(model), in_(model.config()), out_(model.config()), sequencer_(model.config()) {
    const std::uint32_t side = what.side;
    array::FoldShape& shape = fold_.shape;
    shape.rows = shape.cols = side;
    fold_.columns.assign(side, 1);
    if (what.fuse) {
      shape.kind = array::FoldKind::row_conv;
      shape.feed = side + 2;
      shape.first_tap = side - 1;
      shape.taps = {{side - 1, side + 2}};
      fold_.tap_cycles = {side - 1, side, side + 1};
      fold_.taps = values(std::size_t{3} * side);
    } else {
      shape.feed = 576;
      fold_.top = values(std::size_t{shape.feed} * side);
    }
    fold_.left = values(std::size_t{shape.feed} * side);
  }

  void run(std::uint64_t clocks) {
    for (std::uint64_t i = 0; i < clocks; ++i) {
      if (sequencer_.wants_fold()) sequencer_.offer(fold_);
      sequencer_.drive(in_);
      model_.clock(in_, out_);
      sequencer_.take(out_);
      sequencer_.finished().clear();
    }
  }

 private:
  std::vector<std::int8_t> values(std::size_t count) {
    std::uniform_int_distribution<int> any(-128, 127);
    std::vector<std::int8_t> values(count);
    for (std::int8_t& value : values) value = static_cast<std::int8_t>(any(random_));
    return values;
  }

  array::ArrayModel& model_;
  array::EdgeInputs in_;
  array::EdgeOutputs out_;
  control::FoldSequencer sequencer_;
  control::FoldOperands fold_;
  std::mt19937 random_{1};
};

/// The Verilated array in its fastest build, named in `kind`; or nothing, and in `kind` what is missing.
std::unique_ptr<array::ArrayModel> verilated(const Case& what, std::string& kind) {
  try {
    kind = "bare";
    return rtl::VerilatedArray::bare(what.array());
  } catch (const rtl::NoSuchArray& error) {
    kind = error.what();
  }
  try {
    auto model = std::make_unique<rtl::VerilatedArray>(what.array());
    kind = "observed";
    return model;
  } catch (const rtl::NoSuchArray&) {
    return nullptr;
  }
}

void report(benchmark::State& state, std::uint32_t side, std::uint64_t clocks_per_iteration) {
  using benchmark::Counter;
  const double clocks = static_cast<double>(clocks_per_iteration) * static_cast<double>(state.iterations());
  state.counters["clocks"] = Counter(clocks, Counter::kIsRate);
  state.counters["pe_updates"] = Counter(clocks * side * side, Counter::kIsRate);
}

/// Clocks per second of CPU time.
double speed(Folds& folds, std::uint64_t clocks) {
  const std::clock_t start = std::clock();
  folds.run(clocks);
  const std::clock_t ticks = std::max<std::clock_t>(std::clock() - start, 1);
  return static_cast<double>(clocks) * CLOCKS_PER_SEC / static_cast<double>(ticks);
}

/// Clocks that take some milliseconds at about 3 G PE updates per second.
std::uint64_t batch(std::uint32_t side) {
  return 10'000'000ULL / (std::uint64_t{side} * side) + 600;
}

void run_stepped(benchmark::State& state, const Case& what) {
  array::SteppedArray model(what.array());
  Folds folds(what, model);
  const std::uint64_t clocks = batch(what.side);
  folds.run(2 * 576);
  for (auto _ : state) folds.run(clocks);
  report(state, what.side, clocks);
  std::string kind;
  if (const auto rtl_model = verilated(what, kind)) {
    Folds same(what, *rtl_model);
    double stepped = 0, rtl = 0;
    for (int turn = 0; turn < 5; ++turn) {  // in turns: both meet the same neighbours on a shared machine
      stepped = std::max(stepped, speed(folds, 2 * clocks));
      rtl = std::max(rtl, speed(same, clocks / 8 + 100));
    }
    state.counters["of_verilated"] = stepped / rtl;
    state.SetLabel(kind);
  }
}

void run_verilated(benchmark::State& state, const Case& what) {
  std::string kind;
  const auto model = verilated(what, kind);
  if (model == nullptr) {
    state.SkipWithError(kind.c_str());
    return;
  }
  state.SetLabel(kind);
  Folds folds(what, *model);
  const std::uint64_t clocks = batch(what.side) / 8 + 100;
  for (auto _ : state) folds.run(clocks);
  report(state, what.side, clocks);
}

void add(const std::string& model, const Case& what, void (*run)(benchmark::State&, const Case&)) {
  benchmark::RegisterBenchmark((model + "/" + what.name()).c_str(), [what, run](benchmark::State& state) {
    run(state, what);
  })->Unit(benchmark::kMicrosecond);
}

}  // namespace
}  // namespace fusesim::benchmarks

int main(int argc, char** argv) {
  namespace bench = fusesim::benchmarks;
  for (const std::uint32_t side : {8U, 16U, 32U, 64U, 128U, 256U}) {
    for (const bool fuse : {false, true}) {
      for (const bool single : {false, true}) bench::add("stepped", {side, fuse, single}, bench::run_stepped);
    }
  }
  for (const std::uint32_t side : {8U, 16U, 32U}) {
    for (const bool fuse : {false, true}) bench::add("verilated", {side, fuse, false}, bench::run_verilated);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
