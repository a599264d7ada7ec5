// SPDX-License-Identifier: Apache-2.0
// Machines with a fused unit on random programs that mix loads, operators of the array and of the vector unit, fused
// blocks and stores: fidelities agree on every figure, and all compute what the program means.
#include <gtest/gtest.h>

#include <array>

#include "hw/accelerator/machine.h"
#include "tests/hw/accelerator/machine_support.h"
#include "tests/hw/isa/machine/random_machine_program.h"
#include "tests/support/hazard_checker.h"
#include "tests/support/random_instruction.h"

namespace fusesim::accelerator {
namespace {

using control::machine::Cause;
using isa::machine::FusedMode;
using isa::machine::Program;
using isa::machine::test::random_fused_program;
using test::Random;

#ifdef FUSESIM_MANY_PROGRAMS
constexpr std::uint32_t kPrograms = 3000;
#else
constexpr std::uint32_t kPrograms = 120;
#endif

bool has_fused(const Program& program) {
  for (const auto& instruction : program.instructions) {
    if (instruction.is_fused()) return true;
  }
  return false;
}

TEST(FusedMachine, FidelitiesAgreeOnEveryFigureAndComputeWhatRandomProgramsMean) {
  std::array<std::uint64_t, control::machine::cause_count> causes{};
  fused::Counters counters;
  std::uint32_t programs = 0, after_array = 0, before_array = 0;
  for (std::uint32_t seed = 0; seed < kPrograms; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random(seed);
    const Program program = random_fused_program(seed);
    if (!has_fused(program)) continue;
    ++programs;
    const auto hazard = fusesim::test::find_hazard(program);
    EXPECT_FALSE(hazard) << *hazard;
    const test::Watched event = test::expect_fidelities_agree(program, test::random_options(random));
    if (testing::Test::HasFailure()) return;
    const auto& record = event.result.record;
    for (std::size_t i = 0; i < causes.size(); ++i) causes[i] += record.causes[i];
    std::optional<std::size_t> before;
    for (std::size_t i = 0; i < program.instructions.size(); ++i) {
      counters += record.instructions[i].fused;
      if (program.instructions[i].queue() != isa::machine::Queue::compute) continue;
      if (before && program.instructions[i].is_fused() != program.instructions[*before].is_fused()) {
        ++(program.instructions[i].is_fused() ? after_array : before_array);
        // In turn: what comes first has ended.
        EXPECT_GE(record.instructions[i].start, record.instructions[*before].end);
      }
      before = i;
    }
  }
  EXPECT_GT(programs, kPrograms / 2);
  EXPECT_GT(after_array, 10u);
  EXPECT_GT(before_array, 10u);
  for (std::size_t i = 0; i < causes.size(); ++i) {
    EXPECT_GT(causes[i], 0u) << control::machine::name(static_cast<Cause>(i));
  }
  for (const std::uint64_t counter :
       {counters.words, counters.terms, counters.list_stalls, counters.queue_stalls, counters.output_stalls,
        counters.survivors, counters.products, counters.live_products, counters.predictor_additions,
        counters.composer_products}) {
    EXPECT_GT(counter, 0u);
  }
}

TEST(FusedMachine, ModeFixedTakesTheSameTimeWithoutValuesAndWithAnyMasks) {
  std::uint32_t programs = 0;
  for (std::uint32_t seed = 0; seed < kPrograms; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random(seed);
    const Program program = random_fused_program(seed);
    if (!has_fused(program) || program.core.fused.mode != FusedMode::fixed) continue;
    ++programs;
    const MachineOptions options = test::random_options(random);
    const test::Watched event = test::watch(program, options, Fidelity::event);
    MachineOptions timing = options;
    timing.values = timing.keep_tensors = false;
    const Program empty = random_fused_program(seed, false);
    test::expect_equal_times(event, test::watch(empty, timing, Fidelity::event));
    timing.synthetic_masks = {.survival = 0.5, .seed = seed};
    const test::Watched masked = test::watch(empty, timing, Fidelity::event);
    test::expect_equal_times(event, masked);
    for (std::size_t i = 0; i < program.instructions.size(); ++i) {
      fused::Counters with = event.result.record.instructions[i].fused,
                      without = masked.result.record.instructions[i].fused;
      with.survivors = without.survivors = with.live_products = without.live_products = 0;
      EXPECT_EQ(with, without);
    }
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(programs, kPrograms / 10);
}

TEST(FusedMachine, SyntheticMasksLetTheExpectedShareOfTermsSurvive) {
  std::uint64_t low = 0, high = 0;
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    const Program program = random_fused_program(seed, false);
    MachineOptions options = test::random_options(random);
    options.values = options.keep_tensors = false;
    const auto survivors = [&](double survival) {
      options.synthetic_masks = {.survival = survival, .seed = 3};
      const test::Watched watched = test::watch(program, options, Fidelity::event);
      test::expect_consistent(program, watched);
      test::expect_causes(program, watched);
      std::uint64_t sum = 0;
      for (const auto& instruction : watched.result.record.instructions) sum += instruction.fused.survivors;
      return sum;
    };
    EXPECT_EQ(survivors(0), 0u);
    low += survivors(0.1);
    high += survivors(0.9);
  }
  EXPECT_GT(high, 4 * low);
  EXPECT_GT(low, 0u);
}

}  // namespace
}  // namespace fusesim::accelerator
