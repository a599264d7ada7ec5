// SPDX-License-Identifier: Apache-2.0
// What instructions of the fused block mean, one value after the other, by docs/fused.md: lists are read byte by byte
// as they lie in the scratchpad, factors are multiplied layer by layer, with the ReLUs between them masked.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "hw/isa/machine/program.h"

namespace fusesim::test {

class FusedInterpreter {
 public:
  using Pads = std::array<std::vector<std::int8_t>, isa::machine::pad_count>;
  explicit FusedInterpreter(Pads& pads) : pads_(pads) {}

  void execute(const isa::machine::FusedTile& work);
  void execute(const isa::machine::FusedPredict& work);
  void execute(const isa::machine::FusedAccumulate& work);

 private:
  struct Tile {
    std::vector<std::int32_t> x, v;  ///< channels x positions.
  };
  struct Sum {
    std::vector<std::pair<std::uint32_t, std::int32_t>> lanes;  ///< Index and sign.
    std::vector<std::int32_t> thresholds;                       ///< Mask, then levels.
    bool falling = false;
    [[nodiscard]] bool passes(std::int64_t sum, std::size_t threshold) const;
  };

  [[nodiscard]] std::uint32_t number(isa::machine::Pad pad, std::uint64_t address, std::uint32_t bytes) const;
  [[nodiscard]] Sum read_sum(std::uint64_t& address, std::uint32_t levels) const;
  /// The position of the region that a tap of an output looks at; -1 outside.
  [[nodiscard]] static std::int64_t position(const isa::machine::FusedGeometry& g, std::uint32_t row,
                                             std::uint32_t column, std::uint32_t tap);
  [[nodiscard]] std::vector<std::int64_t> sums_of_lists(const isa::machine::FusedAccumulate& work) const;
  [[nodiscard]] std::vector<std::int64_t> sums_of_factors(const isa::machine::FusedAccumulate& work) const;

  Pads& pads_;
  std::array<Tile, 2> tiles_;
  std::vector<std::vector<bool>> mask1_, mask2_;  ///< By middle channel, then region position or output.
};

}  // namespace fusesim::test
