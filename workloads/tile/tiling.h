// SPDX-License-Identifier: Apache-2.0
// How a task is cut into tiles: bands of output rows times blocks of output channels, and which operand stays in its
// scratchpad while the other passes by (docs/compiler.md).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "workloads/tile/tasks.h"

namespace fusesim::tile {

/// Output rows [begin, begin + count) and the input rows they need; what is missing above and below is padding.
struct Band {
  std::uint32_t begin = 0, count = 0;
  std::uint32_t in_begin = 0, in_count = 0;
  std::uint32_t pad_top = 0, pad_bottom = 0;
};
[[nodiscard]] Band band_of(const isa::ConvGeometry& geometry, std::uint32_t begin, std::uint32_t count);

/// Output channels [begin, begin + count) and the input channels they need. Blocks with equal `input` read the same.
struct Block {
  std::uint32_t begin = 0, count = 0;
  std::uint32_t in_begin = 0, in_count = 0;
  std::uint32_t groups = 1;
  std::uint32_t input = 0;
};
/// Whole groups where a block is at least as large as one; otherwise pieces of one group.
[[nodiscard]] std::vector<Block> blocks_of(const isa::ConvGeometry& geometry, std::uint32_t channels);

/// Places for pieces of an operand in a scratchpad: `slots` of `slot_bytes` each.
struct Buffering {
  std::uint32_t slot_bytes = 0;
  std::uint32_t slots = 0;
};

/// Where the elements of a piece of the input map lie in the activations scratchpad, bytes.
struct Pitches {
  std::uint32_t line = 0, channel = 0;
  bool operator==(const Pitches&) const = default;
};

struct Tiling {
  std::uint32_t band_rows = 1, bands = 1;
  std::uint32_t block_channels = 1, blocks = 1;
  bool bands_outside = true;
  Pitches pitches;                                           ///< Of all pieces alike.
  double conflicts = 1;                                      ///< Cycles that a cycle of the array takes, estimated.
  std::array<Buffering, isa::machine::pad_count> buffers{};  ///< Indexed by Pad; no slots where the task uses none.
  std::uint64_t load_bytes = 0, store_bytes = 0;
  std::uint64_t instructions = 0;
  double requests = 0;           ///< Of the DMA, estimated.
  double cycles = 0, stall = 0;  ///< Estimated.
};

/// Weights of one output channel.
[[nodiscard]] std::uint64_t taps_of(const isa::ConvGeometry& geometry);

/// Of the tilings with about the least estimated cycles the one with the least DRAM traffic, requests counted as bytes
/// too, then the fewest instructions; then pitches, by estimated cycles. Throws CompileError naming the layer, the
/// scratchpad and the bytes that would do when even the smallest tile does not fit.
[[nodiscard]] Tiling choose_tiling(const LayerTask& task, const Options& options);

/// Whether two tasks have the same choice of tilings.
[[nodiscard]] bool cut_alike(const LayerTask& a, const LayerTask& b);

/// Lines that share a row of the array in an instruction of this geometry.
[[nodiscard]] std::uint32_t lines_per_row(const LayerTask& task, const isa::ConvGeometry& geometry,
                                          const Options& options);

/// The geometry of a tile.
[[nodiscard]] isa::ConvGeometry tile_geometry(const isa::ConvGeometry& whole, const Band& band, const Block& block);

}  // namespace fusesim::tile
