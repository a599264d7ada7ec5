// SPDX-License-Identifier: Apache-2.0
// The options of the systolic array: the part of the machine that compiler, hardware and traces must agree on.
#pragma once

#include <cstdint>
#include <string>

namespace fusesim::isa {

/// How many accumulators a processing element owns.
enum class Accumulators : std::uint8_t {
  single,    ///< One: a PE must hand its sum on before it may accumulate the next fold.
  pingpong,  ///< Two, used alternately: a fold drains while the next one accumulates.
};

/// When a fold may start.
enum class FoldOverlap : std::uint8_t {
  serial,     ///< When the previous fold has left the array completely.
  pipelined,  ///< As soon as no register, accumulator or output port is used twice (docs/timing.md).
};

/// One systolic array. Sizes are in processing elements; any value from 1 to `max_side` is allowed.
struct ArrayConfig {
  static constexpr std::uint32_t max_side = 4096;

  std::uint32_t rows = 64;
  std::uint32_t cols = 64;
  Accumulators accumulators = Accumulators::pingpong;
  FoldOverlap folds = FoldOverlap::pipelined;
  bool fuse_links = true;  ///< Row broadcast wires present (FuSeConv's hardware extension).
  /// Pipeline registers on each broadcast wire, 0 .. cols - 1. Each one is a retiming cut of the whole array: every
  /// left-to-right path gets a register at the same column. 0 without FuSe links.
  std::uint32_t broadcast_stages = 0;

  [[nodiscard]] std::uint32_t banks() const { return accumulators == Accumulators::pingpong ? 2 : 1; }

  bool operator==(const ArrayConfig&) const = default;
};

/// Throws std::invalid_argument naming the field, its value and the allowed range.
void validate(const ArrayConfig& config);

/// "64x64 pingpong pipelined fuse stages=0": one line, the same for equal configurations; what a digest is taken of.
[[nodiscard]] std::string describe(const ArrayConfig& config);

}  // namespace fusesim::isa
