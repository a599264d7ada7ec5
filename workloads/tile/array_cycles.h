// SPDX-License-Identifier: Apache-2.0
// What a tile takes on the array and on the vector unit: the laws of docs/timing.md and docs/machine.md in short form,
// for the compiler's choices only.
#pragma once

#include <cstdint>

#include "hw/isa/machine/program.h"

namespace fusesim::tile {

struct ArrayCycles {
  std::uint64_t steady = 0;  ///< From this instruction's first fold to the next one's, when they follow closely.
  std::uint64_t tail = 0;    ///< From the next instruction's earliest first fold to this one's last sum.
};

/// Without conflicts of banks.
[[nodiscard]] ArrayCycles array_cycles(isa::Dataflow dataflow, const isa::ConvGeometry& geometry,
                                       std::uint32_t lines_per_row, const isa::ArrayConfig& array);

/// From start to end, when no DMA takes the scratchpads.
[[nodiscard]] std::uint64_t vector_cycles(isa::machine::VectorKind kind, std::uint64_t elements,
                                          std::uint64_t window_elements, const isa::machine::CoreConfig& core);

}  // namespace fusesim::tile
