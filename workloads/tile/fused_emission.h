// SPDX-License-Identifier: Apache-2.0
// The lists of a predicted block in DRAM, and its instructions tile by tile: loads, predict, accumulate, stores.
#pragma once

#include <cstdint>
#include <vector>

#include "workloads/tile/emitter.h"
#include "workloads/tile/fused_tiling.h"

namespace fusesim::tile {

/// One section: for each group its predictor's records, then for each piece its channels' parameters and lists. What an
/// instruction needs of them is one contiguous transfer.
struct FusedListsLayout {
  struct Piece {
    std::uint64_t offset = 0;  ///< In the section; where bursts of memory begin.
    std::uint32_t parameter_bytes = 0, list_bytes = 0;
    [[nodiscard]] std::uint32_t bytes() const { return parameter_bytes + list_bytes; }
  };
  struct Group {
    Piece predictor;  ///< Without parameters.
    std::vector<Piece> pieces;
  };
  std::vector<Group> groups;
  std::vector<std::int8_t> values;  ///< The section's.
};

[[nodiscard]] FusedListsLayout fused_lists_layout(const LayerTask& task, const FusedTiling& tiling,
                                                  const std::vector<GroupLists>& lists);

struct FusedResources {
  std::uint32_t layer = 0;           ///< Index into Program::layers.
  std::uint32_t lists = 0;           ///< Section.
  std::uint32_t round_channels = 1;  ///< Of the predictor.
};

void emit_fused_layer(const LayerTask& task, const FusedTiling& tiling, const FusedListsLayout& layout,
                      const FusedResources& resources, const Options& options, const isa::machine::Program& program,
                      Emitter& emitter);

}  // namespace fusesim::tile
