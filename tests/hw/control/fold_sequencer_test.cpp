// SPDX-License-Identifier: Apache-2.0
#include "hw/control/fold_sequencer.h"

#include <gtest/gtest.h>

#include "hw/array/fold_scheduler.h"
#include "hw/array/stepped_array.h"
#include "tests/support/convolution.h"
#include "tests/support/random_instruction.h"

namespace fusesim::control {
namespace {

using test::Random;

struct Layer {
  isa::ArrayInstruction instruction;
  FoldPlan plan;
  std::vector<std::int8_t> input, weights;
  std::vector<std::int32_t> output;
  std::uint64_t earliest;  ///< Its first fold may not start before this cycle.
};

std::string describe(const isa::ArrayInstruction& instruction) {
  const isa::ConvGeometry& g = instruction.geometry;
  return testing::PrintToString(isa::name(instruction.dataflow)) + " " + std::to_string(g.in_channels) + "x" +
         std::to_string(g.in_height) + "x" + std::to_string(g.in_width) + " kernel " + std::to_string(g.kernel_height) +
         "x" + std::to_string(g.kernel_width) + " stride " + std::to_string(g.stride_height) + "x" +
         std::to_string(g.stride_width) + " lines " + std::to_string(instruction.lines_per_row) + "\n";
}

/// Runs several random layers back to back on a random array, clock by clock, and compares with the closed form law and
/// with the definition of convolution.
void run_case(std::uint64_t seed, const array::RowKernels& kernels) {
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  const isa::ArrayConfig config = test::random_array(random, 14);
  array::FoldScheduler law(config), law_by_runs(config);
  std::vector<array::FoldTimes> expected;
  std::vector<Layer> layers;
  std::vector<std::pair<std::size_t, std::uint64_t>> folds;  // (layer, fold of the layer)
  std::string story = isa::describe(config) + "\n";
  std::uint64_t useful_macs = 0;
  bool packed = false;
  for (std::uint32_t n = random.between(1, 4); n > 0; --n) {
    const isa::ArrayInstruction instruction = test::random_instruction(random, config);
    const isa::ConvGeometry& g = instruction.geometry;
    story += describe(instruction);
    const std::uint64_t earliest = random.chance(0.4) ? law.end() + random.between(0, 5) : 0;
    layers.push_back({instruction, FoldPlan(instruction, config),
                      test::random_values(random, std::size_t{g.in_channels} * g.in_height * g.in_width),
                      test::random_values(random, std::size_t{g.out_channels} * (g.in_channels / g.groups) *
                                                      g.kernel_height * g.kernel_width),
                      std::vector<std::int32_t>(std::size_t{g.out_channels} * g.out_height * g.out_width, 12345),
                      earliest});
    const FoldPlan& plan = layers.back().plan;
    for (std::uint64_t f = 0; f < plan.folds(); ++f) {
      folds.emplace_back(layers.size() - 1, f);
      expected.push_back(law.add(plan.fold(f).shape, f == 0 ? earliest : 0));
    }
    std::uint64_t hold = earliest;
    for (const array::FoldLoop& loop : plan.loops()) {
      law_by_runs.add(loop, hold);
      hold = 0;
    }
    useful_macs += g.macs();
    packed |= instruction.lines_per_row > 1;
  }
  SCOPED_TRACE(story);

  array::SteppedArray model(config, kernels);
  array::EdgeInputs in(config);
  array::EdgeOutputs out(config), stalled(config);
  FoldSequencer sequencer(config);
  array::CycleBreakdown physical;
  std::uint64_t macs = 0;
  std::size_t offered = 0, done = 0;
  while (done < folds.size()) {
    if (sequencer.wants_fold() && offered < folds.size()) {
      const auto& [layer, fold] = folds[offered];
      Layer& l = layers[layer];
      if (fold > 0 || sequencer.cycle() >= l.earliest) {
        sequencer.offer(fetch_operands(l.plan, l.plan.fold(fold), l.input, l.weights));
        ++offered;
      }
    }
    sequencer.drive(in);
    if (random.chance(0.02)) {
      in.enable = false;
      model.clock(in, stalled);
      in.enable = true;
    }
    const bool was_stalled = random.chance(0.02);
    if (was_stalled) {
      in.enable = false;
      model.clock(in, stalled);
      in.enable = true;
    }
    model.clock(in, out);
    if (was_stalled) {
      ASSERT_EQ(stalled.valid, out.valid);
      ASSERT_EQ(stalled.data, out.data);
    }
    macs += model.last_macs();
    sequencer.take(out);
    while (!sequencer.finished().empty()) {
      const FinishedFold& fold = sequencer.finished().front();
      ASSERT_EQ(fold.number, done);
      ASSERT_EQ(fold.start, expected[done].start) << "fold " << done;
      ASSERT_EQ(fold.end, expected[done].end) << "fold " << done;
      Layer& l = layers[folds[done].first];
      store_sums(l.plan, l.plan.fold(folds[done].second), fold.sums, l.output);
      sequencer.finished().pop_front();
      ++done;
    }
    ASSERT_LE(sequencer.cycle(), law.end());
  }
  for (const Layer& layer : layers)
    ASSERT_EQ(layer.output, test::convolve(layer.instruction, layer.input, layer.weights));
  // A packed channel's last row may hold fewer lines than the column enables allow.
  if (packed) {
    EXPECT_GE(macs, useful_macs);
  } else {
    EXPECT_EQ(macs, useful_macs);
  }
  EXPECT_EQ(sequencer.cycle(), law.end());
  EXPECT_EQ(sequencer.breakdown(), law.breakdown());
  EXPECT_EQ(law_by_runs.breakdown(), law.breakdown());
  EXPECT_EQ(law_by_runs.end(), law.end());
  EXPECT_EQ(law_by_runs.folds(), law.folds());
}

TEST(SteppedRun, EqualsTheLawAndTheDefinitionOnRandomLayersPortable) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    run_case(seed, array::portable_row_kernels());
    if (HasFatalFailure()) return;
  }
}

TEST(SteppedRun, EqualsTheLawAndTheDefinitionOnRandomLayersVectorised) {
  for (std::uint64_t seed = 1000; seed < 1800; ++seed) {
    run_case(seed, array::best_row_kernels());
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace fusesim::control
