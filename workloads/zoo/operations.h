// SPDX-License-Identifier: Apache-2.0
// The operation count behind the FuSeConv paper's FLOPS column, which is not MACs.
#pragma once

#include <cstdint>

#include "workloads/graph/graph.h"

namespace fusesim::zoo {

/// MACs of convolutions and linear layers, and per element of the tensor:
///   2 batch norm, ReLU, hard swish (an addition and a product around ReLU6);  1 hard sigmoid (the addition);
///   1 sum of two maps, squeeze-and-excite product, pool input;  0 ReLU6, concat, bias.
/// Inferred from the 25 printed figures in millions: it gives 22 of them truncated, two more rounded to nearest
/// (MobileNetV1 baseline 588.96 printed 589, MnasNet-B1 fuse_half 304.53 printed 305), and one not: MobileNetV2
/// baseline 314.41 printed 315.
[[nodiscard]] std::uint64_t published_operations(const graph::Graph& graph);

}  // namespace fusesim::zoo
