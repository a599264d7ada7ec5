// SPDX-License-Identifier: Apache-2.0
// Boxes of a map in DRAM: which bytes they are, and the transfer between them and a scratchpad.
#pragma once

#include <cstdint>

#include "workloads/tile/emitter.h"
#include "workloads/tile/tiling.h"

namespace fusesim::tile {

/// Some rows and columns of `channels` channels, every `step`-th from `channel` on. With `groups` above 1 so many
/// neighbours of each channel, too: in the scratchpad one group of `channels` follows the other.
struct MapBox {
  TensorPlace place;
  std::uint32_t map_width = 1;  ///< Of the whole map.
  std::uint32_t channel = 0, channels = 1, step = 1, groups = 1;
  std::uint32_t row = 0, rows = 1;
  std::uint32_t column = 0, columns = 1;
};

/// For the order of transfers: all lines from the box's first channel to its last, over the map's whole width.
[[nodiscard]] DramRuns lines_around(const MapBox& box);

/// By ascending address in DRAM, with as long runs as both sides allow. `address` is that of the box's first element.
[[nodiscard]] isa::machine::Transfer transfer_of(const MapBox& box, const isa::machine::Program& program,
                                                 isa::machine::Pad pad, std::uint32_t address, const Pitches& pitches);

}  // namespace fusesim::tile
