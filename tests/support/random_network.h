// SPDX-License-Identifier: Apache-2.0
// Random quantised networks of all operators, for tests of whatever runs networks.
#pragma once

#include <cstdint>

#include "workloads/reference/quantized_graph.h"

namespace fusesim::test {

struct NetworkOptions {
  std::uint32_t operators = 12;
  std::uint32_t size = 15;      ///< Largest height and width of the input.
  std::uint32_t channels = 24;  ///< Largest number of channels of a convolution's result.
};

/// Odd sizes, strides, groups, dilation, asymmetric padding, 4-bit tensors and weights, concats that copy and that
/// rescale, views of views, shuffles of whatever. The same for equal arguments.
[[nodiscard]] reference::QuantizedGraph random_network(std::uint64_t seed, const NetworkOptions& options = {});

}  // namespace fusesim::test
