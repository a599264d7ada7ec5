// SPDX-License-Identifier: Apache-2.0
// Small valid machine programs that use every instruction, dataflow and option; the same seed gives the same program.
// They can be run: every byte is written before it is read, every token that order needs is waited for, nothing waits
// for a later instruction, and buffers are released by their last user before they are used again.
#pragma once

#include <cstdint>

#include "hw/isa/machine/program.h"

namespace fusesim::isa::machine::test {

/// Without a fused unit. Without `values` input and constants are left empty, as in a program made for timing only.
[[nodiscard]] Program random_machine_program(std::uint32_t seed, bool values = true);

/// On a machine with a fused unit of any kind; about half of the operators are fused blocks.
[[nodiscard]] Program random_fused_program(std::uint32_t seed, bool values = true);
/// On a machine with this unit, which must hold 8 middle channels, and regions and tiles of a 8x8 map of 6 channels;
/// what feeds its lists is random.
[[nodiscard]] Program random_fused_program(std::uint32_t seed, const FusedConfig& unit);

}  // namespace fusesim::isa::machine::test
