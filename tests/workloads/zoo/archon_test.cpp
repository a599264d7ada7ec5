// SPDX-License-Identifier: Apache-2.0
// The networks of the ARCHON study equal the authors' training code layer by layer, block by block and in total.
// tests/data/archon_{layers,blocks,totals}.csv are read off https://github.com/compstruct/fusion-ml-models at commit
// faaca50 (column logged_params: what Keras printed there). Keras counts four parameters a channel of a batch norm, the
// moving mean and variance among them; graph::Totals two. The file's totals and the sums of its layers agree.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "csv.h"
#include "workloads/transform/bottleneck.h"
#include "workloads/zoo/archon_chain.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::zoo {
namespace {

using graph::Graph;
using graph::Layer;
using graph::NodeId;
using tests::CsvRow;

const std::map<std::string, std::string> network_of = {
    {"FusioNet_cifar10", "fusionet_c10"},
    {"FusioNet_cifar100", "fusionet_c100"},
    {"MobileNetV2_baseline_cifar10", "archon_mobilenet_v2_baseline"},
    {"MobileNetV2_baseline_cifar100", "archon_mobilenet_v2_baseline_c100"},
    {"MobileNetV2_modified_cifar10", "archon_mobilenet_v2"},
    {"MnasNet_baseline_cifar10", "archon_mnasnet_baseline"},
    {"MnasNet_baseline_cifar100", "archon_mnasnet_baseline_c100"},
    {"MnasNet_modified_cifar10", "archon_mnasnet"},
    {"ShuffleNet_baseline_cifar10", "archon_shufflenet_baseline"},
    {"ShuffleNet_modified_cifar10", "archon_shufflenet"}};

constexpr std::uint64_t keras_norm_parameters = 4;

std::map<std::string, std::vector<CsvRow>> rows_by_network(const std::string& file) {
  std::map<std::string, std::vector<CsvRow>> rows;
  for (CsvRow& row : tests::read_csv(FUSESIM_TEST_DATA "/" + file)) {
    rows[network_of.at(row.at("network"))].push_back(row);
  }
  return rows;
}

std::string text(std::uint64_t value) {
  return std::to_string(value);
}
std::uint64_t number(const CsvRow& row, const std::string& column) {
  return std::stoull(row.at(column));
}

/// What alone reads a layer, one after the other: batch norm, activation, shuffle.
struct Tail {
  bool norm = false;
  std::string activation, post;
};
Tail tail_of(const Graph& net, NodeId id) {
  const auto readers = net.consumers();
  Tail tail;
  while (readers[id].size() == 1) {
    id = readers[id][0];
    const graph::Operator& op = net.node(id).op;
    if (const auto* shuffle = std::get_if<graph::Shuffle>(&op)) {
      tail.post = "channel_shuffle(" + text(shuffle->groups) + ")";
      break;
    }
    if (const auto* activation = std::get_if<graph::Activation>(&op); activation && tail.activation.empty()) {
      tail.activation = graph::name(activation->kind);
    } else if (std::holds_alternative<graph::BatchNorm>(op)) {
      tail.norm = true;
    } else {
      break;
    }
  }
  return tail;
}

TEST(ArchonZoo, HasEveryNetworkOfTheStudyAndNoOther) {
  std::vector<std::string> expected;
  for (const auto& [network, rows] : rows_by_network("archon_layers.csv")) expected.push_back(network);
  std::vector<std::string> built(archon_networks().begin(), archon_networks().end());
  EXPECT_THAT(built, ::testing::UnorderedElementsAreArray(expected));
  for (const std::string& network : built) EXPECT_THAT(variants(network), ::testing::ElementsAre("baseline"));
  EXPECT_EQ(all_networks().size(), networks().size() + archon_networks().size());
  EXPECT_THROW((void)build("fusionet_c10", "fuse_half"), std::invalid_argument);
}

TEST(ArchonZoo, EqualsTheStudyLayerByLayer) {
  const std::map<std::string, std::string> type_of = {
      {"gpw", "pw"}, {"pw", "pw"}, {"dw", "dw"}, {"conv", "conv"}, {"dense", "linear"}};
  const std::map<std::string, std::string> activation_of = {
      {"relu", "relu"}, {"relu_predicted", "relu"}, {"sigmoid", "hsigmoid"}, {"softmax", ""}, {"", ""}};
  std::size_t compared = 0;
  for (const auto& [network, rows] : rows_by_network("archon_layers.csv")) {
    const Graph net = build(network, "baseline");
    const std::vector<Layer> layers = array_layers(net);
    ASSERT_EQ(layers.size(), rows.size()) << network;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const Layer& layer = layers[i];
      const CsvRow& row = rows[i];
      const Tail tail = tail_of(net, net.find(layer.name).value());
      const bool dense = row.at("type") == "dense";
      const auto spatial = [&](std::uint64_t value) { return dense ? std::string() : text(value); };
      const CsvRow got = {
          {"index", text(i)},
          {"name", layer.name},
          {"in_c", text(layer.in_channels)},
          {"out_c", text(layer.out_channels)},
          {"kernel", spatial(layer.kernel_height)},
          {"stride", spatial(layer.stride_height)},
          {"groups", spatial(layer.groups)},
          {"in_hw", spatial(layer.in_height)},
          {"out_hw", spatial(layer.out_height)},
          {"bias", text(layer.bias ? 1 : 0)},
          {"weights", text(layer.params() - (layer.bias ? layer.out_channels : 0))},
          {"params", text(layer.params() + (tail.norm ? keras_norm_parameters * layer.out_channels : 0))},
          {"macs", text(layer.macs())}};
      for (const auto& [column, value] : got) {
        EXPECT_EQ(value, row.at(column)) << network << ' ' << layer.name << ' ' << column;
      }
      EXPECT_EQ(graph::name(layer.type), type_of.at(row.at("type"))) << network << ' ' << layer.name;
      EXPECT_EQ(layer.in_width, layer.in_height);
      EXPECT_EQ(layer.out_width, layer.out_height);
      EXPECT_EQ(layer.kernel_width, layer.kernel_height);
      EXPECT_EQ(layer.stride_width, layer.stride_height);
      EXPECT_EQ(tail.norm, row.at("bn") == "1") << network << ' ' << layer.name;
      EXPECT_EQ(tail.activation, activation_of.at(row.at("act"))) << network << ' ' << layer.name;
      if (!row.at("post").empty()) {
        EXPECT_EQ(tail.post, row.at("post")) << network << ' ' << layer.name;
      }
      ++compared;
    }
  }
  EXPECT_EQ(compared, 558U);
}

