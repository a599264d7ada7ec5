// SPDX-License-Identifier: Apache-2.0
// The stepped fused core and its SystemVerilog, clock by clock: outputs, every register of every PE, masks, levels.
#include <gmock/gmock.h>

#include "hw/fused/stepped_fused_core.h"
#include "rtl/fused/verilated_fused_core.h"
#include "tests/lockstep/fused_comparison.h"
#include "tests/lockstep/fused_configs.h"

namespace fusesim::test {
namespace {

class FusedLockstepTest : public testing::TestWithParam<std::string> {
 protected:
  const fused::Config config = fused_config(GetParam());
  fused::SteppedFusedCore stepped{config};
  rtl::VerilatedFusedCore rtl{config};
};

INSTANTIATE_TEST_SUITE_P(Configurations, FusedLockstepTest, testing::ValuesIn(verilated_fused_configurations),
                         [](const auto& parameter) { return parameter.param; });

TEST_P(FusedLockstepTest, RtlFollowsTheSteppedCoreThroughRandomTraffic) {
  const FusedComparison run = compare_on_traffic(stepped, rtl, 7, 60'000);
  ASSERT_FALSE(run.mismatch.has_value()) << "clock " << run.mismatch->clock << ": " << run.mismatch->what;
  // The traffic was worth its name.
  EXPECT_GT(run.seen.held, 200);
  EXPECT_GT(run.seen.results, 500);
  EXPECT_GT(run.seen.depthwise, 600);
  EXPECT_GT(run.seen.expand, run.seen.depthwise);
  EXPECT_GT(run.seen.terms, 5000);
  EXPECT_GT(run.seen.tile_writes, 10'000);
}

}  // namespace
}  // namespace fusesim::test
