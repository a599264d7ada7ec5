// SPDX-License-Identifier: Apache-2.0
// The fused unit on a block like those of the networks it is made for: 32 input, 112 middle and 32 output channels,
// 3x3, about ten terms a list, 8x8 tiles. Items: terms broadcast (law), clocks (stepped core).
#include <benchmark/benchmark.h>

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "hw/array/values/instruction_set.h"
#include "hw/fused/law.h"
#include "hw/fused/stepped_fused_core.h"
#include "hw/fused/words.h"
#include "hw/isa/machine/fused.h"
#include "hw/isa/machine/fused_lists.h"

namespace fusesim::fused {
namespace {

using isa::machine::FusedMode;

struct Block {
  isa::machine::FusedConfig config;
  isa::machine::FusedTile tile;
  isa::machine::FusedPredict predict;
  isa::machine::FusedAccumulate accumulate;
  std::vector<std::int8_t> predictor_bytes, term_bytes;
  std::vector<std::int8_t> activations, results;
  std::vector<isa::machine::ChannelParameters> parameters;
  isa::machine::FusedPredictor predictor;
  isa::machine::FusedTerms terms;
};

std::vector<std::int8_t> as_signed(const std::vector<std::uint8_t>& bytes) {
  return {bytes.begin(), bytes.end()};
}

Block make_block(FusedMode mode) {
  std::mt19937 random(1);
  const auto below = [&](std::int32_t n) { return std::uniform_int_distribution<std::int32_t>(0, n - 1)(random); };
  Block block;
  block.config.present = true;
  block.config.mode = mode;
  if (mode == FusedMode::fixed) {
    block.config.adders = block.config.lanes;
    block.config.queue_depth = 0;
  }
  isa::machine::FusedGeometry g;
  g.channels = 32;
  g.middle = 112;
  g.kernel = 3;
  g.region_rows = g.region_columns = 10;
  g.out_rows = g.out_columns = 8;
  const isa::machine::FusedListShape shape{g.channels, g.middle, g.kernel, 32};
  isa::machine::FusedFactors factors;
  const auto fill = [&](auto& elements, std::size_t count, std::int32_t most) {
    elements.resize(count);
    for (auto& element : elements) {
      if (below(100) < 45) element = static_cast<std::decay_t<decltype(element)>>(below(2 * most + 1) - most);
    }
  };
  fill(factors.expand, std::size_t{g.middle} * g.channels, 31);
  fill(factors.depthwise, std::size_t{g.middle} * shape.taps(), 31);
  fill(factors.project, std::size_t{shape.out_channels} * g.middle, 31);
  fill(factors.expand_bias, g.middle, 34);
  fill(factors.depthwise_bias, g.middle, 1000);
  block.terms = isa::machine::compose(factors, shape);
  block.term_bytes = as_signed(isa::machine::encode_terms(block.terms, shape));
  const auto sum = [&](std::uint32_t inputs, std::int32_t spread) {
    isa::machine::FusedSum record;
    for (std::uint32_t i = 0; i < inputs; ++i) {
      if (below(2) == 0) record.lanes.push_back({static_cast<std::uint16_t>(i), below(2) == 0});
    }
    record.mask = static_cast<std::int16_t>(below(spread));
    for (std::int16_t i = 0; i < 7; ++i) record.levels[static_cast<std::size_t>(i)] = static_cast<std::int16_t>(5 * i);
    return record;
  };
  for (std::uint32_t m = 0; m < g.middle; ++m) {
    block.predictor.expand.push_back(sum(g.channels, 20));
    block.predictor.depthwise.push_back(sum(shape.taps(), 8));
  }
  block.predictor_bytes =
      as_signed(isa::machine::encode_predictor(block.predictor, shape, block.config.level_channels));
  block.tile.geometry = block.predict.geometry = block.accumulate.geometry = g;
  block.tile.input = {0, 100, 10};
  for (std::size_t i = 0; i < 15; ++i)
    block.tile.thresholds[i] = static_cast<std::int16_t>(16 * static_cast<int>(i) - 112);
  block.predict.round_channels = block.config.level_channels;
  block.accumulate.out_channels = shape.out_channels;
  block.activations.resize(3200);
  for (std::int8_t& q : block.activations) q = static_cast<std::int8_t>(below(256) - 128);
  block.results.resize(std::size_t{shape.out_channels} * 64);
  block.parameters.resize(shape.out_channels, {0, 1 << 30, 44});
  return block;
}

void run(benchmark::State& state, const Block& source, const LawOptions& options) {
  Block block = source;
  Law law(block.config, options);
  std::uint64_t terms = 0, cycles = 0;
  const bool masks = options.values || options.synthetic;
  law.tile(block.tile, block.activations);
  law.predict(block.predict, block.predictor_bytes);
  Outcome outcome;
  for ([[maybe_unused]] auto _ : state) {
    outcome = law.accumulate(block.accumulate, block.term_bytes, {block.parameters, block.activations}, block.results);
    terms += outcome.counters.terms;
    cycles += outcome.cycles;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(terms));
  state.counters["cycles"] = benchmark::Counter(static_cast<double>(cycles), benchmark::Counter::kIsRate);
  state.counters["words"] = static_cast<double>(outcome.counters.words);
  if (masks) {
    const auto all = static_cast<double>(outcome.counters.terms * 64);
    state.counters["survival"] = static_cast<double>(outcome.counters.survivors) / all;
  }
}

void predict(benchmark::State& state, array::values::InstructionSet set) {
  Block block = make_block(FusedMode::elastic);
  LawOptions options;
  options.instruction_set = set;
  Law law(block.config, options);
  law.tile(block.tile, block.activations);
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(law.predict(block.predict, block.predictor_bytes));
}

void parse(benchmark::State& state) {
  Block block = make_block(FusedMode::fixed);
  LawOptions options;
  options.values = false;
  for ([[maybe_unused]] auto _ : state) {
    Law law(block.config, options);
    benchmark::DoNotOptimize(law.accumulate(block.accumulate, block.term_bytes, {}, {}));
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(block.terms.terms.size()));
}

/// Words as fast as the core takes them, after the predictor has made masks.
void stepped(benchmark::State& state, FusedMode mode) {
  Block block = make_block(mode);
  SteppedFusedCore core(block.config);
  CoreInputs in;
  in.geometry = block.tile.geometry;
  std::vector<std::int16_t> x(100);
  std::vector<std::int8_t> v(100);
  for (std::uint16_t c = 0; c < 32; ++c) {
    for (std::size_t r = 0; r < 100; ++r) {
      x[r] = block.activations[c * 100U + r];
      v[r] = static_cast<std::int8_t>(x[r] >> 4);
    }
    in.tile = TileWrite{0, c, 0, 100, x, v};
    core.clock(in);
  }
  in.tile.reset();
  for (PredictorSource source(block.predictor, block.predict, block.config); !source.done(); source.advance()) {
    in.word = source.empty_cycle() ? Word{} : source.word();
    core.clock(in);
  }
  in.word = {};
  core.clock(in);
  core.clock(in);
  std::optional<TermSource> source;
  source.emplace(block.terms, block.accumulate, block.config.lanes);
  std::uint64_t clocks = 0;
  for ([[maybe_unused]] auto _ : state) {
    if (source->done()) {
      state.PauseTiming();
      source.emplace(block.terms, block.accumulate, block.config.lanes);
      state.ResumeTiming();
    }
    const bool taken = core.ready();
    in.word = source->word();
    core.clock(in);
    if (taken) source->advance();
    ++clocks;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(clocks));
}

void register_all() {
  for (const auto set : array::values::available_instruction_sets()) {
    const std::string of = std::string("/") + array::values::name(set);
    if (set == array::values::InstructionSet::avx512_vnni) continue;  // The same as avx512.
    LawOptions values, timing;
    values.instruction_set = timing.instruction_set = set;
    timing.values = false;
    timing.synthetic = SyntheticMasks{0.3, 1};
    for (const FusedMode mode : {FusedMode::fixed, FusedMode::elastic}) {
      const std::string name = mode == FusedMode::fixed ? "fused/fixed" : "fused/elastic";
      benchmark::RegisterBenchmark((name + "/values" + of).c_str(),
                                   [=](benchmark::State& state) { run(state, make_block(mode), values); });
      benchmark::RegisterBenchmark((name + "/synthetic" + of).c_str(),
                                   [=](benchmark::State& state) { run(state, make_block(mode), timing); });
    }
    benchmark::RegisterBenchmark(("fused/predict" + of).c_str(), [=](benchmark::State& state) { predict(state, set); });
  }
  LawOptions bare;
  bare.values = false;
  benchmark::RegisterBenchmark("fused/fixed/timing",
                               [=](benchmark::State& state) { run(state, make_block(FusedMode::fixed), bare); });
  benchmark::RegisterBenchmark("fused/parse", parse);
  benchmark::RegisterBenchmark("fused/stepped/fixed",
                               [](benchmark::State& state) { stepped(state, FusedMode::fixed); });
  benchmark::RegisterBenchmark("fused/stepped/elastic",
                               [](benchmark::State& state) { stepped(state, FusedMode::elastic); });
}

}  // namespace
}  // namespace fusesim::fused

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  fusesim::fused::register_all();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