TEST(ArchonZoo, EqualsTheStudyInTotal) {
  const auto layer_rows = rows_by_network("archon_layers.csv");
  std::size_t compared = 0, logged = 0;
  for (const auto& [network, rows] : rows_by_network("archon_totals.csv")) {
    const CsvRow& row = rows[0];
    const graph::Totals sum = totals(build(network, "baseline"));
    const std::uint64_t keras = sum.params_array + keras_norm_parameters / 2 * sum.params_bn;
    EXPECT_EQ(text(sum.macs), row.at("macs")) << network;
    EXPECT_EQ(text(keras), row.at("params")) << network;
    EXPECT_EQ(sum.params_unused, 0U);
    if (!row.at("logged_params").empty()) {
      EXPECT_EQ(text(keras), row.at("logged_params")) << network;
      ++logged;
    }
    std::uint64_t macs = 0, params = 0, weights = 0;
    for (const CsvRow& layer : layer_rows.at(network)) {
      macs += number(layer, "macs");
      params += number(layer, "params");
      weights += number(layer, "weights");
    }
    EXPECT_EQ(macs, number(row, "macs")) << network;
    EXPECT_EQ(params, number(row, "params")) << network;
    EXPECT_EQ(weights, number(row, "conv_fc_weights")) << network;
    ++compared;
  }
  EXPECT_EQ(compared, 10U);
  EXPECT_EQ(logged, 6U);
}

