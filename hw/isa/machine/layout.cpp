// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/machine/layout.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

namespace fusesim::isa::machine {

namespace {

constexpr std::uint32_t unlimited = std::numeric_limits<std::uint32_t>::max();

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

/// Cycles that no line pitch gets below: where a search may stop. `places` are those of the smallest line pitch, which
/// is `in_width`.
std::uint32_t least_cycles(Places places, Dataflow dataflow, std::uint32_t in_width, const ScratchpadConfig& pad) {
  if (dataflow == Dataflow::depthwise_broadcast || dataflow == Dataflow::fuse_row) {
    if (places.step < pad.width) return 1;
    // The line pitch is free, what multiplies it is not: multiples of that meet some of the banks only.
    const std::uint64_t multiplier = places.step / in_width;
    const std::uint64_t banks =
        std::min(std::uint64_t{pad.banks}, pad.row_bytes() / std::gcd(multiplier, pad.row_bytes()));
    const std::uint64_t words = std::min(places.feeders, places.run * places.runs);
    return static_cast<std::uint32_t>(ceil_div(ceil_div(words, banks), pad.ports));
  }
  // A run lies as the geometry says.
  places.run = std::min(places.feeders, places.run);
  places.runs = 1;
  return most_cycles(places, pad);
}

/// Weights needed in a cycle are consecutive bytes, one a filter or channel.
std::uint32_t weight_cycles(Dataflow dataflow, const ConvGeometry& g, const CoreConfig& core) {
  const bool in_columns = dataflow == Dataflow::gemm || dataflow == Dataflow::depthwise_column;
  const std::uint32_t feeders = in_columns ? core.array.cols : core.array.rows;
  const bool gemm = in_columns || dataflow == Dataflow::depthwise_row;
  const std::uint32_t weights = std::min(feeders, gemm ? g.out_channels / g.groups : g.out_channels);
  return most_cycles({.run = weights, .runs = 1, .step = 1, .run_step = 0, .feeders = weights}, core.weights);
}

}  // namespace

MapPitches with_cycles(MapPitches pitches, Dataflow dataflow, const ConvGeometry& geometry, std::uint32_t lines_per_row,
                       const CoreConfig& core) {
  pitches.activation_cycles = most_cycles(activation_places(dataflow, geometry, std::max(1U, lines_per_row), core.array,
                                                            pitches.line_pitch, pitches.channel_pitch),
                                          core.activations);
  pitches.weight_cycles = weight_cycles(dataflow, geometry, core);
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
  auto better = [&](std::uint64_t line_pitch, std::uint64_t channel_pitch) {
    const std::uint32_t cycles = most_cycles(places(line_pitch, channel_pitch), pad, best);
    if (cycles >= best) return false;
    best = cycles;
    best_line = line_pitch;
    best_channel = channel_pitch;
    return true;
  };

  const std::uint64_t around = pad.row_bytes();  // Pitches this far apart use the same banks.
  const std::uint64_t dense = geometry.in_width;
  const std::uint32_t least = least_cycles(places(dense, 0), dataflow, geometry.in_width, pad);
  better(dense, dense * geometry.in_height);
  for (std::uint64_t line = dense; best > least && line < dense + around; ++line) {
    const std::uint64_t channel = line * geometry.in_height;
    if (dataflow < Dataflow::depthwise_broadcast) {
      better(line, channel);
    } else if (dataflow == Dataflow::fuse_column) {
      // Its lines lie side by side: any line pitch does, and the channel pitch decides.
      for (std::uint64_t pitch = channel; best > least && pitch < channel + around; ++pitch) better(line, pitch);
      break;
    } else {
      // Let a channel go on in the banks where the one before ended, in a word of its own: the lines of all channels
      // are then one long run. When that is good, a smaller channel pitch may be as good.
      const Places lines = places(line, channel);
      const std::uint64_t length = (lines.run - 1) * lines.step + std::max<std::uint64_t>(lines.step, pad.width);
      const std::uint64_t onward = channel + (length % around + around - channel % around) % around;
      if (!better(line, onward)) continue;
      for (std::uint64_t pitch = channel; pitch < best_channel; ++pitch) {
        if (most_cycles(places(line, pitch), pad, best + 1) == best) best_channel = pitch;
      }
    }
  }

  MapPitches pitches;
  pitches.line_pitch = static_cast<std::uint32_t>(best_line);
  pitches.channel_pitch = static_cast<std::uint32_t>(best_channel);
  pitches.weights_pitch = geometry.out_channels;
  pitches.activation_cycles = best;
  pitches.weight_cycles = weight_cycles(dataflow, geometry, core);
  return pitches;
}

}  // namespace fusesim::isa::machine
