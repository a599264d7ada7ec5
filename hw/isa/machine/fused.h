// SPDX-License-Identifier: Apache-2.0
// The fused block: configuration and instructions. It shares PEs and compute queue with the plain array. An expand -
// depthwise - project block runs tile by tile and group by group: load the input tile, predict both ReLUs, then sum the
// composed convolution under the masks. docs/fused.md has the laws.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace fusesim::isa::machine {

enum class FusedMode : std::uint8_t {
  /// Every lane has its adder (adders == lanes, no queues): nothing depends on data.
  fixed,
  /// Survivors of the masks queue for fewer adders; a full queue holds the broadcast.
  elastic,
};
/// "fixed", "elastic".
[[nodiscard]] const char* name(FusedMode mode);

/// One PE an output pixel of the tile: tile_rows * tile_columns == rows * columns of the array.
struct FusedConfig {
  bool present = false;
  std::uint32_t tile_rows = 8, tile_columns = 8;
  FusedMode mode = FusedMode::elastic;
  std::uint32_t lanes = 24;            ///< L: terms or ternary weights broadcast in a cycle; 1 .. 64.
  std::uint32_t adders = 6;            ///< A, a PE; 1 .. lanes; lanes in mode fixed.
  std::uint32_t queue_depth = 30;      ///< Q, survivors a PE queues; at least lanes in mode elastic, else 0.
  std::uint32_t adder_bits = 20;       ///< Signed width of a composed weight; 8 .. 32.
  std::uint32_t ladders = 4;           ///< F: ternary sums that may end in a cycle, a PE; 1 .. 16.
  std::uint32_t mask_channels = 1024;  ///< Middle channels of a group that the mask storage holds; at most 4096.
  /// Input positions of a tile that mask 1 covers; at least tile_rows * tile_columns.
  std::uint32_t mask_positions = 384;
  std::uint32_t level_channels = 64;   ///< Middle channels whose 3-bit values are held between the predictor's stages.
  std::uint32_t tile_bytes = 16384;    ///< Of each of the two input tiles: channels * positions.
  std::uint32_t tile_port_bytes = 16;  ///< Bytes a cycle that load a tile.
  std::uint32_t list_bytes_per_cycle = 0;       ///< From the weights scratchpad; 0: a word whenever it is wanted.
  std::uint32_t list_fifo_bytes = 1024;         ///< Between scratchpad and broadcast; at least the widest word.
  std::uint32_t composer_terms_per_cycle = 24;  ///< Terms formed from sparse factors in a cycle; 1 .. lanes.
  std::uint32_t output_lanes = 8;               ///< V: results requantised in a cycle; 1 .. tile_rows * tile_columns.
  bool operator==(const FusedConfig&) const = default;
};

/// Of the widest word that the list reader hands out: what its FIFO must hold.
[[nodiscard]] std::uint32_t widest_word_bytes(const FusedConfig& config);

/// Where a tile lies in its map. The region is the part of the input inside the map that the tile's taps touch. Tap
/// (ky, kx) of output (i, j) reads region row i * stride + ky - pad_top and column j * stride + kx - pad_left; a tap
/// outside the region contributes nothing. Position r = row * region_columns + column.
struct FusedGeometry {
  std::uint32_t channels = 1;  ///< Input channels of the group.
  std::uint32_t middle = 1;    ///< Middle channels of the group.
  std::uint32_t kernel = 3;    ///< 1 .. 7, square.
  std::uint32_t stride = 1;    ///< 1 or 2.
  std::uint32_t region_rows = 1, region_columns = 1;
  std::uint32_t pad_top = 0, pad_left = 0;      ///< Below `kernel`.
  std::uint32_t out_rows = 1, out_columns = 1;  ///< Outputs inside the map, at most the tile.
  [[nodiscard]] std::uint32_t positions() const { return region_rows * region_columns; }
  bool operator==(const FusedGeometry&) const = default;
};

/// An int8 map in the activations (or, for results, the outputs) scratchpad: (c, y, x) at address + c * channel_pitch +
/// y * line_pitch + x.
struct FusedMap {
  std::uint32_t address = 0, channel_pitch = 0, line_pitch = 0;
  bool operator==(const FusedMap&) const = default;
};

/// Loads input tile `buffer`: of each element q the difference x = q - zero_point, which the main path multiplies, and
/// the predictor's 4-bit copy v = -8 + (number of thresholds that are <= q). Thresholds ascend; 128 is never reached.
struct FusedTile {
  std::uint8_t buffer = 0;  ///< 0 or 1.
  FusedGeometry geometry;
  FusedMap input;  ///< Address of channel 0, position 0; activations scratchpad.
  std::int32_t zero_point = 0;
  std::array<std::int16_t, 15> thresholds{};
  bool operator==(const FusedTile&) const = default;
};

/// Runs both stages of the predictor on tile `buffer`: leaves mask 1 and mask 2.
struct FusedPredict {
  std::uint8_t buffer = 0;
  FusedGeometry geometry;
  /// Middle channels between which the stages alternate: level_channels at most; the last round may have fewer.
  std::uint32_t round_channels = 1;
  std::uint32_t lists = 0;  ///< Byte address in the weights scratchpad, a multiple of 2 (docs/fused.md, "Lists").
  std::uint32_t lists_bytes = 0;
  std::uint64_t lists_dram = 0;  ///< Where the same bytes lie in DRAM: what a run without values reads.
  bool operator==(const FusedPredict&) const = default;
};

/// Residual added to a result: as Vector's add, a the result, b the residual.
struct FusedResidual {
  FusedMap map;  ///< Of the first output channel and pixel; activations scratchpad.
  std::int32_t zero_a = 0, zero_b = 0, zero_out = 0;
  std::int32_t multiplier_a = 0, multiplier_b = 0, shift = 1;
  std::int8_t lowest = -128, highest = 127;
  bool operator==(const FusedResidual&) const = default;
};

enum class FusedSource : std::uint8_t {
  lists,    ///< Composed terms, four bytes each.
  factors,  ///< Sparse P, D and E, multiplied at the edge of the array.
};
/// "lists", "factors".
[[nodiscard]] const char* name(FusedSource source);

/// Sums `out_channels` results of the composed convolution over tile `buffer` under the masks that stand.
struct FusedAccumulate {
  std::uint8_t buffer = 0;
  FusedGeometry geometry;
  FusedSource source = FusedSource::lists;
  std::uint32_t out_channels = 1;
  std::uint32_t lists = 0;  ///< Byte address in the weights scratchpad, a multiple of 4.
  std::uint32_t lists_bytes = 0;
  std::uint64_t lists_dram = 0;
  std::uint32_t expand_bias_shift = 0, depthwise_bias_shift = 0;  ///< Bias terms count 2^shift each; 0 .. 14.
  std::uint32_t parameters = 0;  ///< out_channels x ChannelParameters in the weights scratchpad.
  std::int32_t zero_out = 0;
  std::int8_t lowest = -128, highest = 127;
  FusedMap output;  ///< Outputs scratchpad; the channel pitch is where shuffling is done.
  std::optional<FusedResidual> residual;
  /// Loaded meanwhile into the other buffer.
  std::optional<FusedTile> next;
  bool operator==(const FusedAccumulate&) const = default;
};

}  // namespace fusesim::isa::machine
