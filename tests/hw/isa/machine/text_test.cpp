// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/machine/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "hw/isa/generated_values.h"
#include "hw/isa/machine/trace.h"
#include "tests/hw/isa/machine/random_machine_program.h"
#include "tests/hw/isa/random_program.h"

namespace fusesim::isa::machine {
namespace {

using test::random_fused_program;
using test::random_machine_program;

constexpr const char* kSample = R"(fusesim 1 machine  # a comment
network "tiny"
array rows=4 cols=5
scratchpad activations bytes=1024 banks=4 width=2 ports=3
scratchpad outputs bytes=2048 banks=8 width=4
vector_unit lanes=3 latency=0
controller decode_cycles=4
layer 0 "conv"
layer 1 "pool"
section 0 "in" input address=0x100 bytes=12 seed=7
section 1 "w" constant address=0x200 bytes=3
  hex 01fF # a comment
  hex 80
section 2 "out" output address=0x300 bytes=8
load 0 layer=0 dram=0x100 pad=activations address=0x10 run=3 counts=2,2,1 dram_strides=3,6,0 pad_strides=8,16,0
compute 1 gemm layer=0 input=0x10,16,8 weights=0x20,4 output=0x40 in=2x2x3 out=3x2x2 kernel=1x2 pad_value=-5 wait=load:1
vector 2 requantize layer=0 shape=3x2x2 a=outputs:0x40,16,8 result=activations:0x100,4,2 zero_out=-3 lowest=-3 parameters=0x40 table=0x80 wait=load:1,compute:1 release=outputs:0x40+48,weights:0x20+12
vector 3 max_pool layer=1 shape=2x2x1 a=activations:0x100,4,2 b=weights:0x1,2,3 result=outputs:0x0,2,1 in=2x2 kernel=2x2 stride=1x2 pad=1,0 zero_a=1 zero_b=2 multiplier_a=-3 multiplier_b=4 shift=5 highest=6 wait=vector:1
store 4 layer=1 dram=0x300 pad=outputs address=0x0 run=4 wait=vector:2
)";

std::string replaced(std::string_view from, std::string_view to) {
  std::string text = kSample;
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string message_of(const std::string& text) {
  try {
    static_cast<void>(assemble(text, "t"));
  } catch (const TextError& error) {
    return error.what();
  }
  return "";
}

TEST(MachineText, ReadsEveryField) {
  const Program program = assemble(kSample);
  EXPECT_EQ(program.network, "tiny");
  CoreConfig core;
  core.array = {.rows = 4, .cols = 5};
  core.activations = {.bytes = 1024, .banks = 4, .width = 2, .ports = 3};
  core.outputs = {.bytes = 2048, .banks = 8, .width = 4, .ports = 1};
  core.vector = {.lanes = 3, .latency = 0};
  core.control.decode_cycles = 4;
  EXPECT_EQ(describe(program.core), describe(core));
  EXPECT_EQ(program.layers, (std::vector<std::string>{"conv", "pool"}));
  std::vector<std::int8_t> values(12);
  fill_generated(7, 0, values);
  EXPECT_EQ(program.sections, (std::vector<Section>{{"in", Role::input, 0x100, 12, values},
                                                    {"w", Role::constant, 0x200, 3, {1, -1, -128}},
                                                    {"out", Role::output, 0x300, 8, {}}}));
  Load load;
  load.dram = 0x100;
  load.address = 0x10;
  load.run_bytes = 3;
  load.counts = {2, 2, 1};
  load.dram_strides = {3, 6, 0};
  load.pad_strides = {8, 16, 0};
  Compute compute;
  compute.geometry = {.in_channels = 2,
                      .in_height = 2,
                      .in_width = 3,
                      .out_channels = 3,
                      .out_height = 2,
                      .out_width = 2,
                      .kernel_width = 2};
  compute.pad_value = -5;
  compute.input = {0x10, 16, 8};
  compute.weights = 0x20;
  compute.weights_pitch = 4;
  compute.output = 0x40;
  Vector requantize;
  requantize.channels = 3, requantize.height = 2, requantize.width = 2;
  requantize.a = {Pad::outputs, 0x40, 16, 8};
  requantize.result = {Pad::activations, 0x100, 4, 2};
  requantize.zero_out = -3;
  requantize.lowest = -3;
  requantize.parameters = 0x40;
  requantize.has_table = true;
  requantize.table = 0x80;
  Vector pool;
  pool.kind = VectorKind::max_pool;
  pool.channels = 2, pool.height = 2, pool.width = 1;
  pool.a = {Pad::activations, 0x100, 4, 2};
  pool.b = {Pad::weights, 1, 2, 3};
  pool.result = {Pad::outputs, 0, 2, 1};
  pool.window = {2, 2, 2, 2, 1, 2, 1, 0};
  pool.zero_a = 1, pool.zero_b = 2, pool.multiplier_a = -3, pool.multiplier_b = 4, pool.shift = 5, pool.highest = 6;
  Store store;
  store.dram = 0x300;
  store.pad = Pad::outputs;
  store.run_bytes = 4;
  const std::vector<Instruction> instructions = {
      {load},
      {compute, {1, 0, 0, 0}},
      {requantize, {1, 1, 0, 0}, 0, {{Pad::outputs, 0x40, 48}, {Pad::weights, 0x20, 12}}},
      {pool, {0, 0, 1, 0}, 1},
      {store, {0, 0, 2, 0}, 1}};
  EXPECT_EQ(program.instructions, instructions);
  EXPECT_EQ(assemble(disassemble(program)), program);
}

TEST(MachineText, GivesBackTheSameTrace) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    const bool values = seed % 3 != 0;
    const Program program = seed % 2 != 0 ? random_machine_program(seed, values) : random_fused_program(seed, values);
    const std::string text = disassemble(program);
    ASSERT_EQ(text_kind(text), ProgramKind::machine);
    const Program again = assemble(text);
    ASSERT_EQ(again, program) << text;
    ASSERT_EQ(encode_trace(again), encode_trace(program));
    ASSERT_EQ(disassemble(again), text);
  }
}

