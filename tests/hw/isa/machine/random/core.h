// SPDX-License-Identifier: Apache-2.0
// Random cores: array, scratchpads, vector unit, control and fused unit.
#pragma once

#include "hw/isa/machine/config.h"
#include "tests/hw/isa/machine/random/dice.h"

namespace fusesim::isa::machine::test {

/// Without a fused unit, and but for the bytes of scratchpads.
[[nodiscard]] CoreConfig random_core(Dice& dice);

/// Gives the core a fused unit that has as many PEs as the array and stores next to nothing yet.
void add_random_fused_unit(Dice& dice, CoreConfig& core);

/// Gives the core this fused unit but for what feeds its lists, and an array of the unit's size.
void add_fused_unit(Dice& dice, const FusedConfig& unit, CoreConfig& core);

/// Stores a little more than the blocks of the program need.
void add_spare_storage(Dice& dice, FusedConfig& fused);

}  // namespace fusesim::isa::machine::test
