// SPDX-License-Identifier: Apache-2.0
// Which operators become one pass, and where tensors lie.
#include "workloads/tile/tasks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

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

  const TaskList& tasks() {
    std::map<NodeId, reference::Weights> weights;
    for (NodeId id = 0; id < graph_.nodes().size(); ++id) {
      const auto conv = reference::as_convolution(graph_.node(id).op);
      if (!conv) continue;
      weights[id] = {reference::ElementType::int8, std::vector<std::int8_t>(conv->out_channels * conv->in_channels, 1),
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
  EXPECT_EQ(list_.nodes[b].offset, 2U * 5 * 6);
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
  EXPECT_EQ(list_.tasks[1].output.offset, 2U * 5 * 6);
  EXPECT_FALSE(list_.nodes[cat].section);
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
