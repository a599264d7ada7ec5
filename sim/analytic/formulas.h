// SPDX-License-Identifier: Apache-2.0
// The models behind layer_cycles(), one function each.
#pragma once

#include <cstdint>

#include "sim/analytic/model.h"

namespace fusesim::analytic {

[[nodiscard]] std::uint64_t authors_released_cycles(const graph::Layer& layer, const Machine& machine);
[[nodiscard]] std::uint64_t authors_2020_cycles(const graph::Layer& layer, const Machine& machine);
[[nodiscard]] std::uint64_t scale_sim_cycles(const graph::Layer& layer, const Machine& machine);

[[nodiscard]] inline bool is_fuse(const graph::Layer& layer) {
  return layer.type == graph::LayerType::fuse_1xk || layer.type == graph::LayerType::fuse_kx1;
}

/// One filter a channel: such a layer is a row of matrix-vector products on hardware without broadcast wires.
[[nodiscard]] inline bool is_channelwise(const graph::Layer& layer) {
  return layer.type == graph::LayerType::depthwise || is_fuse(layer);
}

[[nodiscard]] constexpr std::uint64_t ceil_div(std::uint64_t dividend, std::uint64_t divisor) {
  return (dividend + divisor - 1) / divisor;
}

/// Elements between the first and the last tap of a filter of `taps` taps, inclusive.
[[nodiscard]] constexpr std::uint64_t extent(std::uint32_t taps, std::uint32_t dilation) {
  return std::uint64_t{taps - 1} * dilation + 1;
}

}  // namespace fusesim::analytic
