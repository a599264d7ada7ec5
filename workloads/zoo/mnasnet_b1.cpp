// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "workloads/zoo/builder.h"

namespace fusesim::zoo {

Baseline mnasnet_b1(const Mask& replaced) {
  constexpr auto relu6 = graph::ActivationKind::relu6;
  struct Stage {
    std::uint32_t expansion, channels, repeats, stride, kernel;
  };
  constexpr std::array stages = std::to_array<Stage>({{1, 16, 1, 1, 3},
                                                      {3, 24, 3, 2, 3},
                                                      {3, 40, 3, 2, 5},
                                                      {6, 80, 3, 2, 5},
                                                      {6, 96, 2, 1, 3},
                                                      {6, 192, 4, 2, 5},
                                                      {6, 320, 1, 1, 3}});
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
      // The first block is a plain sequence of its own; the others hold one called conv.
      const bool first = stage.expansion == 1;
      const auto names = [&](int at, int place) {
        if (fused) {
          return Chain::Names{fmt::format("{}conv{}", block, at), fmt::format("{}bn{}", block, at),
                              fmt::format("{}relu{}", block, at)};
        }
        const std::string sequence = first ? block : block + "conv.";
        const int start = first ? place - 3 : place;
        return Chain::Names{fmt::format("{}{}", sequence, start), fmt::format("{}{}", sequence, start + 1),
                            fmt::format("{}{}", sequence, start + 2)};
      };
      if (!first) net.conv(names(1, 0), in_channels * stage.expansion, 1, 1, relu6);
      net.depthwise(names(2, 3), stage.kernel, stride, relu6);
      net.conv(names(3, 6), stage.channels, 1, 1, std::nullopt);
      if (stride == 1 && in_channels == stage.channels) net.add(block + "add", entry);
    }
  }
  net.conv({"features.18.0", "features.18.1", "features.18.2"}, 1280, 1, 1, relu6);
  net.global_average_pool("avg_pool");
  net.linear("classifier.1", 1000);
  return std::move(net).finish();
}

}  // namespace fusesim::zoo
