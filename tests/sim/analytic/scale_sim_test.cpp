// SPDX-License-Identifier: Apache-2.0
// The SCALE-Sim model against figures of SCALE-Sim v3 itself, for the MobileNetV1 file it ships.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "sim/analytic/model.h"
#include "workloads/graph/layer.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::analytic {
namespace {

graph::Layer unpadded(std::uint32_t in_channels, std::uint32_t in_size, std::uint32_t out_channels,
                      std::uint32_t kernel, std::uint32_t stride) {
  graph::Layer layer;
  layer.type = kernel == 1 ? graph::LayerType::pointwise : graph::LayerType::conv;
  layer.in_channels = in_channels;
  layer.in_height = layer.in_width = in_size;
  layer.out_channels = out_channels;
  // SCALE-Sim rounds the size of the output map up.
  layer.out_height = layer.out_width = (in_size - kernel + stride + stride - 1) / stride;
  layer.kernel_height = layer.kernel_width = kernel;
  layer.stride_height = layer.stride_width = stride;
  return layer;
}

struct Block {
  std::uint32_t size, channels, stride, out_channels;
};

/// SCALE-Sim's MobileNetV1: no padding, no classifier, and its depthwise layers are one dense convolution over all
/// channels with one filter, unless `proper_depthwise`.
std::vector<graph::Layer> shipped_mobilenet(bool proper_depthwise) {
  std::vector<Block> blocks{{112, 32, 1, 64},  {112, 64, 2, 128}, {56, 128, 1, 128},
                            {56, 128, 2, 256}, {28, 256, 1, 256}, {28, 256, 2, 512}};
  for (int i = 0; i < 5; ++i) blocks.push_back({14, 512, 1, 512});
  blocks.push_back({14, 512, 2, 1024});
  blocks.push_back({7, 1024, 1, 1024});
  std::vector<graph::Layer> layers{unpadded(3, 224, 32, 3, 2)};
  for (const Block& block : blocks) {
    graph::Layer depthwise = unpadded(block.channels, block.size, 1, 3, block.stride);
    if (proper_depthwise) {
      depthwise.type = graph::LayerType::depthwise;
      depthwise.out_channels = depthwise.groups = block.channels;
    }
    layers.push_back(depthwise);
    layers.push_back(unpadded(block.channels, block.size / block.stride, block.out_channels, 1, 1));
  }
  return layers;
}

// SCALE-Sim reports one cycle less a layer than its own formula: the last cycle's index, not the number of cycles.
TEST(ScaleSim, ShippedMobileNetTakesTheCyclesTheProgramReportsPlusOneALayer) {
  const std::vector<graph::Layer> layers = shipped_mobilenet(false);
  EXPECT_EQ(network_cycles(Model::scale_sim_v3, layers, {64, 64, false}) - layers.size(), 590'421U);
  EXPECT_EQ(network_cycles(Model::scale_sim_v3, layers, {32, 32, false}) - layers.size(), 1'338'519U);
}

TEST(ScaleSim, ProperDepthwiseLayersCostSevenTimesMore) {
  const std::uint64_t cycles = network_cycles(Model::scale_sim_v3, shipped_mobilenet(true), {64, 64, false});
  EXPECT_NEAR(static_cast<double>(cycles), 4.307e6, 500.0);
  EXPECT_NEAR(static_cast<double>(cycles) / 590'421.0, 7.3, 0.05);
}

TEST(ScaleSim, MobileNetV2HalfSpeedup) {
  const auto baseline = graph::array_layers(zoo::build("mobilenet_v2", "baseline"));
  const auto half = graph::array_layers(zoo::build("mobilenet_v2", "fuse_half"));
  const double speedup = static_cast<double>(network_cycles(Model::scale_sim_v3, baseline, {64, 64, false})) /
                         static_cast<double>(network_cycles(Model::scale_sim_v3, half, {64, 64, true}));
  EXPECT_NEAR(speedup, 12.5, 0.05);
}

}  // namespace
}  // namespace fusesim::analytic
