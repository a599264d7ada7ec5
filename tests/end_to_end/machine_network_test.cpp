// SPDX-License-Identifier: Apache-2.0
// Whole networks on small pictures, from DRAM to DRAM.
#include "machine_network.h"

#include <gtest/gtest.h>

namespace fusesim::end_to_end {
namespace {

using accelerator::Fidelity;
using isa::Dataflow;

std::string test_title(const testing::TestParamInfo<NetworkCase>& info) {
  return title(info.param);
}

class EventNetwork : public testing::TestWithParam<NetworkCase> {};
TEST_P(EventNetwork, EqualsTheReferenceOnEveryTensor) {
  expect_network_runs(GetParam(), {Fidelity::event});
}

/// Every network and variant, each on another machine.
std::vector<NetworkCase> varied_machines() {
  const Dataflow mappings[] = {Dataflow::depthwise_broadcast, Dataflow::depthwise_column, Dataflow::depthwise_row};
  const char* memories[] = {"DDR4-2400", "LPDDR4-3200", "HBM2-2000", "fixed"};
  std::vector<NetworkCase> all = every_network(32, 16, 16);
  for (std::size_t n = 0; n < all.size(); ++n) {
    if (n % 3 == 0) all[n].input_side = 33;
    if (n % 2 == 0) all[n].rows = 12;
    if (n % 4 < 2) all[n].cols = 24;
    all[n].depthwise = mappings[n % 3];
    all[n].memory = memories[n % 4];
  }
  return all;
}
INSTANTIATE_TEST_SUITE_P(Zoo, EventNetwork, testing::ValuesIn(varied_machines()), test_title);

/// Grouped pointwise layers and shuffles, on the array of the study.
INSTANTIATE_TEST_SUITE_P(Archon, EventNetwork,
                         testing::Values(NetworkCase{"fusionet_c10", "baseline", 32, 8, 8, Dataflow::depthwise_column}),
                         test_title);

class SteppedNetwork : public testing::TestWithParam<NetworkCase> {};
TEST_P(SteppedNetwork, EqualsTheReferenceAndTheEventModel) {
  expect_network_runs(GetParam(), {Fidelity::event, Fidelity::stepped});
}
INSTANTIATE_TEST_SUITE_P(
    Zoo, SteppedNetwork,
    testing::Values(NetworkCase{"mobilenet_v2", "baseline", 32, 16, 16, Dataflow::depthwise_column, "DDR4-2400"},
                    NetworkCase{"mobilenet_v2", "fuse_half", 40, 13, 9, Dataflow::depthwise_broadcast, "LPDDR4-3200"},
                    NetworkCase{"mobilenet_v3_small", "fuse_half_50", 32, 8, 20, Dataflow::depthwise_row, "fixed"},
                    NetworkCase{"mobilenet_v3_large", "fuse_full", 32, 32, 32, Dataflow::depthwise_row, "HBM2-2000"},
                    NetworkCase{"resnet50", "baseline", 32, 32, 32, Dataflow::depthwise_column, "DDR4-2400"}),
    test_title);

class RtlNetwork : public testing::TestWithParam<NetworkCase> {};
TEST_P(RtlNetwork, EqualsTheReferenceAndTheEventModel) {
  expect_network_runs(GetParam(), {Fidelity::event, Fidelity::rtl});
}
INSTANTIATE_TEST_SUITE_P(
    Zoo, RtlNetwork,
    testing::Values(NetworkCase{"mobilenet_v2", "baseline", 32, 8, 8, Dataflow::depthwise_broadcast, "DDR4-2400"},
                    NetworkCase{"mobilenet_v3_small", "fuse_half", 32, 16, 16, Dataflow::depthwise_column,
                                "LPDDR4-3200"},
                    NetworkCase{"mobilenet_v2", "fuse_full", 32, 16, 8, Dataflow::depthwise_broadcast, "fixed"}),
    test_title);

}  // namespace
}  // namespace fusesim::end_to_end
