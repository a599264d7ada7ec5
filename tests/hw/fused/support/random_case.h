// SPDX-License-Identifier: Apache-2.0
// Random fused blocks on random units: a configuration, tiles of a map, factors, predictor, and the bytes of their
// lists as docs/fused.md lays them out, written here once more without the library that encodes them.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "hw/isa/machine/fused.h"
#include "hw/isa/machine/fused_lists.h"
#include "hw/isa/machine/program.h"

namespace fusesim::fused::test {

struct RandomCase {
  isa::machine::FusedConfig config;
  isa::machine::FusedFactors factors;
  isa::machine::FusedPredictor predictor;
  std::uint32_t expand_shift = 0, depthwise_shift = 0;  ///< t1, t2.
  std::vector<std::int8_t> activations;
  std::vector<isa::machine::ChannelParameters> parameters;
  std::vector<std::uint8_t> predictor_bytes, term_bytes, factor_bytes;
  std::vector<isa::machine::FusedTile> tiles;  ///< Of one map, into buffers 0, 1, 0 ...
  std::uint32_t round_channels = 1;
  isa::machine::FusedAccumulate accumulate;  ///< Of the first tile; others differ in geometry and buffer.

  [[nodiscard]] isa::machine::FusedPredict predict(std::size_t tile) const;
  /// Loads the next tile meanwhile, if there is one.
  [[nodiscard]] isa::machine::FusedAccumulate accumulate_tile(std::size_t tile) const;
  /// Those that the instruction's source names.
  [[nodiscard]] const std::vector<std::uint8_t>& list_bytes() const;
};

using Random = std::mt19937;
[[nodiscard]] std::uint32_t between(Random& random, std::uint32_t low, std::uint32_t high);

[[nodiscard]] RandomCase random_case(Random& random);

}  // namespace fusesim::fused::test
