// SPDX-License-Identifier: Apache-2.0
// Whole machines from DRAM to DRAM: the fidelities agree on every figure, and all compute what the program means.
#include "hw/accelerator/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>
#include <string>

#include "hw/isa/invalid_program.h"
#include "tests/hw/accelerator/machine_support.h"
#include "tests/hw/accelerator/tiled_program.h"
#include "tests/hw/isa/machine/random_machine_program.h"
#include "tests/support/random_instruction.h"

namespace fusesim::accelerator {
namespace {

using control::machine::Cause;
using isa::machine::CoreConfig;
using isa::machine::Program;
using isa::machine::test::random_machine_program;
using test::error_of;
using test::Random;
using testing::HasSubstr;

#ifdef FUSESIM_MANY_PROGRAMS
constexpr std::uint32_t kPrograms = 10'000;
#else
constexpr std::uint32_t kPrograms = 150;
#endif

TEST(Machine, FidelitiesAgreeOnEveryFigureAndComputeWhatRandomProgramsMean) {
  std::array<std::uint64_t, control::machine::cause_count> causes{};
  for (std::uint32_t seed = 0; seed < kPrograms; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random(seed);
    const Program program = random_machine_program(seed);
    const MachineOptions options = test::random_options(random);
    const test::Watched event = test::expect_fidelities_agree(program, options);
    MachineOptions timing = options;
    timing.values = timing.keep_tensors = false;
    const Program empty = random_machine_program(seed, false);
    test::expect_equal_times(event, test::watch(empty, timing, Fidelity::event));
    if (testing::Test::HasFailure()) return;
    for (std::size_t i = 0; i < causes.size(); ++i) causes[i] += event.result.record.causes[i];
  }
  for (std::size_t i = 0; i < causes.size(); ++i) {
    const auto cause = static_cast<Cause>(i);
    if (cause == Cause::predict || cause == Cause::stall) continue;  // Of the fused unit.
    EXPECT_GT(causes[i], 0u) << control::machine::name(cause);
  }
}

TEST(Machine, FidelitiesAgreeOnTiledProgramsWhoseUnitsAllWorkAtOnce) {
  std::uint64_t conflicts = 0, overlapping = 0;
  for (std::uint32_t seed = 0; seed < kPrograms; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random(seed);
    isa::ArrayConfig array = fusesim::test::random_array(random, 8);
    const Program program = test::TiledProgram(random, array).make(random.between(1, 5));
    SCOPED_TRACE(isa::describe(array));
    isa::machine::validate(program);
    const test::Watched event = test::expect_fidelities_agree(program, test::random_options(random));
    if (testing::Test::HasFailure()) return;
    const auto& records = event.result.record.instructions;
    for (std::size_t i = 0; i < records.size(); ++i) {
      if (program.instructions[i].queue() != isa::machine::Queue::vector) continue;
      conflicts += records[i].conflict_cycles;
      for (std::size_t j = 0; j < records.size(); ++j) {
        overlapping += i != j && records[i].start < records[j].end && records[j].start < records[i].end ? 1U : 0U;
      }
    }
  }
  EXPECT_GT(conflicts, 100u);
  EXPECT_GT(overlapping, 1000u);
}

TEST(Machine, ALargerCoreRunsTheSameProgramWithTheSameResults) {
  for (std::uint32_t seed = 1000; seed < 1010; ++seed) {
    const Program program = random_machine_program(seed);
    Random random(seed);
    const MachineOptions options = test::random_options(random);
    CoreConfig core = program.core;
    for (auto* pad : {&core.activations, &core.weights, &core.outputs}) pad->bytes *= 3;
    core.vector.lanes += 5;
    core.control.queue_depth += 7;
    const MachineResult own = run(program, program.core, options), larger = run(program, core, options);
    EXPECT_EQ(own.tensors, larger.tensors);
  }
}

TEST(Machine, AProgramWithoutInstructionsTakesNoCycles) {
  Program program;
  program.network = "empty";
  program.layers = {"nothing"};
  for (const Fidelity fidelity : {Fidelity::event, Fidelity::stepped}) {
    MachineOptions options;
    options.fidelity = fidelity;
    const MachineResult result = run(program, program.core, options);
    EXPECT_EQ(result.record.cycles, 0u) << name(fidelity);
    EXPECT_TRUE(result.record.instructions.empty());
  }
}

/// Loads four bytes, and stores `stored` bytes from the same place.
Program copy_program(std::uint32_t stored) {
  Program program;
  program.network = "copy";
  program.layers = {"copy"};
  program.sections = {
      {.name = "in", .role = isa::machine::Role::input, .address = 64, .bytes = 4, .values = {1, 2, 3, 4}},
      {.name = "out", .role = isa::machine::Role::output, .address = 128, .bytes = 8}};
  isa::machine::Load load;
  load.dram = 64;
  load.pad = isa::machine::Pad::outputs;
  load.address = 32;
  load.run_bytes = 4;
  isa::machine::Store store;
  store.dram = 128;
  store.pad = isa::machine::Pad::outputs;
  store.address = 32;
  store.run_bytes = stored;
  program.instructions = {{.work = load}, {.work = store, .waits = {1, 0, 0, 0}}};
  return program;
}

TEST(Machine, MovesBytesThroughAScratchpadInTheCyclesThatTheLawSays) {
  const Program program = copy_program(4);
  MachineOptions options;
  options.memory.standard = "fixed";
  options.memory.fixed_gigabytes_per_second = 4;
  options.memory.fixed_latency_ns = 20;
  options.keep_tensors = true;
  const MachineResult result = run(program, program.core, options);
  EXPECT_EQ(result.tensors[1], (std::vector<std::int8_t>{1, 2, 3, 4, 0, 0, 0, 0}));
  const auto& [load, store] = std::pair(result.record.instructions[0], result.record.instructions[1]);
  EXPECT_EQ(load.decoded, 10u);
  EXPECT_EQ(load.start, 10u);
  // Sent at 10.5 ns, answered 20 + 4 / 4 ns later, at 31.5; the port is taken in cycle 32.
  EXPECT_EQ(load.end, 33u);
  EXPECT_EQ(store.decoded, 12u);
  EXPECT_EQ(store.start, 33u);
  EXPECT_EQ(store.end, 55u);  // sent at 33.5, answered at 54.5
  EXPECT_EQ(result.record.cycles, 55u);
  using control::machine::CauseCycles;
  CauseCycles expected{};
  expected[static_cast<std::size_t>(Cause::control)] = 12;  // while the compute queue may still get something
  expected[static_cast<std::size_t>(Cause::load)] = 21;
  expected[static_cast<std::size_t>(Cause::store)] = 22;
  EXPECT_EQ(result.record.causes, expected);
  EXPECT_EQ(result.record.pads[2].peak_bytes, 4u);
  EXPECT_DOUBLE_EQ(result.record.dram_peak_bytes_per_cycle, 4);
}

TEST(Machine, ReadingBytesThatWereNeverWrittenIsAnErrorThatNamesTheInstruction) {
  for (const Fidelity fidelity : {Fidelity::event, Fidelity::stepped}) {
    MachineOptions options;
    options.fidelity = fidelity;
    EXPECT_THAT(error_of(copy_program(5), options),
                HasSubstr("instruction 1 (store, layer 'copy') reads byte 0x24 of the outputs scratchpad"));
  }
  Program released = copy_program(4);
  released.instructions[0].releases = {{isa::machine::Pad::outputs, 35, 1}};
  EXPECT_THAT(error_of(released, {}), HasSubstr("reads byte 0x23 of the outputs scratchpad"));
}

TEST(Machine, ADeadlockIsAnErrorThatShowsWhatIsWaitedFor) {
  Program program = copy_program(4);
  std::swap(program.instructions[0], program.instructions[1]);
  program.core.control.queue_depth = 1;
  program.instructions.insert(program.instructions.begin(), program.instructions[0]);
  EXPECT_THAT(error_of(program, {}), HasSubstr("store: instruction 0 (store, layer 'copy') waits for token 1 of load"));
}

TEST(Machine, OptionsThatDoNotFitAreRefusedByName) {
  const Program program = copy_program(4);
  const auto error = [&](auto change) {
    MachineOptions options;
    change(options);
    return error_of(program, options);
  };
  EXPECT_THAT(error([](MachineOptions& o) { o.memory.standard = "DDR4-2500"; }),
              HasSubstr("dram.standard 'DDR4-2500' is unknown; did you mean 'DDR4-2400'?"));
  EXPECT_THAT(error([](MachineOptions& o) { o.memory.standard = "fixd"; }), HasSubstr("did you mean 'fixed'?"));
  EXPECT_THAT(error([](MachineOptions& o) { o.memory.scheduler = "frfcfs"; }), HasSubstr("did you mean 'fr_fcfs'?"));
  EXPECT_THAT(error([](MachineOptions& o) { o.memory.dma_arbitration = "loadfirst"; }),
              HasSubstr("did you mean 'load_first'?"));
  EXPECT_THAT(error([](MachineOptions& o) { o.memory.address_map = "row:bank"; }), HasSubstr("dram.address_map: "));
  EXPECT_THAT(error([](MachineOptions& o) { o.memory.queue_bursts = 0; }), HasSubstr("dram.queue_bursts is 0"));
  EXPECT_THAT(error([](MachineOptions& o) { o.memory.dma_request_bytes = 96; }),
              HasSubstr("dma.request_bytes is 96; it must be a power of two, such as 64 or 128"));
  EXPECT_THAT(error([](MachineOptions& o) { o.memory.dma_outstanding = 0; }), HasSubstr("dma.outstanding is 0"));
  EXPECT_THAT(error([](MachineOptions& o) { o.memory.dma_descriptors = 0; }), HasSubstr("dma.descriptors is 0"));
  EXPECT_THAT(error([](MachineOptions& o) {
                o.memory.standard = "fixed";
                o.memory.fixed_gigabytes_per_second = std::numeric_limits<double>::quiet_NaN();
              }),
              HasSubstr("dram.bandwidth_gbps is nan"));
  EXPECT_THAT(error([](MachineOptions& o) { o.clock_mhz = 0.5; }), HasSubstr("0.5 MHz is not a frequency"));
  EXPECT_THAT(error([](MachineOptions& o) {
                o.values = false;
                o.keep_tensors = true;
              }),
              HasSubstr("tensors cannot be kept of a run without values"));
  EXPECT_THAT(error([](MachineOptions& o) { o.fidelity = Fidelity::rtl; }), HasSubstr("no Verilated array was given"));
  EXPECT_THAT(error([](MachineOptions& o) { o.observe = [](auto&&...) {}; }),
              HasSubstr("event fidelity has no registers to observe"));

  Program far = program;
  far.sections.push_back({.name = "far", .address = std::uint64_t{3} << 32, .bytes = 1});
  EXPECT_THAT(error_of(far, {}), HasSubstr("uses 12884901889 bytes of DRAM, but DDR4-2400 has 8589934592"));
  MachineOptions fixed;
  fixed.memory.standard = "fixed";
  EXPECT_EQ(error_of(far, fixed), "no error");

  Program timing = program;
  timing.sections[0].values.clear();
  EXPECT_THAT(error_of(timing, {}), HasSubstr("program 'copy' was made for timing only"));
  MachineOptions stepped;
  stepped.fidelity = Fidelity::stepped;
  stepped.values = false;
  EXPECT_THAT(error_of(timing, stepped), HasSubstr("was made for timing only"));
  MachineOptions without;
  without.values = false;
  EXPECT_EQ(error_of(timing, without), "no error");

  CoreConfig smaller = program.core;
  smaller.array.rows += 1;
  EXPECT_THROW(static_cast<void>(run(program, smaller, {})), isa::InvalidProgram);
}

TEST(Machine, WhatIsThrownInAProcessIsThrownByTheRun) {
  Program program = copy_program(8);
  isa::machine::Vector clamp;
  clamp.kind = isa::machine::VectorKind::rescale;
  clamp.multiplier_a = 1 << 30;
  clamp.shift = 30;
  clamp.width = 4;
  clamp.a = {isa::machine::Pad::outputs, 32, 4, 4};
  clamp.result = {isa::machine::Pad::outputs, 36, 4, 4};
  program.instructions.insert(program.instructions.begin() + 1, {.work = clamp, .waits = {1, 0, 0, 0}});
  program.instructions[2].waits = {1, 0, 1, 0};
  for (const Fidelity fidelity : {Fidelity::event, Fidelity::stepped}) {
    MachineOptions options;
    options.fidelity = fidelity;
    EXPECT_EQ(error_of(program, options), "no error");
    // In the callback of a DMA channel, and where the vector unit and a store complete.
    options.observer.request = [](std::uint64_t, bool write, std::uint32_t) {
      if (write) throw std::runtime_error("request refused");
    };
    EXPECT_THAT(error_of(program, options), HasSubstr("request refused"));
    options.observer.request = nullptr;
    for (const std::uint64_t limit : {4U, 8U}) {
      options.observer.occupancy = [&](std::uint64_t, isa::machine::Pad pad, std::uint64_t bytes) {
        if (pad == isa::machine::Pad::outputs && bytes >= limit) throw std::runtime_error("occupancy refused");
      };
      EXPECT_THAT(error_of(program, options), HasSubstr("occupancy refused")) << limit;
    }
  }
}

TEST(Machine, AWindowShowsTheRegistersOfTheCyclesInWhichTheArrayIsClocked) {
  Random random(3);
  const Program program = test::TiledProgram(random, {.rows = 4, .cols = 4}).make(2);
  MachineOptions options;
  options.fidelity = Fidelity::stepped;
  const std::uint64_t cycles = run(program, program.core, options).record.cycles;
  std::vector<std::uint64_t> all, some;
  options.window_end = cycles;
  options.observe = [&](std::uint64_t cycle, auto&&...) { all.push_back(cycle); };
  static_cast<void>(run(program, program.core, options));
  options.window_begin = all[all.size() / 3];
  options.window_end = all[all.size() / 2];
  options.observe = [&](std::uint64_t cycle, auto&&...) { some.push_back(cycle); };
  static_cast<void>(run(program, program.core, options));
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  EXPECT_EQ(some, std::vector(all.begin() + static_cast<std::ptrdiff_t>(all.size() / 3),
                              all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2)));
}

}  // namespace
}  // namespace fusesim::accelerator
