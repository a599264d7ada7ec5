// SPDX-License-Identifier: Apache-2.0
// In how many cycles DMA had a port that the vector unit wanted. Plain C++.
#pragma once

#include <cstdint>

#include "hw/memory/scratchpad/scratchpad.h"
#include "hw/vector/law.h"

namespace fusesim::vector {

/// Cycles of [begin, end) in which DMA had the system port of at least one of the scratchpads in `used`.
[[nodiscard]] std::uint64_t taken_cycles(const memory::Scratchpads& pads, const PortsUsed& used, std::uint64_t begin,
                                         std::uint64_t end);

}  // namespace fusesim::vector
