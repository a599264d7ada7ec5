// SPDX-License-Identifier: Apache-2.0
// Array and fused unit in turn, to the cycle: docs/machine.md, "Fused unit".
#include <gtest/gtest.h>

#include <algorithm>

#include "hw/accelerator/machine.h"
#include "tests/hw/isa/machine/fused_sample.h"

namespace fusesim::accelerator {
namespace {

using isa::machine::Compute;
using isa::machine::FusedMode;
using isa::machine::Program;

/// The sample with everything loaded first, and an operator of the array before and behind its block.
Program in_turn() {
  Program p = isa::machine::test::fused_sample_with_values();
  p.core.fused.mode = FusedMode::fixed;
  p.core.fused.adders = p.core.fused.lanes;
  p.core.fused.queue_depth = 0;
  p.core.fused.list_bytes_per_cycle = 0;
  Compute compute;
  compute.geometry = {
      .in_channels = 3, .in_height = 2, .in_width = 2, .out_channels = 4, .out_height = 2, .out_width = 2};
  compute.input = {0, 4, 2};
  compute.weights = 2;
  compute.weights_pitch = 4;
  compute.output = 128;
  const auto behind_loads = [](auto work) { return isa::machine::Instruction{work, {4, 0, 0, 0}, 0, {}}; };
  for (std::size_t i = 4; i < 7; ++i) {
    p.instructions[i].waits = {4, 0, 0, 0};
    p.instructions[i].releases.clear();
  }
  p.instructions.insert(p.instructions.begin() + 4, behind_loads(compute));
  p.instructions.push_back(behind_loads(compute));
  p.instructions.push_back(behind_loads(compute));
  p.core.control = {.fetch_cycles = 0, .decode_cycles = 1, .queue_depth = 16};
  return p;
}

class InTurn : public testing::TestWithParam<Fidelity> {};

TEST_P(InTurn, EachStartsInTheCycleInWhichTheOneBeforeHasCompleted) {
  const Program p = in_turn();
  isa::machine::validate(p);
  MachineOptions options;
  options.fidelity = GetParam();
  options.memory.standard = "fixed";
  const auto record = run(p, p.core, options).record;
  const auto& at = record.instructions;
  EXPECT_EQ(at[5].start, at[4].end);  // tile behind array
  EXPECT_EQ(at[6].start, at[5].end);
  EXPECT_EQ(at[7].start, at[6].end);
  EXPECT_EQ(at[8].start, at[7].end);  // array behind accumulate
  EXPECT_LT(at[9].start, at[8].end);  // folds overlap
  // 2 channels of 8 rows of 3 columns, 9 bytes of them a cycle.
  EXPECT_EQ(at[5].end - at[5].start, 16u);
  // Two rounds. A word of two endings without lanes in three passes of 8 positions, an empty cycle, a depthwise word;
  // so again for the one channel left; three cycles from the last word on.
  EXPECT_EQ(at[6].end - at[6].start, 3u + 1 + 1 + 3 + 1 + 1 + 2);
  EXPECT_EQ(at[6].fused.words, 8u);
  // 28 null lists a channel. The last word of the first is presented in cycle 27, of the second in 55; it is in R0 in
  // the next, in the multiplier in the next but one, and its result is taken in the one behind. 8 PEs leave at once.
  EXPECT_EQ(at[7].end - at[7].start, 55u + 3 + 1 + 2);
  EXPECT_EQ(at[7].fused.words, 56u);
  EXPECT_EQ(at[7].fused.products, 0u);
  std::uint64_t sum = 0;
  for (const std::uint64_t cycles : record.causes) sum += cycles;
  EXPECT_EQ(sum, record.cycles);
  EXPECT_EQ(record.causes[static_cast<std::size_t>(control::machine::Cause::predict)], 8u);
  EXPECT_EQ(at[5].read_bytes[0], 48u);
  EXPECT_EQ(at[6].read_bytes[1], 3u * 54 + 12);
  EXPECT_EQ(at[7].read_bytes[1], 224u + 24);
  EXPECT_EQ(at[7].read_bytes[0], 16u + 2 * 7 * 3);
  EXPECT_EQ(at[7].written_bytes[2], 16u);
}

INSTANTIATE_TEST_SUITE_P(Fidelities, InTurn, testing::Values(Fidelity::event, Fidelity::stepped),
                         [](const auto& fidelity) { return fidelity.param == Fidelity::event ? "event" : "stepped"; });

}  // namespace
}  // namespace fusesim::accelerator
