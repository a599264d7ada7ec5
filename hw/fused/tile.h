// SPDX-License-Identifier: Apache-2.0
// What the unit makes of a tile's bytes, and which of its positions a tap reads: docs/fused.md.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "hw/isa/machine/fused.h"

namespace fusesim::fused {

/// The predictor's 4-bit copy, -8 .. 7, of each byte taken as an unsigned number.
[[nodiscard]] inline std::array<std::int8_t, 256> predictor_copies(const isa::machine::FusedTile& tile) {
  std::array<std::int8_t, 256> copies{};
  for (std::int32_t q = -128; q < 128; ++q) {
    const auto reached = std::ranges::count_if(tile.thresholds, [q](std::int16_t threshold) { return threshold <= q; });
    copies[static_cast<std::uint8_t>(q)] = static_cast<std::int8_t>(reached - 8);
  }
  return copies;
}

/// The position that tap ky * kernel + kx of a PE reads; none outside the region. `tile_columns`: of the unit.
[[nodiscard]] constexpr std::optional<std::uint32_t> tap_position(const isa::machine::FusedGeometry& geometry,
                                                                  std::uint32_t tile_columns, std::uint32_t pe,
                                                                  std::uint32_t tap) {
  const std::uint32_t row = pe / tile_columns * geometry.stride + tap / geometry.kernel;  // Plus pad_top.
  const std::uint32_t column = pe % tile_columns * geometry.stride + tap % geometry.kernel;
  if (row < geometry.pad_top || row - geometry.pad_top >= geometry.region_rows) return std::nullopt;
  if (column < geometry.pad_left || column - geometry.pad_left >= geometry.region_columns) return std::nullopt;
  return (row - geometry.pad_top) * geometry.region_columns + column - geometry.pad_left;
}

}  // namespace fusesim::fused
