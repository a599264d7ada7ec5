// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/machine/layout.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

namespace fusesim::isa::machine {

namespace {

constexpr std::uint32_t unlimited = std::numeric_limits<std::uint32_t>::max();

/// Words that a search may count.
constexpr std::uint64_t most_work = std::uint64_t{1} << 24;

std::uint64_t ceil_div(std::uint64_t a, std::uint64_t b) {
  return (a + b - 1) / b;
}

/// Places that feeders read side by side, numbered along a run and then run by run; a fold takes `feeders` numbers in
/// sequence. gemm kinds: output pixels, a run is an output line. On the FuSe wires: row tasks, a run is a channel.
struct Places {
  std::uint64_t run = 1;       ///< Places of a run.
  std::uint64_t runs = 1;      ///< Runs in all.
  std::uint64_t step = 0;      ///< Bytes from place to place.
  std::uint64_t run_step = 0;  ///< Bytes from run to run.
  std::uint64_t feeders = 1;
};

/// Most cycles that a fold's places take, over all folds and all addresses of place 0; `limit` or more when it finds
/// that many. Padding, lines that do not exist and words held only take words away, so this is an upper bound; it is
/// reached when no place of the fullest fold is padding, since registers are empty in a fold's first cycle.
std::uint32_t most_cycles(const Places& places, const ScratchpadConfig& pad, std::uint32_t limit = unlimited) {
  const std::uint64_t total = places.run * places.runs;
  // Folds that start equally far into a run read the same pattern, shifted. Shifting by words renames banks, so of the
  // address only what lies below a word counts.
  const std::uint64_t period = places.run / std::gcd(places.run, places.feeders);
  const std::uint64_t folds = std::min(ceil_div(total, places.feeders), period);
  std::vector<std::uint32_t> load(pad.banks);
  std::uint32_t most = 1;
  for (std::uint64_t fold = 0; fold < folds; ++fold) {
    const std::uint64_t first = fold * places.feeders % places.run;
    const std::uint64_t count = std::min(places.feeders, total - fold * places.feeders);
    for (std::uint32_t shift = 0; shift < pad.width; ++shift) {
      std::fill(load.begin(), load.end(), 0);
      std::uint64_t start = shift, along = first, last = std::numeric_limits<std::uint64_t>::max();
      for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t word = (start + along * places.step) / pad.width;
        if (word != last) {
          const std::uint32_t words = ++load[word % pad.banks];
          if (words > most * pad.ports && ++most >= limit) return most;
        }
        last = word;
        if (++along == places.run) {
          along = 0;
          start += places.run_step;
        }
      }
    }
  }
  return most;
}

/// What feeders read side by side in the activations scratchpad.
Places activation_places(Dataflow dataflow, const ConvGeometry& g, std::uint32_t lines_per_row,
                         const ArrayConfig& array, std::uint64_t line_pitch, std::uint64_t channel_pitch) {
  switch (dataflow) {
    case Dataflow::gemm:
    case Dataflow::depthwise_column:
    case Dataflow::depthwise_row:
      return {.run = g.out_width,
              .runs = g.out_height,
              .step = g.stride_width,
              .run_step = g.stride_height * line_pitch,
              .feeders = dataflow == Dataflow::depthwise_row ? array.cols : array.rows};
    case Dataflow::depthwise_broadcast:
    case Dataflow::fuse_row:
      return {.run = ceil_div(g.out_height, lines_per_row),
              .runs = g.out_channels,
              .step = std::uint64_t{lines_per_row} * g.stride_height * line_pitch,
              .run_step = channel_pitch,
              .feeders = array.rows};
    case Dataflow::fuse_column:
      break;
  }
  return {.run = ceil_div(g.out_width, lines_per_row),
          .runs = g.out_channels,
          .step = std::uint64_t{lines_per_row} * g.stride_width,
          .run_step = channel_pitch,
          .feeders = array.rows};
}

/// One run alone, of which a fold takes as much as it can.
Places one_run(Places places) {
  places.run = std::min(places.feeders, places.run);
  places.runs = 1;
  return places;
}

/// Cycles that no pitches get below: where a search may stop. `places` are those of the smallest line pitch, which is
/// `in_width`.
std::uint32_t least_cycles(const Places& places, Dataflow dataflow, std::uint32_t in_width,
                           const ScratchpadConfig& pad) {
  if (dataflow != Dataflow::depthwise_broadcast && dataflow != Dataflow::fuse_row) {
    return most_cycles(one_run(places), pad);  // A run lies as the geometry says.
  }
  // Lines shorter than a word may share one.
  if (places.step < pad.width) return 1;
  // The line pitch is free, what multiplies it is not: multiples of that meet some of the banks only.
  const std::uint64_t row = pad.row_bytes();
  const std::uint64_t banks = std::min(std::uint64_t{pad.banks}, row / std::gcd(places.step / in_width, row));
  const std::uint64_t of_a_run = ceil_div(std::min(places.feeders, places.run), banks);
  const std::uint64_t of_all = ceil_div(std::min(places.feeders, places.run * places.runs), pad.banks);
  return static_cast<std::uint32_t>(ceil_div(std::max(of_a_run, of_all), pad.ports));
}

/// Weights needed in a cycle are consecutive bytes, one a filter or channel.
std::uint32_t weight_cycles(Dataflow dataflow, const ConvGeometry& g, std::uint32_t lines_per_row,
                            const CoreConfig& core) {
  std::uint64_t weights = g.out_channels / g.groups;
  if (dataflow == Dataflow::gemm || dataflow == Dataflow::depthwise_column) {
    weights = std::min<std::uint64_t>(weights, core.array.cols);
  } else if (dataflow == Dataflow::depthwise_row) {
    weights = std::min<std::uint64_t>(weights, core.array.rows);
  } else {
    // Rows spread over most channels when the first is the last task of its own.
    const std::uint64_t tasks = activation_places(dataflow, g, lines_per_row, core.array, 0, 0).run;
    weights = std::min<std::uint64_t>(g.out_channels, 1 + ceil_div(core.array.rows - 1, tasks));
  }
  return most_cycles({.run = weights, .runs = 1, .step = 1, .run_step = 0, .feeders = weights}, core.weights);
}

}  // namespace

