// SPDX-License-Identifier: Apache-2.0
#include "workloads/quantize/rewrite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "workloads/graph/layer.h"
#include "workloads/quantize/synthetic.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::quantize {
namespace {

using graph::Graph;
using graph::NodeId;
using testing::DoubleNear;
using testing::Pointwise;

void expect_near(const Map& actual, const Map& expected, const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    ASSERT_NEAR(actual[i], expected[i], 1e-9 * (1 + std::abs(expected[i]))) << what << ", element " << i;
  }
}

TEST(FoldBatchNorm, LeavesEveryRemainingTensorAsItWas) {
  for (const std::string_view variant : {"baseline", "fuse_full", "fuse_half_50"}) {
    const FloatNetwork network =
        synthetic_network(with_input_size(zoo::build("mobilenet_v3_small", variant), 32, 32), 7, 1);
    const FloatNetwork folded = fold_batch_norm(network);
    const Map image = synthetic_image({3, 32, 32}, 8);
    const std::vector<Map> before = execute(network, image), after = execute(folded, image);
    EXPECT_LT(after.size(), before.size());
    for (NodeId id = 0; id < after.size(); ++id) {
      const graph::Node& node = folded.graph.node(id);
      ASSERT_FALSE(std::holds_alternative<graph::BatchNorm>(node.op)) << node.name;
      NodeId source = *network.graph.find(node.name);
      // A layer that took its batch norm in gives the batch norm's result.
      if (graph::parameters(node.op) != graph::parameters(network.graph.node(source).op)) {
        source = network.graph.consumers()[source][0];
      }
      expect_near(after[id], before[source], node.name);
    }
    expect_near(after.back(), before[network.graph.output()], "output");
  }
}

TEST(FoldBatchNorm, KeepsTheLayersOfTheArrayAndTheirNames) {
  const Graph whole = with_input_size(zoo::build("mobilenet_v2", "fuse_full"), 32, 32);
  const std::vector<graph::Layer> before = array_layers(whole);
  const std::vector<graph::Layer> after = array_layers(fold_batch_norm(synthetic_network(whole, 1, 1)).graph);
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i].name, before[i].name);
    EXPECT_EQ(after[i].type, before[i].type);
    EXPECT_EQ(after[i].macs(), before[i].macs());
    EXPECT_EQ(after[i].depends_on, before[i].depends_on);
  }
}

TEST(FoldBatchNorm, MakesADepthwiseLayerOfOneThatStandsAlone) {
  Graph graph;
  graph.add("in", graph::Input{{2, 1, 2}});
  graph.add("bn", graph::BatchNorm{2}, {0});
  graph.add("conv", graph::Conv{2, 2}, {1});
  graph.add("shared_bn", graph::BatchNorm{2}, {2});
  graph.add("sum", graph::Add{}, {2, 3});
  const FloatNetwork network{graph, {{}, {{2, 3}, {1, -1}}, {{1, 0, 0, 1}, {}}, {{5, 7}, {0, 0}}, {}}};
  const FloatNetwork folded = fold_batch_norm(network);
  ASSERT_EQ(folded.graph.nodes().size(), 5U);
  EXPECT_TRUE(std::get<graph::Conv>(folded.graph.node(1).op).depthwise());
  EXPECT_FALSE(std::get<graph::Conv>(folded.graph.node(2).op).bias) << "two read it: its batch norm is not its own";
  EXPECT_THAT(execute(folded, std::vector<double>{1, 2, 3, 4}).back(),
              Pointwise(DoubleNear(1e-12), {18.0, 30.0, 64.0, 88.0}));
}

TEST(FloatNetwork, MissingParametersNameTheNode) {
  Graph graph;
  graph.add("in", graph::Input{{2, 1, 1}});
  graph.add("fc", graph::Linear{2, 3, true}, {0});
  try {
    check({graph, {{}, {{1, 2, 3, 4, 5, 6}, {}}}});
    FAIL();
  } catch (const QuantizeError& error) {
    EXPECT_STREQ(error.what(), "node 'fc': has 6 weights and 0 biases, needs 6 and 3");
  }
  EXPECT_THROW((void)execute({graph, {{}, {{1, 2, 3, 4, 5, 6}, {1, 2, 3}}}}, std::vector<double>{1}), QuantizeError);
}

