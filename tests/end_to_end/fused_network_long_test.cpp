// SPDX-License-Identifier: Apache-2.0
// The networks of the study with their blocks predicted, register by register where that takes minutes at most.
#include <gtest/gtest.h>

#include "fused_network.h"

namespace fusesim::end_to_end {
namespace {

using accelerator::Fidelity;
using isa::machine::FusedMode;
using isa::machine::FusedSource;
using tile::FusedSchedule;

std::string test_title(const testing::TestParamInfo<PredictedCase>& info) {
  return title(info.param);
}

class EventPredicted : public testing::TestWithParam<PredictedCase> {};
TEST_P(EventPredicted, EqualsTheReferenceOnEveryTensor) {
  EXPECT_GT(expect_predicted_case_runs(GetParam(), {Fidelity::event}), 5U);
}
INSTANTIATE_TEST_SUITE_P(Study, EventPredicted,
                         testing::Values(PredictedCase{"fusionet_c100", 0.5, FusedMode::fixed},
                                         PredictedCase{"fusionet_c10", 0.2, FusedMode::elastic, FusedSource::factors},
                                         PredictedCase{"fusionet_c10", 0.3, FusedMode::elastic, FusedSource::lists,
                                                       FusedSchedule::lists_pass, "LPDDR4-3200"},
                                         PredictedCase{"archon_mobilenet_v2", 0.3},
                                         PredictedCase{"archon_mnasnet", 0.3}),
                         test_title);

class SteppedPredicted : public testing::TestWithParam<PredictedCase> {};
TEST_P(SteppedPredicted, EqualsTheReferenceAndTheEventModel) {
  EXPECT_EQ(expect_predicted_case_runs(GetParam(), {Fidelity::event, Fidelity::stepped}), 16U);
}
INSTANTIATE_TEST_SUITE_P(Study, SteppedPredicted, testing::Values(PredictedCase{"fusionet_c10", 0.3}), test_title);

}  // namespace
}  // namespace fusesim::end_to_end
