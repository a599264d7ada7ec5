// SPDX-License-Identifier: Apache-2.0
#include "hw/control/machine/occupancy.h"

#include <algorithm>
#include <stdexcept>

namespace fusesim::control::machine {

void Occupancy::settle() {
  for (std::size_t pad = 0; pad < isa::machine::pad_count; ++pad) {
    if (changes_[0][pad] == 0) continue;
    bytes_[pad] += static_cast<std::uint64_t>(changes_[0][pad]);
    peaks_[pad] = std::max(peaks_[pad], bytes_[pad]);
    if (observer_.occupancy) observer_.occupancy(cycle_, static_cast<isa::machine::Pad>(pad), bytes_[pad]);
  }
  changes_ = {changes_[1], Changes{}};
  ++cycle_;
}

void Occupancy::change(std::uint64_t cycle, isa::machine::Pad pad, std::int64_t bytes) {
  if (cycle < cycle_) throw std::logic_error("a scratchpad's bytes change in a cycle that has been counted");
  if (cycle > cycle_ + 1) {
    settle();
    if (cycle > cycle_ + 1) settle();
    cycle_ = cycle - 1;
  }
  changes_[cycle - cycle_][static_cast<std::size_t>(pad)] += bytes;
}

void Occupancy::finish() {
  settle();
  settle();
}

}  // namespace fusesim::control::machine
