// SPDX-License-Identifier: Apache-2.0
// The networks of the ARCHON and FusioNet study, at 32x32x3, with plain ReLUs: FusioNet, and MobileNetV2, MnasNet and
// ShuffleNet as baselines and modified for fused blocks. Where the study's differ from these graphs:
// - The gates of MnasNet end in a sigmoid; here it is the hard sigmoid, which the arithmetic has.
// - ShuffleNet's 3x3 average pools divide by what lies inside the map; here they divide by nine everywhere.
// - A softmax follows the classifier; it changes no order and is left out.
#pragma once

#include <cstdint>

#include "workloads/graph/graph.h"

namespace fusesim::zoo {

/// `classes` is 10 or 100: the tail is wider for 100.
[[nodiscard]] graph::Graph fusionet(std::uint32_t classes);
[[nodiscard]] graph::Graph archon_mobilenet_v2_baseline(std::uint32_t classes);
[[nodiscard]] graph::Graph archon_mobilenet_v2(std::uint32_t classes);
/// With 100 classes it has a last pointwise layer that it lacks with 10.
[[nodiscard]] graph::Graph archon_mnasnet_baseline(std::uint32_t classes);
[[nodiscard]] graph::Graph archon_mnasnet(std::uint32_t classes);
[[nodiscard]] graph::Graph archon_shufflenet_baseline(std::uint32_t classes);
[[nodiscard]] graph::Graph archon_shufflenet(std::uint32_t classes);

}  // namespace fusesim::zoo
