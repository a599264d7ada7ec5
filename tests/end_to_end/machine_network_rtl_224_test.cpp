// SPDX-License-Identifier: Apache-2.0
// A whole network as published through the Verilated array.
#include <gtest/gtest.h>

#include "machine_network.h"

namespace fusesim::end_to_end {
namespace {

using accelerator::Fidelity;

TEST(RtlNetwork224, MobileNetV2On32x32EqualsTheReferenceAndTheEventModel) {
  expect_network_runs({"mobilenet_v2", "baseline", 224, 32, 32}, {Fidelity::event, Fidelity::rtl});
}

}  // namespace
}  // namespace fusesim::end_to_end
