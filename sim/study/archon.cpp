// SPDX-License-Identifier: Apache-2.0
#include "sim/study/archon.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "sim/analytic/archon.h"
#include "sim/study/measure.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::study {

using control::machine::Cause;
using report::Cell;
using report::Column;
using report::Table;

namespace {

double ratio(double numerator, double denominator) {
  return denominator == 0 ? 0 : numerator / denominator;
}

double ratio(std::uint64_t numerator, std::uint64_t denominator) {
  return ratio(static_cast<double>(numerator), static_cast<double>(denominator));
}

std::uint64_t cycles_of(const Result& result, std::initializer_list<Cause> causes) {
  std::uint64_t sum = 0;
  for (const Cause cause : causes) sum += result.causes[static_cast<std::size_t>(cause)];
  return sum;
}

/// Cycles in which neither array nor fused unit had work.
std::uint64_t waiting(const Result& result) {
  return cycles_of(result, {Cause::load, Cause::vector, Cause::store, Cause::control});
}

/// The study's count of a term: a weight of 16 bits, an index of 10, an end mark.
constexpr std::uint64_t term_bits = 27;

Point usual(std::string_view network, Dataflow dataflow, Memory memory = Memory::ample, Terms terms = Terms::lists) {
  return {std::string(network), dataflow, memory, terms, usual_survival};
}

}  // namespace

const Result& Measured::at(const Point& point) const {
  const auto found =
      std::find_if(results.begin(), results.end(), [&point](const auto& entry) { return entry.first == point; });
  if (found == results.end()) throw std::logic_error("not measured: " + describe(point));
  return found->second;
}

Measured measure_all(const MeasureOptions& options) {
  const std::vector<Point> all = points();
  std::vector<std::optional<Result>> results;
  for (const Point& point : all) results.push_back(options.find ? options.find(point) : std::nullopt);
  auto done = all.size() - static_cast<std::size_t>(std::count(results.begin(), results.end(), std::nullopt));
  if (options.progress) options.progress(done, all.size());
  Measured measured;
  Measurer measurer(options.stop);
  const auto measure_missing = [&] {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (results[i]) continue;
      if (options.stop && options.stop()) throw Stopped();
      results[i] = measurer.measure(all[i]);
      if (options.keep) options.keep(all[i], *results[i]);
      if (options.progress) options.progress(++done, all.size());
    }
    for (const std::string_view network : networks) {
      const std::string name(network);
      measured.layer_by_layer.emplace_back(name, measurer.layer_by_layer(name));
    }
  };
  try {
    measure_missing();
  } catch (const Stopped&) {  // What is finished is worth having.
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (results[i]) measured.results.emplace_back(all[i], *results[i]);
  }
  return measured;
}

Table cycles_report(const Measured& measured) {
  Table table("Fused blocks on 64 PEs, one image, cycles",
              {{"network", "", "Of the study, in the zoo", 3, false},
               {"model", "", "Closed form, layer-by-layer machine, or simulated", 3, false},
               {"memory", "", "Behind the scratchpads; empty: ideal", 3, false},
               {"terms", "", "Where the terms of composed weights come from", 3, false},
               {"cycles", "", "One image", 3, false},
               {"predict", "cycles", "The predictor at work", 3, false},
               {"sum", "cycles", "Terms broadcast, or sums grow on the array", 3, false},
               {"stall", "cycles", "Full queues, results that wait, words that are late", 3, false},
               {"wait", "cycles", "No work at hand: loads, stores, vector unit, control", 3, false},
               {"dense_over", "x", "Cycles of dense-64 over these", 2, false},
               {"sparse_over", "x", "Cycles of sparse-64 over these", 2, false},
               {"quoted_dense_over", "x", "The study's 4,132,672 cycles of MobileNetV2 on its dense machine over these",
                3, false},
               {"quoted_sparse_over", "x", "The study's 1,512,504 cycles on its sparse machine over these", 3, false},
               {"list_bits_per_cycle", "bit", "Terms of 27 bits broadcast in a cycle that sums", 0, false},
               {"dram_bytes", "bytes", "Read and written", 3, true}});
  for (const auto& [network, by_layer] : measured.layer_by_layer) {
    const auto ratios = [&, &machines = by_layer](std::uint64_t cycles) {
      return std::array<Cell, 4>{ratio(machines.dense, cycles), ratio(machines.sparse, cycles),
                                 ratio(quoted_dense_cycles, cycles), ratio(quoted_sparse_cycles, cycles)};
    };
    const auto add_model = [&, &name = network](const std::string& model, std::uint64_t cycles,
                                                const Cell& predict = {}, const Cell& sum = {}) {
      const auto over = ratios(cycles);
      table.add_row({name, model, {}, {}, cycles, predict, sum, {}, {}, over[0], over[1], over[2], over[3], {}, {}});
    };
    const analytic::ArchonCycles closed = analytic::archon_cycles(zoo::build(network, "baseline"));
    std::uint64_t predict = 0;
    for (const analytic::ArchonBlock& block : closed.blocks) predict += block.predict_expand + block.predict_depthwise;
    add_model("MACs / 64", by_layer.macs_over_pes);
    add_model("dense-64", by_layer.dense);
    add_model("sparse-64", by_layer.sparse);
    add_model("closed form as published", closed.published(), predict, closed.published() - predict);
    if (closed.corrected() != closed.published()) {
      add_model("closed form, slips corrected", closed.corrected(), predict, closed.corrected() - predict);
    }
    for (const auto& [point, result] : measured.results) {
      if (point.network != network || !is_fused(point.dataflow) || point.survival != usual_survival) continue;
      const auto over = ratios(result.cycles);
      const std::uint64_t sum = cycles_of(result, {Cause::compute});
      table.add_row({network, std::string(name(point.dataflow)), std::string(name(point.memory)),
                     std::string(name(point.terms)), result.cycles, cycles_of(result, {Cause::predict}), sum,
                     cycles_of(result, {Cause::stall}), waiting(result), over[0], over[1], over[2], over[3],
                     ratio(result.fused.terms * term_bits, sum), result.dram_bytes});
    }
  }
  table.add_note(
      "Networks for 32x32 images. Simulated: the whole network from DRAM to DRAM, head and tail on the 8x8 array; "
      "16/16 and 24/6 are lanes and adders a PE.");
  table.add_note(
      fmt::format("Weights, masks and images are synthetic: pruned as in the study (80 % pointwise, 70 % depthwise), "
                  "each ReLU passes a share of {}.",
                  usual_survival));
  table.add_note(
      "MACs / 64, dense-64 and sparse-64 have ideal memory and neither bias nor stall, also where dense_over and "
      "sparse_over divide them by cycles on a real one.");
  table.add_note(
      "The closed form has no survival, bias, halo, packing, stall or memory. quoted_*: another network (MobileNetV2, "
      "unmodified) on the study's machines.");
  return table;
}

