// SPDX-License-Identifier: Apache-2.0
// Random blocks of the fused unit, with all that they read: lists, factors, parameters and residuals.
#pragma once

#include "tests/hw/isa/machine/random/draft.h"

namespace fusesim::isa::machine::test {

/// Predicts at most `most_round_channels` in a round; the core's unit grows until it stores what the block needs.
[[nodiscard]] PadMap random_fused_block(ProgramDraft& draft, const DramMap& source, std::uint32_t most_round_channels);

}  // namespace fusesim::isa::machine::test