TEST(MachineText, SaysWhatKindItIs) {
  EXPECT_EQ(text_kind("\n # c\n fusesim 1 machine # x\n"), ProgramKind::machine);
  EXPECT_EQ(text_kind("fusesim 1\nfusesim 1 machine\n"), ProgramKind::array);
  EXPECT_EQ(text_kind(isa::disassemble(isa::test::random_program(1))), ProgramKind::array);
  for (const char* other : {"", "#", "\"", "fusesim", "fusesim 1 \"machine\"", "fusesim 1 machin"}) {
    EXPECT_EQ(text_kind(other), ProgramKind::array) << other;
  }
  EXPECT_EQ(message_of("fusesim 1\n"),
            "t:1: this is an array program, but a machine program is needed here; name another "
            "file");
  EXPECT_EQ(message_of("fusesim 1 machin\n"),
            "t:1: kind 'machin' is unknown; did you mean 'machine'? (one of machine)");
  try {
    static_cast<void>(isa::assemble(kSample, "t"));
    FAIL() << "accepted";
  } catch (const TextError& error) {
    EXPECT_STREQ(error.what(),
                 "t:1: this is a machine program, but an array program is needed here; name another file");
  }
}

TEST(MachineText, ErrorsNameLineAndCure) {
  EXPECT_EQ(message_of(""), "t:0: the text is empty; it must start with 'fusesim 1 machine'");
  EXPECT_EQ(message_of("fusesim 1 machine\n"), "t:1: there is no 'array' line; add 'array rows=R cols=C'");
  EXPECT_EQ(message_of("network \"a\"\n"), "t:1: 'network': the first line must be 'fusesim 1 machine'");
  const std::pair<std::string, std::string> cases[] = {
      {replaced("store 4", "stor 4"),
       "t:19: keyword 'stor' is unknown; did you mean 'store'? (one of network, array, scratchpad, vector_unit, "
       "controller, layer, section, hex, load, compute, vector, store, fused_unit, fused_tile, fused_predict, "
       "fused_accumulate)"},
      {replaced("network", "array rows=1 cols=1\nnetwork"), "t:4: 'array' is given twice, first on line 2"},
      {replaced("scratchpad outputs", "scratchpad activations"),
       "t:5: 'scratchpad activations' is given twice, first on line 4"},
      {replaced("scratchpad outputs", "scratchpad output"),
       "t:5: scratchpad 'output' is unknown; did you mean 'outputs'? (one of activations, weights, outputs)"},
      {replaced("ports=3", "port=3"),
       "t:4: field 'port' is unknown; did you mean 'ports'? (one of bytes, banks, width, ports)"},
      {replaced("bytes=1024", "bytes=1023"),
       "t:4: activations.bytes is 1023; it must be a multiple of banks * width = 8, such as 1024"},
      {replaced("banks=8", "banks=4"),
       "t:5: outputs.banks is 4; it must be at least array.cols = 5, so that every column has a bank for its sums"},
      {replaced("rows=4 cols=5", "rows=4 cols=0"), "t:3: array.cols is 0; it must be from 1 to 4096"},
      {replaced("lanes=3", "lanes=0"), "t:6: vector.lanes is 0; it must be from 1 to 4096"},
      {replaced("decode_cycles=4", "decode_cycles=0"), "t:7: control.decode_cycles is 0; it must be from 1 to 65535"},
      {replaced("section 1", "section 2"), "t:11: section 2 stands where section 1 is due; number them in order"},
      {replaced("constant", "constants"),
       "t:11: role 'constants' is unknown; did you mean 'constant'? (one of input, constant, intermediate, output, "
       "lists)"},
      {replaced("address=0x200 ", ""), "t:11: field address is missing"},
      {replaced("  hex 80\n", ""), "t:11: section 1: 2 values are given for 3 bytes; give all or none"},
      {replaced("layer 0 \"conv\"\n", "layer 0 \"conv\"\nhex 00\n"),
       "t:9: hex: values must follow their section at once"},
      {replaced("bytes=12 seed=7", "bytes=67108865 seed=7"),
       "t:10: seed: the values of a text are at most 67108864 bytes"},
      {replaced("load 0", "load 1"), "t:15: instruction 1 stands where instruction 0 is due; number them in order"},
      {replaced("compute 1 gemm", "compute 1 gem"),
       "t:16: dataflow 'gem' is unknown; did you mean 'gemm'? (one of gemm, depthwise_column, depthwise_row, "
       "depthwise_broadcast, fuse_row, fuse_column)"},
      {replaced("requantize", "requantise"),
       "t:17: kind 'requantise' is unknown; did you mean 'requantize'? (one of requantize, add, scale, rescale, "
       "max_pool, "
       "average_pool)"},
      {replaced("run=3", ""), "t:15: field run is missing"},
      {replaced("run=3", "run=3 size=3"),
       "t:15: field 'size' is unknown; choose one of layer, wait, release, dram, pad, address, run, counts, "
       "dram_strides, "
       "pad_strides"},
      {replaced("counts=2,2,1", "counts=2,2"), "t:15: counts: must have the form N,N,N"},
      {replaced("dram_strides=3,6,0", "dram_strides=3"), "t:15: dram_strides: must have the form BYTES,BYTES,BYTES"},
      {replaced("pad_strides=8,16,0", "pad_strides=8,x,0"),
       "t:15: pad_strides: 'x' is not a number from 0 to 4294967295"},
      {replaced("input=0x10,16,8", "input=0x10"), "t:16: input: must have the form ADDRESS,CHANNEL_PITCH,LINE_PITCH"},
      {replaced("weights=0x20,4", "weights=0x20"), "t:16: weights: must have the form ADDRESS,PITCH"},
      {replaced("pad_value=-5", "pad_value=-129"), "t:16: pad_value: -129 is not a number from -128 to 127"},
      {replaced("wait=load:1\n", "wait=loads:1\n"),
       "t:16: queue 'loads' is unknown; did you mean 'load'? (one of load, compute, vector, store)"},
      {replaced("wait=load:1\n", "wait=load\n"), "t:16: wait: must have the form QUEUE:COUNT,..."},
      {replaced("wait=load:1\n", "wait=load:1,load:1\n"), "t:16: wait: queue load is given twice"},
      {replaced("wait=load:1\n", "wait=load:2\n"),
       "t:16: instruction 1 (compute, conv): waits for 2 completed load instructions, but the program has only 1"},
      {replaced("a=outputs:0x40,16,8", "a=0x40,16,8"),
       "t:17: a: must have the form SCRATCHPAD:ADDRESS,CHANNEL_PITCH,LINE_PITCH"},
      {replaced("a=outputs:0x40,16,8", "a=outputs:0x40,16"),
       "t:17: a: must have the form SCRATCHPAD:ADDRESS,CHANNEL_PITCH,LINE_PITCH"},
      {replaced("a=outputs:", "a=ouputs:"),
       "t:17: scratchpad 'ouputs' is unknown; did you mean 'outputs'? (one of activations, weights, outputs)"},
      {replaced("lowest=-3", "lowest=200"), "t:17: lowest: 200 is not a number from -128 to 127"},
      {replaced("0x40+48", "0x40"), "t:17: release: must have the form SCRATCHPAD:ADDRESS+BYTES,..."},
      {replaced("outputs:0x40+48", "0x40+48"), "t:17: release: must have the form SCRATCHPAD:ADDRESS+BYTES,..."},
      {replaced("pad=1,0", "pad=1"), "t:18: pad: must have the form top,left"},
      {replaced("kernel=2x2", "kernel=2"), "t:18: kernel: must have the form HxW"},
      {replaced("shift=5", "shift=63"), "t:18: instruction 3 (vector, pool): shift is 63; it must be from 1 to 62"},
      {replaced("dram=0x300", "dram=0x3000"),
       "t:19: instruction 4 (store, pool): dram 0x3000 lies in no section; declare what it is"},
      {replaced("\"tiny\"", "\"ti\x01ny\""),
       "t:2: network: the name holds a control character; names are one line of printable text"},
      {replaced("\"pool\"", "\"po\x01ol\""),
       "t:9: layer 1: the name holds a control character; names are one line of printable text"},
  };
  for (const auto& [text, message] : cases) EXPECT_EQ(message_of(text), message);
}

TEST(MachineText, IsNotMadeOfAnInvalidProgram) {
  Program program = random_machine_program(1);
  program.core.vector.lanes = 0;
  EXPECT_THROW(static_cast<void>(disassemble(program)), std::invalid_argument);
}

}  // namespace
}  // namespace fusesim::isa::machine
