// SPDX-License-Identifier: Apache-2.0
#include "hw/vector/port_cycles.h"

#include <cstddef>

namespace fusesim::vector {

std::uint64_t taken_cycles(const memory::Scratchpads& pads, const PortsUsed& used, std::uint64_t begin,
                           std::uint64_t end) {
  // Scratchpads count for themselves; a cycle in which two of them are taken counts once. Where only one was taken, or
  // one all the time, its count is the answer; otherwise halves are looked at.
  PortsUsed left{};
  std::uint64_t sum = 0;
  std::uint32_t taken = 0;
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) continue;
    const memory::Scratchpad& pad = pads[static_cast<isa::machine::Pad>(i)];
    const std::uint64_t cycles = pad.taken_before(end) - pad.taken_before(begin);
    if (cycles == end - begin) return cycles;
    left[i] = cycles != 0;
    taken += left[i] ? 1 : 0;
    sum += cycles;
  }
  if (taken <= 1) return sum;
  const std::uint64_t middle = begin + (end - begin) / 2;
  return taken_cycles(pads, left, begin, middle) + taken_cycles(pads, left, middle, end);
}

}  // namespace fusesim::vector
