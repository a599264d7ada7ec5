// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>

#include "sim/sweep/axes.h"
#include "tests/support/temporary_directory.h"

namespace fusesim::sweep {
namespace {

std::vector<Point> points() {
  AxesText text;
  text.networks = "mobilenet_v3_small,mobilenet_v1";
  text.arrays = "8,33x17";
  text.models = "simulated,authors-2020";
  return with_references(expand(parse_axes(text)).points);
}

TEST(SweepRunner, ResultsDoNotDependOnTheNumberOfThreads) {
  const RunOutcome one = run(points(), {.threads = 1});
  const RunOutcome four = run(points(), {.threads = 4});
  EXPECT_EQ(one.computed, points().size());
  EXPECT_EQ(one.results, four.results);
}

TEST(SweepRunner, EqualPointsAreComputedOnce) {
  std::vector<Point> twice = points();
  const std::size_t distinct = twice.size();
  const std::vector<Point> again = points();
  twice.insert(twice.end(), again.begin(), again.end());
  EXPECT_EQ(run(twice, {}).computed, distinct);
}

TEST(SweepRunner, StoppedRunGoesOnWithoutComputingAnythingTwice) {
  const test::TemporaryDirectory directory;
  std::atomic<bool> stop = false;
  std::size_t first_computed = 0;
  {
    Journal journal(directory.path());
    const auto progress = [&](std::size_t done, std::size_t) { stop = done >= 5; };
    const RunOutcome first = run(points(), {.threads = 2, .journal = &journal, .stop = &stop, .progress = progress});
    first_computed = first.computed;
    EXPECT_GE(first.computed, 5U);
    EXPECT_LE(first.computed, 6U);  // The other thread may end the point it had begun.
    EXPECT_EQ(first.missing, points().size() - first.computed);
  }
  Journal journal(directory.path());
  std::size_t begun_with = points().size();
  const auto progress = [&](std::size_t done, std::size_t) { begun_with = std::min(begun_with, done); };
  const RunOutcome second = run(points(), {.threads = 2, .journal = &journal, .progress = progress});
  EXPECT_EQ(begun_with, first_computed);
  EXPECT_EQ(second.reused, first_computed);
  EXPECT_EQ(second.computed, points().size() - first_computed);
  EXPECT_EQ(second.missing, 0U);
  EXPECT_EQ(second.results, run(points(), {}).results);
}

TEST(SweepRunner, FailureOfAPointReachesTheCaller) {
  std::vector<Point> some = points();
  some[3].rows = 0;
  EXPECT_THROW(static_cast<void>(run(some, {.threads = 2})), std::invalid_argument);
}

TEST(SweepRunner, PointsThatCannotBeCompiledStopNoOther) {
  AxesText text;
  text.networks = "mobilenet_v3_small";
  text.variants = "baseline,fuse_half";
  text.arrays = "16";
  text.accumulators = "pingpong";
  text.folds = "pipelined";
  text.dram = "none,LPDDR4-3200";
  text.scratchpad = "1KiB,256B/256B/100B,1MiB";  // Too small; not whole rows of banks; large enough.
  const std::vector<Point> all = expand(parse_axes(text)).points;
  text.scratchpad = "1MiB";
  const Results alone = run(expand(parse_axes(text)).points, {}).results;
  ASSERT_EQ(alone.size(), 4U);
  const test::TemporaryDirectory directory;
  Journal journal(directory.path());
  std::size_t last = 0;
  const auto progress = [&](std::size_t done, std::size_t) { last = done; };
  const RunOutcome outcome = run(all, {.threads = 2, .journal = &journal, .progress = progress});
  EXPECT_EQ(outcome.results, alone);
  EXPECT_EQ(outcome.computed, 4U);
  EXPECT_EQ(outcome.missing, 0U);
  EXPECT_EQ(outcome.infeasible.size(), 4U);
  EXPECT_EQ(last, 8U);
  for (const Point& point : all) {
    const std::string description = describe(point);
    ASSERT_NE(outcome.infeasible.contains(description), outcome.results.contains(description)) << description;
    if (outcome.results.contains(description)) continue;
    const bool whole_rows = point.hardware.memory->scratchpads[2] != 100;
    EXPECT_EQ(outcome.infeasible.at(description).starts_with("layer '"), whole_rows);
    EXPECT_EQ(outcome.infeasible.at(description).find("100") == std::string::npos, whole_rows);
  }
  EXPECT_EQ(run(all, {.threads = 1}).infeasible, outcome.infeasible);
}

TEST(SweepRunner, ReferencesAreAddedOnce) {
  const Point half{"mobilenet_v1", "fuse_half", 8, 8, true, std::nullopt, {}};
  const Point full{"mobilenet_v1", "fuse_full", 8, 8, true, std::nullopt, {}};
  EXPECT_THAT(with_references({half, full}), ::testing::ElementsAre(half, reference(half, DepthwiseMapping::column),
                                                                    reference(half, DepthwiseMapping::row), full));
}

}  // namespace
}  // namespace fusesim::sweep
