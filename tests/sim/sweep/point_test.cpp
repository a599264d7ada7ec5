// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/point.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "sim/sweep/evaluate.h"

namespace fusesim::sweep {
namespace {

Point half() {
  return {"mobilenet_v2", "fuse_half", 64, 64, true, std::nullopt, {}};
}

TEST(SweepPoint, EveryFieldChangesTheKey) {
  std::set<std::uint64_t> keys{key(half())};
  const auto expect_new = [&](auto change) {
    Point point = half();
    change(point);
    EXPECT_TRUE(keys.insert(key(point)).second) << describe(point);
  };
  expect_new([](Point& p) { p.network = "mobilenet_v1"; });
  expect_new([](Point& p) { p.variant = "fuse_full"; });
  expect_new([](Point& p) { p.rows = 32; });
  expect_new([](Point& p) { p.cols = 32; });
  expect_new([](Point& p) { p.fuse_links = false; });
  expect_new([](Point& p) { p.formula = analytic::Model::authors_2020; });
  expect_new([](Point& p) { p.hardware.accumulators = isa::Accumulators::single; });
  expect_new([](Point& p) { p.hardware.folds = isa::FoldOverlap::serial; });
  expect_new([](Point& p) { p.hardware.dw_mapping = DepthwiseMapping::row; });
  expect_new([](Point& p) { p.hardware.packing = true; });
}

TEST(SweepPoint, KeyCoversTheModelVersion) {
  EXPECT_NE(describe(half()).find(model_version), std::string::npos);
}

TEST(SweepPoint, ReferenceKeepsArrayModelAccumulatorsAndFolds) {
  Point point = half();
  point.rows = 48;
  point.hardware = {isa::Accumulators::single, isa::FoldOverlap::serial, DepthwiseMapping::broadcast, true};
  const Point expected{"mobilenet_v2",
                       "baseline",
                       48,
                       64,
                       false,
                       std::nullopt,
                       {isa::Accumulators::single, isa::FoldOverlap::serial, DepthwiseMapping::column, false}};
  EXPECT_EQ(reference(point, DepthwiseMapping::column), expected);
  EXPECT_EQ(reference(expected, DepthwiseMapping::column), expected);
}

// A journal holds figures of earlier runs. When these change, older journals must not be read: raise model_version.
TEST(SweepPoint, FiguresBelongToTheirModelVersion) {
  EXPECT_EQ(model_version, "fusesim-figures-1");
  const HardwareOptions serial{isa::Accumulators::single, isa::FoldOverlap::serial, DepthwiseMapping::column, false};
  const HardwareOptions single{isa::Accumulators::single, isa::FoldOverlap::pipelined, DepthwiseMapping::column, false};
  HardwareOptions packed, row, broadcast;
  packed.packing = true;
  row.dw_mapping = DepthwiseMapping::row;
  broadcast.dw_mapping = DepthwiseMapping::broadcast;
  const auto v2 = [](const char* variant, const HardwareOptions& hardware) {
    return Point{"mobilenet_v2", variant, 64, 64, true, std::nullopt, hardware};
  };
  const std::vector<std::pair<Point, std::uint64_t>> figures{
      {v2("baseline", serial), 5'620'688}, {v2("baseline", single), 2'894'051},  {v2("baseline", {}), 2'497'558},
      {v2("baseline", row), 541'002},      {v2("baseline", broadcast), 342'266}, {v2("fuse_half", serial), 556'430},
      {v2("fuse_half", single), 344'557},  {v2("fuse_half", {}), 284'797},       {v2("fuse_half", packed), 231355},
      {v2("fuse_full", {}), 437'487}};
  std::vector<Point> points;
  for (const auto& [point, cycles] : figures) points.push_back(point);
  const Workloads workloads(points);
  for (const auto& [point, cycles] : figures) {
    EXPECT_EQ(evaluate(point, workloads).cycles, cycles)
        << describe(point) << ": a figure changed; raise model_version and write docs/results.md again";
  }
}

}  // namespace
}  // namespace fusesim::sweep