Table multiplications_report(const Measured& measured) {
  Table table("Multiplications of the fused blocks, one image",
              {{"network", "", "Of the study, in the zoo", 3, false},
               {"block", "", "Its expanding layer; total: all fused blocks", 3, false},
               {"dense", "M", "Layer by layer", 3, false},
               {"pruned", "M", "Layer by layer, weights that are not zero", 3, false},
               {"predicted", "M", "The same, only for values that both ReLUs let pass; not fused", 3, false},
               {"fused", "M", "Composed convolution", 3, false},
               {"dense_over_fused", "x", "", 1, false},
               {"pruned_over_fused", "x", "", 1, false},
               {"predicted_over_fused", "x", "", 1, false},
               {"edge", "M", "Multiplications that form terms at the edge of the array, simulated", 3, false},
               {"dense_over_fused_edge", "x", "dense / (fused + edge)", 1, false}});
  constexpr double million = 1e6;
  const analytic::BlockDensities densities{.survival1 = usual_survival, .survival2 = usual_survival};
  for (const std::string_view network : networks) {
    auto blocks = analytic::block_multiplications(zoo::build(network, "baseline"), densities);
    blocks.push_back(analytic::total(blocks));
    const auto edge = static_cast<double>(
        measured.at(usual(network, Dataflow::fused_elastic, Memory::ample, Terms::factors)).fused.composer_products);
    for (const analytic::BlockMultiplications& block : blocks) {
      const bool all = block.name == "total";
      table.add_row({std::string(network), block.name, block.dense / million, block.pruned / million,
                     block.predicted / million, block.fused / million, ratio(block.dense, block.fused),
                     ratio(block.pruned, block.fused), ratio(block.predicted, block.fused),
                     all ? Cell(edge / million) : Cell(), all ? Cell(ratio(block.dense, block.fused + edge)) : Cell()});
    }
  }
  table.add_note(
      "A line a block: --out DIR, archon_multiplications.csv. The modified ShuffleNet is left out: its blocks "
      "are expand, shuffle, project, depthwise.");
  table.add_note("Every ratio is over the fused column of its own line. Predicted: a survival of " +
                 fmt::format("{} of each ReLU, synthetic.", usual_survival));
  return table;
}

