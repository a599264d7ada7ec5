// SPDX-License-Identifier: Apache-2.0
// The networks equal the released FuSeConv models layer by layer (tests/data/fuseconv_layers.csv, read off them) and in
// total, and the published parameter counts follow.
#include "workloads/zoo/zoo.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "csv.h"
#include "workloads/zoo/operations.h"

namespace fusesim::zoo {
namespace {

using graph::Layer;
using tests::CsvRow;

const std::map<std::string, std::string> network_of = {{"MobileNetV1", "mobilenet_v1"},
                                                       {"MobileNetV2", "mobilenet_v2"},
                                                       {"MobileNetV3Small", "mobilenet_v3_small"},
                                                       {"MobileNetV3Large", "mobilenet_v3_large"},
                                                       {"MnasNetB1", "mnasnet_b1"},
                                                       {"ResNet50", "resnet50"}};
const std::map<std::string, std::string> variant_of = {{"baseline", "baseline"},
                                                       {"FuSeFull", "fuse_full"},
                                                       {"FuSeHalf", "fuse_half"},
                                                       {"FuSeFullHybrid", "fuse_full_50"},
                                                       {"FuSeHalfHybrid", "fuse_half_50"}};

using Key = std::pair<std::string, std::string>;  // network, variant
Key key(const CsvRow& row) {
  return {network_of.at(row.at("network")), variant_of.at(row.at("variant"))};
}

std::map<Key, std::vector<CsvRow>> reference_layers() {
  std::map<Key, std::vector<CsvRow>> lists;
  for (CsvRow& row : tests::read_csv(FUSESIM_TEST_DATA "/fuseconv_layers.csv")) lists[key(row)].push_back(row);
  return lists;
}

std::string text(std::uint64_t value) {
  return std::to_string(value);
}
std::string text(const std::optional<std::uint32_t>& value) {
  return value ? std::to_string(*value) : "";
}

/// What follows a layer, read off the graph: batch norm, activation and where it sits, residual add.
struct Tail {
  std::string bn = "0", activation = "none", position, residual_add = "0";
};

Tail tail_of(const graph::Graph& net, graph::NodeId id) {
  const auto consumers = net.consumers();
  Tail tail;
  std::string at = "direct";
  while (consumers[id].size() >= 1) {
    // A squeeze-and-excite gate reads the map beside the Scale, which comes later.
    const graph::NodeId next = consumers[id].back();
    const auto& op = net.node(next).op;
    if (consumers[id].size() > 1 && !std::holds_alternative<graph::Scale>(op)) break;
    if (std::holds_alternative<graph::BatchNorm>(op)) {
      tail.bn = "1";
      at = "after_bn";
    } else if (std::holds_alternative<graph::Scale>(op)) {
      if (net.node(next).inputs[1] == id) break;
      at = at == "after_cat" ? "after_se_after_cat" : "after_se";
    } else if (std::holds_alternative<graph::Concat>(op)) {
      at = "after_cat";
    } else if (std::holds_alternative<graph::Add>(op)) {
      if (net.node(next).inputs[1] != id) break;  // The shortcut's side.
      tail.residual_add = "1";
      at = "after_residual_add";
    } else if (const auto* activation = std::get_if<graph::Activation>(&op)) {
      tail.activation = graph::name(activation->kind);
      tail.position = at;
      break;
    } else {
      break;
    }
    id = next;
  }
  return tail;
}

TEST(Zoo, HasEveryReferenceNetworkAndVariantAndNoOther) {
  std::vector<Key> built, expected;
  for (const auto network : networks()) {
    for (const auto variant : variants(network)) built.emplace_back(network, variant);
  }
  for (const auto& [k, rows] : reference_layers()) expected.push_back(k);
  EXPECT_EQ(built.size(), 28U);
  EXPECT_THAT(built, ::testing::UnorderedElementsAreArray(expected));
}

TEST(Zoo, EqualsTheReleasedModelsLayerByLayer) {
  for (const auto& [k, rows] : reference_layers()) {
    const graph::Graph net = build(k.first, k.second);
    const std::vector<Layer> layers = array_layers(net);
    ASSERT_EQ(layers.size(), rows.size()) << k.first << ' ' << k.second;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const Layer& layer = layers[i];
      const CsvRow& row = rows[i];
      EXPECT_EQ(row.at("index"), text(i));
      const CsvRow got = {{"name", layer.name},
                          {"type", graph::name(layer.type)},
                          {"in_c", text(layer.in_channels)},
                          {"in_h", text(layer.in_height)},
                          {"in_w", text(layer.in_width)},
                          {"out_c", text(layer.out_channels)},
                          {"out_h", text(layer.out_height)},
                          {"out_w", text(layer.out_width)},
                          {"kernel_h", text(layer.kernel_height)},
                          {"kernel_w", text(layer.kernel_width)},
                          {"stride_h", text(layer.stride_height)},
                          {"stride_w", text(layer.stride_width)},
                          {"pad_h", text(layer.pad_top)},
                          {"pad_w", text(layer.pad_left)},
                          {"groups", text(layer.groups)},
                          {"bias", text(layer.bias ? 1 : 0)},
                          {"se", text(layer.squeeze_excite ? 1 : 0)},
                          {"in_slice_begin", text(layer.slice_begin)},
                          {"in_slice_end", text(layer.slice_end)},
                          {"macs", text(layer.macs())},
                          {"params", text(layer.params())}};
      for (const auto& [column, value] : got) {
        EXPECT_EQ(value, row.at(column)) << k.first << ' ' << k.second << ' ' << layer.name << ' ' << column;
      }
      EXPECT_EQ(layer.pad_top, layer.pad_bottom);
      EXPECT_EQ(layer.pad_left, layer.pad_right);
    }
  }
}

TEST(Zoo, PlacesBatchNormActivationAndResidualAddAsReleased) {
  for (const auto& [k, rows] : reference_layers()) {
    const graph::Graph net = build(k.first, k.second);
    for (const CsvRow& row : rows) {
      const Tail tail = tail_of(net, net.find(row.at("name")).value());
      const std::string what = k.first + ' ' + k.second + ' ' + row.at("name");
      EXPECT_EQ(tail.bn, row.at("bn")) << what;
      EXPECT_EQ(tail.residual_add, row.at("residual_add")) << what;
      // The reference lists ResNet's shortcut convolutions with the activation of the sum; in the network the
      // shortcut itself has none.
      if (row.at("name").find("downsample") != std::string::npos) {
        EXPECT_EQ(tail.activation, "none") << what;
        continue;
      }
      EXPECT_EQ(tail.activation, row.at("act")) << what;
      EXPECT_EQ(tail.position, row.at("act_pos")) << what;
    }
  }
}

TEST(Zoo, EqualsTheReleasedModelsInTotal) {
  std::size_t compared = 0;
  for (const CsvRow& row : tests::read_csv(FUSESIM_TEST_DATA "/fuseconv_totals.csv")) {
    const auto [network, variant] = key(row);
    const graph::Totals sum = totals(build(network, variant));
    EXPECT_EQ(text(sum.macs), row.at("macs")) << network << ' ' << variant;
    EXPECT_EQ(text(sum.params()), row.at("params_total")) << network << ' ' << variant;
    EXPECT_EQ(text(sum.params_array), row.at("params_conv_linear_executed")) << network << ' ' << variant;
    EXPECT_EQ(text(sum.params_bn), row.at("params_bn")) << network << ' ' << variant;
    ++compared;
  }
  EXPECT_EQ(compared, 28U);
}

TEST(Zoo, MobileNetV2OwnsItsUnusedExpansionOnlyWhereBlockOneIsFuse) {
  EXPECT_EQ(totals(build("mobilenet_v2", "baseline")).params_unused, 0U);
  EXPECT_EQ(totals(build("mobilenet_v2", "fuse_half_50")).params_unused, 0U);
  for (const char* variant : {"fuse_half", "fuse_full"}) {
    const graph::Graph net = build("mobilenet_v2", variant);
    const graph::Node& conv = net.node(net.find("features.1.conv1").value());
    const graph::Node& norm = net.node(net.find("features.1.bn1").value());
    EXPECT_FALSE(conv.executed);
    EXPECT_FALSE(norm.executed);
    EXPECT_EQ(parameters(conv.op) + parameters(norm.op), 1088U);
  }
}

TEST(Zoo, LayersDependOnTheLayersWhoseResultsTheyRead) {
  const std::vector<Layer> layers = array_layers(build("mobilenet_v3_small", "fuse_full"));
  // conv1, pw, 1xK, Kx1, gate 1, gate 2, pw, ...
  ASSERT_EQ(layers[2].name, "features.1.conv2_h");
  EXPECT_THAT(layers[0].depends_on, ::testing::IsEmpty());
  EXPECT_THAT(layers[2].depends_on, ::testing::ElementsAre(1));
  EXPECT_THAT(layers[3].depends_on, ::testing::ElementsAre(1));
  EXPECT_THAT(layers[4].depends_on, ::testing::ElementsAre(2, 3));
  EXPECT_THAT(layers[5].depends_on, ::testing::ElementsAre(4));
  EXPECT_THAT(layers[6].depends_on, ::testing::ElementsAre(2, 3, 5));
  for (const auto network : networks()) {
    for (const auto variant : variants(network)) {
      const std::vector<Layer> list = array_layers(build(network, variant));
      for (std::size_t i = 1; i < list.size(); ++i) {
        EXPECT_FALSE(list[i].depends_on.empty());
        EXPECT_TRUE(std::is_sorted(list[i].depends_on.begin(), list[i].depends_on.end()));
        EXPECT_LT(list[i].depends_on.back(), i);
      }
    }
  }
}

TEST(Zoo, PublishedParametersAreTheExactCountTruncatedToTwoDecimals) {
  ASSERT_EQ(published_rows().size(), 25U);
  for (const PublishedRow& row : published_rows()) {
    const std::uint64_t hundredths = totals(build(row.network, row.variant)).params() / 10'000;
    const std::string digits = text(100 + hundredths % 100).substr(1);
    EXPECT_EQ(text(hundredths / 100) + '.' + digits, row.params_m) << row.network << ' ' << row.variant;
  }
}

/// The published FLOPS column, by the counting rule of operations.h: truncated for all but three rows, which are named
/// with the distance of the exact count from the printed figure.
TEST(Zoo, PublishedFlopsFollowFromTheCountingRule) {
  const std::map<Key, std::int64_t> exceptions = {{{"mobilenet_v1", "baseline"}, -38'720},
                                                  {{"mobilenet_v2", "baseline"}, -590'400},
                                                  {{"mnasnet_b1", "fuse_half"}, -465'664}};
  std::size_t truncated = 0;
  for (const PublishedRow& row : published_rows()) {
    const std::uint64_t count = published_operations(build(row.network, row.variant));
    const std::int64_t printed = std::stoll(std::string(row.flops_m)) * 1'000'000;
    const auto exception = exceptions.find({std::string(row.network), std::string(row.variant)});
    if (exception != exceptions.end()) {
      EXPECT_EQ(static_cast<std::int64_t>(count) - printed, exception->second) << row.network << ' ' << row.variant;
      continue;
    }
    EXPECT_EQ(text(count / 1'000'000), row.flops_m) << row.network << ' ' << row.variant;
    ++truncated;
  }
  EXPECT_EQ(truncated, 22U);
}

TEST(Zoo, UnknownNamesSuggestTheNearestValidOne) {
  const auto message = [](std::string_view network, std::string_view variant) -> std::string {
    try {
      (void)build(network, variant);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "built";
  };
  EXPECT_EQ(message("mobilenetv2", "baseline"), "unknown network 'mobilenetv2'; did you mean 'mobilenet_v2'?");
  EXPECT_EQ(message("mobilenet_v2", "fuse-half"),
            "network 'mobilenet_v2' has no variant 'fuse-half'; did you mean 'fuse_half'?");
  EXPECT_EQ(message("resnet50", "fuse_half_50"),
            "network 'resnet50' has no variant 'fuse_half_50'; did you mean 'fuse_half'?");
  EXPECT_THROW((void)variants("alexnet"), std::invalid_argument);
}

}  // namespace
}  // namespace fusesim::zoo
