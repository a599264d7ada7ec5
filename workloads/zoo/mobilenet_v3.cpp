// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <span>

#include "workloads/zoo/builder.h"

namespace fusesim::zoo {
namespace {

using enum graph::ActivationKind;

struct Block {
  std::uint32_t kernel, expanded, channels;
  bool squeeze_excite;
  graph::ActivationKind activation;
  std::uint32_t stride;
};

constexpr Block small_blocks[] = {
    {3, 16, 16, true, relu, 2},    {3, 72, 24, false, relu, 2},   {3, 88, 24, false, relu, 1},
    {5, 96, 40, true, hswish, 2},  {5, 240, 40, true, hswish, 1}, {5, 240, 40, true, hswish, 1},
    {5, 120, 48, true, hswish, 1}, {5, 144, 48, true, hswish, 1}, {5, 288, 96, true, hswish, 2},
    {5, 576, 96, true, hswish, 1}, {5, 576, 96, true, hswish, 1},
};

constexpr Block large_blocks[] = {
    {3, 16, 16, false, relu, 1},    {3, 64, 24, false, relu, 2},    {3, 72, 24, false, relu, 1},
    {5, 72, 40, true, relu, 2},     {5, 120, 40, true, relu, 1},    {5, 120, 40, true, relu, 1},
    {3, 240, 80, false, hswish, 2}, {3, 200, 80, false, hswish, 1}, {3, 184, 80, false, hswish, 1},
    {3, 184, 80, false, hswish, 1}, {3, 480, 112, true, hswish, 1}, {3, 672, 112, true, hswish, 1},
    {5, 672, 160, true, hswish, 2}, {5, 960, 160, true, hswish, 1}, {5, 960, 160, true, hswish, 1},
};

Baseline build(std::span<const Block> blocks, std::uint32_t last_channels, const Mask& replaced) {
  Chain net;
  net.conv({"features.0.0", "features.0.1", "features.0.2"}, 16, 3, 2, hswish);
  std::size_t index = 0;
  for (const Block& shape : blocks) {
    const bool fused = replaced.at(index++);
    const std::string block = fmt::format("features.{}.", index);
    const graph::NodeId entry = net.end();
    const std::uint32_t in_channels = net.channels();
    // The baseline is one sequence of ten; the published FuSe block names its layers.
    const auto names = [&](int at, int place) {
      if (fused) {
        return Chain::Names{fmt::format("{}conv{}", block, at), fmt::format("{}bn{}", block, at),
                            fmt::format("{}nl{}", block, at)};
      }
      return Chain::Names{fmt::format("{}conv.{}", block, place), fmt::format("{}conv.{}", block, place + 1),
                          fmt::format("{}conv.{}", block, place + 2)};
    };
    net.conv(names(1, 0), shape.expanded, 1, 1, shape.activation);
    // The gate sits between batch norm and activation.
    Chain::Names spatial = names(2, 3);
    if (!fused) spatial.activation = block + "conv.6";
    if (shape.squeeze_excite) {
      net.depthwise(spatial, shape.kernel, shape.stride, std::nullopt);
      net.squeeze_excite(block + (fused ? "se1" : "conv.5"));
      net.activation(spatial.activation, shape.activation);
    } else {
      net.depthwise(spatial, shape.kernel, shape.stride, shape.activation);
    }
    net.conv(names(3, 7), shape.channels, 1, 1, std::nullopt);
    if (shape.stride == 1 && in_channels == shape.channels) net.add(block + "add", entry);
  }
  const auto feature = [&](std::size_t after_blocks) { return fmt::format("features.{}", index + after_blocks); };
  net.conv({feature(1) + ".0", feature(1) + ".1", feature(1) + ".2"}, last_channels, 1, 1, hswish);
  net.global_average_pool(feature(2));
  net.pointwise_with_bias(feature(3), 1280);
  net.activation(feature(4), hswish);
  net.linear("classifier.1", 1000);
  return std::move(net).finish();
}

}  // namespace

Baseline mobilenet_v3_small(const Mask& replaced) {
  return build(small_blocks, 576, replaced);
}

Baseline mobilenet_v3_large(const Mask& replaced) {
  return build(large_blocks, 960, replaced);
}

}  // namespace fusesim::zoo
