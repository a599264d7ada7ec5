// SPDX-License-Identifier: Apache-2.0
// The clocked unit drives the SystemVerilog as it drives the stepped model: holds by its enable, sums by its ports.
#include <gtest/gtest.h>

#include "rtl/verilated_array.h"
#include "tests/hw/control/array_unit/script.h"
#include "tests/support/array_configs.h"

namespace fusesim::test {
namespace {

class VerilatedArrayUnit : public testing::TestWithParam<const char*> {};

TEST_P(VerilatedArrayUnit, TakesTheCyclesOfTheLawAndLeavesTheSumsOfTheDefinition) {
  std::uint64_t held = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Random random(seed);
    isa::ArrayConfig config = array_config(GetParam());
    config.folds = random.chance(0.25) ? isa::FoldOverlap::serial : isa::FoldOverlap::pipelined;
    const Script script = random_script(random, config);
    SCOPED_TRACE(testing::Message() << "seed " << seed << " " << describe(script));
    const Outcome expected = walk(script);
    const Outcome rtl = run(script, Unit::clocked, {}, std::make_unique<rtl::VerilatedArray>(config));
    ASSERT_EQ(rtl.started, expected.started);
    ASSERT_EQ(rtl.completed, expected.completed);
    ASSERT_EQ(rtl.folds, expected.folds);
    ASSERT_EQ(rtl.records, expected.records);
    ASSERT_EQ(rtl.booked, expected.booked);
    ASSERT_EQ(rtl.outputs, expected_outputs(script));
    std::uint64_t conflicts = 0;
    for (const auto& record : expected.records) conflicts += record.conflict_cycles;
    ASSERT_EQ(rtl.held_edges, conflicts);
    held += conflicts;
  }
  EXPECT_GE(held, 100u);
}

INSTANTIATE_TEST_SUITE_P(Configurations, VerilatedArrayUnit,
                         testing::Values("1x6_b2_f1_s5", "6x1_b2_f1_s0", "3x5_b1_f1_s1", "5x7_b2_f1_s2",
                                         "7x5_b1_f0_s0"),
                         [](const auto& tested) { return "array_" + std::string(tested.param); });

}  // namespace
}  // namespace fusesim::test
