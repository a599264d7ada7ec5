// SPDX-License-Identifier: Apache-2.0
// In integers the trained network still tells pictures apart, and its masks pass what they pass in real numbers.
#include "integer_network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>

#include "workloads/reference/composed_block.h"

namespace fusesim::trained {
namespace {

const std::string kManifest = FUSESIM_TRAINED "/fusionet_c10.json";
const std::string kData = FUSESIM_TEST_DATA "/fusionet_c10/";

/// Pictures that real numbers get right, among those in the file.
std::uint32_t right_in_real_numbers(const IntegerNetwork& network, const std::vector<Picture>& pictures) {
  const quantize::FloatNetwork real =
      network.trained.blocks.empty() ? network.trained.network : predicted(network.trained);
  std::uint32_t right = 0;
  for (const Picture& picture : pictures) {
    const quantize::Map logits = quantize::execute(
        real, normalise(picture, network.trained.mean, network.trained.deviation))[real.graph.output()];
    right += std::max_element(logits.begin(), logits.end()) - logits.begin() == picture.label ? 1 : 0;
  }
  return right;
}

class IntegerFlavour : public testing::TestWithParam<std::string> {};

TEST_P(IntegerFlavour, AnswersNearlyAsWellAsInRealNumbers) {
  const IntegerNetwork network(kManifest, GetParam(), kData + "calibration.bin");
  const std::vector<Picture> pictures = read_cifar10(kData + "images.bin");
  std::uint32_t right = 0;
  std::vector<predict::Survival> sums(network.trained.blocks.size());
  for (const Picture& picture : pictures) {
    const Answer given = answer(network, picture);
    const std::vector<reference::Tensor> expected = reference::execute(network.graph, network.input(picture));
    ASSERT_EQ(given.tensors.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(given.tensors[i].values, expected[i].values);
    right += given.label == picture.label ? 1 : 0;
    ASSERT_EQ(given.survival.size(), sums.size());
    for (std::size_t b = 0; b < sums.size(); ++b) {
      sums[b].passed1 += given.survival[b].passed1, sums[b].positions1 += given.survival[b].positions1;
      sums[b].passed2 += given.survival[b].passed2, sums[b].positions2 += given.survival[b].positions2;
    }
  }
  EXPECT_GE(right + 4, right_in_real_numbers(network, pictures));
  EXPECT_GT(right, pictures.size() / 2);
  for (std::size_t b = 0; b < sums.size(); ++b) {
    const Block& block = network.trained.blocks[b];
    const auto share = [](std::uint64_t part, std::uint64_t whole) {
      return static_cast<double>(part) / static_cast<double>(whole);
    };
    // 64 pictures in integers against 10,000 in real numbers.
    EXPECT_NEAR(share(sums[b].passed1, sums[b].positions1), block.survival1, 0.03) << block.name;
    EXPECT_NEAR(share(sums[b].passed2, sums[b].positions2), block.survival2, 0.03) << block.name;
  }
}

TEST(IntegerNetwork, SumsUnderItsMasksAsItsFusedForm) {
  const IntegerNetwork network(kManifest, "predicted", kData + "calibration.bin");
  const graph::Graph& graph = network.graph.graph();
  std::size_t blocks = 0;
  const std::vector<Picture> pictures = read_cifar10(kData + "images.bin");
  for (const Picture& picture : std::span(pictures).first(2)) {
    const std::vector<reference::Tensor> tensors = reference::execute(network.graph, network.input(picture));
    for (graph::NodeId id = 0; id < graph.nodes().size(); ++id) {
      const auto* block = std::get_if<graph::PredictedBlock>(&graph.node(id).op);
      if (!block) continue;
      const reference::Tensor& in = tensors[graph.node(id).inputs[0]];
      const reference::TensorFormat& format = network.graph.format(graph.node(id).inputs[0]);
      const reference::BlockConstants& constants = network.graph.block(id);
      const reference::BlockTrace trace =
          reference::execute_block(*block, constants, in.shape, format, network.graph.format(id), in.values);
      EXPECT_EQ(reference::fused_sums(*block, constants, in.shape, format, trace, in.values), trace.sums)
          << graph.node(id).name;
      ++blocks;
    }
  }
  EXPECT_EQ(blocks, 2 * network.trained.blocks.size());
}

INSTANTIATE_TEST_SUITE_P(Trained, IntegerFlavour, testing::Values("pruned", "predicted"),
                         [](const auto& parameter) { return parameter.param; });

}  // namespace
}  // namespace fusesim::trained
