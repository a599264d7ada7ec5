// SPDX-License-Identifier: Apache-2.0
// Whole networks as published, from DRAM to DRAM.
#include <gtest/gtest.h>

#include "machine_network.h"

namespace fusesim::end_to_end {
namespace {

using accelerator::Fidelity;
using isa::Dataflow;

std::string test_title(const testing::TestParamInfo<NetworkCase>& info) {
  return title(info.param);
}

class EventNetwork224 : public testing::TestWithParam<NetworkCase> {};
TEST_P(EventNetwork224, EqualsTheReferenceOnEveryTensor) {
  expect_network_runs(GetParam(), {Fidelity::event});
}
INSTANTIATE_TEST_SUITE_P(Zoo, EventNetwork224, testing::ValuesIn(every_network(224, 64, 64)), test_title);

class SteppedNetwork224 : public testing::TestWithParam<NetworkCase> {};
TEST_P(SteppedNetwork224, EqualsTheReferenceAndTheEventModel) {
  expect_network_runs(GetParam(), {Fidelity::event, Fidelity::stepped});
}
INSTANTIATE_TEST_SUITE_P(
    Zoo, SteppedNetwork224,
    testing::Values(NetworkCase{"mobilenet_v2", "baseline", 224, 64, 64},
                    NetworkCase{"mobilenet_v2", "fuse_half", 224, 32, 32, Dataflow::depthwise_broadcast, "LPDDR4-3200"},
                    NetworkCase{"mobilenet_v3_large", "baseline", 224, 32, 64, Dataflow::depthwise_column}),
    test_title);

}  // namespace
}  // namespace fusesim::end_to_end
