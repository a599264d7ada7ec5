// SPDX-License-Identifier: Apache-2.0
// What both models of the vector unit do at the two ends of an instruction.
#pragma once

#include <cstdint>

#include "hw/control/machine/context.h"

namespace fusesim::vector {

/// Checks what it reads and where it writes. Throws std::runtime_error naming instruction and layer when bytes were
/// never written, when its result is in the way of its own operands (clobbers() in operands.h), or when a channel's
/// parameters have a shift outside 1 .. 62.
void check_start(const control::machine::Context& context, std::uint32_t instruction);

/// Its result counts as written, what it releases as released, and its queue learns of its end; `cycle` begins now.
void complete(const control::machine::Context& context, std::uint32_t instruction, std::uint64_t cycle);

}  // namespace fusesim::vector
