// SPDX-License-Identifier: Apache-2.0
// The two units of the array agree with each other, with a walk through every cycle, and with the definition of
// convolution.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tests/hw/control/array_unit/script.h"

namespace fusesim::test {
namespace {

using control::machine::Cause;
using control::machine::CauseCycles;
using isa::Dataflow;
using isa::machine::Compute;
using isa::machine::CoreConfig;
using isa::machine::Pad;

std::uint64_t cycles(const CauseCycles& booked, Cause cause) {
  return booked[static_cast<std::size_t>(cause)];
}

void expect_equal_times(const Outcome& actual, const Outcome& expected) {
  ASSERT_EQ(actual.issued, expected.issued);
  ASSERT_EQ(actual.started, expected.started);
  ASSERT_EQ(actual.completed, expected.completed);
  for (std::size_t i = 0; i < expected.records.size(); ++i) {
    SCOPED_TRACE(testing::Message() << "instruction " << i);
    const auto &a = actual.records[i], &b = expected.records[i];
    ASSERT_EQ(a.start, b.start);
    ASSERT_EQ(a.end, b.end);
    ASSERT_EQ(a.conflict_cycles, b.conflict_cycles);
    ASSERT_EQ(a.read_bytes, b.read_bytes);
    ASSERT_EQ(a, b);
    ASSERT_EQ(actual.booked[i], expected.booked[i]);
  }
  ASSERT_EQ(actual.ready, expected.ready);
  ASSERT_EQ(actual.empty, expected.empty);
  ASSERT_EQ(actual.empty_earlier, expected.empty_earlier);
}

/// What a batch of random scripts has covered.
struct Coverage {
  std::uint64_t instructions = 0, with_conflicts = 0, without = 0, starts_under_a_drain = 0, moved_ends = 0,
                overtaken = 0;
};

/// An end was moved by the next instruction's conflicts when it is another without that instruction; an instruction was
/// overtaken when the next one's sums have left first.
void count(const Script& script, const Outcome& outcome, Coverage& coverage) {
  std::vector<std::uint64_t> last_sum(outcome.records.size());
  for (const FoldStay& stay : outcome.folds)
    last_sum[stay.instruction] = std::max(last_sum[stay.instruction], stay.end);
  for (std::size_t i = 0; i < outcome.records.size(); ++i) {
    const auto& record = outcome.records[i];
    if (last_sum[i] < record.end) ++coverage.overtaken;
    ++coverage.instructions;
    ++(record.conflict_cycles > 0 ? coverage.with_conflicts : coverage.without);
    if (i == 0 || record.start >= outcome.records[i - 1].end) continue;
    ++coverage.starts_under_a_drain;
    Script alone = script;
    alone.program.instructions.resize(i);
    alone.issues.resize(i);
    if (record.conflict_cycles > 0 && walk(alone).records[i - 1].end != outcome.records[i - 1].end)
      ++coverage.moved_ends;
  }
}

TEST(ArrayUnits, AgreeWithEachOtherAndWithAWalkThroughEveryCycle) {
  Coverage coverage;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    Random random(seed);
    const Script script = random_script(random);
    SCOPED_TRACE(testing::Message() << "seed " << seed << " " << describe(script));
    const Outcome expected = walk(script);
    const Outcome clocked = run(script, Unit::clocked);
    ASSERT_NO_FATAL_FAILURE(expect_equal_times(clocked, expected));
    ASSERT_EQ(clocked.folds, expected.folds);
    const Outcome event = run(script, Unit::event);
    ASSERT_NO_FATAL_FAILURE(expect_equal_times(event, expected));
    ASSERT_EQ(event.folds, expected.folds);
    ASSERT_EQ(event.occupancy, clocked.occupancy);
    const std::vector<std::int8_t> outputs = expected_outputs(script);
    ASSERT_EQ(clocked.outputs, outputs);
    ASSERT_EQ(event.outputs, outputs);
    count(script, expected, coverage);
  }
  EXPECT_GE(coverage.with_conflicts, 500u);
  EXPECT_GE(coverage.without, 200u);
  EXPECT_GE(coverage.starts_under_a_drain, 300u);
  EXPECT_GE(coverage.moved_ends, 100u);
  EXPECT_GE(coverage.overtaken, 10u);
}

TEST(ArrayUnits, AgreeWhenNobodyWatchesFoldsOrValues) {
  for (std::uint64_t seed = 1000; seed < 1800; ++seed) {
    Random random(seed);
    const Script script = random_script(random);
    SCOPED_TRACE(testing::Message() << "seed " << seed << " " << describe(script));
    const Outcome expected = walk(script);
    ASSERT_NO_FATAL_FAILURE(expect_equal_times(run(script, Unit::event, {.folds = false, .values = false}), expected));
    if (seed % 8 != 0) continue;
    ASSERT_NO_FATAL_FAILURE(
        expect_equal_times(run(script, Unit::clocked, {.folds = false, .values = false}), expected));
  }
}

TEST(ArrayUnits, HoldTheArrayByItsEnableForEveryConflictCycleAndClockItOnlyWhileItHoldsAFold) {
  std::uint64_t held = 0;
  for (std::uint64_t seed = 2000; seed < 2100; ++seed) {
    Random random(seed);
    const Script script = random_script(random);
    SCOPED_TRACE(testing::Message() << "seed " << seed << " " << describe(script));
    const Outcome outcome = run(script, Unit::clocked);
    std::uint64_t conflicts = 0, booked = 0;
    for (std::size_t i = 0; i < outcome.records.size(); ++i) {
      conflicts += outcome.records[i].conflict_cycles;
      ASSERT_EQ(cycles(outcome.booked[i], Cause::conflict), outcome.records[i].conflict_cycles);
      booked += std::accumulate(outcome.booked[i].begin(), outcome.booked[i].end(), std::uint64_t{0});
    }
    ASSERT_EQ(outcome.held_edges, conflicts);
    ASSERT_EQ(outcome.edges, booked);
    ASSERT_TRUE(std::ranges::is_sorted(outcome.clocked, std::less_equal<>())) << "two edges in one cycle";
    // Every cycle is booked, or the array is empty.
    const std::uint64_t end = outcome.completed.back().cycle;
    ASSERT_EQ(outcome.empty.back() + booked, end);
    held += conflicts;
  }
  EXPECT_GE(held, 1000u);
}

/// A 2x2 array, GEMMs of 1x1 kernels over `channels` channels of a 1x2 map to 2 channels: one fold, both rows and
/// columns in use.
Compute small_gemm(std::uint32_t channels, std::uint32_t output) {
  Compute compute;
  compute.geometry.in_channels = channels;
  compute.geometry.out_channels = 2;
  compute.geometry.in_width = compute.geometry.out_width = 2;
  compute.input = {0, 2, 2};
  compute.weights_pitch = 2;
  compute.output = output;
  return compute;
}

CoreConfig small_core() {
  CoreConfig core;
  core.array.rows = core.array.cols = 2;
  core.activations = {.bytes = 64, .banks = 2, .width = 1, .ports = 1};
  core.weights = {.bytes = 64, .banks = 2, .width = 1, .ports = 1};
  core.outputs = {.bytes = 64, .banks = 2, .width = 4, .ports = 1};
  return core;
}

void expect_small(const Script& script, std::vector<Told> started, std::vector<Told> completed,
                  std::vector<CauseCycles> booked) {
  for (const Unit unit : {Unit::clocked, Unit::event}) {
    SCOPED_TRACE(unit == Unit::clocked ? "clocked" : "event");
    const Outcome outcome = run(script, unit);
    EXPECT_EQ(outcome.started, started);
    EXPECT_EQ(outcome.completed, completed);
    EXPECT_EQ(outcome.booked, booked);
  }
}

// T = 3, R = C = 2. The last of T operands enters in cycle S + 2; the last sum is complete at edge S + T + r + c - 1 =
// 6 and leaves 2 edges later. Cycle 0 fills, cycles 1 to 5 compute, 6 and 7 drain.
TEST(ArrayUnits, TakeTPlusTwoRPlusCMinusOneCyclesWithoutConflicts) {
  expect_small(plain_script(small_core(), {small_gemm(3, 0)}), {{0, 0}}, {{0, 8}}, {{5, 1, 2, 0}});
}

// One bank for both rows: each of the three operand cycles takes two. Weights still come in one.
TEST(ArrayUnits, TakeACycleMoreForEachOperandPairThatSharesABank) {
  CoreConfig core = small_core();
  core.activations.banks = 1;
  expect_small(plain_script(core, {small_gemm(3, 0)}), {{0, 0}}, {{0, 11}}, {{5, 1, 2, 3}});
}

// A word of two bytes holds both pixels: the rows share the access.
TEST(ArrayUnits, ShareAnAccessToOneWord) {
  CoreConfig core = small_core();
  core.activations = {.bytes = 64, .banks = 1, .width = 2, .ports = 1};
  expect_small(plain_script(core, {small_gemm(3, 0)}), {{0, 0}}, {{0, 8}}, {{5, 1, 2, 0}});
}

// Ping-pong: local starts 0 and 3, local ends 8 and 11. The first fold's three holds move the second start to 6; the
// second fold's three holds (local cycles 3, 4, 5) come before local cycle 8, so the first end moves to 8 + 6, and the
// second to 11 + 6. Local cycles: 0 fills, 1 and 2 compute; from the second start on 3 to 8 compute, 9 and 10 drain.
TEST(ArrayUnits, PutOffAnEarlierEndByTheHoldsOfALaterFeed) {
  CoreConfig core = small_core();
  core.activations.banks = 1;
  expect_small(plain_script(core, {small_gemm(3, 0), small_gemm(3, 16)}), {{0, 0}, {1, 6}}, {{0, 14}, {1, 17}},
               {{2, 1, 0, 3}, {6, 0, 2, 3}});
}

// Cycles 2 and 3 are the second operand pair's. What comes to the door in cycle 3 finds the left edge free in cycle 6,
// after local cycles 0, 1 and 2. The third comes to an array that is empty, and starts at once.
TEST(ArrayUnits, StartWhenTheLeftEdgeIsFreeAndAtOnceOnAnEmptyArray) {
  CoreConfig core = small_core();
  core.activations.banks = 1;
  Script script = plain_script(core, {small_gemm(3, 0), small_gemm(3, 16), small_gemm(1, 32)});
  script.issues[1].not_before = 3;
  script.issues[2].not_before = 40;
  for (const Unit unit : {Unit::clocked, Unit::event}) {
    const Outcome outcome = run(script, unit);
    EXPECT_EQ(outcome.issued, (std::vector<Told>{{0, 0}, {1, 3}, {2, 40}}));
    EXPECT_EQ(outcome.started, (std::vector<Told>{{0, 0}, {1, 6}, {2, 40}}));
    // Free until cycle 40 from the second end, 11 + 6, on.
    EXPECT_EQ(outcome.empty[17], 0u);
    EXPECT_EQ(outcome.empty[40], 23u);
    EXPECT_EQ(outcome.empty[41], 23u);
  }
}

TEST(ArrayUnits, RefuseAnInstructionThatReadsWhatWasNeverWritten) {
  for (const Unit unit : {Unit::clocked, Unit::event}) {
    // The third instruction's operands were released by the first.
    Script script = plain_script(small_core(), {small_gemm(3, 0), small_gemm(1, 32)});
    script.program.instructions[0].releases = {{Pad::weights, 1, 1}};
    script.issues[1].after = 0;
    try {
      static_cast<void>(run(script, unit));
      FAIL() << "not refused";
    } catch (const std::runtime_error& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr(
                                    "instruction 1 (compute, layer 'layer') reads byte 0x1 of the weights scratchpad"));
    }
  }
}

}  // namespace
}  // namespace fusesim::test
