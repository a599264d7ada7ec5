// SPDX-License-Identifier: Apache-2.0
#include "workloads/predict/annotate.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "random_float_block.h"
#include "workloads/predict/untrained_predictors.h"
#include "workloads/quantize/quantize.h"
#include "workloads/quantize/rewrite.h"
#include "workloads/quantize/synthetic.h"
#include "workloads/reference/execute.h"

namespace fusesim::predict {
namespace {

using graph::NodeId;
using quantize::FloatNetwork;
using quantize::Map;
using testing::ElementsAre;
using testing::HasSubstr;
using transform::BottleneckNodes;

struct BlockOptions {
  std::uint32_t middle, out, groups = 1, kernel = 3, stride = 1;
  bool norms = true, residual = false;
  graph::ActivationKind activation = graph::ActivationKind::relu;
};

NodeId add_block(graph::Graph& graph, const std::string& name, NodeId entry, const BlockOptions& o) {
  const std::uint32_t in = graph.node(entry).shape.channels, pad = o.kernel / 2;
  const auto norm = [&](const std::string& layer, NodeId at) {
    return o.norms ? graph.add(layer + ".bn", graph::BatchNorm{graph.node(at).shape.channels}, {at}) : at;
  };
  graph::Conv expand{.in_channels = in, .out_channels = o.middle, .groups = o.groups, .bias = !o.norms};
  graph::Conv depthwise{o.middle, o.middle, o.kernel, o.kernel, o.stride, o.stride};
  depthwise.padding = graph::Padding::symmetric(pad, pad);
  depthwise.groups = o.middle;
  depthwise.bias = !o.norms;
  NodeId at = norm(name + ".expand", graph.add(name + ".expand", expand, {entry}));
  at = graph.add(name + ".expand.act", graph::Activation{o.activation}, {at});
  at = norm(name + ".dw", graph.add(name + ".dw", depthwise, {at}));
  at = graph.add(name + ".dw.act", graph::Activation{o.activation}, {at});
  at = norm(name + ".project",
            graph.add(name + ".project",
                      graph::Conv{.in_channels = o.middle, .out_channels = o.out, .groups = o.groups, .bias = !o.norms},
                      {at}));
  if (o.groups > 1) at = graph.add(name + ".shuffle", graph::Shuffle{o.groups}, {at});
  if (o.residual) at = graph.add(name + ".add", graph::Add{}, {entry, at});
  return at;
}

/// Three blocks of different kinds between other layers.
FloatNetwork sample_network() {
  graph::Graph graph;
  graph.add("input", graph::Input{{3, 11, 9}});
  NodeId at = graph.add("conv", graph::Conv{3, 8, 3, 3, 1, 1, graph::Padding::symmetric(1, 1)}, {0});
  at = graph.add("conv.bn", graph::BatchNorm{8}, {at});
  at = graph.add("conv.relu", graph::Activation{}, {at});
  at = add_block(graph, "b1", at, {.middle = 24, .out = 8, .groups = 4, .residual = true});
  at = add_block(graph, "b2", at, {.middle = 20, .out = 12, .groups = 2, .kernel = 5, .stride = 2});
  at = add_block(graph, "b3", at, {.middle = 30, .out = 12, .norms = false, .residual = true});
  at = graph.add("pool", graph::Pool{graph::PoolKind::global_average}, {at});
  graph.add("fc", graph::Linear{12, 5, true}, {at});
  return quantize::synthetic_network(std::move(graph), 3, 2);
}

Map sample_image(const FloatNetwork& network, std::uint64_t seed = 77) {
  return quantize::synthetic_image(network.graph.node(0).shape, seed);
}

std::vector<std::string> names_of(const graph::Graph& graph) {
  std::vector<std::string> names;
  for (const graph::Node& node : graph.nodes()) names.push_back(node.name);
  return names;
}

/// The network as it was, but that at each ReLU of a block the masks of `predicted` decide; layer by layer.
Map masked_layers(const FloatNetwork& network, std::span<const BottleneckNodes> blocks,
                  std::span<const BlockMaps> masks, const Map& input) {
  std::vector<Map> maps(network.graph.nodes().size());
  maps[0] = input;
  for (NodeId id = 1; id < maps.size(); ++id) {
    std::vector<const Map*> inputs;
    for (const NodeId producer : network.graph.node(id).inputs) inputs.push_back(&maps[producer]);
    const std::vector<std::uint8_t>* mask = nullptr;
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      if (id == blocks[b].expand_relu) mask = &masks[b].mask1;
      if (id == blocks[b].depthwise_relu) mask = &masks[b].mask2;
    }
    if (mask == nullptr) {
      maps[id] = quantize::evaluate(network.graph, id, network.parameters[id], inputs);
      continue;
    }
    maps[id] = *inputs[0];
    for (std::size_t i = 0; i < maps[id].size(); ++i) maps[id][i] *= (*mask)[i];
  }
  return maps.back();
}

TEST(Annotate, BlocksBecomeNodesAndCountAsBefore) {
  const FloatNetwork network = sample_network();
  const auto blocks = choose_blocks(network.graph);
  ASSERT_EQ(blocks.size(), 3U);
  const FloatNetwork annotated = annotate(network, blocks, untrained_predictors(network, blocks, 0.5));
  EXPECT_THAT(names_of(annotated.graph),
              ElementsAre("input", "conv", "conv.bn", "conv.relu", "b1", "b2", "b3", "pool", "fc"));
  const auto& b2 = std::get<graph::PredictedBlock>(annotated.graph.node(5).op);
  EXPECT_EQ(b2.kernel, 5U);
  EXPECT_EQ(b2.stride, 2U);
  EXPECT_EQ(b2.shuffle, 2U);
  EXPECT_FALSE(b2.residual);
  EXPECT_TRUE(std::get<graph::PredictedBlock>(annotated.graph.node(6).op).residual);
  EXPECT_EQ(graph::totals(annotated.graph).macs, graph::totals(network.graph).macs);
}

TEST(Annotate, ComputesTheLayersUnderItsMasks) {
  const FloatNetwork network = sample_network();
  const auto blocks = choose_blocks(network.graph);
  for (const double survival : {0.2, 0.6, 1.0}) {
    const FloatNetwork annotated = annotate(network, blocks, untrained_predictors(network, blocks, survival));
    const Map image = sample_image(network);
    const std::vector<Map> maps = quantize::execute(annotated, image);
    std::vector<BlockMaps> masks;
    for (NodeId id = 4; id < 7; ++id) {
      const graph::Node& node = annotated.graph.node(id);
      masks.push_back(evaluate(std::get<graph::PredictedBlock>(node.op), *annotated.parameters[id].block,
                               annotated.graph.node(node.inputs[0]).shape, node.shape, maps[node.inputs[0]]));
    }
    const Map expected = masked_layers(network, blocks, masks, image);
    ASSERT_EQ(maps.back().size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(maps.back()[i], expected[i], 1e-9);
  }
}

TEST(Annotate, NothingChangesWithoutBlocks) {
  const FloatNetwork network = sample_network();
  const FloatNetwork same = annotate(network, {}, {});
  EXPECT_EQ(names_of(same.graph), names_of(network.graph));
  const Map image = sample_image(network);
  EXPECT_EQ(quantize::execute(same, image), quantize::execute(network, image));
  // Nor by asking which blocks there are.
  static_cast<void>(choose_blocks(network.graph));
  for (const graph::Node& node : network.graph.nodes()) {
    EXPECT_FALSE(std::holds_alternative<graph::PredictedBlock>(node.op));
  }
}

TEST(Annotate, OnlyTheBlocksThatAreNamedArePredicted) {
  const FloatNetwork network = sample_network();
  const auto name_all = [&](std::vector<std::string> names) {
    std::vector<std::string> found;
    for (const BottleneckNodes& block : choose_blocks(network.graph, names)) {
      found.push_back(block_name(network.graph, block));
    }
    return found;
  };
  EXPECT_THAT(name_all({}), ElementsAre("b1", "b2", "b3"));
  EXPECT_THAT(name_all({"b3", "b1"}), ElementsAre("b1", "b3"));
  EXPECT_THAT(name_all({"b2.dw"}), ElementsAre("b2"));
  const auto blocks = choose_blocks(network.graph, std::vector<std::string>{"b2"});
  const FloatNetwork annotated = annotate(network, blocks, untrained_predictors(network, blocks, 0.5));
  EXPECT_TRUE(annotated.graph.find("b1.expand"));
  EXPECT_TRUE(annotated.graph.find("b2"));
  EXPECT_FALSE(annotated.graph.find("b2.expand"));
}

TEST(Annotate, ABlockIsCalledByItsExpansionWhereItsNameIsTaken) {
  graph::Graph graph;
  NodeId at = graph.add("b1", graph::Input{{4, 5, 5}});
  add_block(graph, "b1", at, {.middle = 8, .out = 4});
  const auto blocks = choose_blocks(graph);
  EXPECT_EQ(block_name(graph, blocks[0]), "b1.expand");
}

constexpr const char* kNothing =
    "the network has no block that expands its channels before a depthwise layer and projects them behind it, so there "
    "is nothing to predict; run it without prediction";

std::string refusal(const graph::Graph& graph, const std::vector<std::string>& names) {
  try {
    static_cast<void>(choose_blocks(graph, names));
  } catch (const PredictError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Annotate, BlocksWhoseLayersShareAPrefixAreCalledByTheirExpansions) {
  graph::Graph graph;
  NodeId at = add_block(graph, "layers.0", graph.add("input", graph::Input{{4, 5, 5}}), {.middle = 8, .out = 4});
  // Layers numbered one by one: all that a block's have in common is what all have.
  const auto add_flat = [&](const std::string& first, const std::string& second, const std::string& third) {
    at = graph.add(first, graph::Conv{.in_channels = 4, .out_channels = 8}, {at});
    at = graph.add(first + ".relu", graph::Activation{}, {at});
    graph::Conv depthwise{8, 8, 3, 3, 1, 1, graph::Padding::symmetric(1, 1)};
    depthwise.groups = 8;
    at = graph.add(second, depthwise, {at});
    at = graph.add(second + ".relu", graph::Activation{}, {at});
    at = graph.add(third, graph::Conv{.in_channels = 8, .out_channels = 4}, {at});
  };
  add_flat("layers.1", "layers.2", "layers.3");
  add_flat("layers.4", "layers.5", "layers.6");
  std::vector<std::string> found;
  for (const BottleneckNodes& block : choose_blocks(graph)) found.push_back(block_name(graph, block));
  EXPECT_THAT(found, ElementsAre("layers.0", "layers.1", "layers.4"));
  EXPECT_EQ(choose_blocks(graph, std::vector<std::string>{"layers.5"}).front().expand, *graph.find("layers.4"));
  EXPECT_EQ(refusal(graph, {"nope"}), "there is no block 'nope' to predict; valid are layers.0, layers.1, layers.4");
  EXPECT_EQ(refusal(graph, {"layers.1", "layers.2"}),
            "block 'layers.1' is to be predicted twice, as 'layers.1' and as 'layers.2'; name it once");
  const FloatNetwork network = quantize::synthetic_network(std::move(graph), 3, 2);
  const auto blocks = choose_blocks(network.graph);
  const FloatNetwork annotated = annotate(network, blocks, untrained_predictors(network, blocks, 0.5));
  EXPECT_THAT(names_of(annotated.graph), ElementsAre("input", "layers.0", "layers.1", "layers.4"));
}

TEST(Annotate, UnsuitableBlocksAreRefusedWithReasonAndCure) {
  constexpr const char* cure = "; leave it out, or change the network and train it so";
  const auto with = [](const BlockOptions& options) {
    graph::Graph graph;
    const NodeId at = add_block(graph, "good", graph.add("input", graph::Input{{4, 12, 12}}), {.middle = 8, .out = 4});
    add_block(graph, "other", at, options);
    return graph;
  };
  const std::string begin = "block 'other' cannot be predicted: ";
  EXPECT_EQ(refusal(with({.middle = 8, .out = 4, .activation = graph::ActivationKind::relu6}), {"other"}),
            begin + "'other.expand.act' is relu6, not relu" + cure);
  EXPECT_EQ(refusal(with({.middle = 8, .out = 4, .kernel = 9}), {"other.dw"}),
            begin + "its kernel is 9x9, above 7x7" + cure);
  EXPECT_EQ(refusal(with({.middle = 8, .out = 4, .stride = 3}), {"other"}), begin + "its stride is 3, above 2" + cure);
  EXPECT_EQ(refusal(with({.middle = 4097, .out = 4}), {"other"}),
            begin + "a group has 4097 channels, above 4096" + cure);
  // Not among all that there are, and no obstacle to the others.
  EXPECT_EQ(choose_blocks(with({.middle = 8, .out = 4, .kernel = 9})).size(), 1U);
  // One that does not expand is worth it only to who asks for it.
  EXPECT_EQ(choose_blocks(with({.middle = 4, .out = 4})).size(), 1U);
  EXPECT_EQ(choose_blocks(with({.middle = 4, .out = 4}), std::vector<std::string>{"good", "other"}).size(), 2U);

  graph::Graph read_twice = with({.middle = 8, .out = 4});
  const NodeId inside = *read_twice.find("other.expand.act");
  const NodeId end = read_twice.output();
  read_twice.add("join", graph::Concat{}, {inside, end});
  EXPECT_EQ(refusal(read_twice, {"other"}), begin + "'other.expand.act' is read by more than one node" + cure);

  EXPECT_EQ(refusal(with({.middle = 8, .out = 4}), {"godo"}),
            "there is no block 'godo' to predict; did you mean 'good'?");
  graph::Graph plain;
  plain.add("input", graph::Input{{4, 5, 5}});
  EXPECT_EQ(refusal(plain, {}), kNothing);
  EXPECT_EQ(refusal(plain, {"b1"}), "there is no block 'b1' to predict; the network has none");
}

TEST(Annotate, BlocksAreNamedOnce) {
  const graph::Graph graph = sample_network().graph;
  EXPECT_EQ(refusal(graph, {"b1", "b2"}), "accepted");
  EXPECT_EQ(refusal(graph, {"b1", "b2", "b1"}),
            "block 'b1' is to be predicted twice, as 'b1' and as 'b1'; name it once");
  EXPECT_EQ(refusal(graph, {"b2.dw", "b2"}),
            "block 'b2' is to be predicted twice, as 'b2.dw' and as 'b2'; name it once");
  constexpr const char* empty = "the name of a block to predict is empty; join names by commas, as in b1,b2";
  EXPECT_EQ(refusal(graph, {""}), empty);
  EXPECT_EQ(refusal(graph, {"b1", ""}), empty);
}

TEST(Annotate, ANetworkWithoutSuitableBlocksGivesTheReasonOfTheFirstThatExpands) {
  constexpr const char* cure = "; run it without prediction, or change the network and train it so";
  constexpr auto relu6 = graph::ActivationKind::relu6;
  graph::Graph graph;
  NodeId at = graph.add("input", graph::Input{{4, 12, 12}});
  at = add_block(graph, "stem", at, {.middle = 4, .out = 4, .activation = relu6});
  // It would not be predicted if it could be.
  EXPECT_EQ(refusal(graph, {}), kNothing);
  const std::string begin = "the network has no block that can be predicted: of ";
  at = add_block(graph, "b1", at, {.middle = 8, .out = 4, .activation = relu6});
  add_block(graph, "b2", at, {.middle = 8, .out = 4, .kernel = 9});
  EXPECT_EQ(refusal(graph, {}),
            begin + "2 in question the first, 'b1', cannot because 'b1.expand.act' is relu6, not relu" + cure);
}

TEST(Annotate, PredictorsThatDoNotFitAreRefused) {
  const FloatNetwork network = sample_network();
  const auto blocks = choose_blocks(network.graph);
  auto predictors = untrained_predictors(network, blocks, 0.5);
  const auto message = [&] {
    try {
      static_cast<void>(annotate(network, blocks, predictors));
    } catch (const PredictError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  predictors[1].expand.factor.pop_back();
  EXPECT_EQ(message(), "block 'b2': has 19 factors of the predictor's first batch norm, needs 20");
  predictors.pop_back();
  EXPECT_EQ(message(), "2 predictors are given for 3 blocks");
}

TEST(Annotate, ABlockWithoutParametersIsNotRun) {
  graph::Graph graph;
  graph.add("input", graph::Input{{4, 5, 5}});
  graph.add("b1", graph::PredictedBlock{4, 8, 4, 1, 3, 1, graph::Padding::symmetric(1, 1)}, {0});
  const std::string message = "node 'b1': has no parameters of a predicted block; annotate a network that has weights";
  try {
    quantize::check({graph, std::vector<quantize::Parameters>(2)});
    FAIL();
  } catch (const quantize::QuantizeError& error) {
    EXPECT_EQ(error.what(), message);
  }
  try {
    static_cast<void>(quantize::synthetic_network(graph, 1));
    FAIL();
  } catch (const quantize::QuantizeError& error) {
    EXPECT_EQ(error.what(), message);
  }
}

TEST(Annotate, AnAnnotatedNetworkIsQuantisedAndKeepsItsValues) {
  const FloatNetwork network = sample_network();
  const auto blocks = choose_blocks(network.graph);
  const FloatNetwork annotated =
      quantize::fold_batch_norm(annotate(network, blocks, untrained_predictors(network, blocks, 0.6)));
  std::vector<Map> samples;
  for (std::uint64_t seed = 1; seed < 5; ++seed) samples.push_back(sample_image(network, seed));
  const reference::QuantizedGraph quantized = quantize::quantize(annotated, samples);
  const auto accuracy = quantize::accuracy(annotated, quantized, samples[0]);
  for (const char* name : {"b1", "b2", "b3"}) {
    const NodeId id = *annotated.graph.find(name);
    ASSERT_TRUE(accuracy[id]);
    EXPECT_GT(accuracy[id]->own, 25) << name;
    const auto& block = std::get<graph::PredictedBlock>(annotated.graph.node(id).op);
    EXPECT_EQ(quantized.block(id).residual.has_value(), block.residual);
    if (!block.residual) continue;
    const quantize::Range range = quantize::calibrate_projections(annotated, samples).at(id);
    EXPECT_EQ(quantized.block(id).projected, quantize::format_of(range, reference::ElementType::int8));
    // What the projection gives is the result without the block's input.
    const std::vector<Map> maps = quantize::execute(annotated, samples[0]);
    for (std::size_t i = 0; i < maps[id].size(); ++i) {
      const double projected = maps[id][i] - maps[annotated.graph.node(id).inputs[0]][i];
      EXPECT_GE(projected, range.low);
      EXPECT_LE(projected, range.high);
    }
  }
  // Ranges alone do not say what a projection before its residual needs.
  try {
    static_cast<void>(quantize::quantize(annotated, quantize::calibrate(annotated, samples)));
    FAIL();
  } catch (const quantize::QuantizeError& error) {
    EXPECT_THAT(error.what(), HasSubstr("node 'b1': has a residual, so its projection needs a range of its own"));
  }
}

TEST(UntrainedPredictors, PassTheShareThatIsAskedFor) {
  const FloatNetwork network = sample_network();
  const auto blocks = choose_blocks(network.graph);
  std::vector<Map> samples{sample_image(network, 1), sample_image(network, 2)};
  for (const double survival : {0.0, 0.25, 0.5, 0.8, 1.0}) {
    const FloatNetwork annotated = annotate(network, blocks, untrained_predictors(network, blocks, survival, samples));
    std::vector<double> share1(3), share2(3);
    for (const Map& sample : samples) {
      const std::vector<Map> maps = quantize::execute(annotated, sample);
      for (std::size_t b = 0; b < 3; ++b) {
        const graph::Node& node = annotated.graph.node(static_cast<NodeId>(4 + b));
        const BlockMaps block = evaluate(std::get<graph::PredictedBlock>(node.op), *annotated.parameters[4 + b].block,
                                         annotated.graph.node(node.inputs[0]).shape, node.shape, maps[node.inputs[0]]);
        const auto share = [](const std::vector<std::uint8_t>& mask) {
          return static_cast<double>(std::ranges::count(mask, 1)) / static_cast<double>(mask.size());
        };
        share1[b] += share(block.mask1) / 2;
        share2[b] += share(block.mask2) / 2;
      }
    }
    for (std::size_t b = 0; b < 3; ++b) {
      EXPECT_NEAR(share1[b], survival, 0.03);
      EXPECT_NEAR(share2[b], survival, 0.03);
    }
  }
}

TEST(UntrainedPredictors, AreTheSameForEqualSeedsAndSomeFall) {
  const FloatNetwork network = sample_network();
  const auto blocks = choose_blocks(network.graph);
  const auto first = untrained_predictors(network, blocks, 0.5, 5),
             again = untrained_predictors(network, blocks, 0.5, 5),
             other = untrained_predictors(network, blocks, 0.5, 6);
  std::size_t falling = 0;
  for (std::size_t b = 0; b < 3; ++b) {
    EXPECT_EQ(first[b].expand.factor, again[b].expand.factor);
    EXPECT_EQ(first[b].depthwise.offset, again[b].depthwise.offset);
    EXPECT_NE(first[b].expand.factor, other[b].expand.factor);
    for (const auto* norm : {&first[b].expand, &first[b].depthwise}) {
      falling += static_cast<std::size_t>(std::ranges::count_if(norm->factor, [](double f) { return f < 0; }));
    }
  }
  EXPECT_GT(falling, 0U);
  EXPECT_LT(falling, 30U);
  EXPECT_THROW((void)untrained_predictors(network, blocks, 1.5), PredictError);
  EXPECT_THROW((void)untrained_predictors(network, blocks, 0.5, std::vector<Map>{}), PredictError);
  EXPECT_THROW((void)untrained_predictors(network, blocks, 0.5, std::vector<Map>{Map(4)}), PredictError);
}

}  // namespace
}  // namespace fusesim::predict
