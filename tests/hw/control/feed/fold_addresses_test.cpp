// SPDX-License-Identifier: Apache-2.0
#include "hw/control/feed/fold_addresses.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "hw/control/feed/array_instruction.h"
#include "hw/control/fold_operands.h"
#include "tests/hw/control/feed/random_compute.h"

namespace fusesim::control {
namespace {

using isa::machine::Compute;
using isa::machine::Pad;
using test::Random;

/// The dense tensors that a compute instruction finds in its scratchpads.
std::vector<std::int8_t> dense_map(const Compute& compute, const std::vector<std::int8_t>& pad) {
  const isa::ConvGeometry& g = compute.geometry;
  std::vector<std::int8_t> map;
  for (std::uint32_t c = 0; c < g.in_channels; ++c)
    for (std::uint32_t y = 0; y < g.in_height; ++y)
      for (std::uint32_t x = 0; x < g.in_width; ++x)
        map.push_back(
            pad.at(compute.input.address + c * compute.input.channel_pitch + y * compute.input.line_pitch + x));
  return map;
}
std::vector<std::int8_t> dense_weights(const Compute& compute, const std::vector<std::int8_t>& pad) {
  const isa::ConvGeometry& g = compute.geometry;
  const std::uint32_t taps = g.in_channels / g.groups * g.kernel_height * g.kernel_width;
  std::vector<std::int8_t> weights;
  for (std::uint32_t o = 0; o < g.out_channels; ++o)
    for (std::uint32_t t = 0; t < taps; ++t) weights.push_back(pad.at(compute.weights + t * compute.weights_pitch + o));
  return weights;
}

/// What the feeders of an edge get; `otherwise` where they read nothing.
std::vector<std::int8_t> gather(const EdgeAddresses& edge, const std::vector<std::int8_t>& pad, std::int8_t otherwise) {
  std::vector<std::int8_t> values;
  for (const std::int64_t address : edge.bytes) {
    values.push_back(address == no_address ? otherwise : pad.at(static_cast<std::size_t>(address)));
  }
  return values;
}

TEST(FoldAddresses, PointAtWhatEveryFoldNeedsAndAtNothingElse) {
  Random random(2);
  // Values other than these stand for padding below, so that a byte read where padding belongs shows, and the reverse.
  constexpr std::int8_t padding = -128;
  std::vector<std::int8_t> activations(1 << 20), weights(1 << 20);
  for (std::vector<std::int8_t>* pad : {&activations, &weights})
    for (std::int8_t& value : *pad) value = static_cast<std::int8_t>(static_cast<int>(random.between(1, 255)) - 128);

  std::array<int, 6> seen{};
  for (int trial = 0; trial < 600; ++trial) {
    auto [compute, core] = test::random_compute(random);
    compute.pad_value = padding;
    ++seen[static_cast<std::size_t>(compute.dataflow)];
    const FoldPlan plan(array_instruction(compute), core.array);
    const bool swapped = compute.dataflow == isa::Dataflow::depthwise_row;
    const std::vector<std::int8_t> map = dense_map(compute, activations), filters = dense_weights(compute, weights);
    for (std::uint64_t f = 0; f < plan.folds();
         f += 1 + random.between(0, static_cast<std::uint32_t>(plan.folds() / 8))) {
      const Fold fold = plan.fold(f);
      const FoldAddresses addresses = fold_addresses(compute, plan, fold);
      const FoldOperands operands = fetch_operands(plan, fold, map, filters);
      ASSERT_EQ(addresses.left.pad, swapped ? Pad::weights : Pad::activations);
      ASSERT_EQ(addresses.other.pad, swapped ? Pad::activations : Pad::weights);
      ASSERT_EQ(addresses.left.feeders, fold.shape.rows);
      ASSERT_EQ(addresses.other.feeders, plan.is_gemm() ? fold.shape.cols : fold.shape.rows);
      ASSERT_EQ(gather(addresses.left, swapped ? weights : activations, padding), operands.left)
          << name(compute.dataflow) << ", trial " << trial << ", fold " << f;
      if (plan.is_gemm()) {
        ASSERT_EQ(gather(addresses.other, swapped ? activations : weights, padding), operands.top)
            << name(compute.dataflow) << ", trial " << trial << ", fold " << f;
        continue;
      }
      // Wires are silent in cycles without a tap.
      std::vector<std::int8_t> wires(std::size_t{fold.shape.feed} * fold.shape.rows, padding);
      for (std::size_t k = 0; k < operands.tap_cycles.size(); ++k)
        for (std::uint32_t i = 0; i < fold.shape.rows; ++i)
          wires[std::size_t{operands.tap_cycles[k]} * fold.shape.rows + i] = operands.taps[k * fold.shape.rows + i];
      ASSERT_EQ(gather(addresses.other, weights, padding), wires)
          << name(compute.dataflow) << ", trial " << trial << ", fold " << f;
    }
  }
  for (const int count : seen) EXPECT_GT(count, 20);
}

TEST(FoldAddresses, ACycleIsARowOfTheTable) {
  EdgeAddresses edge{Pad::activations, 3, {0, 1, 2, 10, no_address, 12}};
  EXPECT_EQ(std::vector<std::int64_t>(edge.cycle(1).begin(), edge.cycle(1).end()),
            (std::vector<std::int64_t>{10, no_address, 12}));
}

}  // namespace
}  // namespace fusesim::control
