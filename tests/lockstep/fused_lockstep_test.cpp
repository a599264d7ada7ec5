// SPDX-License-Identifier: Apache-2.0
// The stepped fused core and its SystemVerilog, clock by clock: outputs, every register of every PE, masks, levels.
#include "tests/lockstep/fused_lockstep.h"

#include <gmock/gmock.h>

#include "hw/fused/stepped_fused_core.h"
#include "rtl/fused/verilated_fused_core.h"
#include "tests/lockstep/fused_configs.h"
#include "tests/lockstep/fused_traffic.h"

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
  FusedLockstep lockstep(stepped, rtl);
  FusedTraffic traffic(
      stepped, [&](const fused::CoreInputs& in) { return lockstep.clock(in); }, 7);
  traffic.hooks.ending = [&](auto channel, auto place, auto positions) { lockstep.watch(channel, place, positions); };
  traffic.hooks.predicted = [&](auto channels, auto positions, auto places) {
    lockstep.compare_storage(channels, positions, places);
  };
  while (traffic.seen().clocks < 60'000 && traffic.episode() && lockstep.ok()) {
  }
  ASSERT_TRUE(lockstep.ok()) << "clock " << lockstep.mismatch()->clock << ": " << lockstep.mismatch()->what;
  // The traffic was worth its name.
  EXPECT_GT(traffic.seen().held, 200);
  EXPECT_GT(traffic.seen().results, 500);
  EXPECT_GT(traffic.seen().depthwise, 600);
  EXPECT_GT(traffic.seen().expand, traffic.seen().depthwise);
  EXPECT_GT(traffic.seen().terms, 5000);
}

}  // namespace
}  // namespace fusesim::test
