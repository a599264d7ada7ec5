// SPDX-License-Identifier: Apache-2.0
// Feeders that read neighbouring bytes in a cycle, and the same number of bytes further on in the next: weights of one
// tap, one a filter or channel; or pixels of one channel, where pixels are one run and the kernel is 1x1.
#pragma once

#include <cstdint>
#include <span>

#include "hw/control/feed/edge_cost.h"

namespace fusesim::control {

/// A tap on the wires: in which cycle of the fold, and its number in the kernel.
struct WireTap {
  std::uint32_t cycle = 0;
  std::uint32_t tap = 0;
};

class NeighbourReads {
 public:
  /// `pitch`: bytes from a tap, or channel, to the next.
  NeighbourReads(std::uint32_t pitch, const isa::machine::ScratchpadConfig& pad, std::uint32_t feeders)
      : pitch_(pitch), words_(pad.width), load_(pad, feeders) {}

  /// gemm kinds: `count` filters or pixels from the one that begins at `address`, one byte of each a cycle, `inner`
  /// cycles.
  [[nodiscard]] EdgeCost every_cycle(std::uint64_t address, std::uint32_t count, std::uint32_t inner);
  /// FuSe wires: weights of `count` channels, in a fold of `feed` cycles. Rows of the same channel hold and read the
  /// same.
  [[nodiscard]] EdgeCost on_wires(std::uint64_t address, std::uint32_t count, std::span<const WireTap> taps,
                                  std::uint32_t feed);
  /// All addresses with the same place in a word cost the same.
  [[nodiscard]] std::uint32_t place(std::uint64_t address) const {
    return static_cast<std::uint32_t>(words_.place(address));
  }

 private:
  /// `count` bytes from `place` on, of which the registers hold what lies `step` before them.
  CycleCost cost(std::int64_t place, std::uint32_t count, std::int64_t step);
  /// The same with empty registers.
  [[nodiscard]] CycleCost first_cost(std::int64_t place, std::uint32_t count) const {
    return load_.sequence(static_cast<std::uint32_t>(words_.of(place + count - 1)) + 1);
  }

  std::uint32_t pitch_;
  Words words_;
  BankLoad load_;
};

}  // namespace fusesim::control
