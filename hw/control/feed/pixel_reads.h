// SPDX-License-Identifier: Apache-2.0
// The activations of a gemm kind: every feeder holds an output pixel, all read the same channel and kernel position in
// a cycle.
#pragma once

#include <cstdint>
#include <vector>

#include "hw/control/feed/edge_cost.h"
#include "hw/control/feed/neighbour_reads.h"
#include "hw/isa/machine/program.h"

namespace fusesim::control {

class PixelReads {
 public:
  PixelReads(const isa::machine::Compute& compute, const isa::machine::ScratchpadConfig& pad, std::uint32_t feeders);

  /// Output pixels first ... first + count - 1 of a group whose first channel lies at `address`.
  [[nodiscard]] EdgeCost cost(std::uint64_t address, std::uint64_t first, std::uint32_t count);

  /// Folds with as many pixels, the same pattern and the same place in a word cost the same. One with no_pattern is
  /// like no other.
  static constexpr std::uint64_t no_pattern = ~std::uint64_t{0};
  [[nodiscard]] std::uint64_t pattern(std::uint64_t first, std::uint32_t count) const;
  /// Patterns are below this.
  [[nodiscard]] std::uint64_t patterns() const { return one_run_ ? 1 : geometry_.out_width; }
  [[nodiscard]] std::uint32_t place(std::uint64_t address, std::uint64_t first) const;

 private:
  void find_places(std::uint64_t first, std::uint32_t count);
  void channel_cost(std::int64_t place, bool empty_registers, std::uint32_t count, CycleCost* costs);

  isa::ConvGeometry geometry_;
  isa::machine::Map map_;
  Words words_;
  BankLoad load_;
  std::uint32_t channels_, kernel_;
  NeighbourReads neighbours_;         ///< In one run of 1x1 windows at stride 1.
  bool one_run_;                      ///< All pixels lie equally far apart, none is padding.
  std::vector<std::int64_t> places_;  ///< [kernel][count]: bytes from the start of the channel, or -1: padding.
  std::vector<std::int64_t> last_;    ///< [count]: the last one of a channel that is not padding, or -1.
  std::vector<std::int64_t> held_;    ///< [count]: word in the register.
  std::vector<CycleCost> costs_;      ///< [kinds of channels][kernel].
};

}  // namespace fusesim::control
