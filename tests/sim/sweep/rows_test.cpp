// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/rows.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <sstream>
#include <stdexcept>
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
  EXPECT_DOUBLE_EQ(rows[2].speedup.value(), column / half);
  EXPECT_DOUBLE_EQ(rows[2].speedup_over_row.value(), row / half);
}

AxesText with_memories() {
  AxesText text;
  text.networks = "mobilenet_v3_small";
  text.variants = "baseline,fuse_half";
  text.arrays = "48x40";
  text.accumulators = "pingpong";
  text.folds = "pipelined";
  text.dram = "none,DDR4-2400,LPDDR4-3200";
  text.bandwidth = "3,1000";
  text.scratchpad = "1MiB,96KiB/96KiB/192KiB";
  return text;
}

TEST(SweepRows, OfAMachineAccountForEveryCycleAndIdealRowsKeepTheirFigures) {
  AxesText ideal = with_memories();
  ideal.dram = ideal.bandwidth = ideal.scratchpad = "";
  const std::vector<Row> before = rows_of(ideal);
  const std::vector<Row> rows = rows_of(with_memories());
  ASSERT_EQ(rows.size(), 2U * (1U + 4U * 2U));
  std::size_t same = 0;
  for (const Row& row : rows) {
    if (!row.point.hardware.memory) {
      EXPECT_EQ(row.result, before.at(same).result);
      EXPECT_EQ(row.speedup, before.at(same++).speedup);
      continue;
    }
    const MachineResult& machine = row.result.machine.value();
    EXPECT_EQ(std::accumulate(machine.causes.begin(), machine.causes.end(), std::uint64_t{0}), row.result.cycles);
    EXPECT_FALSE(row.result.breakdown);
    EXPECT_EQ(row.result.macs, graph::totals(zoo::build(row.point.network, row.point.variant)).macs);
    // All weights and the input must come in, the result must go out, whatever the tiling.
    EXPECT_GT(machine.dram_bytes_read, graph::totals(zoo::build(row.point.network, row.point.variant)).params_array);
    EXPECT_GE(machine.dram_bytes_written, 1000U);
    const double peak = accelerator::peak_bytes_per_second(machine_of(row.point).memory) / 1e9;
    EXPECT_LE(static_cast<double>(machine.dram_bytes_read + machine.dram_bytes_written),
              peak * static_cast<double>(row.result.cycles))
        << describe(row.point);
  }
  EXPECT_EQ(same, before.size());
}

TEST(SweepRows, OfAMachineAreComparedWithTheReferenceOnTheSameMachine) {
  AxesText text = with_memories();
  text.variants = "fuse_half";
  text.dram = "none,LPDDR4-3200";
  text.bandwidth = "";
  text.scratchpad = "1MiB";
  AxesText baseline = text;
  baseline.variants = "baseline";
  baseline.fuse_links = "no";
  const std::vector<Row> half = rows_of(text), column = rows_of(baseline);
  ASSERT_EQ(half.size(), 2U);
  ASSERT_EQ(column.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_DOUBLE_EQ(half[i].speedup.value(),
                     static_cast<double>(column[i].result.cycles) / static_cast<double>(half[i].result.cycles));
  }
  EXPECT_LT(half[1].speedup, half[0].speedup);
}

TEST(SweepRows, CsvOfAMachineSumsToItsCycles) {
  AxesText text = with_memories();
  text.variants = "fuse_half";
  text.dram = "none,DDR4-2400";
  text.bandwidth = "";
  text.scratchpad = "1MiB";
  const auto json = nlohmann::json::parse(written(rows_of(text), report::Format::json));
  const auto &ideal = json.at("rows").at(0), &row = json.at("rows").at(1);
  EXPECT_EQ(ideal.at("dram"), "none");
  EXPECT_TRUE(ideal.at("scratchpads").is_null());
  EXPECT_TRUE(ideal.at("load_cycles").is_null());
  EXPECT_EQ(row.at("dram"), "DDR4-2400");
  EXPECT_EQ(row.at("scratchpads"), "256KiB/256KiB/512KiB");
  EXPECT_TRUE(row.at("idle_cycles").is_null());
  std::uint64_t sum = 0;
  for (const char* cause : {"compute", "fill", "drain", "conflict", "load", "vector", "store", "control"}) {
    sum += row.at(std::string(cause) + "_cycles").get<std::uint64_t>();
  }
  EXPECT_EQ(row.at("cycles"), sum);
  const std::string table = written(rows_of(text), report::Format::table);
  EXPECT_NE(table.find("Other rows run the network from DRAM to DRAM at 1000 MHz"), std::string::npos);
}

TEST(SweepRows, HaveNoSpeedupOverAReferenceWithoutResult) {
  AxesText text = with_memories();
  text.variants = "fuse_half";
  text.dram = "LPDDR4-3200";
  text.bandwidth = "";
  text.scratchpad = "1MiB";
  const std::vector<Point> points = expand(parse_axes(text)).points;
  ASSERT_EQ(points.size(), 1U);
  const Results all = run(with_references(points), {}).results;
  const Row whole = make_rows(points, all).at(0);
  for (const DepthwiseMapping lost : {DepthwiseMapping::column, DepthwiseMapping::row}) {
    Results results = all;
    ASSERT_EQ(results.erase(describe(reference(points[0], lost))), 1U);
    const std::vector<Row> rows = make_rows(points, results);
    const bool column = lost == DepthwiseMapping::column;
    EXPECT_EQ(rows.at(0).speedup, column ? std::nullopt : whole.speedup);
    EXPECT_EQ(rows.at(0).speedup_over_row, column ? whole.speedup_over_row : std::nullopt);
    EXPECT_EQ(rows.at(0).result, whole.result);
    const auto json = nlohmann::json::parse(written(rows, report::Format::json)).at("rows").at(0);
    EXPECT_EQ(json.at("speedup").is_null(), column);
    EXPECT_EQ(json.at("speedup_over_row").is_null(), !column);
    EXPECT_EQ(json.at("cycles"), whole.result.cycles);
  }
  EXPECT_THROW(static_cast<void>(make_rows(points, {})), std::logic_error);
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
