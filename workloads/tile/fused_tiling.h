// SPDX-License-Identifier: Apache-2.0
// How a predicted block is cut for the fused unit: in which order tiles and groups come, what lies in the scratchpads
// at a time, and how many output channels an accumulate instruction has (docs/compiler.md, "Predicted blocks").
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "workloads/tile/fused_lists.h"
#include "workloads/tile/tiling.h"

namespace fusesim::tile {

/// Outputs [begin, begin + count) of an axis and the inputs inside the map that their taps touch; `pad` taps of the
/// first output lie before the map.
struct FusedSpan {
  std::uint32_t begin = 0, count = 0;
  std::uint32_t in_begin = 0, in_count = 0;
  std::uint32_t pad = 0;
  bool operator==(const FusedSpan&) const = default;
};

/// Output channels [begin, begin + count) of a group: those of an accumulate instruction.
struct FusedPiece {
  std::uint32_t begin = 0, count = 0;
  bool operator==(const FusedPiece&) const = default;
};

struct FusedTiling {
  std::vector<FusedSpan> rows, columns;  ///< Of tiles.
  /// Groups outside, tiles inside: a group's lists are loaded once. Otherwise tiles outside: lists pass by once a tile.
  bool lists_stay = false;
  /// What is loaded (stored) at a time: lines over the whole map, or the tile's columns alone. Lines of all groups when
  /// tiles are outside, all else of one group.
  bool map_lines = true, result_lines = true;
  std::vector<FusedPiece> pieces;  ///< Of any group.
  Buffering maps, results;         ///< Activations and outputs scratchpad.
  std::uint64_t load_bytes = 0, store_bytes = 0;
  std::uint64_t list_bytes = 0;  ///< Of load_bytes, with the parameters.
  std::uint64_t words = 0;       ///< That leave the list reader.
  std::uint64_t products = 0;
  std::uint64_t instructions = 0;
  double requests = 0;
  double cycles = 0, stall = 0;  ///< Estimated.

  [[nodiscard]] std::uint32_t tiles() const { return static_cast<std::uint32_t>(rows.size() * columns.size()); }
};

/// What follows from a choice, for whoever lays out and emits.
struct FusedPlaces {
  FusedPlaces(const PredictedTask& task, const FusedTiling& tiling);
  std::uint32_t groups, channels, out_channels;  ///< Channels of a group.
  std::uint32_t shuffle;                         ///< 1 where the order stays the same.
  bool maps_whole, results_whole;                ///< A piece of the map (of the result) has the channels of all groups.
  bool separate_residual;  ///< The residual's channels are not those of the group: they are loaded for themselves.
  [[nodiscard]] std::uint32_t map_channels() const { return maps_whole ? groups * channels : channels; }
  [[nodiscard]] std::uint32_t result_channels() const { return results_whole ? groups * out_channels : out_channels; }
  /// Where output channel `channel` of all groups goes.
  [[nodiscard]] std::uint32_t shuffled(std::uint32_t channel) const {
    const std::uint32_t members = groups * out_channels / shuffle;
    return channel % members * shuffle + channel / members;
  }
};

/// Bytes of a piece of the map and of its separate residual, of a piece of the result.
[[nodiscard]] std::uint64_t map_piece_bytes(const LayerTask& task, const FusedTiling& tiling, const FusedSpan& rows,
                                            const FusedSpan& columns);
[[nodiscard]] std::uint64_t residual_piece_bytes(const LayerTask& task, const FusedTiling& tiling,
                                                 const FusedSpan& rows, const FusedSpan& columns);
[[nodiscard]] std::uint64_t result_piece_bytes(const LayerTask& task, const FusedTiling& tiling, const FusedSpan& rows,
                                               const FusedSpan& columns);

/// Spans of `step` outputs each, the last of what is left.
[[nodiscard]] std::vector<FusedSpan> fused_spans(std::uint32_t inputs, std::uint32_t outputs, std::uint32_t kernel,
                                                 std::uint32_t stride, std::uint32_t pad, std::uint32_t step);

/// Throws CompileError naming the layer, what it needs and what there is, when the unit cannot hold a tile of the
/// block.
void check_fused_unit(const LayerTask& task, const isa::machine::CoreConfig& core);

/// Of the choices with about the least estimated cycles the one with the least DRAM traffic, requests counted as bytes
/// too, then the fewest instructions. `lists` has one entry a group. Throws CompileError likewise when nothing fits the
/// scratchpads, or not what Options::fused demands.
[[nodiscard]] FusedTiling choose_fused_tiling(const LayerTask& task, const std::vector<GroupLists>& lists,
                                              const Options& options);

}  // namespace fusesim::tile
