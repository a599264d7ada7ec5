// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "workloads/zoo/builder.h"

namespace fusesim::zoo {

Baseline resnet50(const Mask&) {
  constexpr auto relu = graph::ActivationKind::relu;
  struct Stage {
    std::uint32_t width, blocks, stride;
  };
  constexpr std::array stages = std::to_array<Stage>({{64, 3, 1}, {128, 4, 2}, {256, 6, 2}, {512, 3, 2}});
  Chain net;
  net.conv({"conv1", "bn1", "relu"}, 64, 7, 2, relu);
  net.max_pool("maxpool", 3, 2);
  for (std::size_t s = 0; s < stages.size(); ++s) {
    for (std::uint32_t b = 0; b < stages[s].blocks; ++b) {
      const std::string block = fmt::format("layer{}.{}.", s + 1, b);
      const std::uint32_t width = stages[s].width, stride = b == 0 ? stages[s].stride : 1;
      graph::NodeId shortcut = net.end();
      net.conv({block + "conv1", block + "bn1", block + "relu1"}, width, 1, 1, relu);
      net.conv({block + "conv2", block + "bn2", block + "relu2"}, width, 3, stride, relu);
      net.mark_spatial(block + "conv2");
      net.conv({block + "conv3", block + "bn3", ""}, 4 * width, 1, 1, std::nullopt);
      if (b == 0) {
        const graph::NodeId main = net.end();
        net.set_end(shortcut);
        net.conv({block + "downsample.0", block + "downsample.1", ""}, 4 * width, 1, stride, std::nullopt);
        shortcut = net.end();
        net.set_end(main);
      }
      net.add(block + "add", shortcut);
      net.activation(block + "relu3", relu);
    }
  }
  net.global_average_pool("avgpool");
  net.linear("fc", 1000);
  return std::move(net).finish();
}

}  // namespace fusesim::zoo