Table survival_report(const Measured& measured) {
  Table table("FusioNet for CIFAR-10 against the survival of its ReLUs (synthetic), ample memory",
              {{"survival", "", "Share of values that each of the two predicted ReLUs passes", 1, false},
               {"passed", "", "Share of broadcast terms that both masks pass, measured", 3, false},
               {"cycles", "", "24 lanes, 6 adders, queues of 30", 3, false},
               {"queue_stalls", "cycles", "The broadcast is held by a full queue", 3, false},
               {"survivors", "M", "Terms added, all PEs", 3, false},
               {"live_products", "M", "Products with at least one survivor", 3, false},
               {"products", "M", "All, as the fixed mode multiplies", 3, false},
               {"fixed_cycles", "", "16 lanes, 16 adders: the same for all survivals", 3, false}});
  const std::uint64_t fixed = measured.at(usual("fusionet_c10", Dataflow::fused_fixed)).cycles;
  const auto millions = [](std::uint64_t count) { return static_cast<double>(count) / 1e6; };
  std::vector<std::pair<double, const Result*>> lines;
  for (const auto& [point, result] : measured.results) {
    if (point.network == "fusionet_c10" && point.dataflow == Dataflow::fused_elastic && point.memory == Memory::ample &&
        point.terms == Terms::lists) {
      lines.emplace_back(point.survival, &result);
    }
  }
  std::sort(lines.begin(), lines.end());
  for (const auto& [survival, result] : lines) {
    const fused::Counters& counters = result->fused;
    constexpr std::uint64_t pes = 64;  // All tiles of this network are full.
    table.add_row({survival, ratio(counters.survivors, counters.terms * pes), result->cycles, counters.queue_stalls,
                   millions(counters.survivors), millions(counters.live_products), millions(counters.products), fixed});
  }
  return table;
}

Table arrays_report(const Measured& measured) {
  std::vector<Column> columns{{"network", "", "Of the study, in the zoo", 3, false},
                              {"memory", "", "Behind the scratchpads", 3, false}};
  constexpr std::array dataflows{Dataflow::column, Dataflow::broadcast, Dataflow::fuse_half, Dataflow::fused_fixed,
                                 Dataflow::fused_elastic};
  constexpr std::array<const char*, 5> keys{"column", "broadcast", "fuse_half", "fused_16_16", "fused_24_6"};
  for (const char* key : keys) columns.push_back({key, "cycles", "", 3, false});
  columns.push_back({"column_over_fused", "x", "column / fused_24_6", 2, false});
  columns.push_back({"broadcast_over_fused", "x", "broadcast / fused_24_6", 2, false});
  columns.push_back({"fuse_half_over_fused", "x", "fuse_half / fused_24_6", 2, false});
  Table table("64 PEs: the 8x8 array, FuSe on it, and the fused block, one image, cycles", std::move(columns));
  for (const std::string_view network : networks) {
    for (const Memory memory : {Memory::ample, Memory::ddr4, Memory::eight_bytes}) {
      std::vector<Cell> row{std::string(network), std::string(name(memory))};
      std::vector<std::uint64_t> cycles;
      cycles.reserve(dataflows.size());
      for (const Dataflow dataflow : dataflows) cycles.push_back(measured.at(usual(network, dataflow, memory)).cycles);
      for (const std::uint64_t count : cycles) row.emplace_back(count);
      for (std::size_t i = 0; i < 3; ++i) row.emplace_back(ratio(cycles[i], cycles.back()));
      table.add_row(std::move(row));
    }
  }
  table.add_note(
      "Same PEs, scratchpads and memory. column, broadcast: the dense network, unchanged. FuSe-Half: another network. "
      "fused: the network pruned and predicted, another accuracy again.");
  return table;
}

Table points_report(const Measured& measured) {
  Table table("Simulated points", {{"network", "", "", 3, false},
                                   {"dataflow", "", "", 3, false},
                                   {"memory", "", "", 3, false},
                                   {"terms", "", "Fused dataflows only", 3, false},
                                   {"survival", "", "Synthetic; fused dataflows only", 1, false},
                                   {"cycles", "", "", 3, false},
                                   {"predict", "cycles", "", 3, false},
                                   {"sum", "cycles", "", 3, false},
                                   {"stall", "cycles", "", 3, false},
                                   {"fill_drain", "cycles", "", 3, false},
                                   {"wait", "cycles", "", 3, false},
                                   {"dram_bytes", "bytes", "", 3, false},
                                   {"peak_weight_bytes", "bytes", "", 3, false},
                                   {"words", "", "", 3, false},
                                   {"terms_broadcast", "", "", 3, false},
                                   {"products", "", "", 3, false},
                                   {"survivors", "", "", 3, false}});
  for (const auto& [point, result] : measured.results) {
    const bool fused = is_fused(point.dataflow);
    table.add_row({point.network, std::string(name(point.dataflow)), std::string(name(point.memory)),
                   fused ? Cell(std::string(name(point.terms))) : Cell(), fused ? Cell(point.survival) : Cell(),
                   result.cycles, cycles_of(result, {Cause::predict}), cycles_of(result, {Cause::compute}),
                   cycles_of(result, {Cause::stall}), cycles_of(result, {Cause::fill, Cause::drain, Cause::conflict}),
                   waiting(result), result.dram_bytes, result.peak_weight_bytes, result.fused.words, result.fused.terms,
                   result.fused.products, result.fused.survivors});
  }
  return table;
}

}  // namespace fusesim::study
