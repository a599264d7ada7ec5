// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "workloads/zoo/builder.h"

namespace fusesim::zoo {

Baseline mobilenet_v1(const Mask&) {
  constexpr auto relu = graph::ActivationKind::relu;
  struct Block {
    std::uint32_t channels, stride;
  };
  constexpr std::array blocks = std::to_array<Block>({{64, 1},
                                                      {128, 2},
                                                      {128, 1},
                                                      {256, 2},
                                                      {256, 1},
                                                      {512, 2},
                                                      {512, 1},
                                                      {512, 1},
                                                      {512, 1},
                                                      {512, 1},
                                                      {512, 1},
                                                      {1024, 2},
                                                      {1024, 1}});
  Chain net;
  net.conv({"conv1", "bn1", "relu1"}, 32, 3, 2, relu);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const std::string block = fmt::format("layers.{}.", i);
    net.depthwise({block + "conv1", block + "bn1", block + "relu1"}, 3, blocks[i].stride, relu);
    net.conv({block + "conv2", block + "bn2", block + "relu2"}, blocks[i].channels, 1, 1, relu);
  }
  net.global_average_pool("avg_pool");
  net.linear("linear", 1000);
  return std::move(net).finish();
}

}  // namespace fusesim::zoo