MapPitches with_cycles(MapPitches pitches, Dataflow dataflow, const ConvGeometry& geometry, std::uint32_t lines_per_row,
                       const CoreConfig& core) {
  pitches.activation_cycles = most_cycles(activation_places(dataflow, geometry, std::max(1U, lines_per_row), core.array,
                                                            pitches.line_pitch, pitches.channel_pitch),
                                          core.activations);
  pitches.weight_cycles = weight_cycles(dataflow, geometry, std::max(1U, lines_per_row), core);
  return pitches;
}

MapPitches conflict_free_pitches(Dataflow dataflow, const ConvGeometry& geometry, std::uint32_t lines_per_row,
                                 const CoreConfig& core) {
  const ScratchpadConfig& pad = core.activations;
  auto places = [&](std::uint64_t line_pitch, std::uint64_t channel_pitch) {
    return activation_places(dataflow, geometry, std::max(1U, lines_per_row), core.array, line_pitch, channel_pitch);
  };
  std::uint64_t best_line = 0, best_channel = 0;
  std::uint32_t best = unlimited;
  // So that a machine with thousands of banks does not take minutes; with 64 of 2 bytes all pitches are tried.
  const std::uint64_t work = std::uint64_t{pad.width} * (pad.banks + std::max(core.array.rows, core.array.cols));
  std::uint64_t tries = 1 + most_work / work;
  auto consider = [&](std::uint64_t line_pitch, std::uint64_t channel_pitch) {
    --tries;
    const std::uint32_t cycles = most_cycles(places(line_pitch, channel_pitch), pad, best);
    if (cycles >= best) return;
    best = cycles;
    best_line = line_pitch;
    best_channel = channel_pitch;
  };

  const std::uint64_t around = pad.row_bytes();  // Pitches this far apart use the same banks.
  const std::uint64_t dense = geometry.in_width;
  const std::uint32_t least = least_cycles(places(dense, 0), dataflow, geometry.in_width, pad);
  consider(dense, dense * geometry.in_height);
  for (std::uint64_t line = dense; best > least && tries > 0 && line < dense + around; ++line) {
    const std::uint64_t channel = line * geometry.in_height;
    if (dataflow < Dataflow::depthwise_broadcast) {
      consider(line, channel);
      continue;
    }
    // A channel alone says what the channel pitch can reach at best.
    const Places lines = places(line, channel);
    const std::uint32_t alone = most_cycles(one_run(lines), pad, best);
    for (std::uint64_t pitch = channel; best > alone && tries > 0 && pitch < channel + around; ++pitch)
      consider(line, pitch);
    if (dataflow == Dataflow::fuse_column) break;  // Its lines lie side by side: no line pitch is better.
  }

  MapPitches pitches;
  pitches.line_pitch = static_cast<std::uint32_t>(best_line);
  pitches.channel_pitch = static_cast<std::uint32_t>(best_channel);
  pitches.weights_pitch = geometry.out_channels;
  pitches.activation_cycles = best;
  pitches.weight_cycles = weight_cycles(dataflow, geometry, std::max(1U, lines_per_row), core);
  return pitches;
}

}  // namespace fusesim::isa::machine
