// SPDX-License-Identifier: Apache-2.0
// The multiply-accumulate rate this core reaches with operands in registers: what the kernels are measured against.
#pragma once

#include "hw/array/values/instruction_set.h"

namespace fusesim::benchmarks {

/// Multiply-accumulates per second of vpmaddwd and vpaddd on independent accumulators, vectors as wide as those of
/// `set` (portable: the 128 bits of the x86-64 baseline). Takes some milliseconds. 0 on other processors.
[[nodiscard]] double multiply_peak(array::values::InstructionSet set);

}  // namespace fusesim::benchmarks
