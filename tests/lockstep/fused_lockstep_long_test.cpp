// SPDX-License-Identifier: Apache-2.0
// The same comparison for a long time, and on the block of the preset archon-8x8.
#include <gmock/gmock.h>

#include "hw/fused/stepped_fused_core.h"
#include "rtl/fused/verilated_fused_core.h"
#include "sim/config/machine_config.h"
#include "tests/lockstep/fused_comparison.h"
#include "tests/lockstep/fused_configs.h"

namespace fusesim::test {
namespace {

class FusedLockstepLongTest : public testing::TestWithParam<std::string> {
 protected:
  void compare(std::uint64_t clocks, std::uint64_t seed) {
    const fused::Config config = fused_config(GetParam());
    fused::SteppedFusedCore stepped(config);
    rtl::VerilatedFusedCore rtl(config);
    const FusedComparison run = compare_on_traffic(stepped, rtl, seed, clocks);
    ASSERT_FALSE(run.mismatch.has_value()) << "clock " << run.mismatch->clock << ": " << run.mismatch->what;
    EXPECT_GE(run.seen.clocks, clocks);
  }
};

class ArchonLockstepTest : public FusedLockstepLongTest {};

INSTANTIATE_TEST_SUITE_P(Configurations, FusedLockstepLongTest, testing::ValuesIn(verilated_fused_configurations),
                         [](const auto& parameter) { return parameter.param; });
INSTANTIATE_TEST_SUITE_P(Configurations, ArchonLockstepTest,
                         testing::Values(rtl::configuration_name(config::load("archon-8x8").core.fused)),
                         [](const auto& parameter) { return parameter.param; });

TEST_P(FusedLockstepLongTest, RtlFollowsTheSteppedCoreForAMillionClocks) {
  compare(1'000'000, 1001);
}

TEST_P(ArchonLockstepTest, RtlFollowsTheSteppedCore) {
  compare(200'000, 1002);
}

}  // namespace
}  // namespace fusesim::test
