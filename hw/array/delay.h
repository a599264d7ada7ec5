// SPDX-License-Identifier: Apache-2.0
// Column delays of an array whose broadcast wires carry pipeline registers.
#pragma once

#include <cstdint>

#include "hw/isa/array_config.h"

namespace fusesim::array {

/// Pipeline registers a row wire passes before it reaches column `col`: g(j) = floor(j (B + 1) / C), which cuts the
/// C columns into B + 1 segments as even as integers allow. 0 without FuSe links.
[[nodiscard]] inline std::uint32_t wire_delay(const isa::ArrayConfig& config, std::uint32_t col) {
  if (!config.fuse_links || config.broadcast_stages == 0) return 0;
  return static_cast<std::uint32_t>(std::uint64_t{col} * (config.broadcast_stages + 1) / config.cols);
}

/// Cycles an operand needs from column 0 to column `col`: delta(j) = j + g(j).
[[nodiscard]] inline std::uint32_t hop_delay(const isa::ArrayConfig& config, std::uint32_t col) {
  return col + wire_delay(config, col);
}

}  // namespace fusesim::array
