// SPDX-License-Identifier: Apache-2.0
// How full the scratchpads are, cycle by cycle.
#pragma once

#include <array>
#include <cstdint>

#include "hw/control/machine/record.h"
#include "hw/isa/machine/config.h"

namespace fusesim::control::machine {

/// Counts the bytes that were written and not released in each scratchpad. All that changes in a cycle counts together,
/// so that neither the peaks nor what the observer sees depend on the order in which units tell of a cycle.
class Occupancy {
 public:
  /// `observer` must outlive it.
  explicit Occupancy(const Observer& observer) : observer_(observer) {}

  /// `bytes` more, or less when negative, from `cycle` on. Cycles may fall behind the latest one told of by one.
  void change(std::uint64_t cycle, isa::machine::Pad pad, std::int64_t bytes);
  /// Counts what was told of the last cycles; after the run.
  void finish();
  /// Most bytes in any cycle that has been counted.
  [[nodiscard]] std::uint64_t peak(isa::machine::Pad pad) const { return peaks_[static_cast<std::size_t>(pad)]; }

 private:
  using Changes = std::array<std::int64_t, isa::machine::pad_count>;
  void settle();

  const Observer& observer_;
  std::uint64_t cycle_ = 0;  ///< Of changes_[0]; changes_[1] is of the next one.
  std::array<Changes, 2> changes_{};
  std::array<std::uint64_t, isa::machine::pad_count> bytes_{}, peaks_{};
};

}  // namespace fusesim::control::machine
