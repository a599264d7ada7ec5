// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "hw/isa/trace.h"
#include "tests/hw/isa/random_program.h"

namespace fusesim::isa {
namespace {

using test::random_program;
using testing::HasSubstr;

constexpr const char* kSample = R"(fusesim 1   # a comment
network "tiny \"net\" \\ # no comment"
array rows=5 cols=7 fuse_links=no

layer 0 "conv"
tensor 0 "in" int8 generated 2x4x4 seed=0x10
tensor 1 "w" int8 constant 1x3x3
  hex 0102030405 # a comment
  hex 0607fF80
tensor 2 "out" int32 computed 1x2x2
instruction 0 depthwise_row layer=0 input=0+1 weights=1 output=2 in=1x4x4 out=1x2x2 kernel=3x3 stride=2x2 pad=0,0,1,1 pad_value=-5
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

TEST(Text, ReadsEveryField) {
  const Program program = assemble(kSample);
  EXPECT_EQ(program.network, "tiny \"net\" \\ # no comment");
  EXPECT_EQ(describe(program.array), "5x7 pingpong pipelined nofuse stages=0");
  EXPECT_EQ(program.layers, std::vector<std::string>{"conv"});
  ASSERT_EQ(program.tensors.size(), 3U);
  EXPECT_EQ(program.tensors[0].seed, 16U);
  EXPECT_EQ(program.tensors[1].values, (std::vector<std::int8_t>{1, 2, 3, 4, 5, 6, 7, -1, -128}));
  EXPECT_EQ(program.tensors[2].type, ElementType::int32);
  ASSERT_EQ(program.instructions.size(), 1U);
  const ArrayInstruction& instruction = program.instructions[0];
  EXPECT_EQ(instruction.dataflow, Dataflow::depthwise_row);
  EXPECT_EQ(instruction.input, (TensorSlice{0, 1}));
  EXPECT_EQ(instruction.pad_value, -5);
  EXPECT_EQ(instruction.geometry.stride_height, 2U);
  EXPECT_EQ(instruction.geometry.pad_top, 0U);
  EXPECT_EQ(instruction.geometry.pad_right, 1U);
}

TEST(Text, GivesBackTheSameTrace) {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    const Program program = random_program(seed);
    const std::string text = disassemble(program);
    const Program again = assemble(text);
    ASSERT_EQ(again, program) << text;
    ASSERT_EQ(encode_trace(again), encode_trace(program));
    ASSERT_EQ(disassemble(again), text);
  }
}

TEST(Text, AcceptsWindowsLineEndsAndAMissingLastOne) {
  std::string text;
  for (const char c : std::string(kSample)) text += c == '\n' ? std::string("\r\n") : std::string(1, c);
  EXPECT_EQ(assemble(text), assemble(kSample));
  text.resize(text.size() - 2);
  EXPECT_EQ(assemble(text), assemble(kSample));
}

TEST(Text, ErrorsNameLineAndCure) {
  EXPECT_EQ(message_of(""), "t:0: the text is empty; it must start with 'fusesim 1'");
  EXPECT_EQ(message_of("network \"a\"\n"), "t:1: 'network': the first line must be 'fusesim 1'");
  EXPECT_EQ(message_of("fusesim 2\n"), "t:1: version 2 is unknown; this fusesim reads version 1");
  EXPECT_EQ(message_of("fusesim 1\nfusesim 1\n"), "t:2: 'fusesim' may stand only on the first line");
  EXPECT_EQ(message_of("fusesim 1\n"), "t:1: there is no 'array' line; add 'array rows=R cols=C'");
  const std::pair<std::string, std::string> cases[] = {
      {replaced("layer 0", "lair 0"),
       "t:5: keyword 'lair' is unknown; did you mean 'layer'? (one of network, array, layer, tensor, hex, "
       "instruction)"},
      {replaced("network", "array rows=1 cols=1\nnetwork"), "t:4: 'array' is given twice, first on line 2"},
      {replaced("layer 0", "layer 1"), "t:5: layer 1 stands where layer 0 is due; number them in order"},
      {replaced("tensor 1", "tensor 3"), "t:7: tensor 3 stands where tensor 1 is due; number them in order"},
      {replaced("instruction 0", "instruction x"), "t:11: instruction: 'x' is not a number from 0 to 4294967295"},
      {replaced("\"conv\"", "conv"), "t:5: layer name: 'conv' must be in double quotes"},
      {replaced("\"conv\"", ""), "t:5: layer name is missing at the end of the line"},
      {replaced("\"conv\"", "\"conv"), "t:5: the name \"conv has no closing quote"},
      {replaced("\"conv\"", "\"conv\" x"), "t:5: 'x' is one word too many"},
      {replaced("rows=5", "rws=5"),
       "t:3: field 'rws' is unknown; did you mean 'rows'? (one of rows, cols, accumulators, folds, fuse_links, "
       "broadcast_stages)"},
      {replaced("rows=5", "rows"), "t:3: 'rows' is not of the form field=value"},
      {replaced("rows=5", ""), "t:3: field rows is missing"},
      {replaced("rows=5", "rows=5 rows=6"), "t:3: field rows is given twice"},
      {replaced("rows=5", "rows=-5"), "t:3: rows: '-5' is not a number from 0 to 4294967295"},
      {replaced("rows=5", "rows=4294967296"), "t:3: rows: '4294967296' is not a number from 0 to 4294967295"},
      {replaced("rows=5", "rows=0"), "t:3: array.rows is 0; it must be from 1 to 4096"},
      {replaced("fuse_links=no", "fuse_links=maybe"), "t:3: fuse_links 'maybe' is unknown; choose one of yes, no"},
      {replaced("fuse_links=no", "folds=\"serial\""),
       "t:3: folds '\"serial\"' is unknown; did you mean 'serial'? (one of serial, pipelined)"},
      {replaced("int8 generated", "int9 generated"),
       "t:6: type 'int9' is unknown; did you mean 'int8'? (one of int8, int32)"},
      {replaced("2x4x4", "2x4"), "t:6: shape: must have the form CxHxW"},
      {replaced("2x4x4", "2x4x4x1"), "t:6: shape: must have the form CxHxW"},
      {replaced("2x4x4", "2xx4"), "t:6: shape: '' is not a number from 0 to 4294967295"},
      {replaced("hex 01", "hex 1"), "t:8: hex: an odd number of digits (9); a byte has two"},
      {replaced("hex 01", "hex 0g"), "t:8: hex: '0g' is not a byte"},
      {replaced("  hex 01", "  hex 00 01"), "t:8: '0102030405' is one word too many"},
      {replaced("0607fF80", "0607fF"), "t:7: tensor 1: 8 values are given for 1x3x3 = 9 elements"},
      {replaced("layer 0 \"conv\"", "layer 0 \"conv\"\nhex 00"), "t:6: hex: values must follow their tensor at once"},
      {replaced("depthwise_row", "depthwise_raw"),
       "t:11: dataflow 'depthwise_raw' is unknown; did you mean 'depthwise_row'? (one of gemm, depthwise_column, "
       "depthwise_row, depthwise_broadcast, fuse_row, fuse_column)"},
      {replaced("weights=1", ""), "t:11: field weights is missing"},
      {replaced("weights=1", "weights=7"), "t:11: instruction 0 (conv): weights names tensor 7, but the program has 3"},
      {replaced("input=0+1", "input=0+"), "t:11: input: '' is not a number from 0 to 4294967295"},
      {replaced("kernel=3x3", "kernel=3"), "t:11: kernel: must have the form HxW"},
      {replaced("pad=0,0,1,1", "pad=0,0,1"), "t:11: pad: must have the form top,left,bottom,right"},
      {replaced("pad_value=-5", "pad_value=128"), "t:11: pad_value: 128 is not a number from -128 to 127"},
      {replaced("pad_value=-5", "wait=0,"), "t:11: wait: '' is not a number from 0 to 4294967295"},
      {replaced("pad_value=-5", "wait=0"),
       "t:11: instruction 0 (conv): wait_for names instruction 0, which does not come before this one"},
      {replaced("layer 0 \"conv\"", "layer 0 \"co\tnv\""),
       "t:5: layer 0: the name holds a control character; names are one line of printable text"},
  };
  for (const auto& [text, message] : cases) EXPECT_EQ(message_of(text), message);
}

TEST(Text, IsNotMadeOfAnInvalidProgram) {
  Program program = random_program(1);
  program.array.cols = 0;
  EXPECT_THROW(static_cast<void>(disassemble(program)), std::invalid_argument);
}

}  // namespace
}  // namespace fusesim::isa
