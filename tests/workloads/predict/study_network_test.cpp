// SPDX-License-Identifier: Apache-2.0
// FusioNet from its graph to integers, every block predicted.
#include <gmock/gmock.h>

#include "workloads/predict/statistics.h"
#include "workloads/predict/synthetic_predicted.h"
#include "workloads/reference/composed_block.h"
#include "workloads/reference/execute.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::predict {
namespace {

TEST(StudyNetwork, FusioNetRunsFusedAsLayerByLayerAndLosesLittleToItsIntegers) {
  const SyntheticPredicted network = synthetic_predicted(zoo::build("fusionet_c10", "baseline"));
  const graph::Graph& graph = network.quantized.graph();
  const quantize::Map& image = network.images[0];
  const auto input = quantize::quantize_map(image, network.quantized.format(network.quantized.input()));
  const std::vector<reference::Tensor> tensors = reference::execute(network.quantized, input);
  const auto accuracy = quantize::accuracy(network.real, network.quantized, image);
  std::size_t blocks = 0;
  Survival total;
  for (graph::NodeId id = 0; id < graph.nodes().size(); ++id) {
    const graph::Node& node = graph.node(id);
    const auto* block = std::get_if<graph::PredictedBlock>(&node.op);
    if (!block) continue;
    ++blocks;
    EXPECT_GT(accuracy[id]->own, 26) << node.name;
    const graph::NodeId producer = node.inputs[0];
    const graph::Shape in = graph.node(producer).shape;
    const reference::BlockConstants& constants = network.quantized.block(id);
    const reference::BlockTrace trace =
        reference::execute_block(*block, constants, in, network.quantized.format(producer),
                                 network.quantized.format(id), tensors[producer].values);
    ASSERT_EQ(trace.result, tensors[id].values);
    const Survival passed = survival(*block, trace, in, node.shape);
    total.passed1 += passed.passed1;
    total.positions1 += passed.positions1;
    total.passed2 += passed.passed2;
    total.positions2 += passed.positions2;
    // The maps of the last blocks are small enough to sum term by term.
    if (node.shape.height > 8) continue;
    ASSERT_EQ(reference::fused_sums(*block, constants, in, network.quantized.format(producer), trace,
                                    tensors[producer].values),
              trace.sums);
  }
  EXPECT_EQ(blocks, 16U);
  EXPECT_NEAR(static_cast<double>(total.passed1) / static_cast<double>(total.positions1), 0.5, 0.05);
  EXPECT_NEAR(static_cast<double>(total.passed2) / static_cast<double>(total.positions2), 0.5, 0.05);
}

}  // namespace
}  // namespace fusesim::predict
