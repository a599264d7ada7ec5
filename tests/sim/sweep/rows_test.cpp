// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/rows.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "sim/sweep/axes.h"
#include "workloads/graph/graph.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::sweep {
namespace {

std::vector<Row> rows_of(const AxesText& text) {
  const std::vector<Point> points = expand(parse_axes(text)).points;
  return make_rows(points, run(with_references(points), {}).results);
}

AxesText everything_on(const char* arrays) {
  AxesText text;
  text.networks = "mobilenet_v3_small,resnet50";
  text.arrays = arrays;
  text.models = "simulated,authors-released,scale-sim-v3";
  text.dw_mapping = "column,row,broadcast";
  text.fuse_links = "yes,no";
  text.packing = "yes,no";
  return text;
}

std::string written(const std::vector<Row>& rows, report::Format format) {
  std::ostringstream text;
  report::write(text, to_report(rows), format);
  return text.str();
}

TEST(SweepRows, PartsOfTheCyclesSumToTheWhole) {
  std::size_t simulated = 0;
  for (const Row& row : rows_of(everything_on("16,24x7"))) {
    ASSERT_EQ(row.result.breakdown.has_value(), !row.point.formula);
    if (!row.result.breakdown) continue;
    ++simulated;
    EXPECT_EQ(row.result.breakdown->total(), row.result.cycles) << describe(row.point);
  }
  EXPECT_GT(simulated, 100U);
}

TEST(SweepRows, UtilizationCountsTheMacsOfTheLayers) {
  for (const Row& row : rows_of(everything_on("24x7"))) {
    const std::uint64_t macs = graph::totals(zoo::build(row.point.network, row.point.variant)).macs;
    EXPECT_EQ(row.result.macs, macs) << describe(row.point);
    EXPECT_DOUBLE_EQ(row.utilization,
                     static_cast<double>(macs) / (24.0 * 7.0 * static_cast<double>(row.result.cycles)));
    if (row.point.formula) continue;
    EXPECT_LE(row.utilization, 1.0) << describe(row.point);
  }
}

TEST(SweepRows, BaselineByColumnHasSpeedupOneAndByRowIsItsOwnReference) {
  std::size_t columns = 0, by_row = 0;
  for (const Row& row : rows_of(everything_on("16"))) {
    if (row.point.variant != "baseline" || row.point.fuse_links) continue;
    if (row.point.formula || row.point.hardware.dw_mapping == DepthwiseMapping::column) {
      ++columns;
      EXPECT_EQ(row.speedup, 1.0) << describe(row.point);
    } else {
      ++by_row;
      EXPECT_EQ(row.speedup_over_row, 1.0) << describe(row.point);
    }
  }
  EXPECT_EQ(columns, 2U * (3U + 2U));  // Two networks, three modes and two formulas.
  EXPECT_EQ(by_row, 2U * 3U);
}

TEST(SweepRows, SpeedupsAreRatiosOfCyclesOnTheSameArray) {
  AxesText text;
  text.networks = "mobilenet_v2";
  text.variants = "baseline,fuse_half";
  text.arrays = "64";
  text.accumulators = "pingpong";
  text.folds = "pipelined";
  text.dw_mapping = "column,row";
  const std::vector<Row> rows = rows_of(text);
  ASSERT_EQ(rows.size(), 4U);
  const double column = static_cast<double>(rows[0].result.cycles), row = static_cast<double>(rows[1].result.cycles),
               half = static_cast<double>(rows[2].result.cycles);
  EXPECT_DOUBLE_EQ(rows[2].speedup, column / half);
  EXPECT_DOUBLE_EQ(rows[2].speedup_over_row.value(), row / half);
}

TEST(SweepRows, CsvBeginsWithTheColumnsOthersReadByPlace) {
  AxesText text;
  text.networks = "mobilenet_v3_small";
  text.variants = "fuse_half";
  text.arrays = "48x96";
  text.models = "simulated,authors-2020";
  text.accumulators = "pingpong";
  text.folds = "pipelined";
  std::istringstream csv(written(rows_of(text), report::Format::csv));
  std::string header, simulated, formula, more;
  std::getline(csv, header);
  std::getline(csv, simulated);
  std::getline(csv, formula);
  EXPECT_TRUE(header.starts_with(
      "network,variant,rows,cols,model,fuse_links,accumulators,folds,dw_mapping,cycles,speedup,utilization,"))
      << header;
  EXPECT_TRUE(simulated.starts_with("mobilenet_v3_small,fuse_half,48,96,simulated,true,pingpong,pipelined,column,"))
      << simulated;
  EXPECT_TRUE(formula.starts_with("mobilenet_v3_small,fuse_half,48,96,authors-2020,true,,,,")) << formula;
  EXPECT_FALSE(std::getline(csv, more));
}

TEST(SweepRows, JsonHasNullWhereAFormulaKnowsNothing) {
  AxesText text;
  text.networks = "mobilenet_v3_small";
  text.variants = "fuse_half";
  text.arrays = "16";
  text.models = "authors-2020";
  const auto json = nlohmann::json::parse(written(rows_of(text), report::Format::json));
  const auto& row = json.at("rows").at(0);
  EXPECT_TRUE(row.at("compute_cycles").is_null());
  EXPECT_TRUE(row.at("dw_mapping").is_null());
  EXPECT_EQ(row.at("rows"), 16);
  EXPECT_EQ(row.at("fuse_links"), true);
}

}  // namespace
}  // namespace fusesim::sweep
