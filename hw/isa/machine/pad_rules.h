// SPDX-License-Identifier: Apache-2.0
// The rules for bytes of scratchpads that instructions name.
#pragma once

#include <cstdint>

#include "hw/isa/machine/program.h"
#include "hw/isa/rules.h"

namespace fusesim::isa::machine {

/// [address, address + bytes) must lie in the scratchpad. Throws InvalidProgram, as those below.
void check_inside(const Where& where, const char* field, const CoreConfig& core, Pad pad, std::uint64_t address,
                  std::uint64_t bytes);

/// A channels x height x width map of elements of so many bytes must lie in the scratchpad, each in a place of its own.
void check_map(const Where& where, const char* field, const CoreConfig& core, const VectorOperand& map,
               std::uint64_t element, std::uint32_t channels, std::uint32_t height, std::uint32_t width);

}  // namespace fusesim::isa::machine
