// SPDX-License-Identifier: Apache-2.0
// SCALE-Sim v3, output stationary: every fold costs the full array, T + R + C - 2, and folds do not overlap.
// SCALE-Sim knows no FuSe layer. So that a FuSe network can be put beside it, its habit (always the full array) is
// applied to this project's checked fold of a 1-D convolution, s c + K - s + 1, with c = C.
#include "sim/analytic/formulas.h"

namespace fusesim::analytic {

namespace {

/// `lines` image lines a channel, `outputs` along a line, on the broadcast wires.
std::uint64_t fuse(std::uint64_t lines, std::uint64_t outputs, std::uint64_t channels, std::uint64_t taps,
                   std::uint64_t stride, const Machine& machine) {
  const std::uint64_t folds = ceil_div(lines * channels, machine.rows) * ceil_div(outputs, machine.cols);
  return folds * (stride * machine.cols + taps + 1 - stride);
}

}  // namespace

std::uint64_t scale_sim_cycles(const graph::Layer& layer, const Machine& machine) {
  if (machine.fuse_links && layer.type == graph::LayerType::fuse_1xk) {
    return fuse(layer.out_height, layer.out_width, layer.out_channels, extent(layer.kernel_width, layer.dilation_width),
                layer.stride_width, machine);
  }
  if (machine.fuse_links && layer.type == graph::LayerType::fuse_kx1) {
    return fuse(layer.out_width, layer.out_height, layer.out_channels,
                extent(layer.kernel_height, layer.dilation_height), layer.stride_height, machine);
  }
  const std::uint64_t pixels = std::uint64_t{layer.out_height} * layer.out_width;
  const std::uint64_t taps = std::uint64_t{layer.kernel_height} * layer.kernel_width;
  // A depthwise layer is a GEMM of one filter for each channel, any other layer one GEMM a group.
  const std::uint64_t gemms = is_channelwise(layer) ? layer.out_channels : layer.groups;
  const std::uint64_t filters = layer.out_channels / gemms;
  const std::uint64_t inner = is_channelwise(layer) ? taps : taps * (layer.in_channels / layer.groups);
  const std::uint64_t folds = ceil_div(pixels, machine.rows) * ceil_div(filters, machine.cols);
  return gemms * folds * (inner + machine.rows + machine.cols - 2);
}

}  // namespace fusesim::analytic
