// SPDX-License-Identifier: Apache-2.0
// Event and stepped fidelity agree on everything, on random programs.
#include <gtest/gtest.h>

#include "hw/accelerator/accelerator.h"
#include "hw/control/timing.h"
#include "tests/support/random_instruction.h"

namespace fusesim::accelerator {
namespace {

using test::Random;

/// A random program: layers in a chain, or side by side where no dependency is drawn.
isa::Program random_program(Random& random) {
  isa::Program program;
  program.network = "random";
  program.array = test::random_array(random, 16);
  const std::uint32_t layers = random.between(1, 5);
  for (std::uint32_t index = 0; index < layers; ++index) {
    isa::ArrayInstruction instruction = test::random_instruction(random, program.array);
    const isa::ConvGeometry& g = instruction.geometry;
    auto tensor = [&](isa::TensorSource source, isa::ElementType type, std::uint32_t c, std::uint32_t h,
                      std::uint32_t w) {
      isa::Tensor t;
      t.name = "t" + std::to_string(program.tensors.size());
      t.source = source;
      t.type = type;
      t.channels = c;
      t.height = h;
      t.width = w;
      t.seed = source == isa::TensorSource::generated ? random.between(0, 1U << 30) : 0;
      program.tensors.push_back(t);
      return static_cast<std::uint32_t>(program.tensors.size() - 1);
    };
    instruction.input.tensor =
        tensor(isa::TensorSource::generated, isa::ElementType::int8, g.in_channels, g.in_height, g.in_width);
    instruction.weights = tensor(isa::TensorSource::generated, isa::ElementType::int8,
                                 g.out_channels * (g.in_channels / g.groups), g.kernel_height, g.kernel_width);
    instruction.output.tensor =
        tensor(isa::TensorSource::computed, isa::ElementType::int32, g.out_channels, g.out_height, g.out_width);
    instruction.layer = index;
    program.layers.push_back("layer" + std::to_string(index));
    for (std::uint32_t before = 0; before < index; ++before) {
      if (random.chance(0.4)) instruction.wait_for.push_back(before);
    }
    program.instructions.push_back(instruction);
  }
  isa::validate(program);
  return program;
}

struct FoldSpan {
  std::uint32_t instruction;
  std::uint64_t fold, start, end;
  bool operator==(const FoldSpan&) const = default;
};

struct Outcome {
  control::RunRecord record;
  std::vector<FoldSpan> folds;
  std::vector<std::vector<std::int32_t>> outputs;
};

Outcome simulate(const isa::Program& program, Fidelity fidelity, bool watch_folds) {
  Outcome outcome;
  memory::TensorStore store(program);
  Options options;
  options.fidelity = fidelity;
  if (watch_folds) {
    options.folds = [&](std::uint32_t instruction, std::uint64_t fold, std::uint64_t start, std::uint64_t end) {
      outcome.folds.push_back({instruction, fold, start, end});
    };
  }
  outcome.record = run(program, store, options);
  for (const isa::ArrayInstruction& instruction : program.instructions) {
    const auto sums = store.sums(instruction.output.tensor);
    outcome.outputs.emplace_back(sums.begin(), sums.end());
  }
  return outcome;
}

TEST(Fidelity, EventAndSteppedAgreeOnRandomPrograms) {
  std::size_t layers = 0;
  for (std::uint64_t seed = 0; seed < 250; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random(seed);
    const isa::Program program = random_program(random);
    SCOPED_TRACE(isa::describe(program.array));
    const Outcome event = simulate(program, Fidelity::event, true);
    const Outcome by_runs = simulate(program, Fidelity::event, false);
    const Outcome stepped = simulate(program, Fidelity::stepped, true);
    ASSERT_EQ(event.folds, stepped.folds);
    ASSERT_EQ(event.record.instructions, stepped.record.instructions);
    ASSERT_EQ(event.record.cycles, stepped.record.cycles);
    ASSERT_EQ(by_runs.record.instructions, stepped.record.instructions);
    ASSERT_EQ(control::time_program(program), stepped.record.instructions);
    ASSERT_EQ(event.outputs, stepped.outputs);
    control::CycleBreakdown sum;
    for (const control::InstructionTiming& timing : event.record.instructions) sum += timing.cycles;
    ASSERT_EQ(sum.total(), event.record.cycles);
    layers += program.instructions.size();
  }
  EXPECT_GE(layers, 500u);
}

TEST(Fidelity, AnEmptyProgramTakesNoCycles) {
  isa::Program program;
  program.network = "empty";
  program.array.rows = program.array.cols = 2;
  for (const Fidelity fidelity : {Fidelity::event, Fidelity::stepped}) {
    const Outcome outcome = simulate(program, fidelity, true);
    EXPECT_EQ(outcome.record.cycles, 0u) << name(fidelity);
    EXPECT_TRUE(outcome.record.instructions.empty());
  }
}

TEST(Fidelity, ARunLongerThanTheSimulatedClockIsRefused) {
  isa::Program program;
  program.network = "long";
  program.array.rows = program.array.cols = 1;
  program.array.folds = isa::FoldOverlap::serial;
  isa::Tensor tensor;
  tensor.name = "x";
  tensor.channels = 1U << 20;
  tensor.height = tensor.width = 16;
  program.tensors.push_back(tensor);
  tensor.name = "w";
  tensor.channels = 1U << 20;
  tensor.height = tensor.width = 5;
  program.tensors.push_back(tensor);
  tensor.name = "y";
  tensor.type = isa::ElementType::int32;
  tensor.source = isa::TensorSource::computed;
  tensor.channels = 1U << 20;
  tensor.height = tensor.width = 12;
  program.tensors.push_back(tensor);
  program.layers.push_back("layer");
  isa::ArrayInstruction instruction;
  isa::ConvGeometry& g = instruction.geometry;
  g.in_channels = g.out_channels = g.groups = 1U << 20;
  g.in_height = g.in_width = 16;
  g.out_height = g.out_width = 12;
  g.kernel_height = g.kernel_width = 5;
  instruction.dataflow = isa::Dataflow::depthwise_column;
  instruction.weights = 1;
  instruction.output.tensor = 2;
  program.instructions.push_back(instruction);
  isa::validate(program);
  memory::TensorStore store(program);
  Options options;
  options.values = false;
  EXPECT_GT(run(program, store, options).cycles, 1'000'000'000u);
  options.clock_mhz = 0.000'2;  // 5 ms a cycle: 64 bits of picoseconds count 3.7 billion of them
  EXPECT_THROW(run(program, store, options), std::runtime_error);
}

struct Snapshot {
  std::uint64_t cycle = 0;
  std::vector<array::PeState> state;
  std::vector<std::int8_t> left;
  std::vector<std::int32_t> bottom;
  bool operator==(const Snapshot&) const = default;
};

std::vector<Snapshot> watch(const isa::Program& program, Fidelity fidelity, std::uint64_t begin, std::uint64_t end) {
  std::vector<Snapshot> seen;
  memory::TensorStore store(program);
  Options options;
  options.fidelity = fidelity;
  options.window_begin = begin;
  options.window_end = end;
  options.observe = [&](std::uint64_t cycle, const array::ArrayModel& model, const array::EdgeInputs& in,
                        const array::EdgeOutputs& out) {
    Snapshot& snapshot = seen.emplace_back();
    snapshot.cycle = cycle;
    for (std::uint32_t i = 0; i < program.array.rows; ++i) {
      for (std::uint32_t j = 0; j < program.array.cols; ++j) snapshot.state.push_back(model.pe(i, j));
    }
    snapshot.left = in.left;
    snapshot.bottom = out.data;
  };
  run(program, store, options);
  return seen;
}

TEST(Fidelity, AWindowShowsEveryRegisterAsAFullySteppedRunDoes) {
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random(seed + 5000);
    const isa::Program program = random_program(random);
    SCOPED_TRACE(isa::describe(program.array));
    const std::uint64_t cycles = control::time_program(program).back().end;
    const std::uint64_t begin = random.between(0, static_cast<std::uint32_t>(cycles));
    const std::uint64_t end = begin + random.between(1, 40);
    const auto event = watch(program, Fidelity::event, begin, end);
    const auto stepped = watch(program, Fidelity::stepped, begin, end);
    ASSERT_EQ(event.size(), stepped.size());
    for (std::size_t i = 0; i < event.size(); ++i) {
      ASSERT_EQ(event[i].cycle, stepped[i].cycle);
      ASSERT_EQ(event[i].left, stepped[i].left);
      ASSERT_EQ(event[i].bottom, stepped[i].bottom);
      for (std::size_t pe = 0; pe < event[i].state.size(); ++pe) {
        ASSERT_EQ(event[i].state[pe], stepped[i].state[pe])
            << "cycle " << event[i].cycle << " pe " << pe / program.array.cols << "," << pe % program.array.cols;
      }
    }
  }
}

}  // namespace
}  // namespace fusesim::accelerator
