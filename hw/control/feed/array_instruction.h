// SPDX-License-Identifier: Apache-2.0
// A machine's compute instruction as the array's own.
#pragma once

#include "hw/isa/machine/program.h"
#include "hw/isa/program.h"

namespace fusesim::control {

/// What folds, their shapes and their order follow from: dataflow, geometry, packing, padding. Tensors, layer and
/// dependencies stay empty; where operands lie is in `compute` alone.
[[nodiscard]] isa::ArrayInstruction array_instruction(const isa::machine::Compute& compute);

}  // namespace fusesim::control
