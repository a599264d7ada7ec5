// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/point.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <xxhash.h>

#include <set>
#include <string>
#include <vector>

#include "hw/isa/names.h"
#include "sim/sweep/axes.h"
#include "sim/sweep/runner.h"

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

TEST(SweepPoint, MappingsAreNamedAsTheInstructionSetNamesTheirDataflows) {
  for (const DepthwiseMapping mapping : depthwise_mappings) {
    EXPECT_EQ("depthwise_" + std::string(name(mapping)), isa::name_in(isa::dataflow_names(), dataflow(mapping)));
  }
}

/// Every network and variant, every mode, mapping and formula, on arrays that divide the maps and on ones that do not.
std::vector<Point> points_that_tell_models_apart() {
  AxesText text;
  text.arrays = "8,13x40,64,200x128";
  text.models = "simulated,authors-released,authors-2020,scale-sim-v3";
  text.dw_mapping = "column,row,broadcast";
  text.fuse_links = "yes,no";
  text.packing = "yes,no";
  return expand(parse_axes(text)).points;
}

// A journal holds figures of earlier runs. When figures change, older journals must not be read: raise model_version.
TEST(SweepPoint, FiguresBelongToTheirModelVersion) {
  EXPECT_EQ(model_version, "fusesim-figures-1");
  const std::vector<Point> points = points_that_tell_models_apart();
  const Results results = run(points, {}).results;
  ASSERT_EQ(results.size(), points.size());
  std::string figures;
  for (const Point& point : points) {
    const Result& result = results.at(describe(point));
    figures += fmt::format("{} {} {}", plain(point), result.cycles, result.macs);
    if (const auto& parts = result.breakdown) {
      figures += fmt::format(" {} {} {} {}", parts->compute, parts->fill, parts->drain, parts->idle);
    }
    figures += '\n';
  }
  EXPECT_EQ(fmt::format("{:016x}", XXH3_64bits(figures.data(), figures.size())), "37698178044a6491")
      << "a figure changed; raise model_version and write docs/results.md again";
}

}  // namespace
}  // namespace fusesim::sweep
