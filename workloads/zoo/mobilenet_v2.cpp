// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "workloads/zoo/builder.h"

namespace fusesim::zoo {

Baseline mobilenet_v2(const Mask& replaced) {
  constexpr auto relu6 = graph::ActivationKind::relu6;
  struct Stage {
    std::uint32_t expansion, channels, repeats, stride;
  };
  constexpr std::array stages = std::to_array<Stage>(
      {{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}});
  Chain net;
  net.conv({"features.0.0", "features.0.1", "features.0.2"}, 32, 3, 2, relu6);
  std::size_t index = 0;
  for (const Stage& stage : stages) {
    for (std::uint32_t repeat = 0; repeat < stage.repeats; ++repeat) {
      const bool fused = replaced.at(index++);
      const std::string block = fmt::format("features.{}.", index);
      const std::uint32_t stride = repeat == 0 ? stage.stride : 1;
      const graph::NodeId entry = net.end();
      const std::uint32_t in_channels = net.channels();
      // The published FuSe block numbers its layers 1, 2, 3; the baseline is a sequence that starts with the expansion,
      // if the block has one.
      const int dw = stage.expansion == 1 ? 0 : 1;
      const auto baseline = [&](int at) {
        const std::string name = fmt::format("{}conv.{}.", block, at);
        return Chain::Names{name + "0", name + "1", name + "2"};
      };
      const auto fuse = [&](int at) {
        return Chain::Names{fmt::format("{}conv{}", block, at), fmt::format("{}bn{}", block, at),
                            fmt::format("{}relu{}", block, at)};
      };
      if (stage.expansion != 1) {
        net.conv(fused ? fuse(1) : baseline(0), in_channels * stage.expansion, 1, 1, relu6);
      } else if (fused) {
        // The published FuSe block makes its expansion even where it then does not run it.
        net.unused_pointwise(block + "conv1", block + "bn1", in_channels);
      }
      net.depthwise(fused ? fuse(2) : baseline(dw), 3, stride, relu6);
      const Chain::Names project{fmt::format("{}conv.{}", block, dw + 1), fmt::format("{}conv.{}", block, dw + 2), ""};
      net.conv(fused ? fuse(3) : project, stage.channels, 1, 1, std::nullopt);
      if (stride == 1 && in_channels == stage.channels) net.add(block + "add", entry);
    }
  }
  net.conv({"features.18.0", "features.18.1", "features.18.2"}, 1280, 1, 1, relu6);
  net.global_average_pool("avg_pool");
  net.linear("classifier.1", 1000);
  return std::move(net).finish();
}

}  // namespace fusesim::zoo
