// SPDX-License-Identifier: Apache-2.0
// How a layer's constants lie in DRAM: the table of its activation, then for each block of channels, in order, the
// parameters of its channels and its weights, tap by tap. What a tile needs is one contiguous transfer.
#pragma once

#include <cstdint>
#include <vector>

#include "workloads/tile/tiling.h"

namespace fusesim::tile {

struct ConstantsLayout {
  struct Piece {
    std::uint64_t offset = 0;           ///< In the section.
    std::uint32_t parameter_bytes = 0;  ///< Come first, 12 a channel.
    std::uint32_t weight_bytes = 0;     ///< Follow: weight t of channel c at t * channels + c.
    [[nodiscard]] std::uint32_t bytes() const { return parameter_bytes + weight_bytes; }
  };
  std::uint64_t bytes = 0;
  std::vector<Block> blocks;  ///< Of output channels: those of the tiling.
  std::vector<Piece> pieces;  ///< One a block; none for tasks of the vector unit alone.
};

[[nodiscard]] ConstantsLayout constants_layout(const LayerTask& task, const Tiling& tiling);

[[nodiscard]] std::vector<std::int8_t> constant_values(const LayerTask& task, const ConstantsLayout& layout);

}  // namespace fusesim::tile
