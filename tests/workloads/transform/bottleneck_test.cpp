// SPDX-License-Identifier: Apache-2.0
#include "workloads/transform/bottleneck.h"

#include <gmock/gmock.h>

#include <functional>
#include <random>
#include <string>

namespace fusesim::transform {
namespace {

using graph::Activation;
using graph::ActivationKind;
using graph::BatchNorm;
using graph::Conv;
using graph::Graph;
using graph::NodeId;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

/// What a block is made of; tests change one thing at a time.
struct Recipe {
  std::uint32_t in = 8, middle = 24, out = 8, groups = 1, project_groups = 1, shuffle = 1;
  Conv depthwise{.kernel_height = 3, .kernel_width = 3, .padding = graph::Padding::symmetric(1, 1)};
  Conv expand = {}, project = {};
  ActivationKind first = ActivationKind::relu, second = ActivationKind::relu;
  bool norms = true, first_relu = true, second_relu = true, add = true, swapped = false;
};

struct Made {
  NodeId input = 0, expand = 0, expand_norm = 0, expand_relu = 0, depthwise = 0, depthwise_norm = 0, depthwise_relu = 0,
         project = 0, project_norm = 0, shuffle = 0, residual = 0, output = 0;
};

Made append(Graph& graph, NodeId from, const Recipe& r) {
  const std::string prefix = "b" + std::to_string(graph.nodes().size()) + ".";
  Made made{.input = from};
  NodeId end = from;
  const auto add = [&](const std::string& name, graph::Operator op) {
    return end = graph.add(prefix + name, std::move(op), {end});
  };
  const auto norm = [&](const std::string& name, std::uint32_t channels) {
    return r.norms ? add(name, BatchNorm{channels}) : end;
  };
  Conv expand = r.expand;
  expand.in_channels = r.in;
  expand.out_channels = r.middle;
  expand.groups = r.groups;
  made.expand = add("expand", expand);
  made.expand_norm = norm("expand.bn", r.middle);
  if (r.first_relu) made.expand_relu = add("relu1", Activation{r.first});
  Conv depthwise = r.depthwise;
  depthwise.in_channels = depthwise.groups = r.middle;
  if (depthwise.out_channels == 0) depthwise.out_channels = r.middle;
  made.depthwise = add("dw", depthwise);
  made.depthwise_norm = norm("dw.bn", depthwise.out_channels);
  if (r.second_relu) made.depthwise_relu = add("relu2", Activation{r.second});
  Conv project = r.project;
  project.in_channels = depthwise.out_channels;
  project.out_channels = r.out;
  project.groups = r.project_groups;
  made.project = add("project", project);
  made.project_norm = norm("project.bn", r.out);
  if (r.shuffle > 1) made.shuffle = add("shuffle", graph::Shuffle{r.shuffle});
  if (r.add) {
    made.residual = end = graph.add(prefix + "add", graph::Add{},
                                    r.swapped ? std::vector<NodeId>{end, from} : std::vector<NodeId>{from, end});
  }
  made.output = end;
  return made;
}

Graph start(std::uint32_t channels = 8) {
  Graph graph;
  graph.add("in", graph::Input{{channels, 9, 9}});
  return graph;
}

void expect_block(const BottleneckNodes& block, const Made& made, const Recipe& r) {
  const auto when = [](bool there, NodeId id) { return there ? std::optional(id) : std::nullopt; };
  EXPECT_EQ(block.input, made.input);
  EXPECT_EQ(block.expand, made.expand);
  EXPECT_EQ(block.expand_norm, when(r.norms, made.expand_norm));
  EXPECT_EQ(block.expand_relu, made.expand_relu);
  EXPECT_EQ(block.depthwise, made.depthwise);
  EXPECT_EQ(block.depthwise_norm, when(r.norms, made.depthwise_norm));
  EXPECT_EQ(block.depthwise_relu, made.depthwise_relu);
  EXPECT_EQ(block.project, made.project);
  EXPECT_EQ(block.project_norm, when(r.norms, made.project_norm));
  EXPECT_EQ(block.shuffle, when(r.shuffle > 1, made.shuffle));
  EXPECT_EQ(block.residual, when(r.add, made.residual));
  EXPECT_EQ(block.output(), made.output);
  EXPECT_EQ(block.groups, r.groups);
  EXPECT_EQ(block.kernel, r.depthwise.kernel_height);
  EXPECT_EQ(block.stride, r.depthwise.stride_height);
}

/// Chains of random blocks, other layers between them.
TEST(Bottleneck, EveryBlockIsFoundWithItsNodes) {
  std::mt19937 random(5);
  const auto chance = [&](std::uint32_t of) { return random() % of == 0; };
  for (int round = 0; round < 200; ++round) {
    Graph graph = start();
    NodeId end = 0;
    std::vector<std::pair<Made, Recipe>> made;
    for (int i = 0; i < 4; ++i) {
      Recipe r;
      r.groups = r.project_groups = chance(2) ? 4 : 1;
      r.shuffle = chance(3) ? 2 : 1;
      r.norms = !chance(3);
      r.add = chance(2);
      r.swapped = chance(2);
      r.depthwise.kernel_height = r.depthwise.kernel_width = chance(3) ? 5 : 3;
      r.depthwise.padding = graph::Padding::symmetric(r.depthwise.kernel_height / 2, r.depthwise.kernel_height / 2);
      if (!r.add && chance(3)) r.depthwise.stride_height = r.depthwise.stride_width = 2;
      made.emplace_back(append(graph, end, r), r);
      end = made.back().first.output;
      if (chance(2)) end = graph.add("relu " + std::to_string(i), Activation{}, {end});
    }
    const std::vector<BottleneckNodes> blocks = find_bottlenecks(graph);
    ASSERT_EQ(blocks.size(), made.size());
    for (std::size_t i = 0; i < blocks.size(); ++i) expect_block(blocks[i], made[i].first, made[i].second);
    EXPECT_THAT(unsuitable_bottlenecks(graph), IsEmpty());
    if (HasFailure()) return;
  }
}

/// The one reason given for a block that is not one.
std::string reason(const Recipe& r, const std::function<void(Graph&, const Made&)>& more = {}) {
  Graph graph = start(r.in);
  const Made made = append(graph, 0, r);
  if (more) more(graph, made);
  EXPECT_THAT(find_bottlenecks(graph), IsEmpty());
  const std::vector<UnsuitableBottleneck> found = unsuitable_bottlenecks(graph);
  if (found.size() != 1) return std::to_string(found.size()) + " reasons";
  EXPECT_EQ(found[0].expand, made.expand);
  EXPECT_EQ(found[0].depthwise, made.depthwise);
  EXPECT_EQ(found[0].project, made.project);
  return found[0].reason;
}

TEST(Bottleneck, OtherActivationsAreNamed) {
  EXPECT_EQ(reason({.first = ActivationKind::relu6}), "'b1.relu1' is relu6, not relu");
  EXPECT_EQ(reason({.second = ActivationKind::hswish}), "'b1.relu2' is hswish, not relu");
  EXPECT_EQ(reason({.first_relu = false}), "no relu follows 'b1.expand.bn', but conv 'b1.dw'");
  EXPECT_EQ(reason({.norms = false, .second_relu = false}), "no relu follows 'b1.dw', but conv 'b1.project'");
}

TEST(Bottleneck, LayersOfAnotherShapeAreNamed) {
  const auto depthwise = [](const Conv& conv) {
    Recipe r;
    r.depthwise = conv;
    r.add = false;
    return reason(r);
  };
  EXPECT_EQ(depthwise({.kernel_height = 1, .kernel_width = 3}), "'b1.dw' has a 1x3 kernel, not a square one");
  EXPECT_EQ(depthwise({.kernel_height = 3, .kernel_width = 3, .stride_height = 2}),
            "'b1.dw' has strides of 2 and 1, not equal ones");
  EXPECT_EQ(depthwise({.kernel_height = 3, .kernel_width = 3, .dilation_width = 2}), "'b1.dw' is dilated");
  EXPECT_EQ(depthwise({.out_channels = 48, .kernel_height = 3, .kernel_width = 3}),
            "'b1.dw' has 2 filters a channel, not one");
  EXPECT_EQ(reason({.expand = {.stride_height = 2}, .add = false}), "'b1.expand' has a stride");
  EXPECT_EQ(reason({.project = {.padding = {0, 0, 1, 0}}, .add = false}), "'b1.project' pads its map");
  EXPECT_EQ(reason({.groups = 4, .project_groups = 2}), "'b1.expand' has 4 groups and 'b1.project' 2");
}

TEST(Bottleneck, TensorsThatAreReadElsewhereAreNamed) {
  const auto read_too = [](NodeId Made::*node) {
    return [node](Graph& graph, const Made& made) {
      const NodeId pooled = graph.add("pooled", graph::Pool{.kind = graph::PoolKind::global_average}, {made.*node});
      const NodeId end = graph.add("end", graph::Pool{.kind = graph::PoolKind::global_average}, {made.output});
      graph.add("both", graph::Concat{}, {pooled, end});
    };
  };
  EXPECT_EQ(reason({}, read_too(&Made::expand)), "'b1.expand' is read by more than one node");
  EXPECT_EQ(reason({}, read_too(&Made::expand_norm)), "'b1.expand.bn' is read by more than one node");
  EXPECT_EQ(reason({}, read_too(&Made::expand_relu)), "'b1.relu1' is read by more than one node");
  EXPECT_EQ(reason({}, read_too(&Made::depthwise)), "'b1.dw' is read by more than one node");
}

TEST(Bottleneck, GatesAndShufflesBetweenTheLayersAreNamed) {
  const auto chain = [](bool gate) {
    Graph graph = start();
    NodeId end = graph.add("expand", Conv{.in_channels = 8, .out_channels = 16}, {0});
    end = graph.add("relu1", Activation{}, {end});
    if (!gate) end = graph.add("shuffle", graph::Shuffle{2}, {end});
    end = graph.add(
        "dw", Conv{.in_channels = 16, .out_channels = 16, .kernel_height = 3, .kernel_width = 3, .groups = 16}, {end});
    end = graph.add("relu2", Activation{}, {end});
    if (gate) {
      const NodeId pooled = graph.add("pool", graph::Pool{.kind = graph::PoolKind::global_average}, {end});
      end = graph.add("scale", graph::Scale{}, {end, pooled});
    }
    graph.add("project", Conv{.in_channels = 16, .out_channels = 8}, {end});
    EXPECT_THAT(find_bottlenecks(graph), IsEmpty());
    const auto found = unsuitable_bottlenecks(graph);
    return found.size() == 1 ? found[0].reason : std::to_string(found.size());
  };
  EXPECT_EQ(chain(true), "'scale' scales 'relu2' by a gate");
  EXPECT_EQ(chain(false), "shuffle 'shuffle' lies between 'relu1' and 'dw'");
}

/// What is behind the projection belongs to the block only when nothing else needs what is in front of it.
TEST(Bottleneck, EndsWhereItsResultIsReadElsewhere) {
  Recipe r;
  r.shuffle = 2;
  for (const NodeId Made::*node : {&Made::project, &Made::project_norm, &Made::shuffle}) {
    Graph graph = start();
    const Made made = append(graph, 0, r);
    graph.add("too", graph::Add{}, {made.*node, made.output});
    const std::vector<BottleneckNodes> blocks = find_bottlenecks(graph);
    ASSERT_THAT(blocks, SizeIs(1));
    EXPECT_EQ(blocks[0].output(), made.*node);
    EXPECT_FALSE(blocks[0].residual);
  }
}

TEST(Bottleneck, ASumOfSomethingElseIsNotItsResidual) {
  for (const int kind : {0, 1, 2}) {
    Graph graph = start();
    const Made made = append(graph, 0, {.add = false});
    if (kind == 0) {
      const NodeId other = graph.add("other", Activation{}, {0});
      graph.add("sum", graph::Add{}, {other, made.output});
    } else if (kind == 1) {
      graph.add("sum", graph::Add{}, {0, made.output, 0});
    } else {
      graph.add("sum", graph::Add{}, {made.output, made.output});
    }
    const std::vector<BottleneckNodes> blocks = find_bottlenecks(graph);
    ASSERT_THAT(blocks, SizeIs(1));
    EXPECT_FALSE(blocks[0].residual);
    EXPECT_EQ(blocks[0].output(), made.project_norm);
  }
}

/// Pointwise and depthwise layers by turns: a pointwise layer belongs to one block.
TEST(Bottleneck, BlocksDoNotShareLayers) {
  Graph graph = start();
  NodeId end = 0;
  for (int i = 0; i < 7; ++i) {
    const bool depthwise = i % 2 == 1;
    const std::uint32_t kernel = depthwise ? 3 : 1;
    end = graph.add("conv" + std::to_string(i),
                    Conv{.in_channels = 8,
                         .out_channels = 8,
                         .kernel_height = kernel,
                         .kernel_width = kernel,
                         .groups = depthwise ? 8U : 1U},
                    {end});
    end = graph.add("relu" + std::to_string(i), Activation{}, {end});
  }
  std::vector<std::string> depthwise;
  for (const BottleneckNodes& block : find_bottlenecks(graph)) depthwise.push_back(graph.node(block.depthwise).name);
  EXPECT_THAT(depthwise, ElementsAre("conv1", "conv5"));
  EXPECT_THAT(unsuitable_bottlenecks(graph), IsEmpty());
}

}  // namespace
}  // namespace fusesim::transform
