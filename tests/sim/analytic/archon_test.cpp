// SPDX-License-Identifier: Apache-2.0
// The closed form equals the study's own sheets cell by cell. tests/data/archon_timeloop_*.csv are the fused columns of
// its Timeloop sheets for CIFAR-10 (https://github.com/compstruct/fusion-ml-models).
#include "sim/analytic/archon.h"

#include <gtest/gtest.h>

#include <cmath>

#include "../../workloads/zoo/csv.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::analytic {
namespace {

graph::Graph network(const std::string& name) {
  return zoo::build(name, "baseline");
}

/// Rows of a sheet that cost anything.
std::vector<tests::CsvRow> sheet(const std::string& file) {
  std::vector<tests::CsvRow> rows = tests::read_csv(FUSESIM_TEST_DATA "/" + file);
  std::erase_if(rows, [](const tests::CsvRow& row) { return row.at("fused_main") == "0"; });
  return rows;
}

void expect_equal(const ArchonCycles& ours, const std::vector<tests::CsvRow>& rows) {
  ASSERT_EQ(ours.blocks.size() + ours.layers.size(), rows.size());
  std::size_t block = 0, layer = 0;
  for (const tests::CsvRow& row : rows) {
    const auto cell = [&](const char* column) { return std::stoull(row.at(column)); };
    if (row.at("fused_pred1") == "0") {
      EXPECT_EQ(ours.layers[layer++].published_cycles, cell("fused_main")) << row.at("layer");
      continue;
    }
    EXPECT_EQ(ours.blocks[block].predict_expand, cell("fused_pred1")) << row.at("layer");
    EXPECT_EQ(ours.blocks[block].predict_depthwise, cell("fused_pred2")) << row.at("layer");
    EXPECT_EQ(ours.blocks[block++].main, cell("fused_main")) << row.at("layer");
  }
}

TEST(ArchonClosedForm, EqualsEveryCellOfTheModifiedMobileNetV2Sheet) {
  const ArchonCycles cycles = archon_cycles(network("archon_mobilenet_v2"));
  expect_equal(cycles, sheet("archon_timeloop_mobilenet_v2.csv"));
  EXPECT_EQ(cycles.fused(), 572508);
  EXPECT_EQ(cycles.published(), 718116);
  EXPECT_EQ(cycles.corrected(), cycles.published()) << "this sheet has no slip";
}

TEST(ArchonClosedForm, EqualsEveryCellOfTheFusioNetSheetIncludingItsTwoSlips) {
  const ArchonCycles cycles = archon_cycles(network("fusionet_c10"));
  expect_equal(cycles, sheet("archon_timeloop_fusionet.csv"));
  EXPECT_EQ(cycles.fused(), 604660);
  EXPECT_EQ(cycles.published(), 636988);
  // Without them: 3 more groups of the tail of 9,600 cycles each, 200 - 150 cycles less in the classifier.
  EXPECT_EQ(cycles.corrected(), 636988 + 3 * 9600 - 50);
  std::vector<std::string> slips;
  for (const ArchonLayer& layer : cycles.layers) {
    if (!layer.slip.empty()) slips.push_back(layer.slip);
  }
  EXPECT_EQ(slips, (std::vector<std::string>{"counts one of 4 groups", "counts 1280 inputs for 960"}));
}

TEST(ArchonClosedForm, FusesTheBlocksThatTheStudyFuses) {
  for (const tests::CsvRow& total : tests::read_csv(FUSESIM_TEST_DATA "/archon_totals.csv")) {
    const std::string& name = total.at("network");
    const std::string ours = name == "FusioNet_cifar10"               ? "fusionet_c10"
                             : name == "MobileNetV2_modified_cifar10" ? "archon_mobilenet_v2"
                             : name == "MnasNet_modified_cifar10"     ? "archon_mnasnet"
                                                                      : "";
    if (ours.empty()) continue;
    std::size_t fusable = 0;
    for (const tests::CsvRow& block : tests::read_csv(FUSESIM_TEST_DATA "/archon_blocks.csv")) {
      if (block.at("network") == name && block.at("fusable") == "1") ++fusable;
    }
    EXPECT_EQ(worth_fusing(network(ours)).size(), fusable) << name;
  }
}

double dense_over_fused(const std::string& name) {
  const BlockMultiplications sum = total(block_multiplications(network(name), {}));
  return sum.dense / sum.fused;
}

TEST(BlockMultiplications, DenseOverFusedAreThePublishedRatios) {
  EXPECT_EQ(std::round(10 * dense_over_fused("archon_mnasnet")), 66);
  EXPECT_EQ(std::round(10 * dense_over_fused("archon_mobilenet_v2")), 88);
  EXPECT_EQ(std::round(10 * dense_over_fused("fusionet_c10")), 148);
}

// Its blocks are expand, shuffle, project, depthwise: not fused here. docs/results.md tells the two ways to count them.
TEST(BlockMultiplications, OfTheModifiedShuffleNetAreNotTheTwentyFoldPublished) {
  std::uint64_t dense = 0, grouped = 0, shuffled = 0;
  for (const tests::CsvRow& row : tests::read_csv(FUSESIM_TEST_DATA "/archon_blocks.csv")) {
    if (row.at("network") != "ShuffleNet_modified_cifar10") continue;
    const auto of = [&](const char* column) { return std::stoull(row.at(column)); };
    const std::uint64_t in_pixels = of("in_hw") * of("in_hw"), out_pixels = of("out_hw") * of("out_hw");
    const std::uint64_t taps = of("kernel") * of("kernel");
    dense +=
        in_pixels * of("mid_c") * (of("in_c") + of("project_c")) / of("groups") + out_pixels * taps * of("project_c");
    shuffled += out_pixels * taps * of("in_c") * of("project_c");
    grouped += out_pixels * taps * of("in_c") * of("project_c") / of("groups");
  }
  EXPECT_EQ(dense, 168517248U);
  EXPECT_EQ(grouped, 6524928U);
  EXPECT_EQ(shuffled, 19574784U);
  EXPECT_TRUE(worth_fusing(network("archon_shufflenet")).empty());
}

TEST(BlockMultiplications, OfOneBlockCountedByHand) {
  // FusioNet b1: 32x32 pixels, 32 -> 2368 -> 32 in 4 groups, 3x3.
  const BlockMultiplications block =
      block_multiplications(network("fusionet_c10"), {.survival1 = 0.5, .survival2 = 0.25}).front();
  const double expand = 1024.0 * 8 * 2368, depthwise = 1024.0 * 9 * 2368, project = 1024.0 * 592 * 32;
  EXPECT_EQ(block.dense, expand + depthwise + project);
  EXPECT_DOUBLE_EQ(block.pruned, 0.2 * expand + 0.3 * depthwise + 0.2 * project);
  EXPECT_DOUBLE_EQ(block.predicted, 0.2 * 0.5 * expand + 0.3 * 0.25 * depthwise + 0.2 * 0.25 * project);
  EXPECT_EQ(block.fused, 1024.0 * 9 * 8 * 32);
}

}  // namespace
}  // namespace fusesim::analytic
