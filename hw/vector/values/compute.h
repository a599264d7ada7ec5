// SPDX-License-Identifier: Apache-2.0
// The values of vector instructions, fast. Definitions: isa::machine::Vector (hw/isa/machine/program.h).
#pragma once

#include "hw/array/values/instruction_set.h"
#include "hw/isa/machine/program.h"
#include "hw/memory/scratchpad/scratchpad.h"

namespace fusesim::vector {

/// Reads operands, parameters and table of a valid instruction from the scratchpads, which must have values, and writes
/// its result. Every instruction set gives the same bytes (avx512_vnni is avx512 here).
///
/// Beyond what validate() asks: zero points are int8 values and |multiplier| <= 2^31 - 1, so that 64 bits hold every
/// intermediate value; sums of an average pool are taken modulo 2^32. A maximum over nothing, a window that lies
/// outside the map entirely, is -128.
///
/// The result may take the place of an operand as clobbers() in hw/vector/operands.h says.
void compute(const isa::machine::Vector& instruction, memory::Scratchpads& pads,
             array::values::InstructionSet set = array::values::default_instruction_set());

}  // namespace fusesim::vector
