// SPDX-License-Identifier: Apache-2.0
// The committed network computes what PyTorch computed with it: the logits in tests/data are PyTorch's, in double
// precision, and so is the executor here. Any other order of a sum changes them by 1e-13; another mask by far more.
#include "workloads/import/trained_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "workloads/import/cifar10.h"

namespace fusesim::trained {
namespace {

using graph::NodeId;
using quantize::Map;

constexpr double kTolerance = 1e-9;

const std::string kManifest = FUSESIM_TRAINED "/fusionet_c10.json";
const std::string kImages = FUSESIM_TEST_DATA "/fusionet_c10/images.bin";

std::vector<std::vector<double>> pytorch_logits(const std::string& flavour) {
  std::ifstream file(FUSESIM_TEST_DATA "/fusionet_c10/logits.json");
  return nlohmann::json::parse(file).at(flavour).get<std::vector<std::vector<double>>>();
}

Map input_of(const TrainedNetwork& trained, const Picture& picture) {
  return normalise(picture, trained.mean, trained.deviation);
}

double largest_difference(const Map& a, const std::vector<double>& b) {
  EXPECT_EQ(a.size(), b.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

/// step * alpha * T of consecutive parts of `weights`, each of which is a tensor of its own.
std::vector<double> ternary(const std::vector<double>& weights, std::size_t parts, double step) {
  std::vector<double> result(weights.size());
  const std::size_t size = weights.size() / parts;
  for (std::size_t first = 0; first < weights.size(); first += size) {
    double delta = 0, sum = 0, above = 0;
    for (std::size_t i = first; i < first + size; ++i) delta += 0.7 * std::abs(weights[i]) / static_cast<double>(size);
    for (std::size_t i = first; i < first + size; ++i) {
      if (std::abs(weights[i]) > delta) sum += std::abs(weights[i]), ++above;
    }
    for (std::size_t i = first; i < first + size; ++i) {
      if (std::abs(weights[i]) >= delta) result[i] = std::copysign(step * sum / above, weights[i]);
    }
  }
  return result;
}

/// The network with predicted ReLUs, node by node of the graph that is not annotated, in real numbers.
Map execute_predicted(const TrainedNetwork& trained, const Map& input) {
  const graph::Graph& graph = trained.network.graph;
  std::vector<Map> maps(graph.nodes().size());
  std::map<NodeId, Map> gates;  // What decides at a predicted ReLU.
  const auto normed = [](const predict::Norm& norm, Map map) {
    const std::size_t pixels = map.size() / norm.factor.size();
    for (std::size_t i = 0; i < map.size(); ++i) {
      map[i] = norm.factor[i / pixels] * map[i] + norm.offset[i / pixels];
    }
    return map;
  };
  const auto levels = [](Map map, double step, double least) {
    for (double& x : map) x = std::clamp(std::floor(x / step + 0.5), least, 7.0);
    return map;
  };
  for (NodeId id = 0; id < maps.size(); ++id) {
    const graph::Node& node = graph.nodes()[id];
    for (const Block& block : trained.blocks) {
      const double step = block.predictor.step;
      const NodeId expand = *graph.find(block.name + ".expand"), depthwise = *graph.find(block.name + ".depthwise");
      if (expand != id) continue;
      const auto convolved = [&](NodeId layer, std::size_t tensors, const Map& map) {
        const Map* const in = &map;
        quantize::Parameters parameters;
        parameters.weights = ternary(trained.network.parameters[layer].weights, tensors, step);
        return quantize::evaluate(graph, layer, parameters, {&in, 1});
      };
      const auto groups = std::get<graph::Conv>(node.op).groups;
      const Map z1 = normed(block.predictor.expand, convolved(expand, groups, levels(maps[node.inputs[0]], step, -8)));
      gates[*graph.find(block.name + ".relu2")] =
          normed(block.predictor.depthwise, convolved(depthwise, 1, levels(z1, step, 0)));
      gates[*graph.find(block.name + ".relu1")] = z1;
    }
    std::vector<const Map*> inputs;
    for (const NodeId producer : node.inputs) inputs.push_back(&maps[producer]);
    if (std::holds_alternative<graph::Input>(node.op)) {
      maps[id] = input;
    } else if (const auto gate = gates.find(id); gate != gates.end()) {
      maps[id] = *inputs[0];
      for (std::size_t i = 0; i < maps[id].size(); ++i) maps[id][i] = gate->second[i] > 0 ? maps[id][i] : 0;
    } else {
      maps[id] = quantize::evaluate(graph, id, trained.network.parameters[id], inputs);
    }
  }
  return maps[graph.output()];
}

TEST(TrainedNetwork, GivesTheLogitsOfPyTorchWhenPruned) {
  const TrainedNetwork trained = load(kManifest, "pruned");
  const std::vector<Picture> pictures = read_cifar10(kImages);
  const auto expected = pytorch_logits("pruned");
  ASSERT_EQ(pictures.size(), expected.size());
  EXPECT_THAT(trained.blocks, testing::IsEmpty());
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const std::vector<Map> maps = quantize::execute(trained.network, input_of(trained, pictures[i]));
    EXPECT_LT(largest_difference(maps[trained.network.graph.output()], expected[i]), kTolerance) << "picture " << i;
  }
}

TEST(TrainedNetwork, GivesTheLogitsOfPyTorchWhenItsReLUsArePredicted) {
  const TrainedNetwork trained = load(kManifest, "predicted");
  const std::vector<Picture> pictures = read_cifar10(kImages);
  const auto expected = pytorch_logits("predicted");
  ASSERT_EQ(pictures.size(), expected.size());
  ASSERT_FALSE(trained.blocks.empty());
  const quantize::FloatNetwork annotated = predicted(trained);
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const Map input = input_of(trained, pictures[i]);
    EXPECT_LT(largest_difference(execute_predicted(trained, input), expected[i]), kTolerance) << "picture " << i;
    const std::vector<Map> maps = quantize::execute(annotated, input);
    EXPECT_LT(largest_difference(maps[annotated.graph.output()], expected[i]), kTolerance) << "picture " << i;
  }
}

TEST(TrainedNetwork, IsAsSparseAsTheStudyPrunes) {
  for (const char* flavour : {"pruned", "predicted"}) {
    const TrainedNetwork trained = load(kManifest, flavour);
    for (const Block& block : load(kManifest, "predicted").blocks) {
      for (const char* layer : {".expand", ".depthwise", ".project"}) {
        const NodeId id = *trained.network.graph.find(block.name + layer);
        const auto& weights = trained.network.parameters[id].weights;
        const auto& conv = std::get<graph::Conv>(trained.network.graph.node(id).op);
        const std::size_t parts = conv.depthwise() ? 1 : conv.groups, size = weights.size() / parts;
        for (std::size_t part = 0; part < parts; ++part) {
          const auto first = weights.begin() + static_cast<std::ptrdiff_t>(part * size);
          const auto zeros = std::count(first, first + static_cast<std::ptrdiff_t>(size), 0.0);
          const double share = conv.depthwise() ? 0.7 : 0.8;
          EXPECT_EQ(zeros, static_cast<std::ptrdiff_t>(share * static_cast<double>(size) + 1e-9))
              << trained.network.graph.node(id).name << " part " << part;
        }
      }
    }
  }
}

TEST(TrainedNetwork, SaysWhatTrainingMeasured) {
  const TrainedNetwork pruned = load(kManifest, "pruned"), predicted = load(kManifest, "predicted");
  for (const TrainedNetwork& trained : {pruned, predicted}) {
    EXPECT_EQ(trained.test_images, 10000u);
    EXPECT_GT(trained.accuracy, 0.5);
    EXPECT_LT(trained.accuracy, 1);
  }
  for (const Block& block : predicted.blocks) {
    EXPECT_GT(std::min(block.survival1, block.survival2), 0) << block.name;
    EXPECT_LT(std::max(block.survival1, block.survival2), 1) << block.name;
  }
}

}  // namespace
}  // namespace fusesim::trained
