// SPDX-License-Identifier: Apache-2.0
// The controller against its law, calculated cycle by cycle, whatever the units tell it and when.
#include "hw/control/machine/controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "tests/hw/control/machine/fake_unit.h"
#include "tests/hw/control/machine/plain_controller.h"
#include "tests/hw/memory/support/kernel.h"
#include "tests/support/random_instruction.h"

namespace fusesim::machine_test {
namespace {

using control::machine::Cause;
using control::machine::Clock;
using control::machine::Controller;
using control::machine::Record;
using isa::machine::Program;
using isa::machine::Queue;
using test::Random;
using testing::HasSubstr;

void add(Program& program, Queue queue, isa::machine::Waits waits = {}, std::uint32_t layer = 0) {
  isa::machine::Instruction instruction{.work = isa::machine::Load{}, .waits = waits, .layer = layer};
  if (queue == Queue::compute) instruction.work = isa::machine::Compute{};
  if (queue == Queue::vector) instruction.work = isa::machine::Vector{};
  if (queue == Queue::store) instruction.work = isa::machine::Store{};
  program.instructions.push_back(instruction);
}

struct Case {
  Program program;
  isa::machine::ControlConfig config;
  std::vector<Stay> stays;
  std::uint32_t load_places = 1, store_places = 1;
  sc_core::sc_time period = {1, sc_core::SC_NS};
  std::uint32_t stuck = ~std::uint32_t{0};
};

/// Random queues and layers; every instruction waits for some of those before it.
Case random_case(Random& random) {
  Case made;
  made.program.layers = {"a", "b", "c"};
  const std::uint32_t count = random.between(1, 40);
  const bool tight = random.chance(0.5);
  isa::machine::Waits given{};
  for (std::uint32_t i = 0; i < count; ++i) {
    isa::machine::Waits waits{};
    for (std::size_t queue = 0; queue < waits.size(); ++queue) {
      if (given[queue] != 0 && random.chance(0.4)) {
        waits[queue] =
            tight ? given[queue] - random.between(0, std::min(given[queue], 2U) - 1) : random.between(0, given[queue]);
      }
    }
    const auto queue = static_cast<Queue>(random.between(0, 3));
    add(made.program, queue, waits, random.between(0, 2));
    ++given[static_cast<std::size_t>(queue)];
    const std::uint32_t cycles = random.chance(0.3) ? 1 : random.between(1, 30);
    made.stays.push_back({.cycles = cycles,
                          .feed = random.between(1, cycles),
                          .half_a_cycle = random.chance(0.5),
                          .deltas = static_cast<int>(random.between(0, 3))});
  }
  made.config = {.fetch_cycles = random.between(0, 9),
                 .decode_cycles = random.between(1, random.chance(0.5) ? 1 : 6),
                 .queue_depth = random.between(1, random.chance(0.5) ? 2 : 8)};
  made.load_places = random.between(1, 3);
  made.store_places = random.between(1, 3);
  made.period = sc_core::sc_time::from_value(random.chance(0.5) ? 1000 : random.between(3, 2000));
  return made;
}

Record simulate(const Case& what) {
  const memory_test::Kernel kernel;
  const Clock clock(what.period);
  Record record;
  record.instructions.resize(what.program.instructions.size());
  Controller controller("controller", what.program, what.config, clock, record.instructions);
  const auto unit = [&](const char* name, FakeUnit::Kind kind, std::size_t places) {
    auto made = std::make_unique<FakeUnit>(name, kind, places, what.stays, clock, controller, record.instructions);
    made->stuck = what.stuck;
    return made;
  };
  const auto load = unit("loads", FakeUnit::Kind::other, what.load_places);
  const auto compute = unit("array", FakeUnit::Kind::array, 1);
  const auto vector = unit("vectors", FakeUnit::Kind::other, 1);
  const auto store = unit("stores", FakeUnit::Kind::other, what.store_places);
  controller.load.bind(*load);
  controller.compute.bind(*compute);
  controller.vector.bind(*vector);
  controller.store.bind(*store);
  sc_core::sc_start();
  controller.finish(record);
  return record;
}

std::string error_of(const Case& what) {
  try {
    simulate(what);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Controller, EveryCycleOfRandomProgramsIsWhatTheLawSays) {
  std::array<std::uint64_t, control::machine::cause_count> seen{};
  for (std::uint64_t seed = 0; seed < 1500; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random(seed);
    const Case what = random_case(random);
    PlainController law(what.program, what.config, what.stays, what.load_places, what.store_places);
    const auto expected = law.run(100'000);
    ASSERT_TRUE(expected);
    const Record record = simulate(what);
    for (std::size_t i = 0; i < what.program.instructions.size(); ++i) {
      ASSERT_EQ(record.instructions[i].decoded, expected->instructions[i].decoded) << "instruction " << i;
      ASSERT_EQ(record.instructions[i].start, expected->instructions[i].start) << "instruction " << i;
      ASSERT_EQ(record.instructions[i].end, expected->instructions[i].end) << "instruction " << i;
    }
    ASSERT_EQ(record.cycles, expected->cycles);
    ASSERT_EQ(record.layer_causes, expected->layer_causes);
    ASSERT_EQ(record.causes, expected->causes);
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < record.causes.size(); ++i) {
      sum += record.causes[i];
      seen[i] += record.causes[i];
    }
    ASSERT_EQ(sum, record.cycles);
  }
  for (const Cause cause : {Cause::compute, Cause::load, Cause::vector, Cause::store, Cause::control}) {
    EXPECT_GT(seen[static_cast<std::size_t>(cause)], 1000u) << name(cause);
  }
}

TEST(Controller, AnEmptyProgramTakesNoCycles) {
  Case what;
  what.program.layers = {};
  const Record record = simulate(what);
  EXPECT_EQ(record.cycles, 0u);
  EXPECT_EQ(record.causes, control::machine::CauseCycles{});
}

TEST(Controller, QueuesThatWaitForOneAnotherAreReportedWithTheirTokens) {
  Case what;
  what.program.layers = {"conv1", "conv2"};
  add(what.program, Queue::load);
  add(what.program, Queue::compute, {1, 0, 1, 0}, 1);  // waits for the vector instruction after it
  add(what.program, Queue::vector, {1, 1, 0, 0}, 1);
  what.stays.resize(3);
  const std::string error = error_of(what);
  EXPECT_THAT(error, HasSubstr("deadlock in cycle 14: nothing is under way and nothing can start, with 2 of 3"));
  EXPECT_THAT(error, HasSubstr("; load: all completed"));
  EXPECT_THAT(error,
              HasSubstr("; compute: instruction 1 (compute, layer 'conv2') waits for token 1 of vector (0 given)"));
  EXPECT_THAT(error,
              HasSubstr("; vector: instruction 2 (vector, layer 'conv2') waits for token 1 of compute (0 given)"));
  EXPECT_THAT(error, HasSubstr("; store: all completed"));
  EXPECT_THAT(error, HasSubstr("correct the tokens"));
}

TEST(Controller, AFullQueueThatHidesTheInstructionItWaitsForIsReportedAndADeeperOneRuns) {
  Case what;
  what.program.layers = {"conv1"};
  what.config.queue_depth = 1;
  add(what.program, Queue::store, {0, 0, 1, 0});
  add(what.program, Queue::store);
  add(what.program, Queue::vector);
  what.stays.resize(3);
  const std::string error = error_of(what);
  EXPECT_THAT(error, HasSubstr("vector: empty, instruction 2 (vector, layer 'conv1') not decoded"));
  EXPECT_THAT(error, HasSubstr("store: instruction 0 (store, layer 'conv1') waits for token 1 of vector (0 given)"));
  EXPECT_THAT(error, HasSubstr("decoder: instruction 1 (store, layer 'conv1') finds its queue full; fetch it later, or "
                               "raise control.queue_depth (now 1)"));
  what.config.queue_depth = 2;
  EXPECT_EQ(simulate(what).cycles, 17u);
}

TEST(Controller, AUnitThatNeverCompletesEndsTheRunWithAnError) {
  Case what;
  what.program.layers = {"conv1"};
  add(what.program, Queue::load);
  add(what.program, Queue::compute, {1, 0, 0, 0});
  what.stays.resize(2);
  what.stuck = 0;
  const std::string error = error_of(what);
  EXPECT_THAT(error, HasSubstr("a unit has stopped working, with 2 of 2 instructions left"));
  EXPECT_THAT(error, HasSubstr("load: instruction 0 (load, layer 'conv1') never completed"));
}

TEST(Controller, ARunLongerThanTheSimulatedClockIsRefused) {
  Case what;
  what.program.layers = {"conv1"};
  add(what.program, Queue::load);
  what.stays.resize(1);
  what.period = {5, sc_core::SC_MS};  // 64 bits of picoseconds count 3.7 billion of them
  what.config.fetch_cycles = 3'600'000'000;
  EXPECT_EQ(simulate(what).cycles, 3'600'000'003u);
  what.config.fetch_cycles = 3'800'000'000;
  EXPECT_THAT(error_of(what), HasSubstr("longer than the simulated clock can count"));
}

}  // namespace
}  // namespace fusesim::machine_test
