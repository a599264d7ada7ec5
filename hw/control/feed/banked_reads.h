// SPDX-License-Identifier: Apache-2.0
// One edge's feeders with their word registers, and the banks they read: how long each cycle of a fold lasts.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hw/isa/machine/config.h"

namespace fusesim::control {

class BankedReads {
 public:
  /// `feeders`: the most that any fold has (rows or columns of the array).
  BankedReads(const isa::machine::ScratchpadConfig& pad, std::uint32_t feeders);

  /// Empties the word registers; words() goes on counting.
  void begin_fold();
  /// One array-local cycle: byte addresses, or no_address, of feeders 0, 1, ... Returns the cycles the banks need for
  /// them, at least 1. The fold's cycle lasts as long as the slower of its two edges.
  unsigned read(std::span<const std::int64_t> addresses);
  /// Words read from the banks so far.
  [[nodiscard]] std::uint64_t words() const { return words_; }

 private:
  isa::machine::ScratchpadConfig pad_;
  std::vector<std::int64_t> held_;       ///< Word in each feeder's register, or none.
  std::vector<std::int64_t> requested_;  ///< Of this cycle; kept for its memory.
  std::vector<std::uint32_t> load_;      ///< Words a bank, of this cycle.
  std::uint64_t words_ = 0;
};

}  // namespace fusesim::control
