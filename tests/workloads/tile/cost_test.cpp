// SPDX-License-Identifier: Apache-2.0
// What the compiler believes of the units is what they do.
#include <gtest/gtest.h>

#include <algorithm>

#include "hw/control/timing.h"
#include "hw/vector/law.h"
#include "tests/support/random_core.h"
#include "workloads/tile/array_cycles.h"

namespace fusesim::tile {
namespace {

/// Many equal instructions, one after the other on the array, take what the estimate says but for the last folds of
/// each, which may be smaller than the others.
TEST(ArrayCycles, FollowTheLawOfTheArray) {
  constexpr std::uint32_t repeats = 5;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    test::Random random(seed);
    isa::Program program;
    program.array = test::random_array(random, 12);
    const isa::ArrayInstruction instruction = test::random_instruction(random, program.array, 16);
    program.instructions.assign(repeats, instruction);
    const auto timings = control::time_program(program);
    const double actual = static_cast<double>(timings.back().end);
    const ArrayCycles cycles =
        array_cycles(instruction.dataflow, instruction.geometry, instruction.lines_per_row, program.array);
    const double estimated = static_cast<double>(repeats * cycles.steady + cycles.tail);
    // Where a fold meets a smaller or larger one, rules look at both; and a narrow fold does not meet all stages.
    const double slack = repeats * (program.array.rows + program.array.cols) + 2 +
                         static_cast<double>(repeats * timings.back().folds * program.array.broadcast_stages);
    EXPECT_NEAR(actual, estimated, slack)
        << "seed " << seed << " " << isa::name(instruction.dataflow) << " on " << isa::describe(program.array);
    if (HasFailure()) return;
  }
}

TEST(VectorCycles, AreThoseOfTheLaw) {
  using enum isa::machine::VectorKind;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    test::Random random(seed);
    const isa::machine::CoreConfig core = test::random_core(random);
    isa::machine::Vector vector;
    vector.kind = std::array{requantize, add, scale, rescale, max_pool, average_pool}[random.between(0, 5)];
    vector.channels = random.between(1, 9);
    vector.height = random.between(1, 9);
    vector.width = random.between(1, 9);
    vector.a.pad = vector.kind == requantize ? isa::machine::Pad::outputs : isa::machine::Pad::activations;
    vector.b.pad = isa::machine::Pad::activations;
    vector.result.pad = isa::machine::Pad::outputs;
    std::uint64_t window = 1;
    if (vector.kind == max_pool || vector.kind == average_pool) {
      vector.window.kernel_height = random.between(1, 4);
      vector.window.kernel_width = random.between(1, 4);
      window = std::uint64_t{vector.window.kernel_height} * vector.window.kernel_width;
    }
    const std::uint64_t elements = std::uint64_t{vector.channels} * vector.height * vector.width;
    EXPECT_EQ(vector_cycles(vector.kind, elements, window, core), vector::cycles(vector, core).total);
  }
}

}  // namespace
}  // namespace fusesim::tile
