// SPDX-License-Identifier: Apache-2.0
// Which operators become one pass, and where tensors lie.
#include "workloads/tile/tasks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>
#include <string>

#include "hw/isa/limits.h"
#include "workloads/quantize/untrained.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::tile {
namespace {

using graph::ActivationKind;
using graph::NodeId;
using isa::machine::VectorKind;
using reference::TensorFormat;
using testing::ElementsAre;

const TensorFormat plain{reference::Scale(0.1F), 3};
const TensorFormat finer{reference::Scale(0.05F), -4};

class TasksTest : public testing::Test {
 protected:
  NodeId add(const std::string& name, graph::Operator op, std::vector<NodeId> inputs, TensorFormat format = plain) {
    formats_.push_back(format);
    return graph_.add(name, std::move(op), std::move(inputs));
  }
  NodeId input(graph::Shape shape = {4, 5, 6}) { return add("in", graph::Input{shape}, {}); }
  NodeId conv(const std::string& name, NodeId from, std::uint32_t channels = 4, TensorFormat format = plain) {
    return add(name, graph::Conv{graph_.node(from).shape.channels, channels}, {from}, format);
  }

  /// One node that reads all of these.
  void join(const std::vector<NodeId>& ends) {
    std::vector<NodeId> pooled;
    for (const NodeId end : ends) {
      pooled.push_back(add("pooled " + graph_.node(end).name, graph::Pool{graph::PoolKind::global_average}, {end}));
    }
    add("joined", graph::Concat{}, pooled);
  }

  const TaskList& tasks() {
    std::map<NodeId, reference::Weights> weights;
    for (NodeId id = 0; id < graph_.nodes().size(); ++id) {
      const auto conv = reference::as_convolution(graph_.node(id).op);
      if (!conv) continue;
      weights[id] = {reference::ElementType::int8,
                     std::vector<std::int8_t>(std::size_t{conv->out_channels} * conv->in_channels / conv->groups *
                                                  conv->kernel_height * conv->kernel_width,
                                              1),
                     std::vector<reference::Scale>(conv->out_channels, reference::Scale(0.01F)),
                     std::vector<std::int32_t>(conv->out_channels, 0)};
    }
    network_.emplace(graph_, formats_, weights);
    list_ = make_tasks(*network_, {});
    return list_;
  }

  std::vector<std::string> names() {
    std::vector<std::string> result;
    for (const LayerTask& task : tasks().tasks) result.push_back(task.name);
    return result;
  }