TEST(FloatNetwork, ValuesThatAreNotFiniteNameTheNodeAndThePlace) {
  Graph graph;
  graph.add("in", graph::Input{{2, 1, 1}});
  graph.add("fc", graph::Linear{2, 1, true}, {0});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto message = [&](const Parameters& parameters, const Map& input) -> std::string {
    try {
      (void)execute({graph, {{}, parameters}}, input);
    } catch (const QuantizeError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message({{1, nan}, {0}}, {1, 2}), "node 'fc': weight 1 is nan; give a finite number");
  EXPECT_EQ(message({{1, 2}, {-1 / 0.0}}, {1, 2}), "node 'fc': bias 0 is -inf; give a finite number");
  EXPECT_EQ(message({{1, 2}, {0}}, {nan, 2}), "node 'in': element 0 is nan; give a finite number");
  EXPECT_EQ(message({{1, 2}, {0}}, {1, 2}), "");
}

TEST(FloatNetwork, PaddedStridedDilatedGroupsAreTheDefinition) {
  Graph graph;
  const graph::Conv conv{.in_channels = 4,
                         .out_channels = 6,
                         .kernel_height = 3,
                         .kernel_width = 2,
                         .stride_height = 2,
                         .stride_width = 3,
                         .padding = {3, 1, 2, 4},
                         .dilation_height = 2,
                         .dilation_width = 1,
                         .groups = 2,
                         .bias = true};
  graph.add("in", graph::Input{{4, 5, 7}});
  graph.add("conv", conv, {0});
  const FloatNetwork network = synthetic_network(graph, 3);
  const Map image = synthetic_image({4, 5, 7}, 4);
  const graph::Shape out = graph.node(1).shape;
  Map expected;
  for (std::uint32_t o = 0; o < out.channels; ++o)
    for (std::uint32_t y = 0; y < out.height; ++y)
      for (std::uint32_t x = 0; x < out.width; ++x) {
        double sum = network.parameters[1].bias[o];
        for (std::uint32_t i = 0; i < 2; ++i)
          for (std::uint32_t ky = 0; ky < 3; ++ky)
            for (std::uint32_t kx = 0; kx < 2; ++kx) {
              const int row = static_cast<int>(y * 2 + ky * 2) - 3, column = static_cast<int>(x * 3 + kx) - 1;
              if (row < 0 || row >= 5 || column < 0 || column >= 7) continue;
              sum += network.parameters[1].weights[((o * 2 + i) * 3 + ky) * 2 + kx] *
                     image[((o / 3 * 2 + i) * 5 + static_cast<std::uint32_t>(row)) * 7 +
                           static_cast<std::uint32_t>(column)];
            }
        expected.push_back(sum);
      }
  expect_near(execute(network, image)[1], expected, "conv");
}

TEST(SyntheticNetwork, IsTheSameForASeedAndScaledAsDescribed) {
  const Graph graph = with_input_size(zoo::build("mobilenet_v2", "baseline"), 32, 32);
  const FloatNetwork network = synthetic_network(graph, 5, 2), again = synthetic_network(graph, 5, 2),
                     other = synthetic_network(graph, 6, 2);
  for (NodeId id = 0; id < graph.nodes().size(); ++id) {
    const Parameters& own = network.parameters[id];
    ASSERT_EQ(own.weights, again.parameters[id].weights);
    ASSERT_EQ(own.bias, again.parameters[id].bias);
    if (own.weights.size() < 10'000 || !std::holds_alternative<graph::Conv>(graph.node(id).op)) continue;
    EXPECT_NE(own.weights, other.parameters[id].weights);
    double squares = 0;
    for (const double weight : own.weights) squares += weight * weight;
    const double fan_in = std::get<graph::Conv>(graph.node(id).op).in_channels;
    EXPECT_NEAR(squares / static_cast<double>(own.weights.size()) * fan_in, 2.0, 0.15) << graph.node(id).name;
  }
  EXPECT_NE(synthetic_image({3, 8, 8}, 1), synthetic_image({3, 8, 8}, 2));
}

/// Numbers must not depend on the compiler or the standard library: figures of the documentation rest on them.
TEST(SyntheticImage, IsTheSameOnEveryMachine) {
  const Map image = synthetic_image({1, 2, 2}, 42);
  EXPECT_THAT(image, Pointwise(DoubleNear(1e-12), (std::vector<double>{0.75556182861328125, 1.2128628730773925,
                                                                       0.70872163772583019, 0.97314838021993644})));
}

}  // namespace
}  // namespace fusesim::quantize
