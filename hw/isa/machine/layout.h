// SPDX-License-Identifier: Apache-2.0
// How to lay maps and weights in scratchpads so that the array's feeders do not get in each other's way.
// docs/machine.md, "Layouts without conflicts", has the derivation.
#pragma once

#include <cstdint>

#include "hw/isa/machine/config.h"
#include "hw/isa/program.h"

namespace fusesim::isa::machine {

/// Pitches for the input map and the weights of a compute instruction, bytes.
struct MapPitches {
  std::uint32_t line_pitch = 0;     ///< At least in_width.
  std::uint32_t channel_pitch = 0;  ///< At least in_height x line_pitch.
  std::uint32_t weights_pitch = 0;  ///< out_channels.
  /// Cycles that the activations (weights) needed in one cycle take at most, wherever map and weights lie. 1: never a
  /// conflict.
  std::uint32_t activation_cycles = 1, weight_cycles = 1;

  [[nodiscard]] bool conflict_free() const { return activation_cycles == 1 && weight_cycles == 1; }
  bool operator==(const MapPitches&) const = default;
};

/// The pitches with the fewest cycles among those up to a row of words above the dense ones; of equals the smallest
/// line pitch, then the smallest channel pitch. The geometry must be valid for the dataflow; of the core, array and
/// scratchpads count. Takes microseconds when pitches without conflicts are near, at worst some ten milliseconds; a
/// search that would take longer (thousands of banks) ends with the best found.
///
/// They also serve instructions that differ in having fewer channels or other padding above and below, and for gemm
/// kinds fewer lines.
[[nodiscard]] MapPitches conflict_free_pitches(Dataflow dataflow, const ConvGeometry& geometry,
                                               std::uint32_t lines_per_row, const CoreConfig& core);

/// The cycles that go with given pitches, for a map that several instructions share: `pitches` with both cycles
/// replaced.
[[nodiscard]] MapPitches with_cycles(MapPitches pitches, Dataflow dataflow, const ConvGeometry& geometry,
                                     std::uint32_t lines_per_row, const CoreConfig& core);

}  // namespace fusesim::isa::machine
