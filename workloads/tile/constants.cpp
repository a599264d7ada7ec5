// SPDX-License-Identifier: Apache-2.0
#include "workloads/tile/constants.h"

#include <algorithm>

namespace fusesim::tile {
namespace {

void put_word(std::int8_t*& to, std::int32_t value) {
  for (int byte = 0; byte < 4; ++byte)
    *to++ = static_cast<std::int8_t>(static_cast<std::uint32_t>(value) >> (8 * byte));
}

}  // namespace

ConstantsLayout constants_layout(const LayerTask& task, const Tiling& tiling) {
  ConstantsLayout layout;
  layout.blocks = blocks_of(task.geometry, tiling.block_channels);
  if (task.table) layout.bytes += isa::machine::table_bytes;
  if (!task.on_array) return layout;
  for (const Block& block : layout.blocks) {
    ConstantsLayout::Piece piece;
    piece.offset = layout.bytes;
    piece.parameter_bytes = isa::machine::channel_parameter_bytes * block.count;
    piece.weight_bytes = static_cast<std::uint32_t>(taps_of(task.geometry) * block.count);
    layout.bytes += piece.bytes();
    layout.pieces.push_back(piece);
  }
  return layout;
}

std::vector<std::int8_t> constant_values(const LayerTask& task, const ConstantsLayout& layout) {
  std::vector<std::int8_t> values(layout.bytes, 0);
  if (task.table) std::copy(task.table->begin(), task.table->end(), values.begin());
  const std::size_t taps = taps_of(task.geometry);
  for (std::size_t i = 0; i < layout.pieces.size(); ++i) {
    const ConstantsLayout::Piece& piece = layout.pieces[i];
    const Block& block = layout.blocks[i];
    std::int8_t* to = values.data() + piece.offset;
    for (std::uint32_t c = block.begin; c < block.begin + block.count; ++c) {
      const reference::Multiplier by = task.constants->multipliers[c];
      put_word(to, task.constants->folded_bias[c]);
      put_word(to, by.value);
      put_word(to, by.shift);
    }
    const std::int8_t* weights = task.constants->weights.values.data() + block.begin * taps;
    for (std::size_t c = 0; c < block.count; ++c) {
      for (std::size_t t = 0; t < taps; ++t) to[t * block.count + c] = weights[c * taps + t];
    }
  }
  return values;
}

}  // namespace fusesim::tile
