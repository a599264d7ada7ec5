// SPDX-License-Identifier: Apache-2.0
// The two models of the vector unit: against each other, and against what the law says of single cases.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <systemc>
#include <utility>
#include <vector>

#include "hw/control/machine/context.h"
#include "hw/vector/event_vector_unit.h"
#include "hw/vector/law.h"
#include "hw/vector/operands.h"
#include "hw/vector/stepped_vector_unit.h"
#include "tests/hw/memory/support/kernel.h"
#include "tests/hw/vector/support/random_vector.h"

namespace fusesim::vector {
namespace {

using control::machine::InstructionRecord;
using isa::machine::CoreConfig;
using isa::machine::Pad;
using isa::machine::Program;
using isa::machine::Vector;
using isa::machine::VectorKind;
using sc_core::sc_time;
using vector_test::RandomVector;

constexpr std::uint64_t period = 7;  // In time steps; odd, so that half a period is no whole number of them.

/// DMA takes a port: `bytes` of a request that arrived at a time are moved from the next cycle on.
struct Take {
  std::uint64_t time = 0;
  Pad pad = Pad::outputs;
  std::uint64_t bytes = 1;
};

struct Scenario {
  Program program;
  std::vector<std::uint64_t>
      gaps;                 ///< Cycles from one instruction's end (at first: the run's start) to the next's start.
  std::vector<Take> takes;  ///< By time.
  bool values = true;
  bool all_written = true;                                 ///< All bytes are written before each instruction.
  std::function<void(memory::Scratchpads&)> prepare = {};  ///< The last word on them.
};

struct Told {
  std::uint32_t instruction;
  std::uint64_t cycle, time;
  bool operator==(const Told&) const = default;
};

struct Outcome {
  std::vector<InstructionRecord> records;
  std::vector<Told> started, completed;
  std::vector<vector_test::Image> images;  ///< After each instruction; with values.
  std::vector<std::array<std::uint64_t, isa::machine::pad_count>> occupied;
};

/// Issues the instructions of a scenario to a unit and takes ports from it.
template <class Unit>
class Bench final : public sc_core::sc_module, public control::machine::UnitListener {
 public:
  SC_HAS_PROCESS(Bench);
  Bench(const sc_core::sc_module_name& module_name, const Scenario& scenario, Outcome& outcome)
      : sc_module(module_name),
        scenario_(scenario),
        outcome_(outcome),
        pads_(scenario.program.core, scenario.values),
        context_{scenario.program,
                 scenario.program.core,
                 pads_,
                 control::machine::Clock(sc_time::from_value(period)),
                 scenario.values,
                 *this,
                 outcome.records,
                 observer_},
        unit_("unit", context_) {
    outcome_.records.resize(scenario.program.instructions.size());
    // Methods only: the stacks of SystemC's threads confuse the address sanitizer when something throws.
    SC_METHOD(next);
    sensitive << completed_;
    SC_METHOD(issue);
    sensitive << issue_;
    dont_initialize();
    SC_METHOD(take);
    sensitive << take_;
  }

  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  void started(std::uint32_t instruction, std::uint64_t cycle) override {
    outcome_.started.push_back({instruction, cycle, sc_core::sc_time_stamp().value()});
  }
  void completed(std::uint32_t instruction, std::uint64_t cycle) override {
    outcome_.completed.push_back({instruction, cycle, sc_core::sc_time_stamp().value()});
    completed_.notify(sc_core::SC_ZERO_TIME);
  }

  /// At the start of the run, and when an instruction has completed.
  void next() {
    EXPECT_TRUE(unit_.ready());
    if (issued_ != 0) {
      if (scenario_.values) outcome_.images.push_back(vector_test::image(pads_));
      outcome_.occupied.push_back(
          {pads_[Pad::activations].occupied(), pads_[Pad::weights].occupied(), pads_[Pad::outputs].occupied()});
    }
    if (issued_ < scenario_.gaps.size()) issue_.notify(sc_time::from_value(scenario_.gaps[issued_] * period));
  }
  void issue() {
    const std::uint32_t instruction = issued_++;
    prepare(instruction);
    try {
      unit_.issue(instruction);
      EXPECT_FALSE(unit_.ready());
    } catch (...) {
      error_ = std::current_exception();
    }
  }
  void prepare(std::uint32_t i) {
    RandomVector random(i);
    if (scenario_.values) {
      if (i == 0) random.fill(pads_);
      random.fill_operands(std::get<Vector>(scenario_.program.instructions[i].work), pads_);
    }
    if (scenario_.prepare) scenario_.prepare(pads_);
    for (std::size_t pad = 0; scenario_.all_written && pad < isa::machine::pad_count; ++pad) {
      memory::Scratchpad& each = pads_[static_cast<Pad>(pad)];
      each.mark_written(0, each.config().bytes);
    }
  }
  void take() {
    const std::uint64_t now = sc_core::sc_time_stamp().value();
    while (taken_ < scenario_.takes.size() && scenario_.takes[taken_].time == now) {
      const Take& each = scenario_.takes[taken_++];
      pads_[each.pad].take_port(now / period + 1, each.bytes);
    }
    if (taken_ < scenario_.takes.size()) take_.notify(sc_time::from_value(scenario_.takes[taken_].time - now));
  }