  graph::Graph graph_;
  std::vector<TensorFormat> formats_;
  std::optional<reference::QuantizedGraph> network_;
  TaskList list_;
};

TEST_F(TasksTest, AReluThatAloneReadsALayerIsItsBounds) {
  const NodeId layer = conv("conv", input());
  const NodeId relu = add("relu", graph::Activation{ActivationKind::relu}, {layer});
  EXPECT_THAT(names(), ElementsAre("conv"));
  EXPECT_EQ(list_.tasks[0].vector.lowest, 3);
  EXPECT_EQ(list_.tasks[0].vector.highest, 127);
  EXPECT_EQ(list_.nodes[layer].folded_into, relu);
  EXPECT_FALSE(list_.nodes[layer].section);
  EXPECT_EQ(list_.sections[*list_.nodes[relu].section].name, "relu");
  EXPECT_EQ(list_.sections[*list_.nodes[relu].section].role, isa::machine::Role::output);
}

TEST_F(TasksTest, AReluThatIsNotAloneHasAPassOfItsOwn) {
  const NodeId layer = conv("conv", input());
  const NodeId relu = add("relu", graph::Activation{ActivationKind::relu}, {layer});
  add("sum", graph::Add{}, {layer, relu});
  EXPECT_THAT(names(), ElementsAre("conv", "relu", "sum"));
  EXPECT_EQ(list_.tasks[1].vector.kind, VectorKind::rescale);
}

TEST_F(TasksTest, ActivationsInARowAreOneTable) {
  const NodeId relu = add("relu", graph::Activation{ActivationKind::relu}, {conv("conv", input())});
  const NodeId swish = add("swish", graph::Activation{ActivationKind::hswish}, {relu}, finer);
  add("relu2", graph::Activation{ActivationKind::relu}, {swish}, finer);
  EXPECT_THAT(names(), ElementsAre("conv"));
  ASSERT_TRUE(list_.tasks[0].table);
  EXPECT_EQ(list_.tasks[0].vector.lowest, 3);
  for (const std::int8_t entry : *list_.tasks[0].table) EXPECT_GE(entry, finer.zero_point);
}

TEST_F(TasksTest, AConcatOfEqualFormatsIsWrittenByItsProducers) {
  const NodeId from = input();
  const NodeId a = conv("a", from, 2), b = conv("b", from, 3);
  const NodeId cat = add("cat", graph::Concat{}, {a, b});
  conv("last", cat);
  EXPECT_THAT(names(), ElementsAre("a", "b", "last"));
  EXPECT_EQ(list_.nodes[a].section, list_.nodes[cat].section);
  EXPECT_EQ(list_.nodes[b].section, list_.nodes[cat].section);
  EXPECT_EQ(list_.nodes[b].offset, 2U * 6);
  EXPECT_EQ(list_.nodes[b].channel_stride, 6U);
  EXPECT_EQ(list_.nodes[b].row_stride, 5U * 6);
  EXPECT_EQ(list_.sections[*list_.nodes[cat].section].name, "cat");
}

TEST_F(TasksTest, AConcatCopiesWhatLiesElsewhereAndRescalesOtherFormats) {
  const NodeId from = input();
  const NodeId a = conv("a", from, 2, finer), b = conv("b", from, 3);
  add("cat", graph::Concat{}, {from, a, b, b});
  EXPECT_THAT(names(), ElementsAre("a", "b", "cat[0]", "cat[1]", "cat[3]"));
  EXPECT_EQ(list_.tasks[2].vector.multiplier_a, 1 << 30);
  EXPECT_EQ(list_.tasks[2].vector.shift, 30);
  EXPECT_EQ(list_.tasks[3].vector.zero_a, finer.zero_point);
}

TEST_F(TasksTest, AnActivationAfterAConcatGoesIntoTheBranches) {
  const NodeId from = input();
  const NodeId a = conv("a", from, 2), b = conv("b", from, 3);
  const NodeId cat = add("cat", graph::Concat{}, {a, b});
  const NodeId swish = add("swish", graph::Activation{ActivationKind::hswish}, {cat}, finer);
  EXPECT_THAT(names(), ElementsAre("a", "b"));
  EXPECT_TRUE(list_.tasks[0].table);
  EXPECT_EQ(list_.tasks[1].output.section, *list_.nodes[swish].section);
  EXPECT_EQ(list_.tasks[1].output.offset, 2U * 6);
  EXPECT_EQ(list_.tasks[1].output.row_stride, 5U * 6);
  EXPECT_FALSE(list_.nodes[cat].section);
}

TEST_F(TasksTest, AShuffleThatAloneReadsAResultIsTheOrderItIsStoredIn) {
  const NodeId layer = conv("conv", input(), 6);
  const NodeId relu = add("relu", graph::Activation{ActivationKind::relu}, {layer});
  const NodeId shuffle = add("shuffle", graph::Shuffle{3}, {relu});
  const NodeId swish = add("swish", graph::Activation{ActivationKind::hswish}, {shuffle}, finer);
  const NodeId other = conv("other", swish, 6);
  const NodeId sum = add("sum", graph::Add{}, {swish, other});
  const NodeId last = add("last", graph::Shuffle{2}, {sum});
  EXPECT_THAT(names(), ElementsAre("conv", "other", "sum"));
  EXPECT_EQ(list_.tasks[0].shuffle_groups, 3U);
  EXPECT_TRUE(list_.tasks[0].table);
  EXPECT_EQ(list_.nodes[relu].folded_into, shuffle);
  EXPECT_EQ(list_.nodes[shuffle].folded_into, swish);
  EXPECT_EQ(list_.tasks[1].shuffle_groups, 1U);
  EXPECT_EQ(list_.tasks[2].shuffle_groups, 2U);
  EXPECT_FALSE(list_.tasks[2].flat());
  EXPECT_EQ(list_.sections[*list_.nodes[last].section].name, "last");
}

TEST_F(TasksTest, AShuffleOfWhatIsReadElsewhereTooOrNeverComputedIsACopy) {
  const NodeId from = input();
  const NodeId first = add("first", graph::Shuffle{2}, {from});
  const NodeId layer = conv("conv", first);
  const NodeId second = add("second", graph::Shuffle{4}, {layer});
  const NodeId relu = add("relu", graph::Activation{ActivationKind::relu}, {second});
  add("sum", graph::Add{}, {layer, relu});
  EXPECT_THAT(names(), ElementsAre("first", "conv", "second", "sum"));
  EXPECT_EQ(list_.tasks[0].vector.kind, VectorKind::rescale);
  EXPECT_EQ(list_.tasks[0].vector.zero_a, plain.zero_point);
  EXPECT_EQ(list_.tasks[0].vector.zero_out, plain.zero_point);
  EXPECT_EQ(list_.tasks[0].shuffle_groups, 2U);
  EXPECT_EQ(list_.tasks[2].shuffle_groups, 4U);
  EXPECT_EQ(list_.tasks[2].vector.lowest, plain.zero_point);
  EXPECT_EQ(list_.tasks[2].output.section, *list_.nodes[relu].section);
}

/// A pass stores in one order: a second shuffle, or one of a map that several passes make, needs a pass.
TEST_F(TasksTest, AShuffleOfShuffledOrJoinedMapsIsACopy) {
  const NodeId from = input();
  const NodeId a = conv("a", from, 2), b = conv("b", from, 4);
  const NodeId shuffled = add("shuffled", graph::Shuffle{2}, {b});
  const NodeId cat = add("cat", graph::Concat{}, {a, shuffled});
  const NodeId relu = add("relu", graph::Activation{ActivationKind::relu}, {cat});
  const NodeId once = add("once", graph::Shuffle{3}, {relu});
  add("twice", graph::Shuffle{2}, {once});
  EXPECT_THAT(names(), ElementsAre("a", "b", "once", "twice"));
  EXPECT_EQ(list_.nodes[shuffled].folded_into, cat);
  EXPECT_EQ(list_.nodes[cat].folded_into, relu);
  EXPECT_EQ(list_.tasks[1].shuffle_groups, 2U);
  EXPECT_EQ(list_.tasks[1].output.section, *list_.nodes[relu].section);
  EXPECT_EQ(list_.tasks[1].output.offset, 2U * 6);
  EXPECT_EQ(list_.tasks[2].shuffle_groups, 3U);
  EXPECT_EQ(list_.tasks[3].shuffle_groups, 2U);
}

TEST_F(TasksTest, ViewsLieWhereTheirMapsLie) {
  const NodeId from = input();
  const NodeId split = add("split", graph::Split{1, 3}, {from});
  const NodeId flat = add("flat", graph::Flatten{}, {split});
  const NodeId inner = add("inner", graph::Split{30, 60}, {flat});
  add("sum", graph::Add{}, {inner, inner});
  EXPECT_THAT(names(), ElementsAre("sum"));
  EXPECT_EQ(list_.nodes[inner].section, list_.nodes[from].section);
  EXPECT_EQ(list_.nodes[inner].offset, 1U * 30 + 30);
}

TEST_F(TasksTest, RowsLieOutsideAndSlicesAreInEachOfThem) {
  const NodeId from = input();
  const NodeId split = add("split", graph::Split{1, 3}, {from});
  conv("conv", split);
  tasks();
  EXPECT_EQ(list_.nodes[from].channel_stride, 6U);
  EXPECT_EQ(list_.nodes[from].row_stride, 4U * 6);
  EXPECT_EQ(list_.tasks[0].inputs[0].offset, 1U * 6);
  EXPECT_EQ(list_.tasks[0].inputs[0].channel_stride, 6U);
  EXPECT_EQ(list_.tasks[0].inputs[0].row_stride, 4U * 6);
}

TEST_F(TasksTest, WhatIsFlattenedLiesChannelByChannel) {
  const NodeId from = input();
  const NodeId a = conv("a", from, 2), b = conv("b", from, 3);
  const NodeId cat = add("cat", graph::Concat{}, {a, b});
  const NodeId split = add("split", graph::Split{1, 4}, {cat});
  const NodeId flat = add("flat", graph::Flatten{}, {split});
  conv("last", flat);
  tasks();
  for (const NodeId id : {a, b, cat, split}) {
    EXPECT_EQ(list_.nodes[id].channel_stride, 5U * 6) << id;
    EXPECT_EQ(list_.nodes[id].row_stride, 6U) << id;
  }
  EXPECT_EQ(list_.nodes[b].offset, 2U * 5 * 6);
  EXPECT_EQ(list_.nodes[flat].offset, 1U * 5 * 6);
  EXPECT_EQ(list_.nodes[flat].channel_stride, 1U);
  // Nobody flattens the input.
  EXPECT_EQ(list_.nodes[from].channel_stride, 6U);
}

TEST_F(TasksTest, WhatIsFlattenedForAConcatLiesChannelByChannelInIt) {
  const NodeId from = input();
  const NodeId map = conv("map", from, 2);
  const NodeId flat = add("flat", graph::Flatten{}, {map});
  const NodeId pooled = add("pooled", graph::Pool{.kind = graph::PoolKind::global_average}, {from});
  const NodeId cat = add("cat", graph::Concat{}, {pooled, flat});
  EXPECT_THAT(names(), ElementsAre("map", "pooled"));
  EXPECT_EQ(list_.nodes[map].section, list_.nodes[cat].section);
  EXPECT_EQ(list_.nodes[map].offset, 4U);
  EXPECT_EQ(list_.nodes[map].channel_stride, 5U * 6);
  EXPECT_EQ(list_.nodes[map].row_stride, 6U);
  EXPECT_EQ(list_.nodes[flat].channel_stride, 1U);
}

TEST_F(TasksTest, DenseMapsInOneOrderAreAddedAsColumns) {
  const NodeId from = input();
  const NodeId a = conv("a", from), b = conv("b", from), c = conv("c", from, 6), d = conv("d", from);
  const NodeId part = add("part", graph::Split{1, 5}, {c});
  const NodeId dense = add("dense", graph::Add{}, {a, b});
  const NodeId slice = add("slice", graph::Add{}, {a, part});
  const NodeId orders = add("orders", graph::Add{}, {a, d});
  const NodeId flat = add("flat", graph::Flatten{}, {d});
  join({dense, slice, orders, add("vectors", graph::Add{}, {flat, flat})});
  EXPECT_THAT(names(), ElementsAre("a", "b", "c", "d", "dense", "slice", "orders", "vectors", testing::_, testing::_,
                                   testing::_, testing::_));
  const auto shape = [&](std::size_t task) {
    const isa::ConvGeometry& g = list_.tasks[task].geometry;
    return std::array{g.in_channels, g.in_height, g.in_width};
  };
  EXPECT_THAT(shape(4), ElementsAre(1, 120, 1));
  EXPECT_THAT(shape(5), ElementsAre(4, 5, 6));
  EXPECT_THAT(shape(6), ElementsAre(4, 5, 6));
  EXPECT_THAT(shape(7), ElementsAre(1, 120, 1));
}

/// The limit itself still goes on the wires.
TEST_F(TasksTest, KernelsTooWideForTheWiresGoDownColumns) {
  constexpr auto limit = static_cast<std::uint32_t>(isa::max_wire_taps);
  const NodeId from = input({1, 1, limit + 1});
  std::vector<NodeId> layers;
  for (const std::uint32_t taps : {limit, limit + 1}) {
    const graph::Conv conv{.in_channels = 1, .out_channels = 1, .kernel_width = taps};
    layers.push_back(add("row " + std::to_string(taps), conv, {from}));
  }
  join(layers);
  tasks();
  EXPECT_EQ(list_.tasks[0].dataflow, isa::Dataflow::fuse_row);
  EXPECT_EQ(list_.tasks[1].dataflow, isa::Dataflow::depthwise_column);
}

/// Every byte of a map once, in runs that neither touch nor overlap.
TEST(RunsOf, CoverBlocksOfChannelsInBandsOfRows) {
  for (std::uint64_t channels = 1; channels <= 3; ++channels) {
    for (std::uint64_t rows = 1; rows <= 3; ++rows) {
      for (std::uint64_t width = 1; width <= 3; ++width) {
        constexpr std::uint64_t more_channels = 2, more_rows = 1;
        for (const std::uint64_t extra : {std::uint64_t{0}, more_channels}) {
          const std::uint64_t all = channels + extra, height = rows + (extra > 0 ? more_rows : 0);
          for (const TensorPlace& place :
               {TensorPlace{0, 0, width, all * width}, TensorPlace{0, 0, height * width, width}}) {
            std::set<std::uint64_t> bytes, covered;
            for (std::uint64_t c = 0; c < channels; ++c) {
              for (std::uint64_t y = 0; y < rows; ++y) {
                for (std::uint64_t x = 0; x < width; ++x) {
                  bytes.insert(c * place.channel_stride + y * place.row_stride + x);
                }
              }
            }
            const Runs runs = runs_of(place, channels, rows, width);
            for (std::uint64_t i = 0; i < runs.count; ++i) {
              EXPECT_TRUE(runs.count == 1 || runs.stride > runs.run);
              for (std::uint64_t k = 0; k < runs.run; ++k) covered.insert(i * runs.stride + k);
            }
            EXPECT_EQ(covered, bytes);
            EXPECT_EQ(runs.count * runs.run, bytes.size());
          }
        }
      }
    }
  }
}

TEST(ZooTasks, FuseBranchesCostNoPassOfTheirOwn) {
  for (const auto network : zoo::networks()) {
    for (const auto variant : zoo::variants(network)) {
      if (network == "resnet50") continue;
      const auto quantized = quantize::untrained_network(zoo::build(network, variant));
      for (const LayerTask& task : make_tasks(quantized, {}).tasks) {
        EXPECT_NE(task.vector.kind, VectorKind::rescale) << network << " " << variant << " " << task.name;
      }
    }
  }
}

}  // namespace
}  // namespace fusesim::tile
