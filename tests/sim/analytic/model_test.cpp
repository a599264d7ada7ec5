// SPDX-License-Identifier: Apache-2.0
// Each formula on layers small enough to work out by hand.
#include "sim/analytic/model.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace fusesim::analytic {
namespace {

graph::Layer square(graph::LayerType type, std::uint32_t channels, std::uint32_t size, std::uint32_t filters) {
  graph::Layer layer;
  layer.type = type;
  layer.in_channels = channels;
  layer.out_channels = filters;
  layer.in_height = layer.in_width = layer.out_height = layer.out_width = size;
  return layer;
}

TEST(AnalyticModel, NamesAreParsedBack) {
  for (const Model model : models()) EXPECT_EQ(parse_model(name(model)), model);
  EXPECT_EQ(parse_model("authors"), std::nullopt);
}

TEST(AnalyticModel, PointwiseLayerSumsFullAndPartialFolds) {
  // 9 pixels x 5 channels by 5 x 6 filters on 4 x 4: row folds 4 + 4 + 1, column folds 4 + 2.
  const graph::Layer layer = square(graph::LayerType::pointwise, 5, 3, 6);
  const std::uint64_t full = 5 + 4 + 4 - 1, partial_cols = 5 + 4 + 2 - 1, partial_rows = 5 + 1 + 4 - 1,
                      corner = 5 + 1 + 2 - 1;
  const std::uint64_t expected = 2 * full + 2 * partial_cols + partial_rows + corner;
  EXPECT_EQ(layer_cycles(Model::authors_released, layer, {4, 4, true}), expected);
  EXPECT_EQ(layer_cycles(Model::authors_2020, layer, {4, 4, true}), expected);
  EXPECT_EQ(layer_cycles(Model::scale_sim_v3, layer, {4, 4, true}), 3U * 2U * (5 + 4 + 4 - 2));
}

TEST(AnalyticModel, SideOfTheArrayIsNotSwapped) {
  const graph::Layer layer = square(graph::LayerType::pointwise, 5, 4, 2);  // 16 pixels, 2 filters
  EXPECT_EQ(layer_cycles(Model::authors_released, layer, {16, 2, true}), 5U + 16 + 2 - 1);
  EXPECT_EQ(layer_cycles(Model::authors_released, layer, {2, 16, true}), 8U * (5 + 2 + 2 - 1));
  EXPECT_EQ(layer_cycles(Model::scale_sim_v3, layer, {2, 16, true}), 8U * (5 + 2 + 16 - 2));
}

// An even map with stride 2 and padding 1: (8 + 2 - 3 + 2) / 2 = 4.5 output lines, which only the 2020 formula keeps.
TEST(AnalyticModel, The2020FormulaKeepsHalfAnOutputLine) {
  graph::Layer layer = square(graph::LayerType::depthwise, 2, 8, 2);
  layer.groups = 2;
  layer.kernel_height = layer.kernel_width = 3;
  layer.stride_height = layer.stride_width = 2;
  layer.pad_top = layer.pad_left = layer.pad_bottom = layer.pad_right = 1;
  layer.out_height = layer.out_width = 4;
  // Four rows: 16 pixels are 4 full folds with one of 4 columns in use; 20.25 pixels 5 folds and a rest of 0.25.
  EXPECT_EQ(layer_cycles(Model::authors_released, layer, {4, 4, false}), 2U * 4U * (9 + 4 + 1 - 1));
  EXPECT_EQ(layer_cycles(Model::authors_2020, layer, {4, 4, false}), 2U * (5U * (9 + 4 + 1 - 1) + 9));
}

// A one-column depthwise GEMM on a one-column array: the column is a full fold, not a rest.
TEST(AnalyticModel, DepthwiseOnOneColumn) {
  graph::Layer layer = square(graph::LayerType::depthwise, 3, 2, 3);
  layer.groups = 3;
  EXPECT_EQ(layer_cycles(Model::authors_released, layer, {4, 1, false}), 3U * (1 + 4 + 1 - 1));
}

TEST(AnalyticModel, FuSeFoldsAreCutFromThePaddedLineOnlyInTheReleasedFormula) {
  graph::Layer layer = square(graph::LayerType::fuse_1xk, 2, 8, 2);
  layer.groups = 2;
  layer.kernel_width = 3;
  layer.pad_left = layer.pad_right = 1;
  // 16 lines on 4 rows; 10 padded or 8 plain elements on 8 columns.
  EXPECT_EQ(layer_cycles(Model::authors_released, layer, {4, 8, true}), 4U * (8 + 3) * 2U);
  EXPECT_EQ(layer_cycles(Model::authors_2020, layer, {4, 8, true}), 4U * (8 + 3) * 1U);
  EXPECT_EQ(layer_cycles(Model::scale_sim_v3, layer, {4, 8, true}), 4U * (8 + 3));
  // Without links: a depthwise GEMM of K = 3 for each of 2 channels, 64 pixels on 4 rows.
  EXPECT_EQ(layer_cycles(Model::authors_released, layer, {4, 8, false}), 2U * 16U * (3 + 4 + 1 - 1));
}

TEST(AnalyticModel, KernelOfAColumnFilterRunsAlongTheHeight) {
  graph::Layer layer = square(graph::LayerType::fuse_kx1, 4, 6, 4);
  layer.groups = 4;
  layer.in_width = layer.out_width = 3;
  layer.kernel_height = 5;
  layer.pad_top = layer.pad_bottom = 2;
  // 3 lines (image columns) x 4 channels on 4 rows, 6 + 4 padded elements on 16 columns.
  EXPECT_EQ(layer_cycles(Model::authors_released, layer, {4, 16, true}), 3U * (16 + 5));
}

TEST(AnalyticModel, GroupedConvolutionIsOneGemmAGroup) {
  graph::Layer layer = square(graph::LayerType::conv, 8, 2, 4);
  layer.groups = 2;
  // Each group: 4 pixels, inner length 4, 2 filters.
  EXPECT_EQ(layer_cycles(Model::authors_released, layer, {4, 4, true}), 2U * (4 + 4 + 2 - 1));
}

TEST(AnalyticModel, ArrayWithoutRowsIsRefused) {
  const graph::Layer layer = square(graph::LayerType::pointwise, 1, 1, 1);
  EXPECT_THROW(static_cast<void>(layer_cycles(Model::authors_2020, layer, {0, 4, true})), std::invalid_argument);
}

}  // namespace
}  // namespace fusesim::analytic