/// Of TensorFlow's SAME: as few zeros as make ceil(size / stride) results, the odd one last.
TEST(ArchonZoo, PadsBelowAndToTheRightFirst) {
  const auto expect_same = [](std::uint32_t size, std::uint32_t kernel, std::uint32_t stride, std::uint32_t before,
                              std::uint32_t after) {
    const std::uint32_t out = (size + stride - 1) / stride, padded = size + before + after;
    EXPECT_TRUE(after == before || after == before + 1) << size << ' ' << kernel << ' ' << stride;
    ASSERT_GE(padded, kernel);
    EXPECT_EQ((padded - kernel) / stride + 1, out) << size << ' ' << kernel << ' ' << stride;
    if (before + after > 0 && padded > kernel) {
      EXPECT_LT((padded - 1 - kernel) / stride + 1, out) << size << ' ' << kernel << ' ' << stride;
    }
  };
  for (std::uint32_t size = 1; size <= 20; ++size) {
    for (std::uint32_t kernel = 1; kernel <= 7; ++kernel) {
      for (std::uint32_t stride = 1; stride <= 4; ++stride) {
        const graph::Padding padding = same_padding({1, size, size + 3}, kernel, stride);
        expect_same(size, kernel, stride, padding.top, padding.bottom);
        expect_same(size + 3, kernel, stride, padding.left, padding.right);
      }
    }
  }
  std::size_t strided = 0;
  for (const auto network : archon_networks()) {
    for (const Layer& layer : array_layers(build(network, "baseline"))) {
      expect_same(layer.in_height, layer.kernel_height, layer.stride_height, layer.pad_top, layer.pad_bottom);
      expect_same(layer.in_width, layer.kernel_width, layer.stride_width, layer.pad_left, layer.pad_right);
      if (layer.stride_height == 1 || layer.kernel_height != 3) continue;
      EXPECT_EQ(layer.pad_top, 0U);
      EXPECT_EQ(layer.pad_bottom, 1U);
      ++strided;
    }
  }
  EXPECT_EQ(strided, 15U);
}

/// Residual adds, pooled shortcuts, gates and shuffles of every block.
TEST(ArchonZoo, PlacesShortcutsGatesAndShufflesAsTheStudyDoes) {
  std::size_t adds = 0, joins = 0, inner_gates = 0, outer_gates = 0, shuffles = 0;
  for (const auto& [network, rows] : rows_by_network("archon_blocks.csv")) {
    const Graph net = build(network, "baseline");
    for (const CsvRow& row : rows) {
      const std::string block = row.at("name"), order = row.at("order"), what = network + ' ' + block;
      const bool shufflenet = network.find("shufflenet") != std::string::npos;
      const bool baseline_unit = order.starts_with("gpw1");
      const NodeId first = net.find(block + (baseline_unit ? ".pw1" : ".expand")).value();
      const NodeId entry = net.node(first).inputs[0];
      // The last node before the shortcut.
      std::string last = baseline_unit ? ".pw2.bn" : shufflenet ? ".dw.bn" : ".project.bn";
      if (order.ends_with("shuffle(4)")) {
        ++shuffles;
        const NodeId shuffle = net.find(block + ".shuffle").value();
        EXPECT_EQ(net.node(shuffle).inputs[0], net.find(block + last)) << what;
        EXPECT_EQ(std::get<graph::Shuffle>(net.node(shuffle).op).groups, 4U);
        last = ".shuffle";
      }
      if (order.find("SE(mid;ratio 0.25)") != std::string::npos) {
        ++inner_gates;
        const NodeId scale = net.find(block + ".se.scale").value();
        EXPECT_EQ(net.node(scale).inputs[0], net.find(block + ".dw.relu")) << what;
        EXPECT_EQ(net.node(net.find(block + ".project").value()).inputs[0], scale) << what;
        EXPECT_EQ(text(4 * net.node(net.find(block + ".se1").value()).shape.channels), row.at("mid_c")) << what;
      } else if (const auto ratio = order.find("SE(out;ratio "); ratio != std::string::npos) {
        ++outer_gates;
        const NodeId scale = net.find(block + ".se.scale").value();
        EXPECT_EQ(net.node(scale).inputs[0], net.find(block + ".project.bn")) << what;
        EXPECT_EQ(net.node(net.find(block + ".se1").value()).shape.channels,
                  std::stoull(order.substr(ratio + 13)) * number(row, "out_c"))
            << what;
        last = ".se.scale";
      } else {
        EXPECT_FALSE(net.find(block + ".se.scale")) << what;
      }
      NodeId end = net.find(block + last).value();
      EXPECT_EQ(text(net.node(end).shape.channels), row.at("project_c")) << what;
      if (row.at("residual") == "add") {
        ++adds;
        end = net.find(block + ".add").value();
        EXPECT_THAT(net.node(end).inputs, ::testing::ElementsAre(entry, net.find(block + last).value())) << what;
      } else if (row.at("residual") == "concat(avgpool)") {
        ++joins;
        end = net.find(block + ".concat").value();
        const NodeId pool = net.find(block + ".pool").value();
        EXPECT_THAT(net.node(end).inputs, ::testing::ElementsAre(net.find(block + last).value(), pool)) << what;
        EXPECT_EQ(net.node(pool).inputs[0], entry) << what;
        EXPECT_EQ(std::get<graph::Pool>(net.node(pool).op).kind, graph::PoolKind::average);
        EXPECT_EQ(text(std::get<graph::Pool>(net.node(pool).op).stride_width), row.at("stride")) << what;
      } else {
        EXPECT_FALSE(net.find(block + ".add")) << what;
        EXPECT_FALSE(net.find(block + ".concat")) << what;
      }
      EXPECT_EQ(text(net.node(end).shape.channels), row.at("out_c")) << what;
      if (baseline_unit) {
        EXPECT_EQ(net.node(net.find(block + ".relu").value()).inputs[0], end) << what;
      }
    }
  }
  EXPECT_EQ(adds, 105U);
  EXPECT_EQ(joins, 6U);
  EXPECT_EQ(inner_gates, 16U);
  EXPECT_EQ(outer_gates, 8U);
  EXPECT_EQ(shuffles, 32U);
}

