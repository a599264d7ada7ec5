// SPDX-License-Identifier: Apache-2.0
#include "workloads/predict/prune.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "random_float_block.h"
#include "workloads/quantize/synthetic.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::predict {
namespace {

using testing::ElementsAre;

std::size_t zeros(std::span<const double> weights) {
  return static_cast<std::size_t>(std::ranges::count(weights, 0.0));
}

TEST(Prune, RemovesExactlyTheSmallestMagnitudes) {
  test::RandomFloat random(1);
  for (int trial = 0; trial < 200; ++trial) {
    const std::vector<double> before = random.normals(random.between(1, 90));
    const double share = random.uniform(0, 1);
    std::vector<double> after = before;
    prune(after, share);
    ASSERT_EQ(zeros(after), static_cast<std::size_t>(std::floor(share * static_cast<double>(before.size()) + 0.5)));
    double largest_gone = 0, smallest_left = INFINITY;
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (after[i] == 0) {
        largest_gone = std::max(largest_gone, std::abs(before[i]));
      } else {
        ASSERT_EQ(after[i], before[i]);
        smallest_left = std::min(smallest_left, std::abs(before[i]));
      }
    }
    ASSERT_LT(largest_gone, smallest_left);
  }
}

TEST(Prune, OfEqualMagnitudesRemovesTheFirst) {
  std::vector<double> weights{1, -1, 2, 1, -1};
  prune(weights, 0.6);
  EXPECT_THAT(weights, ElementsAre(0, 0, 2, 0, -1));
  prune(weights, 1);
  EXPECT_THAT(weights, ElementsAre(0, 0, 0, 0, 0));
  EXPECT_THROW(prune(weights, 1.1), PredictError);
  EXPECT_THROW(prune(weights, -0.1), PredictError);
}

TEST(Prune, TreatsEachGroupAsATensorAndLeavesOtherLayersAlone) {
  quantize::FloatNetwork network{zoo::build("fusionet_c10", "baseline"), {}};
  test::RandomFloat random(2);
  for (const graph::Node& node : network.graph.nodes()) {
    quantize::Parameters parameters;
    if (const auto* conv = std::get_if<graph::Conv>(&node.op)) {
      parameters.weights = random.normals(graph::parameters(*conv));
    } else if (const auto* linear = std::get_if<graph::Linear>(&node.op)) {
      const std::size_t bias = linear->bias ? linear->out_features : 0;
      parameters.weights = random.normals(graph::parameters(*linear) - bias);
      parameters.bias = random.normals(bias);
    } else if (const auto* norm = std::get_if<graph::BatchNorm>(&node.op)) {
      parameters.weights = random.normals(norm->channels);
      parameters.bias = random.normals(norm->channels);
    }
    network.parameters.push_back(std::move(parameters));
  }
  const auto blocks = transform::find_bottlenecks(network.graph);
  ASSERT_EQ(blocks.size(), 16U);
  for (const bool last : {false, true}) {
    const quantize::FloatNetwork pruned = prune(network, blocks, {.last_pointwise = last});
    std::size_t pruned_layers = 0;
    for (graph::NodeId id = 0; id < network.graph.nodes().size(); ++id) {
      const std::vector<double>& weights = pruned.parameters[id].weights;
      if (zeros(weights) == 0) {
        EXPECT_EQ(weights, network.parameters[id].weights);
        continue;
      }
      ++pruned_layers;
      const auto& conv = std::get<graph::Conv>(network.graph.node(id).op);
      const bool depthwise = conv.kernel_height == 3;
      const std::size_t tensors = depthwise ? 1 : 4, each = weights.size() / tensors;
      for (std::size_t tensor = 0; tensor < tensors; ++tensor) {
        const double share = depthwise ? 0.7 : 0.8;
        EXPECT_EQ(zeros({&weights[tensor * each], each}),
                  static_cast<std::size_t>(std::floor(share * static_cast<double>(each) + 0.5)));
      }
    }
    EXPECT_EQ(pruned_layers, last ? 49U : 48U);
    EXPECT_EQ(zeros(pruned.parameters[*network.graph.find("pw_final")].weights) > 0, last);
  }
}

}  // namespace
}  // namespace fusesim::predict
