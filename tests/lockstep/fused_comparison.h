// SPDX-License-Identifier: Apache-2.0
// Random traffic through two fused cores in lockstep.
#pragma once

#include <cstdint>
#include <optional>

#include "hw/fused/fused_core.h"
#include "tests/lockstep/fused_lockstep.h"
#include "tests/lockstep/fused_traffic.h"

namespace fusesim::test {

struct FusedComparison {
  FusedTraffic::Seen seen;
  std::optional<FusedLockstep::Mismatch> mismatch;
};

/// Whole episodes until there have been so many clocks, or a mismatch. Masks and levels are compared where they change
/// in every clock, and all of them after each predictor.
[[nodiscard]] FusedComparison compare_on_traffic(fused::FusedCore& first, fused::FusedCore& second, std::uint64_t seed,
                                                 std::uint64_t clocks);

}  // namespace fusesim::test
