// SPDX-License-Identifier: Apache-2.0
#include "sim/study/layer_by_layer.h"

#include <gtest/gtest.h>

#include "workloads/quantize/synthetic.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::study {
namespace {

/// 3x3 convolution of 2 to 4 channels on 5x6 pixels, pointwise of 4 to 3, each with the zeros given.
quantize::FloatNetwork two_layers() {
  graph::Graph graph;
  const graph::NodeId input = graph.add("input", graph::Input{{2, 5, 6}});
  const graph::NodeId conv = graph.add("conv", graph::Conv{2, 4, 3, 3, 1, 1, graph::Padding::symmetric(1, 1)}, {input});
  const graph::NodeId pointwise = graph.add("pointwise", graph::Conv{4, 3}, {conv});
  quantize::FloatNetwork network{graph, std::vector<quantize::Parameters>(3)};
  network.parameters[conv].weights.assign(4 * 18, 1.0);
  network.parameters[pointwise].weights.assign(3 * 4, 1.0);
  for (int i = 0; i < 8; ++i) network.parameters[conv].weights[18 + i] = 0;  // Filter 1 keeps 10 of 18.
  network.parameters[pointwise].weights[4] = -0.0;                           // Filter 1 keeps 3 of 4.
  return network;
}

TEST(LayerByLayer, CountedByHandOnTwoPes) {
  const LayerByLayer cycles = layer_by_layer_cycles(two_layers(), 2);
  // conv: PE 0 has filters 0 and 2 (36 weights), PE 1 filters 1 and 3 (28 of 36); 30 pixels.
  // pointwise: PE 0 has filters 0 and 2 (8), PE 1 filter 1 (3 of 4).
  EXPECT_EQ(cycles.dense, 30U * 36 + 30U * 8);
  EXPECT_EQ(cycles.sparse, 30U * 36 + 30U * 8) << "the PE without zeros decides";
  EXPECT_EQ(cycles.macs_over_pes, 30U * 72 / 2 + 30U * 12 / 2);
}

TEST(LayerByLayer, TeamsShareThePixelsWhenFiltersAreFew) {
  // 12 PEs: 3 teams of 4 for conv (10 pixels each), 4 teams of 3 for pointwise (8, 8, 7, 7).
  const LayerByLayer cycles = layer_by_layer_cycles(two_layers(), 12);
  EXPECT_EQ(cycles.dense, 10U * 18 + 8U * 4);
  EXPECT_EQ(cycles.sparse, 10U * 18 + 8U * 4);
}

TEST(LayerByLayer, OfFusioNetIsNoFasterThanItsMultiplications) {
  const quantize::FloatNetwork network = quantize::synthetic_network(zoo::build("fusionet_c10", "baseline"), 1, 1);
  const LayerByLayer cycles = layer_by_layer_cycles(network, 64);
  EXPECT_GE(cycles.dense, cycles.macs_over_pes);
  EXPECT_EQ(cycles.sparse, cycles.dense) << "nothing is pruned";
  EXPECT_GE(cycles.macs_over_pes, graph::totals(network.graph).macs / 64);
}

}  // namespace
}  // namespace fusesim::study
