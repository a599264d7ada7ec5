// SPDX-License-Identifier: Apache-2.0
#include "workloads/quantize/untrained.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

#include "hw/isa/generated_values.h"
#include "workloads/quantize/quantize.h"
#include "workloads/quantize/rewrite.h"
#include "workloads/reference/execute.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::quantize {
namespace {

std::vector<std::int8_t> noise(std::size_t size, std::uint64_t seed) {
  std::vector<std::int8_t> values(size);
  isa::fill_generated(seed, 0, values);
  return values;
}

TEST(UntrainedNetwork, KeepsItsValuesAlive) {
  for (const auto& [network, variant] : {std::pair{"mobilenet_v2", "baseline"},
                                         {"mobilenet_v2", "fuse_half"},
                                         {"mobilenet_v3_small", "baseline"},
                                         {"mobilenet_v3_small", "fuse_full"}}) {
    const auto quantized = untrained_network(with_input_size(zoo::build(network, variant), 64, 64), 3);
    const auto tensors = reference::execute(quantized, noise(3 * 64 * 64, 5));
    for (std::size_t id = 0; id < tensors.size(); ++id) {
      std::array<std::size_t, 256> counts{};
      for (const std::int8_t value : tensors[id].values) ++counts[static_cast<std::size_t>(value + 128)];
      const auto used =
          static_cast<std::size_t>(std::count_if(counts.begin(), counts.end(), [](auto n) { return n > 0; }));
      const std::size_t size = tensors[id].values.size();
      const std::string where = std::string(network) + " " + variant + " " + quantized.graph().nodes()[id].name;
      // A ReLU sends half or more of its values to one integer; nothing else may gather at the upper end.
      EXPECT_LT(counts[255], size / 20 + 2) << where;
      EXPECT_GT(used, std::min<std::size_t>(size / 3, 50)) << where;
    }
  }
}

TEST(UntrainedNetwork, HasTheGraphThatFoldingLeaves) {
  const graph::Graph graph = zoo::build("mobilenet_v2", "fuse_full");
  const auto quantized = untrained_network(graph);
  const FoldedGraph expected = without_batch_norm(graph);
  ASSERT_EQ(quantized.graph().nodes().size(), expected.graph.nodes().size());
  for (graph::NodeId id = 0; id < expected.graph.nodes().size(); ++id) {
    EXPECT_EQ(quantized.graph().node(id).name, expected.graph.node(id).name);
    EXPECT_EQ(quantized.graph().node(id).shape, expected.graph.node(id).shape);
  }
}

TEST(UntrainedNetwork, DependsOnItsSeedAlone) {
  const graph::Graph graph = zoo::build("mobilenet_v3_small", "baseline");
  const auto one = untrained_network(graph, 1), again = untrained_network(graph, 1),
             other = untrained_network(graph, 2);
  const graph::NodeId layer = *one.graph().find("features.0.0");
  EXPECT_EQ(one.convolution(layer).weights.values, again.convolution(layer).weights.values);
  EXPECT_EQ(one.convolution(layer).folded_bias, again.convolution(layer).folded_bias);
  EXPECT_NE(one.convolution(layer).weights.values, other.convolution(layer).weights.values);
}

TEST(UntrainedNetwork, EveryNetworkHasOne) {
  for (const auto network : zoo::all_networks()) {
    for (const auto variant : zoo::variants(network)) {
      if (network == "resnet50" && variant != "baseline") continue;
      EXPECT_NO_THROW(static_cast<void>(untrained_network(zoo::build(network, variant)))) << network << " " << variant;
    }
  }
}

TEST(UntrainedNetwork, RefusesAGraphWithoutAnInput) {
  EXPECT_THROW(static_cast<void>(untrained_network(graph::Graph{})), QuantizeError);
}

}  // namespace
}  // namespace fusesim::quantize
