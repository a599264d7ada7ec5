// SPDX-License-Identifier: Apache-2.0
// Every network and variant on a small picture, from DRAM to DRAM, in every fidelity.
#include <gtest/gtest.h>

#include "machine_network.h"

namespace fusesim::end_to_end {
namespace {

using accelerator::Fidelity;

class EveryFidelity : public testing::TestWithParam<NetworkCase> {};
TEST_P(EveryFidelity, EqualsTheReferenceOnEveryTensor) {
  expect_network_runs(GetParam(), {Fidelity::event, Fidelity::stepped, Fidelity::rtl});
}
INSTANTIATE_TEST_SUITE_P(Zoo, EveryFidelity, testing::ValuesIn(every_network(32, 16, 16)),
                         [](const auto& c) { return title(c.param); });
INSTANTIATE_TEST_SUITE_P(Archon, EveryFidelity, testing::ValuesIn(archon_networks(16, 16)),
                         [](const auto& c) { return title(c.param); });

}  // namespace
}  // namespace fusesim::end_to_end