/// All blocks whose order is expand - depthwise - project without a gate inside are found, with their sizes.
TEST(ArchonZoo, BottlenecksAreFoundWhereTheStudyHasThem) {
  std::size_t found = 0, gated = 0, fusable = 0;
  for (const auto& [network, rows] : rows_by_network("archon_blocks.csv")) {
    const Graph net = build(network, "baseline");
    const std::vector<transform::BottleneckNodes> blocks = transform::find_bottlenecks(net);
    std::vector<std::string> unsuitable;
    for (const auto& other : transform::unsuitable_bottlenecks(net))
      unsuitable.push_back(net.node(other.depthwise).name);
    std::size_t at = 0;
    for (const CsvRow& row : rows) {
      const std::string block = row.at("name"), what = network + ' ' + block;
      const std::string& order = row.at("order");
      if (order.find("SE(mid") != std::string::npos) {
        EXPECT_THAT(unsuitable, ::testing::Contains(block + ".dw")) << what;
        ++gated;
        continue;
      }
      if (!order.starts_with("expand-BN-ReLU-dw-BN-ReLU-project-BN")) continue;
      ASSERT_LT(at, blocks.size()) << what;
      const transform::BottleneckNodes& nodes = blocks[at++];
      const auto name = [&](NodeId id) { return net.node(id).name; };
      EXPECT_EQ(name(nodes.expand), block + ".expand");
      EXPECT_EQ(name(nodes.expand_norm.value()), block + ".expand.bn");
      EXPECT_EQ(name(nodes.expand_relu), block + ".expand.relu");
      EXPECT_EQ(name(nodes.depthwise), block + ".dw");
      EXPECT_EQ(name(nodes.depthwise_norm.value()), block + ".dw.bn");
      EXPECT_EQ(name(nodes.depthwise_relu), block + ".dw.relu");
      EXPECT_EQ(name(nodes.project), block + ".project");
      EXPECT_EQ(name(nodes.project_norm.value()), block + ".project.bn");
      EXPECT_EQ(nodes.shuffle.has_value(), order.ends_with("shuffle(4)")) << what;
      // A gate on the result stands between the block and its sum.
      EXPECT_EQ(nodes.residual.has_value(), row.at("residual") == "add" && order.find("SE(") == std::string::npos)
          << what;
      EXPECT_EQ(text(nodes.groups), row.at("groups")) << what;
      EXPECT_EQ(text(nodes.kernel), row.at("kernel")) << what;
      EXPECT_EQ(text(nodes.stride), row.at("stride")) << what;
      EXPECT_EQ(text(net.node(nodes.input).shape.channels), row.at("in_c")) << what;
      EXPECT_EQ(text(net.node(nodes.expand).shape.channels), row.at("mid_c")) << what;
      EXPECT_EQ(text(net.node(nodes.output()).shape.channels), row.at("out_c")) << what;
      ++found;
      if (row.at("fusable") == "1") ++fusable;
    }
    EXPECT_EQ(at, blocks.size()) << network;
  }
  EXPECT_EQ(found, 110U);
  EXPECT_EQ(gated, 16U);
  EXPECT_EQ(fusable, 61U);
}

}  // namespace
}  // namespace fusesim::zoo
