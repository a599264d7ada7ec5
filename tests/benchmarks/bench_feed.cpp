// SPDX-License-Identifier: Apache-2.0
// What it takes to know the bank conflicts of a whole network's array instructions, cut into bands of lines that fit on
// chip: by the closed form, and by the walk over every operand that it must equal. `words` are checked to be the same.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hw/control/feed/array_instruction.h"
#include "hw/control/feed/banked_reads.h"
#include "hw/control/feed/feed_cost.h"
#include "hw/control/feed/fold_addresses.h"
#include "hw/isa/machine/layout.h"
#include "workloads/graph/graph.h"
#include "workloads/lower/lower.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::benchmarks {
namespace {

using isa::machine::Compute;
using isa::machine::CoreConfig;

constexpr std::uint64_t kBandBytes = 128 * 1024;

/// The instruction as bands of output lines whose input lines take about kBandBytes.
void append_bands(const isa::ArrayInstruction& instruction, const CoreConfig& core, bool conflict_free,
                  std::vector<Compute>& bands) {
  const isa::ConvGeometry& whole = instruction.geometry;
  const std::uint64_t bytes = std::uint64_t{whole.in_channels} * whole.in_height * whole.in_width;
  const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(whole.out_height, 1 + bytes / kBandBytes));
  const std::uint32_t lines = (whole.out_height + count - 1) / count;
  for (std::uint32_t first = 0; first < whole.out_height; first += lines) {
    Compute band;
    band.dataflow = instruction.dataflow;
    band.geometry = whole;
    isa::ConvGeometry& g = band.geometry;
    g.out_height = std::min(lines, whole.out_height - first);
    const std::int64_t begin = std::int64_t{first} * g.stride_height - whole.pad_top;
    const std::int64_t end = begin + std::int64_t{g.out_height - 1} * g.stride_height +
                             std::int64_t{g.kernel_height - 1} * g.dilation_height + 1;
    g.pad_top = static_cast<std::uint32_t>(std::max<std::int64_t>(0, -begin));
    g.pad_bottom = static_cast<std::uint32_t>(std::max<std::int64_t>(0, end - whole.in_height));
    g.in_height = static_cast<std::uint32_t>(end - begin) - g.pad_top - g.pad_bottom;
    band.lines_per_row =
        std::min(instruction.lines_per_row, isa::densest_packing(band.dataflow, g, core.array.cols).lines);
    const auto pitches = isa::machine::conflict_free_pitches(band.dataflow, g, band.lines_per_row, core);
    band.input.line_pitch = conflict_free ? pitches.line_pitch : g.in_width;
    band.input.channel_pitch = conflict_free ? pitches.channel_pitch : g.in_width * g.in_height;
    band.weights_pitch = pitches.weights_pitch;
    bands.push_back(band);
  }
}

std::vector<Compute> network(std::string_view variant, isa::Dataflow depthwise, const CoreConfig& core,
                             bool conflict_free) {
  lower::LowerOptions options;
  options.array = core.array;
  options.depthwise = depthwise;
  std::vector<Compute> bands;
  for (const isa::ArrayInstruction& instruction :
       lower::lower_layers(graph::array_layers(zoo::build("mobilenet_v2", variant)), "mobilenet_v2", options)
           .instructions) {
    append_bands(instruction, core, conflict_free, bands);
  }
  return bands;
}

struct Sum {
  std::uint64_t folds = 0, extra = 0, words = 0;
  bool operator==(const Sum&) const = default;
};

Sum closed_form(const std::vector<Compute>& computes, const CoreConfig& core) {
  Sum sum;
  for (const Compute& compute : computes) {
    const control::FeedCost cost(compute, core);
    sum.folds += cost.folds();
    sum.extra += cost.extra();
    sum.words += cost.activation_words() + cost.weight_words();
  }
  return sum;
}

Sum walk(const std::vector<Compute>& computes, const CoreConfig& core) {
  Sum sum;
  for (const Compute& compute : computes) {
    const control::FoldPlan plan(control::array_instruction(compute), core.array);
    const std::uint32_t feeders = std::max(core.array.rows, core.array.cols);
    const bool swapped = compute.dataflow == isa::Dataflow::depthwise_row;
    control::BankedReads left(swapped ? core.weights : core.activations, feeders);
    control::BankedReads other(swapped ? core.activations : core.weights, feeders);
    for (std::uint64_t f = 0; f < plan.folds(); ++f) {
      const control::Fold fold = plan.fold(f);
      const control::FoldAddresses addresses = control::fold_addresses(compute, plan, fold);
      left.begin_fold();
      other.begin_fold();
      for (std::uint32_t t = 0; t < fold.shape.feed; ++t)
        sum.extra += std::max(left.read(addresses.left.cycle(t)), other.read(addresses.other.cycle(t))) - 1;
    }
    sum.folds += plan.folds();
    sum.words += left.words() + other.words();
  }
  return sum;
}

void register_network(const std::string& title, std::string_view variant, isa::Dataflow depthwise, bool conflict_free,
                      bool walked) {
  benchmark::RegisterBenchmark(("feed/" + title).c_str(), [=](benchmark::State& state) {
    CoreConfig core;
    core.array.rows = core.array.cols = 64;
    const std::vector<Compute> computes = network(variant, depthwise, core, conflict_free);
    Sum sum;
    for (auto _ : state) sum = walked ? walk(computes, core) : closed_form(computes, core);
    if (walked && sum != closed_form(computes, core)) state.SkipWithError("closed form and walk differ");
    state.counters["instructions"] = static_cast<double>(computes.size());
    state.counters["folds"] = static_cast<double>(sum.folds);
    state.counters["conflicts"] = static_cast<double>(sum.extra);
    state.counters["words"] = static_cast<double>(sum.words);
  })->Unit(benchmark::kMicrosecond);
}

}  // namespace
}  // namespace fusesim::benchmarks

int main(int argc, char** argv) {
  using fusesim::benchmarks::register_network;
  using fusesim::isa::Dataflow;
  for (const bool conflict_free : {true, false}) {
    const std::string layout = conflict_free ? "free" : "dense";
    for (const bool walked : {false, true}) {
      const std::string how = walked ? "/walk" : "/closed";
      register_network("broadcast/" + layout + how, "baseline", Dataflow::depthwise_broadcast, conflict_free, walked);
      register_network("column/" + layout + how, "baseline", Dataflow::depthwise_column, conflict_free, walked);
      register_network("fuse_half/" + layout + how, "fuse_half", Dataflow::depthwise_column, conflict_free, walked);
    }
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
