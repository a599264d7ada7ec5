// SPDX-License-Identifier: Apache-2.0
// The array advanced register by register: the stepped model, and the Verilated SystemVerilog where a shared object of
// that size has been built. Both are fed the same endless matrix product, every PE busy in every cycle, results drained
// under the next fold. `clocks` is clocks per second, `pe_updates` PEs times that. `of_verilated` is the stepped
// model's speed over the Verilated one's, measured within the same benchmark, with the observation buses left out of
// the Verilated array where such a build exists ("bare").
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
#include "rtl/verilated_array.h"

namespace fusesim::benchmarks {
namespace {

/// Drives an array with matrix products of inner length 576 (a 3x3 filter on 64 channels), one after the other.
class MatrixProducts {
 public:
  explicit MatrixProducts(array::ArrayModel& model)
      : model_(model), in_(model.config()), out_(model.config()), random_(1) {
    in_.left_valid.assign(in_.left_valid.size(), 1);
    in_.top_valid.assign(in_.top_valid.size(), 1);
    operands_.resize(in_.left.size() + in_.top.size() + period);
    std::uniform_int_distribution<int> any(-128, 127);
    for (std::int8_t& value : operands_) value = static_cast<std::int8_t>(any(random_));
  }

  void run(std::uint64_t clocks) {
    const std::size_t rows = in_.left.size(), cols = in_.top.size();
    for (std::uint64_t i = 0; i < clocks; ++i, ++cycle_) {
      const std::uint64_t phase = cycle_ % period, fold = cycle_ / period;
      const std::int8_t* from = operands_.data() + phase;
      std::copy(from, from + rows, in_.left.begin());
      std::copy(from + rows, from + rows + cols, in_.top.begin());
      in_.left_first = phase == 0;
      in_.left_bank = static_cast<std::uint8_t>(fold & 1U);
      // The last row has added the last products of fold f rows + 1 cycles after they entered.
      const bool drain = fold > 0 && phase == rows;
      in_.drain.assign(cols, drain ? 1 : 0);
      in_.drain_bank = static_cast<std::uint8_t>((fold - 1) & 1U);
      model_.clock(in_, out_);
    }
    benchmark::DoNotOptimize(out_.data.data());
  }

 private:
  static constexpr std::uint64_t period = 576;

  array::ArrayModel& model_;
  array::EdgeInputs in_;
  array::EdgeOutputs out_;
  std::mt19937 random_;
  std::vector<std::int8_t> operands_;
  std::uint64_t cycle_ = 0;
};

isa::ArrayConfig square(std::uint32_t side) {
  isa::ArrayConfig config;
  config.rows = config.cols = side;
  return config;
}

std::unique_ptr<array::ArrayModel> verilated(std::uint32_t side, std::string& kind) {
  try {
    kind = "bare";
    return rtl::VerilatedArray::bare(square(side));
  } catch (const rtl::NoSuchArray&) {
  }
  try {
    kind = "observed";
    return std::make_unique<rtl::VerilatedArray>(square(side));
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

/// Clocks per second of processor time over some tens of milliseconds, the best of three.
double speed(MatrixProducts& products, std::uint64_t clocks) {
  double best = 0;
  for (int trial = 0; trial < 3; ++trial) {
    const std::clock_t start = std::clock();
    products.run(clocks);
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    const double rate = static_cast<double>(clocks) / seconds;
    best = best < rate ? rate : best;
  }
  return best;
}

/// Clocks that take some ten milliseconds at about 3 G PE updates per second.
std::uint64_t batch(std::uint32_t side) {
  return 30'000'000ULL / (std::uint64_t{side} * side) / 8 + 600;
}

void run_stepped(benchmark::State& state, std::uint32_t side) {
  array::SteppedArray model(square(side));
  MatrixProducts products(model);
  const std::uint64_t clocks = batch(side);
  products.run(2 * 576);
  for (auto _ : state) products.run(clocks);
  report(state, side, clocks);
  std::string kind;
  if (const auto rtl_model = verilated(side, kind)) {
    MatrixProducts same(*rtl_model);
    state.counters["of_verilated"] = speed(products, clocks) / speed(same, clocks / 8 + 100);
  }
}

void run_verilated(benchmark::State& state, std::uint32_t side) {
  std::string kind;
  const auto model = verilated(side, kind);
  if (model == nullptr) {
    state.SkipWithError(
        "no Verilated array of this size; build target rtl_arrays or the one named in rtl/CMakeLists.txt");
    return;
  }
  state.SetLabel(kind);
  MatrixProducts products(*model);
  const std::uint64_t clocks = batch(side) / 8 + 100;
  for (auto _ : state) products.run(clocks);
  report(state, side, clocks);
}

}  // namespace
}  // namespace fusesim::benchmarks

int main(int argc, char** argv) {
  namespace bench = fusesim::benchmarks;
  for (const std::uint32_t side : {8U, 16U, 32U, 64U, 128U, 256U})
    benchmark::RegisterBenchmark(("stepped/" + std::to_string(side) + "x" + std::to_string(side)).c_str(),
                                 [side](benchmark::State& state) { bench::run_stepped(state, side); })
        ->Unit(benchmark::kMicrosecond);
  for (const std::uint32_t side : {8U, 16U, 32U})
    benchmark::RegisterBenchmark(("verilated/" + std::to_string(side) + "x" + std::to_string(side)).c_str(),
                                 [side](benchmark::State& state) { bench::run_verilated(state, side); })
        ->Unit(benchmark::kMicrosecond);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
