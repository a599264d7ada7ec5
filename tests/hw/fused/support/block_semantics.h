// SPDX-License-Identifier: Apache-2.0
// A tile of a random case by the definition of the block, layer by layer: docs/fused.md, "The block in integers" and
// "The predictor".
#pragma once

#include <cstdint>
#include <vector>

#include "tests/hw/fused/support/random_case.h"

namespace fusesim::fused::test {

struct BlockTile {
  std::vector<std::uint8_t> mask1, level;  ///< middle x positions
  std::vector<std::uint8_t> mask2;         ///< middle x outputs
  std::vector<std::int64_t> sums;          ///< out_channels x outputs
  std::vector<std::int8_t> results;        ///< likewise
};

[[nodiscard]] BlockTile block_tile(const RandomCase& c, std::size_t tile);

}  // namespace fusesim::fused::test