  const Scenario& scenario_;
  Outcome& outcome_;
  memory::Scratchpads pads_;
  control::machine::Observer observer_;
  control::machine::Context context_;
  Unit unit_;
  sc_core::sc_event completed_, issue_, take_;
  std::uint32_t issued_ = 0;  ///< Instructions.
  std::size_t taken_ = 0;     ///< Of the takes.
  std::exception_ptr error_;
};

template <class Unit>
Outcome run(const Scenario& scenario) {
  const memory_test::Kernel kernel;
  Outcome outcome;
  Bench<Unit> bench("bench", scenario, outcome);
  sc_core::sc_start();
  bench.rethrow();
  return outcome;
}

Scenario random_scenario(std::uint64_t seed, std::size_t instructions) {
  RandomVector random(seed);
  Scenario scenario;
  Program& program = scenario.program;
  program.core = random.core();
  program.layers = {"some_layer"};
  std::uint64_t cycles_of_all = 0;
  for (std::size_t i = 0; i < instructions; ++i) {
    Vector vector = random.instruction(random.kind());
    // Signs that no network has.
    if (random.one_in(4)) vector.multiplier_a = -vector.multiplier_a;
    if (random.one_in(4)) vector.multiplier_b = -vector.multiplier_b;
    isa::machine::Instruction instruction{.work = vector};
    if (random.one_in(2)) {
      for_read_bytes(vector, [&](Pad pad, const memory::ByteGrid& bytes) {
        memory::for_runs(bytes.packed(), [&](std::uint64_t address, std::uint64_t count) {
          instruction.releases.push_back({pad, static_cast<std::uint32_t>(address), static_cast<std::uint32_t>(count)});
        });
      });
    }
    program.instructions.push_back(std::move(instruction));
    scenario.gaps.push_back(random.one_in(2) ? 0 : static_cast<std::uint64_t>(random.from_to(0, 30)));
    cycles_of_all += cycles(vector, program.core).total + scenario.gaps.back();
  }
  // From now and then to nearly always.
  const std::int64_t between = random.from_to(1, 60), rows = random.from_to(1, 12);
  std::uint64_t time = 0;
  while (time < 2 * cycles_of_all * period) {
    time += static_cast<std::uint64_t>(random.from_to(0, 2 * between * static_cast<std::int64_t>(period)));
    if (random.one_in(3)) time = (time + period - 1) / period * period;
    const Pad pad = static_cast<Pad>(random.from_to(0, 2));
    const auto row = static_cast<std::int64_t>(program.core.pad(pad).row_bytes());
    scenario.takes.push_back({time, pad, static_cast<std::uint64_t>(random.from_to(1, rows * row))});
  }
  return scenario;
}

TEST(VectorUnits, AgreeOnEveryCycleByteAndCounterWhileDmaTakesPorts) {
  std::uint64_t stood = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Scenario scenario = random_scenario(seed, 12);
    const Outcome event = run<EventVectorUnit>(scenario), stepped = run<SteppedVectorUnit>(scenario);
    for (std::size_t i = 0; i < event.records.size(); ++i) {
      ASSERT_EQ(event.records[i].start, stepped.records[i].start) << seed << " " << i;
      ASSERT_EQ(event.records[i].end, stepped.records[i].end) << seed << " " << i;
      ASSERT_EQ(event.records[i], stepped.records[i]) << seed << " " << i;
      ASSERT_EQ(event.images[i], stepped.images[i]) << seed << " " << i;
      stood += event.records[i].conflict_cycles;
    }
    EXPECT_EQ(event.started, stepped.started) << seed;
    EXPECT_EQ(event.completed, stepped.completed) << seed;
    EXPECT_EQ(event.occupied, stepped.occupied) << seed;
  }
  EXPECT_GT(stood, 1000U);
}

template <class Unit>
class VectorUnit : public testing::Test {};
using Units = testing::Types<EventVectorUnit, SteppedVectorUnit>;
struct UnitName {
  template <class Unit>
  static std::string GetName(int) {
    return std::is_same_v<Unit, EventVectorUnit> ? "Event" : "Stepped";
  }
};
TYPED_TEST_SUITE(VectorUnit, Units, UnitName);

TYPED_TEST(VectorUnit, EndsAfterItsLawAndTheCyclesInWhichAPortWasTaken) {
  for (std::uint64_t seed = 100; seed < 140; ++seed) {
    const Scenario scenario = random_scenario(seed, 6);
    const Outcome outcome = run<TypeParam>(scenario);
    // What DMA had is counted cycle by cycle, from the takes alone.
    memory::Scratchpads ports(scenario.program.core, false);
    for (const Take& take : scenario.takes) ports[take.pad].take_port(take.time / period + 1, take.bytes);
    std::uint64_t before = 0;
    for (std::uint32_t i = 0; i < outcome.records.size(); ++i) {
      const auto& vector = std::get<Vector>(scenario.program.instructions[i].work);
      const PortsUsed used = ports_used(vector);
      const InstructionRecord& record = outcome.records[i];
      EXPECT_EQ(record.start, before + scenario.gaps[i]);
      std::uint64_t cycle = record.start, stood = 0;
      for (std::uint64_t left = cycles(vector, scenario.program.core).total; left != 0; ++cycle) {
        bool taken = false;
        for (std::size_t pad = 0; pad < used.size(); ++pad)
          taken = taken || (used[pad] && ports[static_cast<Pad>(pad)].taken(cycle));
        taken ? ++stood : --left;
      }
      ASSERT_EQ(record.end, cycle) << seed << " " << i;
      ASSERT_EQ(record.conflict_cycles, stood) << seed << " " << i;
      EXPECT_EQ((Traffic{record.read_bytes, record.written_bytes}), traffic(vector));
      EXPECT_EQ(outcome.started[i], (Told{i, record.start, record.start * period}));
      EXPECT_EQ(outcome.completed[i], (Told{i, record.end, record.end * period}));
      before = record.end;
    }
  }
}

TYPED_TEST(VectorUnit, TakesTheSameTimeWithoutValues) {
  for (std::uint64_t seed = 200; seed < 215; ++seed) {
    Scenario scenario = random_scenario(seed, 6);
    const Outcome with = run<TypeParam>(scenario);
    scenario.values = false;
    const Outcome without = run<TypeParam>(scenario);
    EXPECT_EQ(with.records, without.records) << seed;
    EXPECT_EQ(with.completed, without.completed) << seed;
  }
}

/// 20 elements on 4 lanes, 3 registers: 5 groups of one cycle each, 8 cycles in all.
Scenario small_scenario() {
  Scenario scenario;
  CoreConfig& core = scenario.program.core;
  core.array.rows = core.array.cols = 1;
  core.activations = core.weights = {.bytes = 1024, .banks = 4, .width = 1, .ports = 1};
  core.outputs = {.bytes = 1024, .banks = 4, .width = 4, .ports = 1};
  core.vector = {.lanes = 4, .latency = 3};
  Vector vector;
  vector.kind = VectorKind::rescale;
  vector.width = 20;
  vector.a = {Pad::activations, 0, 20, 20};
  vector.result = {Pad::outputs, 0, 20, 20};
  vector.multiplier_a = 1 << 30;
  vector.shift = 30;
  scenario.program.layers = {"small"};
  scenario.program.instructions = {{.work = vector}};
  scenario.gaps = {10};
  return scenario;
}

/// Ports taken from a cycle on.
Take take_from(std::uint64_t cycle, Pad pad, std::uint64_t bytes) {
  return {(cycle - 1) * period, pad, bytes};
}

TYPED_TEST(VectorUnit, StandsStillForPortsItUsesFromItsFirstToItsLastCycle) {
  const auto record = [](std::vector<Take> takes) {
    Scenario scenario = small_scenario();
    scenario.takes = std::move(takes);
    const Outcome outcome = run<TypeParam>(scenario);
    return std::pair(outcome.records[0].end, outcome.records[0].conflict_cycles);
  };
  EXPECT_EQ(record({}), std::pair(18UL, 0UL));
  EXPECT_EQ(record({take_from(9, Pad::activations, 4)}), std::pair(18UL, 0UL)) << "the cycle before it starts";
  EXPECT_EQ(record({take_from(10, Pad::activations, 4)}), std::pair(19UL, 1UL)) << "its first cycle";
  EXPECT_EQ(record({take_from(12, Pad::outputs, 17)}), std::pair(20UL, 2UL)) << "the result's port";
  EXPECT_EQ(record({take_from(12, Pad::weights, 100)}), std::pair(18UL, 0UL)) << "a port it does not use";
  EXPECT_EQ(record({take_from(17, Pad::activations, 5)}), std::pair(20UL, 2UL)) << "nothing but registers left to pass";
  EXPECT_EQ(record({take_from(18, Pad::activations, 4)}), std::pair(18UL, 0UL)) << "the cycle after its last";
  EXPECT_EQ(record({take_from(12, Pad::activations, 8), take_from(13, Pad::outputs, 32)}), std::pair(21UL, 3UL))
      << "cycles 12 to 14; both ports in 13";
  EXPECT_EQ(record({take_from(17, Pad::activations, 4), take_from(18, Pad::outputs, 16)}), std::pair(20UL, 2UL))
      << "stands still again in the cycle that the first stand added";
}

TYPED_TEST(VectorUnit, StartsInTheCycleInWhichTheOneBeforeCompleted) {
  Scenario scenario = small_scenario();
  scenario.program.instructions.push_back(scenario.program.instructions[0]);
  scenario.gaps = {0, 0};
  const Outcome outcome = run<TypeParam>(scenario);
  EXPECT_EQ(outcome.records[0].end, 8U);
  EXPECT_EQ(outcome.records[1].start, 8U);
  EXPECT_EQ(outcome.records[1].end, 16U);
}

TYPED_TEST(VectorUnit, MarksItsResultAndReleasesWhenItCompletes) {
  Scenario scenario = small_scenario();
  scenario.program.instructions[0].releases = {{Pad::activations, 0, 20}, {Pad::outputs, 900, 100}};
  const Outcome outcome = run<TypeParam>(scenario);
  EXPECT_EQ(outcome.occupied[0], (std::array<std::uint64_t, 3>{1004, 1024, 924}));
}

TYPED_TEST(VectorUnit, NamesTheInstructionThatReadsWhatWasNeverWritten) {
  Scenario scenario = small_scenario();
  scenario.all_written = false;
  EXPECT_THAT([&] { run<TypeParam>(scenario); },
              testing::ThrowsMessage<std::runtime_error>(testing::HasSubstr(
                  "instruction 0 (vector, layer 'small') reads byte 0x0 of the activations scratchpad")));
}

TYPED_TEST(VectorUnit, NamesTheInstructionThatOverwritesItsOwnOperands) {
  Scenario scenario = small_scenario();
  auto& vector = std::get<Vector>(scenario.program.instructions[0].work);
  vector.result = vector.a;
  vector.result.address = 1;
  EXPECT_THAT([&] { run<TypeParam>(scenario); },
              testing::ThrowsMessage<std::runtime_error>(testing::HasSubstr(
                  "instruction 0 (vector, layer 'small') writes its result over bytes it has yet to read")));
}

TYPED_TEST(VectorUnit, NamesTheChannelWhoseShiftIsNone) {
  Scenario scenario = small_scenario();
  Vector vector;
  vector.kind = VectorKind::requantize;
  vector.channels = 3;
  vector.a = {Pad::outputs, 0, 4, 4};
  vector.parameters = 512;
  vector.result = {Pad::activations, 0, 1, 1};
  scenario.program.instructions = {{.work = vector}};
  for (const std::int8_t shift : std::initializer_list<std::int8_t>{1, 62, 0, 63, -1}) {
    scenario.prepare = [&](memory::Scratchpads& pads) {
      for (std::uint32_t byte = 0; byte < 4; ++byte)  // Of a little-endian int32 with its sign.
        pads[Pad::weights].bytes(512 + 2 * 12 + 8, 4)[byte] =
            byte == 0 ? shift : static_cast<std::int8_t>(shift < 0 ? -1 : 0);
    };
    if (shift == 1 || shift == 62) {
      EXPECT_NO_THROW(run<TypeParam>(scenario));
    } else {
      EXPECT_THAT([&] { run<TypeParam>(scenario); },
                  testing::ThrowsMessage<std::runtime_error>(testing::HasSubstr(
                      "instruction 0 (vector, layer 'small'): the parameters of channel 2, at 0x218 of the weights "
                      "scratchpad, have the shift " +
                      std::to_string(shift) + "; it must be 1 .. 62")));
    }
  }
}

}  // namespace
}  // namespace fusesim::vector
