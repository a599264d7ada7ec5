// SPDX-License-Identifier: Apache-2.0
// Shape inference and counts against enumeration: every window position and every tap visited one by one.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "workloads/graph/graph.h"

namespace fusesim::graph {
namespace {

/// Where windows start along one axis, by walking over the padded map.
std::vector<std::int64_t> starts(std::uint32_t size, std::uint32_t kernel, std::uint32_t stride, std::uint32_t dilation,
                                 std::uint32_t before, std::uint32_t after) {
  std::vector<std::int64_t> found;
  for (std::int64_t at = -std::int64_t{before};; at += stride) {
    std::int64_t last = at;
    for (std::uint32_t tap = 1; tap < kernel; ++tap) last += dilation;
    if (last >= std::int64_t{size} + after) return found;
    found.push_back(at);
  }
}

TEST(Shape, ConvolutionsEqualEnumeration) {
  std::mt19937 random(1);
  const auto upto = [&](std::uint32_t limit) { return 1 + static_cast<std::uint32_t>(random() % limit); };
  const auto below = [&](std::uint32_t limit) { return static_cast<std::uint32_t>(random() % limit); };
  int accepted = 0, refused = 0;
  for (int round = 0; round < 3000; ++round) {
    const std::uint32_t groups = upto(3);
    Conv conv;
    conv.groups = groups;
    conv.in_channels = groups * upto(3);
    conv.out_channels = groups * upto(3);
    conv.kernel_height = upto(5);
    conv.kernel_width = upto(5);
    conv.stride_height = upto(3);
    conv.stride_width = upto(3);
    conv.dilation_height = upto(3);
    conv.dilation_width = upto(3);
    conv.padding = {below(3), below(3), below(3), below(3)};
    conv.bias = below(2) == 1;
    const Shape in{conv.in_channels, upto(10), upto(10)};
    const auto rows = starts(in.height, conv.kernel_height, conv.stride_height, conv.dilation_height, conv.padding.top,
                             conv.padding.bottom);
    const auto columns = starts(in.width, conv.kernel_width, conv.stride_width, conv.dilation_width, conv.padding.left,
                                conv.padding.right);
    Graph graph;
    const NodeId input = graph.add("input", Input{in});
    if (rows.empty() || columns.empty()) {
      EXPECT_THROW(graph.add("conv", conv, {input}), GraphError);
      ++refused;
      continue;
    }
    const NodeId id = graph.add("conv", conv, {input});
    EXPECT_EQ(graph.node(id).shape, (Shape{conv.out_channels, static_cast<std::uint32_t>(rows.size()),
                                           static_cast<std::uint32_t>(columns.size())}));
    // Each output element multiplies every tap of the channels of its group; each weight is one (filter, channel, tap).
    std::uint64_t macs = 0;
    std::set<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t>> weights;
    for (std::uint32_t filter = 0; filter < conv.out_channels; ++filter) {
      for (std::uint32_t channel = 0; channel < conv.in_channels; ++channel) {
        if (filter / (conv.out_channels / groups) != channel / (conv.in_channels / groups)) continue;
        for (std::uint32_t y = 0; y < conv.kernel_height; ++y) {
          for (std::uint32_t x = 0; x < conv.kernel_width; ++x) {
            weights.insert({filter, channel, y, x});
            macs += rows.size() * columns.size();
          }
        }
      }
    }
    const Layer layer = array_layers(graph).at(0);
    EXPECT_EQ(layer.macs(), macs);
    EXPECT_EQ(layer.params(), weights.size() + (conv.bias ? conv.out_channels : 0));
    EXPECT_EQ(parameters(graph.node(id).op), layer.params());
    ++accepted;
  }
  EXPECT_GT(accepted, 500);
  EXPECT_GT(refused, 100);
}

TEST(Shape, PoolsEqualEnumeration) {
  std::mt19937 random(2);
  const auto upto = [&](std::uint32_t limit) { return 1 + static_cast<std::uint32_t>(random() % limit); };
  for (int round = 0; round < 1000; ++round) {
    Pool pool;
    pool.kind = random() % 2 == 0 ? PoolKind::max : PoolKind::average;
    pool.kernel_height = upto(4);
    pool.kernel_width = upto(4);
    pool.stride_height = upto(3);
    pool.stride_width = upto(3);
    const auto pad = [&](std::uint32_t kernel) { return static_cast<std::uint32_t>(random() % kernel); };
    pool.padding = {pad(pool.kernel_height), pad(pool.kernel_width), pad(pool.kernel_height), pad(pool.kernel_width)};
    const Shape in{upto(4), upto(9), upto(9)};
    const auto rows =
        starts(in.height, pool.kernel_height, pool.stride_height, 1, pool.padding.top, pool.padding.bottom);
    const auto columns =
        starts(in.width, pool.kernel_width, pool.stride_width, 1, pool.padding.left, pool.padding.right);
    Graph graph;
    const NodeId input = graph.add("input", Input{in});
    if (rows.empty() || columns.empty()) {
      EXPECT_THROW(graph.add("pool", pool, {input}), GraphError);
    } else {
      EXPECT_EQ(
          graph.node(graph.add("pool", pool, {input})).shape,
          (Shape{in.channels, static_cast<std::uint32_t>(rows.size()), static_cast<std::uint32_t>(columns.size())}));
    }
  }
}

/// Random graphs of operators that move channels about; each channel carries its origin, so that the brute force is the
/// operators' meaning on labels.
TEST(Shape, ChannelOperatorsKeepCountOfEveryChannel) {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    Graph graph;
    std::vector<std::vector<int>> labels;
    const auto channels = static_cast<std::uint32_t>(1 + random() % 6);
    graph.add("input", Input{{channels, 5, 4}});
    labels.emplace_back(channels, 0);
    for (int step = 0; step < 12; ++step) {
      const auto pick = static_cast<NodeId>(random() % labels.size());
      const auto other = static_cast<NodeId>(random() % labels.size());
      const std::string name = "n" + std::to_string(step);
      std::vector<int> result = labels[pick];
      switch (random() % 5) {
        case 0:
          graph.add(name, Concat{}, {pick, other});
          result.insert(result.end(), labels[other].begin(), labels[other].end());
          break;
        case 1: {
          const auto begin = static_cast<std::uint32_t>(random() % result.size());
          const auto end = begin + 1 + static_cast<std::uint32_t>(random() % (result.size() - begin));
          graph.add(name, Split{begin, end}, {pick});
          result = {result.begin() + begin, result.begin() + end};
          break;
        }
        case 2:
          if (labels[pick].size() != labels[other].size()) {
            EXPECT_THROW(graph.add(name, Add{}, {pick, other}), GraphError);
            continue;
          }
          graph.add(name, Add{}, {pick, other});
          break;
        case 3: {
          const auto groups = static_cast<std::uint32_t>(1 + random() % 4);
          if (result.size() % groups != 0) {
            EXPECT_THROW(graph.add(name, Shuffle{groups}, {pick}), GraphError);
            continue;
          }
          graph.add(name, Shuffle{groups}, {pick});
          break;
        }
        default:
          graph.add(name, BatchNorm{static_cast<std::uint32_t>(result.size())}, {pick});
      }
      labels.push_back(result);
      EXPECT_EQ(graph.nodes().back().shape, (Shape{static_cast<std::uint32_t>(result.size()), 5, 4}));
    }
  }
}

TEST(Shape, VectorsAndGates) {
  Graph graph;
  const NodeId input = graph.add("input", Input{{6, 5, 4}});
  const NodeId pooled = graph.add("gap", Pool{.kind = PoolKind::global_average}, {input});
  EXPECT_EQ(graph.node(pooled).shape, (Shape{6, 1, 1}));
  const NodeId scaled = graph.add("scale", Scale{}, {input, pooled});
  EXPECT_EQ(graph.node(scaled).shape, (Shape{6, 5, 4}));
  const NodeId flat = graph.add("flatten", Flatten{}, {scaled});
  EXPECT_EQ(graph.node(flat).shape, (Shape{120, 1, 1}));
  const NodeId fc = graph.add("fc", Linear{.in_features = 120, .out_features = 10, .bias = true}, {flat});
  EXPECT_EQ(graph.node(fc).shape, (Shape{10, 1, 1}));
  EXPECT_EQ(parameters(graph.node(fc).op), 1210U);
  EXPECT_EQ(graph.node(graph.add("act", Activation{}, {fc})).shape, (Shape{10, 1, 1}));
}

}  // namespace
}  // namespace fusesim::graph
