// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/machine/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "hw/isa/trace.h"
#include "hw/isa/write_file.h"
#include "tests/hw/isa/machine/random_machine_program.h"
#include "tests/hw/isa/random_program.h"
#include "tests/hw/isa/seal.h"
#include "tests/support/temporary_directory.h"

namespace fusesim::isa::machine {
namespace {

using test::random_fused_program;
using test::random_machine_program;
using testing::HasSubstr;

std::string message_of(const std::string& bytes) {
  try {
    static_cast<void>(decode_trace(bytes, "t"));
  } catch (const TraceError& error) {
    return error.what();
  }
  return "";
}

TEST(MachineTrace, GivesBackTheProgram) {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    const bool values = seed % 3 != 0;
    const Program program = seed % 2 != 0 ? random_machine_program(seed, values) : random_fused_program(seed, values);
    const std::string bytes = encode_trace(program);
    ASSERT_EQ(decode_trace(bytes, "t"), program) << seed;
    ASSERT_EQ(encode_trace(program), bytes) << seed;  // no clock, address or order of a hash in it
  }
}

// What random programs leave at its default, each field with a value of its own.
TEST(MachineTrace, KeepsEveryField) {
  Program program;
  program.network = "every field";
  program.core.array = {5, 7, Accumulators::single, FoldOverlap::serial, true, 3};
  program.core.activations = {.bytes = 1 << 20, .banks = 16, .width = 8, .ports = 3};
  program.core.weights = {.bytes = 1 << 19, .banks = 8, .width = 2, .ports = 4};
  program.core.outputs = {.bytes = 1 << 18, .banks = 8, .width = 4, .ports = 5};
  program.core.vector = {.lanes = 11, .latency = 12};
  program.core.control = {.fetch_cycles = 13, .decode_cycles = 14, .queue_depth = 15};
  program.layers = {"", "a layer"};
  program.sections = {{"s", Role::intermediate, 0x300000005, 1 << 20, {}}};
  Vector work;
  work.kind = VectorKind::max_pool;
  work.channels = 2, work.height = 3, work.width = 4;
  work.a = {Pad::activations, 21, 1000, 100};
  work.b = {Pad::weights, 22, 1001, 101};
  work.result = {Pad::activations, 23, 1002, 102};
  work.window = {10, 11, 3, 4, 2, 1, 1, 2};
  work.zero_a = -3, work.zero_b = -4, work.zero_out = 5;
  work.multiplier_a = -600000000, work.multiplier_b = 700000000, work.shift = 42;
  work.lowest = -100, work.highest = 99;
  work.parameters = 24;
  work.has_table = true, work.table = 25;
  Store store;
  store.dram = 0x300000006;
  store.pad = Pad::weights;
  store.address = 31;
  store.run_bytes = 2;
  store.counts = {3, 4, 5};
  store.dram_strides = {6, 70, 800};
  store.pad_strides = {9, 1, 0};
  program.instructions = {{work, {}, 1, {{Pad::outputs, 41, 42}, {Pad::weights, 43, 44}}}, {store, {0, 0, 1, 0}}};
  const Program again = decode_trace(encode_trace(program), "t");
  EXPECT_EQ(again, program);
}

TEST(MachineTrace, GivesBackTheProgramFromAFile) {
  fusesim::test::TemporaryDirectory directory;
  const Program program = random_machine_program(3);
  write_trace(directory / "a.trace", program);
  EXPECT_EQ(read_trace(directory / "a.trace"), program);
  EXPECT_EQ(trace_kind(directory / "a.trace"), ProgramKind::machine);
  EXPECT_THROW(static_cast<void>(read_trace(directory / "none")), TraceError);
}

TEST(MachineTrace, IsNotWrittenForAnInvalidProgram) {
  fusesim::test::TemporaryDirectory directory;
  Program program = random_machine_program(3);
  program.core.vector.lanes = 0;
  EXPECT_THROW(write_trace(directory / "a.trace", program), std::invalid_argument);
  EXPECT_EQ(directory.files(), 0U);
}

TEST(MachineTrace, IsNotTakenForAnArrayProgram) {
  const std::string machine = encode_trace(random_machine_program(1));
  const std::string array = isa::encode_trace(isa::test::random_program(1));
  EXPECT_EQ(message_of(array),
            "t: kind: holds an array program, but a machine program is needed here; name another file");
  try {
    static_cast<void>(isa::decode_trace(machine, "t"));
    FAIL() << "accepted";
  } catch (const TraceError& error) {
    EXPECT_STREQ(error.what(),
                 "t: kind: holds a machine program, but an array program is needed here; name another file");
  }
}

TEST(MachineTrace, NamesWhatIsWrong) {
  const std::string good = encode_trace(random_machine_program(1));
  const auto with = [&](std::size_t at, char value) {
    std::string bytes = good;
    bytes[at] = value;
    return message_of(bytes);
  };
  EXPECT_THAT(with(60, static_cast<char>(good[60] ^ 1)), HasSubstr("t: checksum: stored "));
  EXPECT_EQ(with(32, static_cast<char>(good[32] ^ 1)),
            "t: machine digest: does not belong to the machine of the payload; write the trace anew");
  EXPECT_THAT(message_of(good.substr(0, 100)), HasSubstr("t: payload: truncated at byte 100 of "));
  std::string broken = good;
  broken[43] = static_cast<char>(0x7f);
  isa::test::seal(broken);
  EXPECT_EQ(message_of(broken), "t: payload: its structure is broken; compile the trace anew");
}

TEST(MachineTrace, ReportsAProgramThatIsInvalid) {
  Program program;
  program.core.vector.lanes = 0x321;
  std::string bytes = encode_trace(program);
  const std::string lanes{"\x21\x03\0\0\x08\0\0\0", 8};
  const std::size_t at = bytes.find(lanes);
  ASSERT_NE(at, std::string::npos);
  isa::test::store(bytes, at, std::uint32_t{0});
  isa::test::seal(bytes);
  EXPECT_EQ(message_of(bytes), "t: vector.lanes is 0; it must be from 1 to 4096");
}

// Wherever a field's place in a table is set to "not there", the work's place among them.
TEST(MachineTrace, RefusesAnInstructionWithoutOneWork) {
  Program program;
  program.layers = {"l"};
  program.sections = {{"s", Role::input, 0, 64, {}}};
  Load load;
  load.run_bytes = 0x3a;
  program.instructions = {{load}};
  const std::string good = encode_trace(program);
  ASSERT_EQ(message_of(good), "");
  int refused = 0;
  for (std::size_t at = 40; at + 2 <= good.size(); at += 2) {
    std::string bytes = good;
    bytes[at] = bytes[at + 1] = 0;
    isa::test::seal(bytes);
    refused += message_of(bytes) ==
               "t: instruction 0: holds 0 pieces of work, but must hold one; "
               "compile the trace anew";
  }
  EXPECT_GE(refused, 1);
}

// A thousand layers whose names are all one and the same string: legal FlatBuffers, a hundred times larger in memory.
TEST(MachineTrace, RefusesPartsUsedMoreThanOnce) {
  Program program;
  program.layers.assign(1000, "");
  program.layers[0].assign(250, 'n');
  std::string bytes = encode_trace(program);
  const std::size_t name = bytes.find(std::string(250, 'n')) - 4;
  const std::size_t first = isa::test::find_layer_offsets(bytes, name, 1000);
  ASSERT_NE(first, std::string::npos);
  for (std::size_t i = 0; i < 1000; ++i) {
    isa::test::store(bytes, first + 4 * i, static_cast<std::uint32_t>(name - first - 4 * i));
  }
  isa::test::seal(bytes);
  EXPECT_EQ(message_of(bytes), "t: payload: parts of it are used more than once; write the trace anew");
}

}  // namespace
}  // namespace fusesim::isa::machine
