// SPDX-License-Identifier: Apache-2.0
// The pitches that the compiler is given, held against what the feeders then cost.
#include "hw/isa/machine/layout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>

#include "hw/control/feed/array_instruction.h"
#include "hw/control/feed/feed_cost.h"
#include "hw/control/fold_plan.h"
#include "tests/hw/control/feed/random_compute.h"

namespace fusesim::isa::machine {
namespace {

using control::FeedCost;
using test::Random;

/// The longest cycle of any fold.
std::uint64_t longest_cycle(const Compute& compute, const CoreConfig& core) {
  const control::FoldPlan plan(control::array_instruction(compute), core.array);
  const FeedCost cost(compute, core);
  std::uint64_t longest = 1;
  for (std::uint64_t f = 0; f < plan.folds(); ++f) {
    const control::FoldFeed& feed = cost.fold(f);
    if (feed.conflict_free()) continue;
    const std::uint32_t cycles = plan.fold(f).shape.feed;
    for (std::uint32_t t = 0; t < cycles; ++t)
      longest = std::max(longest, feed.extra_before(t + 1) - feed.extra_before(t) + 1);
  }
  return longest;
}

/// As programs may have them: one filter a channel in depthwise layers.
test::RandomCompute random_valid_compute(Random& random, std::uint32_t side, std::uint32_t size) {
  test::RandomCompute result = test::random_compute(random, side, size);
  ConvGeometry& g = result.compute.geometry;
  if (result.compute.dataflow != Dataflow::gemm) g.out_channels = g.groups;
  return result;
}

MapPitches pitches_of(const Compute& compute) {
  MapPitches pitches;
  pitches.line_pitch = compute.input.line_pitch;
  pitches.channel_pitch = compute.input.channel_pitch;
  pitches.weights_pitch = compute.weights_pitch;
  return pitches;
}
void use(const MapPitches& pitches, Compute& compute) {
  compute.input.line_pitch = pitches.line_pitch;
  compute.input.channel_pitch = pitches.channel_pitch;
  compute.weights_pitch = pitches.weights_pitch;
}

TEST(Layout, PitchesSaidToBeFreeOfConflictsAreAtAnyAddress) {
  Random random(21);
  std::array<int, 6> free{}, held{};
  for (int trial = 0; trial < 1500; ++trial) {
    auto [compute, core] = random_valid_compute(random, 24, 20);
    const MapPitches pitches = conflict_free_pitches(compute.dataflow, compute.geometry, compute.lines_per_row, core);
    ASSERT_GE(pitches.line_pitch, compute.geometry.in_width);
    ASSERT_GE(pitches.channel_pitch, compute.geometry.in_height * pitches.line_pitch);
    ASSERT_EQ(pitches.weights_pitch, compute.geometry.out_channels);
    ASSERT_EQ(with_cycles(pitches, compute.dataflow, compute.geometry, compute.lines_per_row, core), pitches);
    use(pitches, compute);
    const FeedCost cost(compute, core);
    ++(pitches.conflict_free() ? free : held)[static_cast<std::size_t>(compute.dataflow)];
    if (pitches.conflict_free()) {
      ASSERT_TRUE(cost.conflict_free()) << name(compute.dataflow) << ", trial " << trial;
    } else {
      ASSERT_LE(longest_cycle(compute, core), std::max(pitches.activation_cycles, pitches.weight_cycles))
          << name(compute.dataflow) << ", trial " << trial;
    }
  }
  for (std::size_t kind = 0; kind < 6; ++kind) {
    EXPECT_GT(free[kind], 50);
    EXPECT_GT(held[kind], 20);
  }
}

TEST(Layout, CyclesSaidOfAnyLayoutAreTheLongestAtTheWorstAddress) {
  Random random(22);
  int held = 0;
  for (int trial = 0; trial < 400; ++trial) {
    auto [compute, core] = random_valid_compute(random, 24, 14);
    // Without padding the fullest cycle is there.
    ConvGeometry& g = compute.geometry;
    compute.lines_per_row = 1;
    g.in_height += g.pad_top + g.pad_bottom;
    g.in_width += g.pad_left + g.pad_right;
    g.pad_top = g.pad_bottom = g.pad_left = g.pad_right = 0;
    compute.input.line_pitch += 9;
    compute.input.channel_pitch = g.in_height * compute.input.line_pitch + random.between(0, 9);
    // Activations alone: every weight has a port.
    core.weights.ports = 4096;
    const MapPitches said = with_cycles(pitches_of(compute), compute.dataflow, g, compute.lines_per_row, core);
    EXPECT_EQ(said.weight_cycles, 1U);
    std::uint64_t longest = 1;
    for (compute.input.address = 0; compute.input.address < core.activations.width; ++compute.input.address)
      longest = std::max(longest, longest_cycle(compute, core));
    ASSERT_EQ(said.activation_cycles, longest) << name(compute.dataflow) << ", trial " << trial;
    if (longest > 1) ++held;
  }
  EXPECT_GT(held, 100);
  EXPECT_LT(held, 300);
}

TEST(Layout, NoOtherPitchesInReachAreBetter) {
  Random random(23);
  for (int trial = 0; trial < 300; ++trial) {
    auto [compute, core] = random_valid_compute(random, 12, 9);
    const ConvGeometry& g = compute.geometry;
    core.activations.banks = random.between(1, 8);
    core.activations.width = 1U << random.between(0, 2);
    const MapPitches found = conflict_free_pitches(compute.dataflow, g, compute.lines_per_row, core);
    const auto around = static_cast<std::uint32_t>(core.activations.row_bytes());
    std::optional<MapPitches> best;
    for (std::uint32_t line = g.in_width; line < g.in_width + around; ++line) {
      for (std::uint32_t channel = g.in_height * line; channel < g.in_height * line + around; ++channel) {
        const MapPitches pitches =
            with_cycles({.line_pitch = line, .channel_pitch = channel, .weights_pitch = g.out_channels},
                        compute.dataflow, g, compute.lines_per_row, core);
        if (!best || pitches.activation_cycles < best->activation_cycles) best = pitches;
      }
    }
    ASSERT_EQ(found.activation_cycles, best->activation_cycles) << name(compute.dataflow) << ", trial " << trial;
    ASSERT_EQ(found.line_pitch, best->line_pitch) << name(compute.dataflow) << ", trial " << trial;
    ASSERT_EQ(found.channel_pitch, best->channel_pitch) << name(compute.dataflow) << ", trial " << trial;
  }
}

/// A layer as the documentation speaks of it: 64 x 64 PEs, 64 banks; 3x3 (1x3, 3x1) kernels, 192 channels.
MapPitches documented(Dataflow dataflow, std::uint32_t size, std::uint32_t stride, std::uint32_t width,
                      std::uint32_t lines_per_row = 1) {
  CoreConfig core;
  core.array.rows = core.array.cols = 64;
  core.activations.banks = 64;
  core.activations.width = width;
  ConvGeometry g;
  g.in_channels = g.out_channels = 192;
  if (dataflow != Dataflow::gemm) g.groups = 192;
  g.in_height = g.in_width = size;
  g.out_height = g.out_width = (size - 1) / stride + 1;
  g.stride_height = g.stride_width = stride;
  if (dataflow != Dataflow::fuse_row) g.kernel_height = 3, g.pad_top = g.pad_bottom = 1;
  if (dataflow != Dataflow::fuse_column) g.kernel_width = 3, g.pad_left = g.pad_right = 1;
  return conflict_free_pitches(dataflow, g, lines_per_row, core);
}

TEST(Layout, DocumentedLayoutsAreWhatIsFound) {
  // gemm: dense at stride 1; one line after the other through the banks at stride 2.
  EXPECT_EQ(documented(Dataflow::gemm, 56, 1, 1).line_pitch, 56U);
  EXPECT_TRUE(documented(Dataflow::gemm, 56, 1, 1).conflict_free());
  EXPECT_EQ(documented(Dataflow::gemm, 112, 2, 2).line_pitch, 120U);
  EXPECT_TRUE(documented(Dataflow::gemm, 112, 2, 2).conflict_free());
  EXPECT_EQ(documented(Dataflow::gemm, 56, 2, 2).line_pitch, 92U);
  EXPECT_EQ(documented(Dataflow::gemm, 112, 2, 1).activation_cycles, 2U);
  // Lines of an image: an odd number of words apart.
  for (const Dataflow dataflow : {Dataflow::fuse_row, Dataflow::depthwise_broadcast}) {
    EXPECT_EQ(documented(dataflow, 112, 1, 1).line_pitch, 113U);
    EXPECT_EQ(documented(dataflow, 112, 1, 2).line_pitch, 114U);
    EXPECT_EQ(documented(dataflow, 112, 2, 2).line_pitch, 113U);
    for (const std::uint32_t width : {1U, 2U}) EXPECT_TRUE(documented(dataflow, 112, 1, width).conflict_free());
    EXPECT_TRUE(documented(dataflow, 112, 2, 2).conflict_free());
    EXPECT_EQ(documented(dataflow, 112, 2, 1).activation_cycles, 2U);
    EXPECT_EQ(documented(dataflow, 56, 2, 2, 2).activation_cycles, 2U);
    EXPECT_TRUE(documented(dataflow, 56, 2, 4, 2).conflict_free());
  }
  // Columns of an image: any line pitch.
  for (const std::uint32_t size : {112U, 56U, 28U, 14U, 7U}) {
    EXPECT_EQ(documented(Dataflow::fuse_column, size, 1, 2).line_pitch, size);
    EXPECT_TRUE(documented(Dataflow::fuse_column, size, 1, 2).conflict_free());
    EXPECT_TRUE(documented(Dataflow::fuse_column, size, 2, 2).conflict_free());
  }
}

TEST(Layout, MachinesWithThousandsOfBanksAreSearchedInPart) {
  CoreConfig core;
  core.array.rows = core.array.cols = 4096;
  core.activations.banks = 4096;
  core.activations.width = 1;
  ConvGeometry g;
  g.in_channels = g.out_channels = g.groups = 4096;
  g.in_height = g.in_width = 28;
  g.out_height = g.out_width = 14;
  g.stride_height = g.stride_width = 2;
  g.kernel_width = 2;
  const MapPitches found = conflict_free_pitches(Dataflow::fuse_row, g, 1, core);
  EXPECT_GE(found.line_pitch, 28U);
  EXPECT_EQ(found, with_cycles(found, Dataflow::fuse_row, g, 1, core));
}

}  // namespace
}  // namespace fusesim::isa::machine
