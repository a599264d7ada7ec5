// SPDX-License-Identifier: Apache-2.0
// The FuSe transform on graphs made up for the purpose, unlike any network of the zoo.
#include "workloads/transform/fuse.h"

#include <gmock/gmock.h>

namespace fusesim::transform {
namespace {

using namespace graph;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Conv depthwise(std::uint32_t channels, std::uint32_t kernel, std::uint32_t stride = 1) {
  return {.in_channels = channels,
          .out_channels = channels,
          .kernel_height = kernel,
          .kernel_width = kernel,
          .stride_height = stride,
          .stride_width = stride,
          .padding = Padding::symmetric(kernel / 2, kernel / 2),
          .groups = channels};
}

/// a strided 5x5 depthwise of eight channels with bias, a gate on it, a second depthwise, a slice and a dense end.
Graph made_up() {
  Graph g;
  const NodeId input = g.add("input", Input{{3, 21, 18}});
  const NodeId stem = g.add("stem", Conv{.in_channels = 3, .out_channels = 8}, {input});
  Conv first = depthwise(8, 5, 2);
  first.bias = true;
  const NodeId dw1 = g.add("dw1", first, {stem});
  const NodeId bn1 = g.add("bn1", BatchNorm{8}, {dw1});
  const NodeId pool = g.add("pool", Pool{.kind = PoolKind::global_average}, {bn1});
  const NodeId squeeze = g.add("squeeze", Linear{.in_features = 8, .out_features = 2}, {pool});
  const NodeId excite = g.add("excite", Linear{.in_features = 2, .out_features = 8}, {squeeze});
  const NodeId scale = g.add("scale", Scale{}, {bn1, excite});
  const NodeId dw2 = g.add("dw2", depthwise(8, 3), {scale});
  const NodeId bn2 = g.add("bn2", BatchNorm{8}, {dw2});
  const NodeId act2 = g.add("act2", Activation{ActivationKind::hswish}, {bn2});
  const NodeId slice = g.add("slice", Split{4, 8}, {act2});
  const NodeId both = g.add("both", Concat{}, {act2, slice});
  g.add("end", Conv{.in_channels = 12, .out_channels = 5}, {both});
  return g;
}

const Node& node(const Graph& g, const std::string& name) {
  return g.node(g.find(name).value());
}

std::vector<std::string> names(const Graph& g) {
  std::vector<std::string> list;
  for (const Node& n : g.nodes()) list.push_back(n.name);
  return list;
}

std::string refusal(const Graph& g, const FuseOptions& options) {
  try {
    (void)fuse(g, options);
  } catch (const GraphError& error) {
    return error.what();
  }
  return "accepted";
}

Selection only(const std::string& name) {
  return [name](const Graph& g, NodeId id) { return g.node(id).name == name; };
}

TEST(Fuse, HalfSplitsTheChannelsAndKeepsTheirNumber) {
  const Graph g = fuse(made_up(), {.kind = FuseKind::half});
  const std::vector<Layer> layers = array_layers(g);
  ASSERT_EQ(layers.size(), 8U);
  EXPECT_EQ(layers[1].name, "dw1_h");
  EXPECT_EQ(layers[1].type, LayerType::fuse_1xk);
  EXPECT_EQ(layers[1].kernel_height, 1U);
  EXPECT_EQ(layers[1].kernel_width, 5U);
  EXPECT_EQ(layers[1].stride_height, 2U);
  EXPECT_EQ(layers[1].stride_width, 2U);
  EXPECT_EQ(layers[1].pad_top, 0U);
  EXPECT_EQ(layers[1].pad_left, 2U);
  EXPECT_TRUE(layers[1].bias);
  EXPECT_EQ(layers[1].slice_begin, 0U);
  EXPECT_EQ(layers[1].slice_end, 4U);
  EXPECT_EQ(layers[2].name, "dw1_v");
  EXPECT_EQ(layers[2].type, LayerType::fuse_kx1);
  EXPECT_EQ(layers[2].pad_top, 2U);
  EXPECT_EQ(layers[2].pad_left, 0U);
  EXPECT_EQ(layers[2].slice_begin, 4U);
  EXPECT_EQ(layers[2].slice_end, 8U);
  EXPECT_THAT(node(g, "dw1_cat").inputs, ElementsAre(*g.find("bn1_h"), *g.find("bn1_v")));
  EXPECT_EQ(node(g, "dw1_cat").shape, (Shape{8, 11, 9}));
  EXPECT_EQ(node(g, "end").shape, node(made_up(), "end").shape);
  EXPECT_EQ(layers[7].params(), 60U);
}

TEST(Fuse, FullDoublesTheChannelsOfEverythingThatFollows) {
  const Graph g = fuse(made_up(), {.kind = FuseKind::full, .select = only("dw1")});
  EXPECT_EQ(node(g, "dw1_cat").shape, (Shape{16, 11, 9}));
  const auto& squeeze = std::get<Linear>(node(g, "squeeze").op);
  const auto& excite = std::get<Linear>(node(g, "excite").op);
  EXPECT_EQ(squeeze.in_features, 16U);
  EXPECT_EQ(squeeze.out_features, 4U);
  EXPECT_EQ(excite.in_features, 4U);
  EXPECT_EQ(excite.out_features, 16U);
  const auto& dw2 = std::get<Conv>(node(g, "dw2").op);
  EXPECT_EQ(dw2.in_channels, 16U);
  EXPECT_EQ(dw2.out_channels, 16U);
  EXPECT_EQ(dw2.groups, 16U);
  EXPECT_EQ(std::get<BatchNorm>(node(g, "bn2").op).channels, 16U);
  EXPECT_EQ(std::get<Split>(node(g, "slice").op).begin, 8U);
  EXPECT_EQ(std::get<Split>(node(g, "slice").op).end, 16U);
  EXPECT_EQ(std::get<Conv>(node(g, "end").op).in_channels, 24U);
  EXPECT_EQ(node(g, "end").shape, node(made_up(), "end").shape);
}

TEST(Fuse, FullTwiceInARowDoublesTwice) {
  const Graph g = fuse(made_up(), {.kind = FuseKind::full});
  EXPECT_EQ(node(g, "dw2_cat").shape.channels, 32U);
  EXPECT_EQ(std::get<Conv>(node(g, "end").op).in_channels, 48U);
}

TEST(Fuse, HalfOfAnOddNumberGivesTheFirstBranchTheSmallerPart) {
  Graph g;
  g.add("input", Input{{7, 9, 9}});
  g.add("dw", depthwise(7, 3), {0});
  const std::vector<Layer> layers = array_layers(fuse(g, {.kind = FuseKind::half}));
  EXPECT_EQ(layers[0].out_channels, 3U);
  EXPECT_EQ(layers[0].slice_end, 3U);
  EXPECT_EQ(layers[1].out_channels, 4U);
  EXPECT_EQ(layers[1].slice_begin, 3U);
  EXPECT_EQ(layers[1].slice_end, 7U);
}

TEST(Fuse, PlacesTheActivationAsAsked) {
  const auto placed = [](BranchActivation where) {
    return names(fuse(made_up(), {.kind = FuseKind::full, .select = only("dw2"), .activation = where}));
  };
  const auto in_order = [](std::vector<std::string> middle) {
    std::vector<std::string> all = {"input", "stem", "dw1", "bn1", "pool", "squeeze", "excite", "scale"};
    all.insert(all.end(), middle.begin(), middle.end());
    all.insert(all.end(), {"slice", "both", "end"});
    return all;
  };
  EXPECT_EQ(placed(BranchActivation::per_branch),
            in_order({"dw2_h", "bn2_h", "act2_h", "dw2_v", "bn2_v", "act2_v", "dw2_cat"}));
  EXPECT_EQ(placed(BranchActivation::after_concat), in_order({"dw2_h", "bn2_h", "dw2_v", "bn2_v", "dw2_cat", "act2"}));
  EXPECT_EQ(placed(BranchActivation::removed), in_order({"dw2_h", "bn2_h", "dw2_v", "bn2_v", "dw2_cat"}));
}

TEST(Fuse, ABatchNormBesideAnotherReaderStaysBehindTheConcat) {
  Graph g;
  g.add("input", Input{{4, 9, 9}});
  const NodeId dw = g.add("dw", depthwise(4, 3), {0});
  const NodeId bn = g.add("bn", BatchNorm{4}, {dw});
  g.add("sum", Add{}, {dw, bn});
  EXPECT_THAT(names(fuse(g, {.kind = FuseKind::full})), ElementsAre("input", "dw_h", "dw_v", "dw_cat", "bn", "sum"));
}

TEST(Fuse, LeavesTheRestAndTheOriginalAlone) {
  const Graph original = made_up();
  const Graph same = fuse(original, {.select = [](const Graph&, NodeId) { return false; }});
  EXPECT_EQ(names(same), names(original));
  EXPECT_EQ(totals(same).macs, totals(original).macs);
  EXPECT_EQ(totals(same).params(), totals(original).params());
}

TEST(Fuse, TakesADenseLayerWhenAskedAndNotByDefault) {
  Graph g;
  g.add("input", Input{{6, 9, 9}});
  Conv dense = depthwise(6, 3);
  dense.groups = 1;
  g.add("dense", dense, {0});
  EXPECT_EQ(array_layers(fuse(g, {})).at(0).type, LayerType::conv);
  const std::vector<Layer> layers = array_layers(fuse(g, {.kind = FuseKind::full, .select = only("dense")}));
  ASSERT_EQ(layers.size(), 2U);
  EXPECT_EQ(layers[0].groups, 6U);
  EXPECT_EQ(layers[1].out_channels, 6U);
}

TEST(Fuse, OffersForSelectionOnlyWhatItCanReplace) {
  Graph g;
  NodeId at = g.add("input", Input{{6, 9, 9}});
  Conv wide = depthwise(6, 3);
  wide.kernel_width = 5;
  wide.padding = Padding::symmetric(1, 2);
  at = g.add("not_square", wide, {at});
  at = g.add("pointwise", Conv{.in_channels = 6, .out_channels = 6}, {at});
  Conv grouped = depthwise(6, 3);
  grouped.groups = 2;
  at = g.add("grouped", grouped, {at});
  Conv multiplied = depthwise(6, 3);
  multiplied.out_channels = 12;
  g.add("multiplied", multiplied, {at});
  g.add_unused("spare", depthwise(12, 3), {4});
  const Graph same = fuse(g, {.select = [](const Graph&, NodeId) { return true; }});
  EXPECT_EQ(names(same), names(g));
}

TEST(Fuse, RefusesWhatWouldNotFitTogether) {
  Graph valid;
  valid.add("input", Input{{4, 9, 9}});
  Conv unpadded = depthwise(4, 3);
  unpadded.padding = {};
  valid.add("valid", unpadded, {0});
  EXPECT_EQ(refusal(valid, {}),
            "node 'valid': FuSe needs a 3x3 kernel padded to keep the size of its map, but the 1x3 branch gives 9x7 "
            "and the 3x1 branch 7x9");

  Graph single;
  single.add("input", Input{{1, 9, 9}});
  single.add("lone", depthwise(1, 3), {0});
  EXPECT_EQ(refusal(single, {.kind = FuseKind::half}), "node 'lone': a single channel cannot be halved");
  EXPECT_EQ(refusal(single, {.kind = FuseKind::full}), "accepted");

  Graph residual;
  residual.add("input", Input{{4, 9, 9}});
  residual.add("dw", depthwise(4, 3), {0});
  residual.add("sum", Add{}, {0, 1});
  EXPECT_EQ(refusal(residual, {.kind = FuseKind::half}), "accepted");
  EXPECT_EQ(refusal(residual, {.kind = FuseKind::full}), "node 'sum': adds maps of different shapes, 4x9x9 and 8x9x9");

  Graph uneven;  // 4 of 7 channels doubled: 11 of 7, which a slice from channel 1 cannot follow.
  uneven.add("input", Input{{4, 9, 9}});
  uneven.add("dw", depthwise(4, 3), {0});
  uneven.add("other", Conv{.in_channels = 4, .out_channels = 3}, {0});
  uneven.add("both", Concat{}, {1, 2});
  uneven.add("slice", Split{1, 7}, {3});
  EXPECT_THAT(refusal(uneven, {.kind = FuseKind::full}), HasSubstr("node 'slice': the slice's first channel 1 cannot"));

  Graph dangling;
  dangling.add("input", Input{{4, 9, 9}});
  dangling.add("left", Activation{}, {0});
  dangling.add("right", Activation{}, {0});
  EXPECT_THAT(refusal(dangling, {}), HasSubstr("node 'left'"));
}

}  // namespace
}  // namespace fusesim::transform
