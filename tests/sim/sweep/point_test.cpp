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
  expect_new([](Point& p) { p.hardware.memory = Memory{"DDR4-2400", 0, {4096, 4096, 8192}}; });
  expect_new([](Point& p) { p.hardware.memory = Memory{"HBM2-2000", 0, {4096, 4096, 8192}}; });
  expect_new([](Point& p) { p.hardware.memory = Memory{"DDR4-2400", 0, {4096, 8192, 4096}}; });
  expect_new([](Point& p) { p.hardware.memory = Memory{"fixed", 4, {4096, 4096, 8192}}; });
  expect_new([](Point& p) { p.hardware.memory = Memory{"fixed", 8, {4096, 4096, 8192}}; });
}

TEST(SweepPoint, IdealMemoryLeavesDescriptionsAsTheyWereBeforeThereWasAnother) {
  EXPECT_EQ(describe(half()), std::string(model_version) +
                                  " mobilenet_v2 fuse_half 64x64 simulated links=true pingpong pipelined dw=column "
                                  "packing=false");
  Point point = half();
  point.hardware.memory = Memory{"fixed", 0.5, {4096, 4096, 8192}};
  EXPECT_EQ(describe(point),
            describe(half()) + " dram=fixed-0.5 scratchpads=4KiB/4KiB/8KiB " + std::string(machine_version));
  EXPECT_EQ(plain(point), plain(half()) + " fixed-0.5 4KiB/4KiB/8KiB");
}

TEST(SweepPoint, MachineHasTheArrayMemoryAndScratchpadsOfThePoint) {
  Point point = half();
  point.rows = 48;
  point.cols = 96;
  point.fuse_links = false;
  point.hardware = {isa::Accumulators::single, isa::FoldOverlap::serial, DepthwiseMapping::row, false,
                    Memory{"fixed", 8, {131072, 65536, 262144}}};
  const config::MachineConfig machine = machine_of(point);
  config::validate(machine);
  EXPECT_EQ(machine.core.array, (isa::ArrayConfig{.rows = 48,
                                                  .cols = 96,
                                                  .accumulators = isa::Accumulators::single,
                                                  .folds = isa::FoldOverlap::serial,
                                                  .fuse_links = false}));
  EXPECT_EQ(config::scratchpads(machine.core), (config::ScratchpadSizes{131072, 65536, 262144}));
  EXPECT_EQ(machine.memory.standard, "fixed");
  EXPECT_EQ(machine.memory.fixed_gigabytes_per_second, 8);
  point.hardware.memory = Memory{"LPDDR4-3200", 0, {131072, 65536, 262144}};
  config::validate(machine_of(point));
  EXPECT_EQ(machine_of(point).memory.standard, "LPDDR4-3200");
}

TEST(SweepPoint, KeyCoversTheModelVersion) {
  EXPECT_NE(describe(half()).find(model_version), std::string::npos);
}

TEST(SweepPoint, ReferenceKeepsArrayModelAccumulatorsFoldsAndMemory) {
  Point point = half();
  point.rows = 48;
  const Memory memory{"DDR4-2400", 0, {4096, 4096, 8192}};
  point.hardware = {isa::Accumulators::single, isa::FoldOverlap::serial, DepthwiseMapping::broadcast, true, memory};
  const Point expected{"mobilenet_v2",
                       "baseline",
                       48,
                       64,
                       false,
                       std::nullopt,
                       {isa::Accumulators::single, isa::FoldOverlap::serial, DepthwiseMapping::column, false, memory}};
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

TEST(SweepPoint, WordsNameTheMemoryWhereThereIsOne) {
  Point point{"mobilenet_v2", "fuse_half", 48, 96, true, std::nullopt, {}};
  EXPECT_EQ(in_words(point), "mobilenet_v2 fuse_half on a 48x96 array");
  point.hardware.memory = Memory{"LPDDR4-3200", 0, {1024, 2048, 4096}};
  EXPECT_EQ(in_words(point), "mobilenet_v2 fuse_half on a 48x96 array with LPDDR4-3200, scratchpads 1KiB/2KiB/4KiB");
  point.hardware.memory = Memory{"fixed", 0.5, {1024, 1024, 1024}};
  EXPECT_EQ(in_words(point),
            "mobilenet_v2 fuse_half on a 48x96 array with a memory of 0.5 GB/s, scratchpads 1KiB/1KiB/1KiB");
}

}  // namespace
}  // namespace fusesim::sweep
