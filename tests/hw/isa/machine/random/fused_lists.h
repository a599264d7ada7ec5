// SPDX-License-Identifier: Apache-2.0
// Random predictors and factors of fused blocks.
#pragma once

#include "hw/isa/machine/fused_lists.h"
#include "tests/hw/isa/machine/random/dice.h"

namespace fusesim::isa::machine::test {

[[nodiscard]] FusedPredictor random_predictor(Dice& dice, const FusedListShape& shape);

/// Small enough for every sum.
[[nodiscard]] FusedFactors random_factors(Dice& dice, const FusedListShape& shape);

}  // namespace fusesim::isa::machine::test
