// SPDX-License-Identifier: Apache-2.0
// Random operators of the array and of the vector unit.
#pragma once

#include "tests/hw/isa/machine/random/draft.h"

namespace fusesim::isa::machine::test {

/// A convolution in any dataflow that the array can do and the map allows, requantized.
[[nodiscard]] PadMap random_convolution(ProgramDraft& draft, const DramMap& source);

/// A pool, a rescale, or a sum or product with a new input.
[[nodiscard]] PadMap random_vector_operator(ProgramDraft& draft, const PadMap& input);

}  // namespace fusesim::isa::machine::test
