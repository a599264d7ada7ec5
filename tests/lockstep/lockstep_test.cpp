// SPDX-License-Identifier: Apache-2.0
#include "sim/verify/lockstep.h"

#include <gmock/gmock.h>

#include "hw/array/stepped_array.h"
#include "rtl/verilated_array.h"
#include "sim/verify/verify.h"
#include "tests/support/array_configs.h"
#include "tests/support/scalar_array.h"

namespace fusesim::verify {
namespace {

using testing::HasSubstr;

/// Real traffic keeps to the timing law: the assertions of the SystemVerilog are on throughout.
class LockstepTest : public testing::TestWithParam<std::string> {
 protected:
  Options options() const {
    Options options;
    options.array = test::array_config(GetParam());
    options.cases = 60;
    options.seed = options.array.rows * 100 + options.array.cols;
    return options;
  }
  void expect_equal(const Options& options, array::ArrayModel& first, array::ArrayModel& second) {
    const Report report = verify(options, first, second);
    EXPECT_EQ(report.mismatches, 0) << "clock " << report.first_mismatch->clock << ": " << report.first_mismatch->what;
    EXPECT_EQ(report.wrong_sums, 0) << report.first_wrong_sum;
    EXPECT_GE(report.cases, options.cases);
    EXPECT_GE(report.clocks, options.min_clocks);
    EXPECT_EQ(report.full_comparisons, report.clocks);
    EXPECT_GT(report.stalled_clocks, 0);
    for (std::size_t k = 0; k < (options.array.fuse_links ? 6U : 3U); ++k) {
      EXPECT_GT(report.cases_of_dataflow[k], 0) << isa::name(static_cast<isa::Dataflow>(k));
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Configurations, LockstepTest, testing::ValuesIn(test::verilated_configurations),
                         [](const auto& parameter) { return parameter.param; });

TEST_P(LockstepTest, RtlFollowsTheSteppedModelThroughLayersOfEveryDataflow) {
  Options run = options();
  // At least a million clocks over all configurations.
  run.min_clocks = 1'000'000 / test::verilated_configurations.size() + 1;
  array::SteppedArray stepped(run.array);
  rtl::VerilatedArray rtl(run.array);
  expect_equal(run, stepped, rtl);
}

TEST_P(LockstepTest, SteppedModelFollowsTheDefinition) {
  Options run = options();
  run.cases = 60;
  run.seed += 1;
  run.second_name = "definition";
  array::SteppedArray stepped(run.array);
  test::ScalarArray definition(run.array);
  expect_equal(run, stepped, definition);
}

TEST_P(LockstepTest, SerialFoldsAgreeAsWell) {
  Options run = options();
  run.cases = 60;
  run.array.folds = isa::FoldOverlap::serial;
  array::SteppedArray stepped(run.array);
  rtl::VerilatedArray rtl(run.array);
  expect_equal(run, stepped, rtl);
}

/// Two columns, and a single register that can be falsified.
class FaultyArray final : public array::ArrayModel {
 public:
  explicit FaultyArray(const isa::ArrayConfig& config) : array_(config) {}
  [[nodiscard]] const isa::ArrayConfig& config() const override { return array_.config(); }
  void reset() override { array_.reset(); }
  void clock(const array::EdgeInputs& in, array::EdgeOutputs& out) override {
    array_.clock(in, out);
    if (++clocks_ == throw_at) throw std::logic_error("two words met");
    if (clocks_ == wrong_port_at) out.valid[1] = 1;
  }
  [[nodiscard]] array::PeState pe(std::uint32_t row, std::uint32_t col) const override {
    array::PeState state = array_.pe(row, col);
    if (clocks_ == wrong_register_at && row == 1) state.ff = !state.ff;
    if (clocks_ == wrong_accumulator_at && col == 1) state.acc[1] += 1;
    return state;
  }
  void read_accumulators(std::uint32_t bank, std::span<std::int32_t> out) const override {
    array_.read_accumulators(bank, out);
    if (clocks_ == wrong_accumulator_at && bank == 1) out[1] += 1;
  }
  int throw_at = -1, wrong_port_at = -1, wrong_register_at = -1, wrong_accumulator_at = -1;

 private:
  test::ScalarArray array_;
  int clocks_ = 0;
};

struct LockstepDriver : testing::Test {
  const isa::ArrayConfig config = test::array_config("2x2_b2_f1_s0");
  test::ScalarArray good{config};
  FaultyArray faulty{config};
  const array::EdgeInputs idle{config};
};

TEST_F(LockstepDriver, NamesPortClockAndBothValues) {
  faulty.wrong_port_at = 3;
  Lockstep lockstep(good, faulty, "good", "faulty", 1);
  EXPECT_TRUE(lockstep.clock(idle));
  EXPECT_TRUE(lockstep.clock(idle));
  EXPECT_FALSE(lockstep.clock(idle));
  EXPECT_TRUE(lockstep.clock(idle));
  EXPECT_EQ(lockstep.mismatches(), 1);
  EXPECT_EQ(lockstep.first_mismatch()->clock, 2);
  EXPECT_EQ(lockstep.first_mismatch()->what, "output port of column 1: good valid 0, faulty valid 1");
}

TEST_F(LockstepDriver, NamesTheRegister) {
  faulty.wrong_register_at = 2;
  Lockstep lockstep(good, faulty, "good", "faulty", 1);
  EXPECT_TRUE(lockstep.clock(idle));
  EXPECT_FALSE(lockstep.clock(idle));
  EXPECT_EQ(lockstep.first_mismatch()->what, "PE (1, 0) ff: good 0, faulty 1");
}

TEST_F(LockstepDriver, ComparesAccumulatorsInEveryClockAndRegistersAsToldTo) {
  faulty.wrong_register_at = 3;
  faulty.wrong_accumulator_at = 5;
  Lockstep lockstep(good, faulty, "good", "faulty", 4);
  for (int clock = 0; clock < 4; ++clock) EXPECT_TRUE(lockstep.clock(idle));
  EXPECT_FALSE(lockstep.clock(idle));
  EXPECT_EQ(lockstep.first_mismatch()->what, "PE (0, 1) acc1: good 0, faulty 1");
  EXPECT_EQ(lockstep.full_comparisons(), 2);
}

TEST_F(LockstepDriver, AModelThatThrowsStopsTheRunWithItsReason) {
  faulty.throw_at = 40;
  Options options;
  options.array = config;
  options.cases = 50;
  options.first_name = "good";
  options.second_name = "faulty";
  const Report report = verify(options, good, faulty);
  EXPECT_FALSE(report.passed());
  EXPECT_EQ(report.clocks, 40);
  EXPECT_EQ(report.first_mismatch->what, "faulty: two words met");
}

TEST(Verify, SameSeedSameRun) {
  Options options;
  options.array = test::array_config("3x5_b2_f1_s0");
  options.cases = 30;
  auto run = [&] {
    array::SteppedArray first(options.array), second(options.array);
    return verify(options, first, second);
  };
  const Report once = run(), twice = run();
  EXPECT_EQ(once.clocks, twice.clocks);
  EXPECT_EQ(once.words, twice.words);
  options.seed = 2;
  EXPECT_NE(run().clocks, once.clocks);
}

}  // namespace
}  // namespace fusesim::verify
