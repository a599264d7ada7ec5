// SPDX-License-Identifier: Apache-2.0
// Would lockstep notice? Each fault of mutants.json, planted in a copy of the SystemVerilog, must show as a mismatch.
// Assertions are off, so that it is the comparison that finds it.
#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "hw/array/stepped_array.h"
#include "rtl/verilated_array.h"
#include "sim/verify/verify.h"
#include "tests/support/array_configs.h"

namespace fusesim::verify {
namespace {

std::vector<std::string> mutants() {
  std::vector<std::string> names;
  for (const auto& mutant : nlohmann::json::parse(std::ifstream(MUTANTS))) names.push_back(mutant["name"]);
  return names;
}

Report run_against(const std::string& name, std::function<void(control::FoldOperands&)> tamper = {}) {
  Options options;
  options.array = test::array_config("3x4_b2_f1_s1");
  options.cases = 300;
  options.max_mismatches = 1;
  options.tamper = std::move(tamper);
  array::SteppedArray stepped(options.array);
  const auto rtl =
      rtl::VerilatedArray::load(options.array, std::string(MUTANT_DIR "/fusesim_rtl_3x4_b2_f1_s1_") + name + ".so");
  rtl->check_assertions(false);
  return verify(options, stepped, *rtl);
}

class Mutation : public testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Faults, Mutation, testing::ValuesIn(mutants()),
                         [](const auto& parameter) { return parameter.param; });

TEST_P(Mutation, IsFound) {
  const Report report = run_against(GetParam());
  EXPECT_EQ(report.mismatches, 1) << "not found in " << report.clocks << " clocks";
  ASSERT_TRUE(report.first_mismatch.has_value());
  RecordProperty("found", report.first_mismatch->what);
}

TEST(Mutation, TheHealthyArrayPasses) {
  const Report report = run_against("healthy");
  EXPECT_EQ(report.mismatches, 0) << report.first_mismatch->what;
  EXPECT_EQ(report.wrong_sums, 0) << report.first_wrong_sum;
  EXPECT_EQ(report.cases, 300);
}

// The controller gives both arrays their inputs, so a fault of its own cannot make them differ: what finds it is the
// comparison of the sums with the layer. The order of taps is the controller's.
TEST(ControllerFault, TapsInForwardOrderGiveWrongSumsWithoutAMismatch) {
  const Report report = run_against("healthy", [](control::FoldOperands& fold) {
    const std::size_t rows = fold.shape.rows;
    for (std::size_t k = 0, taps = fold.tap_cycles.size(); k < taps / 2; ++k) {
      std::swap_ranges(fold.taps.begin() + static_cast<std::ptrdiff_t>(k * rows),
                       fold.taps.begin() + static_cast<std::ptrdiff_t>((k + 1) * rows),
                       fold.taps.begin() + static_cast<std::ptrdiff_t>((taps - 1 - k) * rows));
    }
  });
  EXPECT_EQ(report.mismatches, 0);
  EXPECT_GT(report.wrong_sums, 0);
}

}  // namespace
}  // namespace fusesim::verify
