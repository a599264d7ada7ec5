// SPDX-License-Identifier: Apache-2.0
#include "hw/control/feed/feed_cost.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "hw/control/feed/array_instruction.h"
#include "hw/control/feed/banked_reads.h"
#include "hw/control/feed/fold_addresses.h"
#include "tests/hw/control/feed/random_compute.h"

namespace fusesim::control {
namespace {

using isa::machine::Compute;
using isa::machine::CoreConfig;
using test::Random;

/// Walks every operand of every fold and compares each cycle.
void expect_equal_to_walk(const Compute& compute, const CoreConfig& core, const std::string& where) {
  const FoldPlan plan(array_instruction(compute), core.array);
  const bool swapped = compute.dataflow == isa::Dataflow::depthwise_row;
  const std::uint32_t feeders = std::max(core.array.rows, core.array.cols);
  BankedReads activations(core.activations, feeders), weights(core.weights, feeders);
  BankedReads& left = swapped ? weights : activations;
  BankedReads& other = swapped ? activations : weights;

  const FeedCost cost(compute, core);
  ASSERT_EQ(cost.folds(), plan.folds()) << where;
  std::uint64_t extra = 0;
  for (std::uint64_t f = 0; f < plan.folds(); ++f) {
    const Fold fold = plan.fold(f);
    const FoldAddresses addresses = fold_addresses(compute, plan, fold);
    const FoldFeed& feed = cost.fold(f);
    const std::uint64_t activations_before = activations.words(), weights_before = weights.words();
    left.begin_fold();
    other.begin_fold();
    std::uint64_t fold_extra = 0;
    for (std::uint32_t t = 0; t < fold.shape.feed; ++t) {
      ASSERT_EQ(feed.extra_before(t), fold_extra) << where << ", fold " << f << ", cycle " << t;
      fold_extra += std::max(left.read(addresses.left.cycle(t)), other.read(addresses.other.cycle(t))) - 1;
    }
    ASSERT_EQ(feed.extra_before(fold.shape.feed), fold_extra) << where << ", fold " << f;
    ASSERT_EQ(feed.extra(), fold_extra) << where << ", fold " << f;
    ASSERT_EQ(feed.conflict_free(), fold_extra == 0) << where << ", fold " << f;
    ASSERT_EQ(feed.activation_words(), activations.words() - activations_before) << where << ", fold " << f;
    ASSERT_EQ(feed.weight_words(), weights.words() - weights_before) << where << ", fold " << f;
    extra += fold_extra;
  }
  ASSERT_EQ(cost.extra(), extra) << where;
  ASSERT_EQ(cost.conflict_free(), extra == 0) << where;
  ASSERT_EQ(cost.activation_words(), activations.words()) << where;
  ASSERT_EQ(cost.weight_words(), weights.words()) << where;
}

TEST(FeedCost, EqualsTheWalkOnRandomInstructionsAndMachines) {
  Random random(3);
  std::array<int, 6> seen{}, held{}, packed{};
  for (int trial = 0; trial < 6000; ++trial) {
    auto [compute, core] = test::random_compute(random);
    // So that neither edge hides the other.
    if (trial % 3 == 1) core.activations.ports = 32;
    if (trial % 3 == 2) core.weights.ports = 32;
    const auto kind = static_cast<std::size_t>(compute.dataflow);
    expect_equal_to_walk(compute, core, std::string(name(compute.dataflow)) + ", trial " + std::to_string(trial));
    if (HasFatalFailure()) return;
    ++seen[kind];
    if (!FeedCost(compute, core).conflict_free()) ++held[kind];
    if (compute.lines_per_row > 1) ++packed[kind];
  }
  for (std::size_t kind = 0; kind < 6; ++kind) {
    EXPECT_GT(seen[kind], 200);
    EXPECT_GT(held[kind], 50);
    EXPECT_LT(held[kind], seen[kind] - 10);
    EXPECT_EQ(packed[kind] > 50, kind >= 3);  // FuSe wires only.
  }
}

TEST(FeedCost, EqualsTheWalkOnLargerMapsAndArrays) {
  Random random(4);
  for (int trial = 0; trial < 400; ++trial) {
    const auto [compute, core] = test::random_compute(random, 70, 40);
    expect_equal_to_walk(compute, core, std::string(name(compute.dataflow)) + ", trial " + std::to_string(trial));
    if (HasFatalFailure()) return;
  }
}

TEST(FeedCost, EqualsTheWalkWhenPixelsAreOneRunAtAStride) {
  Random random(6);
  for (int trial = 0; trial < 600; ++trial) {
    auto [compute, core] = test::random_compute(random);
    isa::ConvGeometry& g = compute.geometry;
    const std::uint32_t stride = random.between(1, 3), rows = random.between(1, 6);
    compute.dataflow = random.chance(0.5) ? isa::Dataflow::gemm : isa::Dataflow::depthwise_row;
    compute.lines_per_row = 1;
    g = {.in_height = rows, .in_width = random.between(1, 40)};
    g.groups = g.in_channels = g.out_channels = random.between(1, 3);
    if (compute.dataflow == isa::Dataflow::gemm && random.chance(0.7))
      g.groups = 1, g.in_channels = random.between(1, 40);
    g.stride_width = stride;
    g.out_width = (g.in_width - 1) / stride + 1;
    g.out_height = rows;
    compute.input.line_pitch = g.out_width * stride;
    compute.input.channel_pitch = rows * compute.input.line_pitch + random.between(0, 5);
    // Not what a program may say, but then registers hold part of what the next channel needs.
    if (random.chance(0.2)) compute.input.channel_pitch = random.between(1, 9);
    compute.weights_pitch = g.out_channels;
    expect_equal_to_walk(compute, core, std::string(name(compute.dataflow)) + ", trial " + std::to_string(trial));
    if (HasFatalFailure()) return;
  }
}

TEST(FeedCost, EqualsTheWalkWhenAChannelGoesOnInTheBankWhereTheLastOneEnded) {
  Random random(9);
  int free = 0, held = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    auto [compute, core] = test::random_compute(random);
    const FoldPlan plan(array_instruction(compute), core.array);
    if (plan.is_gemm()) continue;
    const isa::ConvGeometry& g = compute.geometry;
    const bool column = compute.dataflow == isa::Dataflow::fuse_column;
    const std::uint32_t task_step =
        compute.lines_per_row * (column ? g.stride_width : g.stride_height * compute.input.line_pitch);
    const auto row = static_cast<std::uint32_t>(core.activations.row_bytes());
    compute.input.channel_pitch = plan.tasks_per_channel() * task_step % row + random.between(1, 4) * row;
    core.weights.ports = 32;
    expect_equal_to_walk(compute, core, std::string(name(compute.dataflow)) + ", trial " + std::to_string(trial));
    if (HasFatalFailure()) return;
    ++(FeedCost(compute, core).conflict_free() ? free : held);
  }
  EXPECT_GT(free, 100);
  EXPECT_GT(held, 100);
}

TEST(FeedCost, EqualsTheWalkWhenLinesOverlap) {
  // Not what a program may say, but the costs are defined: words of different lines are the same.
  Random random(5);
  for (int trial = 0; trial < 300; ++trial) {
    auto [compute, core] = test::random_compute(random);
    compute.input.line_pitch = random.between(1, compute.input.line_pitch);
    compute.input.channel_pitch = random.between(1, compute.input.channel_pitch);
    compute.weights_pitch = random.between(1, compute.weights_pitch);
    expect_equal_to_walk(compute, core, std::string(name(compute.dataflow)) + ", trial " + std::to_string(trial));
    if (HasFatalFailure()) return;
  }
}

TEST(FeedCost, IsTheSameWordsFurtherOn) {
  Random random(7);
  for (int trial = 0; trial < 2000; ++trial) {
    auto [compute, core] = test::random_compute(random);
    const FeedCost here(compute, core);
    compute.input.address += core.activations.width * random.between(1, 50);
    compute.weights += core.weights.width * random.between(1, 50);
    const FeedCost there(compute, core);
    const FoldPlan plan(array_instruction(compute), core.array);
    ASSERT_EQ(here.folds(), there.folds());
    for (std::uint64_t f = 0; f < here.folds(); ++f) {
      const FoldFeed &a = here.fold(f), &b = there.fold(f);
      for (std::uint32_t t = 0; t <= plan.fold(f).shape.feed; ++t) {
        ASSERT_EQ(a.extra_before(t), b.extra_before(t))
            << name(compute.dataflow) << ", trial " << trial << ", fold " << f << ", cycle " << t;
      }
      ASSERT_EQ(a.activation_words(), b.activation_words()) << name(compute.dataflow) << ", trial " << trial;
      ASSERT_EQ(a.weight_words(), b.weight_words()) << name(compute.dataflow) << ", trial " << trial;
    }
  }
}

}  // namespace
}  // namespace fusesim::control
