// SPDX-License-Identifier: Apache-2.0
// Every rule of validate(): the last value it allows, the first it refuses, and what it says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "hw/isa/invalid_program.h"
#include "hw/isa/limits.h"
#include "hw/isa/program.h"
#include "tests/hw/isa/random_program.h"

namespace fusesim::isa {
namespace {

using testing::HasSubstr;

/// Instruction 0: 3x3 GEMM, 2 groups, 4 -> 6 channels on 5x7. Instruction 1: 1x3 FuSe on 3 channels of tensor 0.
Program sample() {
  Program program;
  program.network = "sample";
  program.array = {.rows = 8, .cols = 16};
  program.layers = {"conv", "row"};
  program.tensors = {
      {.name = "map", .channels = 4, .height = 5, .width = 7, .seed = 1},
      {.name = "kernel", .source = TensorSource::constant, .channels = 12, .height = 3, .width = 3},
      {.name = "sum",
       .type = ElementType::int32,
       .source = TensorSource::computed,
       .channels = 9,
       .height = 5,
       .width = 7},
      {.name = "taps", .channels = 3, .height = 1, .width = 3, .seed = 2},
  };
  program.tensors[1].values.assign(108, 1);
  ArrayInstruction conv;
  conv.geometry = {.in_channels = 4,
                   .in_height = 5,
                   .in_width = 7,
                   .out_channels = 6,
                   .out_height = 5,
                   .out_width = 7,
                   .kernel_height = 3,
                   .kernel_width = 3,
                   .pad_top = 1,
                   .pad_left = 1,
                   .pad_bottom = 1,
                   .pad_right = 1,
                   .groups = 2};
  conv.input = {0, 0};
  conv.weights = 1;
  conv.output = {2, 0};
  ArrayInstruction row;
  row.dataflow = Dataflow::fuse_row;
  row.geometry = {.in_channels = 3,
                  .in_height = 5,
                  .in_width = 7,
                  .out_channels = 3,
                  .out_height = 5,
                  .out_width = 7,
                  .kernel_width = 3,
                  .pad_left = 1,
                  .pad_right = 1,
                  .groups = 3};
  row.input = {0, 1};
  row.weights = 3;
  row.output = {2, 6};
  row.lines_per_row = 2;
  row.layer = 1;
  row.wait_for = {0};
  program.instructions = {conv, row};
  return program;
}

std::string message_of(const Program& program) {
  try {
    validate(program);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

struct Case {
  const char* name;
  std::function<void(Program&)> change;
  const char* message;  ///< Empty: still valid.
};

class Validate : public testing::TestWithParam<Case> {};

TEST_P(Validate, SaysWhatIsWrong) {
  Program program = sample();
  GetParam().change(program);
  const std::string message = message_of(program);
  if (*GetParam().message == 0) {
    EXPECT_EQ(message, "");
  } else {
    EXPECT_THAT(message, HasSubstr(GetParam().message));
    EXPECT_THAT(message, testing::Not(HasSubstr("\n")));
  }
}

ArrayInstruction& conv(Program& p) {
  return p.instructions[0];
}
ArrayInstruction& row(Program& p) {
  return p.instructions[1];
}

const Case kCases[] = {
    {"unchanged", [](Program&) {}, ""},
    // array
    {"rows_0", [](Program& p) { p.array.rows = 0; }, "array.rows is 0; it must be from 1 to 4096"},
    {"rows_most", [](Program& p) { p.array.rows = 4096; }, ""},
    {"rows_beyond", [](Program& p) { p.array.rows = 4097; }, "array.rows is 4097; it must be from 1 to 4096"},
    {"cols_0", [](Program& p) { p.array.cols = 0; }, "array.cols is 0; it must be from 1 to 4096"},
    {"cols_beyond", [](Program& p) { p.array.cols = 4097; }, "array.cols is 4097"},
    {"accumulators", [](Program& p) { p.array.accumulators = static_cast<Accumulators>(2); },
     "array.accumulators is 2"},
    {"folds", [](Program& p) { p.array.folds = static_cast<FoldOverlap>(2); }, "array.folds is 2"},
    {"stages_most", [](Program& p) { p.array.broadcast_stages = 15; }, ""},
    {"stages_beyond", [](Program& p) { p.array.broadcast_stages = 16; },
     "array.broadcast_stages is 16; it must be from 0 to cols - 1 = 15"},
    {"stages_without_links",
     [](Program& p) {
       p.array.broadcast_stages = 1;
       p.array.fuse_links = false;
     },
     "array.broadcast_stages is 1, but without array.fuse_links there is no wire to pipeline; it must be 0"},
    // names
    {"network_longest", [](Program& p) { p.network.assign(max_name_length, 'x'); }, ""},
    {"network_long", [](Program& p) { p.network.assign(max_name_length + 1, 'x'); },
     "network: the name is 257 bytes long; at most 256"},
    {"layer_long", [](Program& p) { p.layers[1].assign(max_name_length + 1, 'x'); }, "layer 1: the name is 257 bytes"},
    {"layer_control", [](Program& p) { p.layers[0] = "a\nb"; }, "layer 0: the name holds a control character"},
    {"layer_delete", [](Program& p) { p.layers[0] = "\x7f"; }, "layer 0: the name holds a control character"},
    {"tensor_long", [](Program& p) { p.tensors[3].name.assign(max_name_length + 1, 'x'); }, "tensor 3: the name is"},
    // tensors
    {"type", [](Program& p) { p.tensors[0].type = static_cast<ElementType>(2); }, "tensor 0: type 2 is unknown"},
    {"source", [](Program& p) { p.tensors[0].source = static_cast<TensorSource>(3); }, "tensor 0: source 3 is unknown"},
    {"no_channels", [](Program& p) { p.tensors[0].channels = 0; }, "tensor 0: shape 0x5x7 has a zero"},
    {"no_height", [](Program& p) { p.tensors[0].height = 0; }, "tensor 0: shape 4x0x7 has a zero"},
    {"no_width", [](Program& p) { p.tensors[0].width = 0; }, "tensor 0: shape 4x5x0 has a zero"},
    {"elements_most", [](Program& p) { p.tensors.push_back({.channels = 1024, .height = 1024, .width = 1024}); }, ""},
    {"elements_beyond", [](Program& p) { p.tensors.push_back({.channels = 1024, .height = 1025, .width = 1024}); },
     "tensor 4: shape 1024x1025x1024 has more than the 1073741824 elements allowed"},
    {"elements_overflow",
     [](Program& p) { p.tensors.push_back({.channels = 1u << 31, .height = 1u << 31, .width = 4}); },
     "tensor 4: shape 2147483648x2147483648x4 has more than"},
    {"all_bytes",
     [](Program& p) {
       for (int i = 0; i < 5; ++i) {
         p.tensors.push_back({.type = ElementType::int32,
                              .source = TensorSource::computed,
                              .channels = 1024,
                              .height = 1024,
                              .width = 1024});
       }
     },
     "tensor 7: the tensors up to here need more than the 17179869184 bytes allowed"},
    {"generated_int32", [](Program& p) { p.tensors[0].type = ElementType::int32; },
     "tensor 0: a generated tensor must be int8"},
    {"constant_int32", [](Program& p) { p.tensors[1].type = ElementType::int32; },
     "tensor 1: a constant tensor must be int8"},
    {"few_values", [](Program& p) { p.tensors[1].values.pop_back(); },
     "tensor 1: 107 values are given for 12x3x3 = 108 elements"},
    {"many_values", [](Program& p) { p.tensors[1].values.push_back(0); }, "tensor 1: 109 values are given"},
    {"stray_values", [](Program& p) { p.tensors[0].values = {1}; },
     "tensor 0: 1 values are given, but only a constant tensor has values"},
    {"stray_seed", [](Program& p) { p.tensors[2].seed = 9; },
     "tensor 2: seed 9 is given, but only a generated tensor has a seed"},
    // geometry
    {"in_height_0", [](Program& p) { conv(p).geometry.in_height = 0; },
     "instruction 0 (conv): in, out, kernel, stride and dilation height are 0, 5, 3, 1, 1"},
    {"out_width_0", [](Program& p) { conv(p).geometry.out_width = 0; }, "dilation width are 7, 0, 3, 1, 1"},
    {"kernel_0", [](Program& p) { conv(p).geometry.kernel_width = 0; }, "width are 7, 7, 0, 1, 1"},
    {"stride_0", [](Program& p) { conv(p).geometry.stride_height = 0; }, "height are 5, 5, 3, 0, 1"},
    {"dilation_0", [](Program& p) { conv(p).geometry.dilation_height = 0; }, "height are 5, 5, 3, 1, 0"},
    {"stride_most",
     [](Program& p) {
       conv(p).geometry.stride_height = max_geometry_step;
       conv(p).geometry.out_height = 1;
     },
     "output tensor 2 is 5x7 per channel, but the geometry needs 1x7"},
    {"stride_beyond", [](Program& p) { conv(p).geometry.stride_height = max_geometry_step + 1; },
     "stride, dilation or padding along the height exceeds 65535"},
    {"dilation_beyond", [](Program& p) { conv(p).geometry.dilation_width = max_geometry_step + 1; },
     "along the width exceeds"},
    {"pad_top_beyond", [](Program& p) { conv(p).geometry.pad_top = max_geometry_step + 1; },
     "along the height exceeds"},
    {"pad_left_beyond", [](Program& p) { conv(p).geometry.pad_left = max_geometry_step + 1; },
     "along the width exceeds"},
    {"pad_bottom_beyond", [](Program& p) { conv(p).geometry.pad_bottom = max_geometry_step + 1; },
     "along the height exceeds"},
    {"pad_right_beyond", [](Program& p) { conv(p).geometry.pad_right = max_geometry_step + 1; },
     "along the width exceeds"},
    {"kernel_reach", [](Program& p) { conv(p).geometry.kernel_height = 8; },
     "the kernel reaches over 8 positions along the height, but the padded map has only 7"},
    {"kernel_huge",
     [](Program& p) {
       conv(p).geometry.kernel_width = 0xffffffff;
       conv(p).geometry.dilation_width = 65535;
     },
     "reaches over 281470681612291 positions along the width"},
    {"out_height", [](Program& p) { conv(p).geometry.out_height = 6; },
     "out_height is 6, but kernel 3, stride 1, dilation 1 on a padded map of 7 give 5"},
    {"out_width", [](Program& p) { conv(p).geometry.out_width = 6; }, "out_width is 6, but"},
    {"in_channels_0", [](Program& p) { conv(p).geometry.in_channels = 0; },
     "in_channels, out_channels and groups are 0, 6, 2"},
    {"out_channels_0", [](Program& p) { conv(p).geometry.out_channels = 0; }, "are 4, 0, 2"},
    {"groups_0", [](Program& p) { conv(p).geometry.groups = 0; }, "are 4, 6, 0"},
    {"groups_in", [](Program& p) { conv(p).geometry.groups = 3; },
     "groups 3 must divide in_channels 4 and out_channels 6"},
    {"groups_out", [](Program& p) { conv(p).geometry.groups = 4; },
     "groups 4 must divide in_channels 4 and out_channels 6"},
    // operands
    {"layer_beyond", [](Program& p) { row(p).layer = 2; }, "instruction 1: layer is 2, but the program has 2 layers"},
    {"input_index", [](Program& p) { conv(p).input.tensor = 4; }, "input names tensor 4, but the program has 4"},
    {"weights_index", [](Program& p) { conv(p).weights = 4; }, "weights names tensor 4, but the program has 4"},
    {"output_index", [](Program& p) { conv(p).output.tensor = 4; }, "output names tensor 4, but the program has 4"},
    {"input_computed", [](Program& p) { conv(p).input.tensor = 2; }, "input reads tensor 2, which is computed"},
    {"weights_computed", [](Program& p) { conv(p).weights = 2; }, "weights reads tensor 2, which is computed"},
    {"input_shape", [](Program& p) { p.tensors[0].width = 8; },
     "input tensor 0 is 5x8 per channel, but the geometry needs 5x7"},
    {"input_height", [](Program& p) { p.tensors[0].height = 4; }, "input tensor 0 is 4x7 per channel"},
    {"input_slice", [](Program& p) { row(p).input.channel = 2; },
     "instruction 1 (row): input needs channels 2 to 4 of tensor 0, which has only 4"},
    {"input_slice_overflow", [](Program& p) { row(p).input.channel = 0xffffffff; },
     "input needs channels 4294967295 to 4294967297"},
    {"weights_channels", [](Program& p) { p.tensors[3].channels = 4; },
     "weights tensor 3 is 4x1x3, but the geometry needs 3x1x3"},
    {"weights_height", [](Program& p) { p.tensors[3].height = 2; }, "weights tensor 3 is 3x2x3"},
    {"weights_width", [](Program& p) { p.tensors[3].width = 2; }, "weights tensor 3 is 3x1x2"},
    {"output_source", [](Program& p) { conv(p).output.tensor = 0; },
     "output tensor 0 must be computed int32, but it is generated int8"},
    {"output_type", [](Program& p) { p.tensors[2].type = ElementType::int8; },
     "output tensor 2 must be computed int32, but it is computed int8"},
    {"output_shape", [](Program& p) { p.tensors[2].height = 6; },
     "output tensor 2 is 6x7 per channel, but the geometry needs 5x7"},
    {"output_slice", [](Program& p) { row(p).output.channel = 7; },
     "output needs channels 7 to 9 of tensor 2, which has only 9"},
    {"written_twice", [](Program& p) { row(p).output.channel = 5; },
     "instruction 1: output channel 5 of tensor 2 is also written by instruction 0"},
    // dataflow
    {"dataflow", [](Program& p) { conv(p).dataflow = static_cast<Dataflow>(6); }, "dataflow 6 is unknown"},
    {"depthwise_groups", [](Program& p) { conv(p).dataflow = Dataflow::depthwise_column; },
     "depthwise_column needs groups = in_channels = out_channels, but they are 2, 4, 6; use gemm"},
    {"row_as_row",
     [](Program& p) {
       row(p).dataflow = Dataflow::depthwise_row;
       row(p).lines_per_row = 1;
     },
     ""},
    {"row_as_broadcast", [](Program& p) { row(p).dataflow = Dataflow::depthwise_broadcast; }, ""},
    {"row_as_gemm",
     [](Program& p) {
       row(p).dataflow = Dataflow::gemm;
       row(p).lines_per_row = 1;
     },
     ""},
    {"row_as_fuse_column", [](Program& p) { row(p).dataflow = Dataflow::fuse_column; },
     "fuse_column needs kernel_width 1, but it is 3; use depthwise_broadcast"},
    {"tall_fuse_row",
     [](Program& p) {
       row(p).geometry.kernel_height = 3;
       row(p).geometry.pad_top = row(p).geometry.pad_bottom = 1;
       p.tensors[3].height = 3;
     },
     "fuse_row needs kernel_height 1, but it is 3; use depthwise_broadcast"},
    {"no_links", [](Program& p) { p.array.fuse_links = false; },
     "fuse_row needs the array's FuSe links, which array '8x16 pingpong pipelined nofuse stages=0' lacks; use "
     "depthwise_column or depthwise_row"},
    {"links_unused",
     [](Program& p) {
       p.array.fuse_links = false;
       row(p).dataflow = Dataflow::depthwise_row;
       row(p).lines_per_row = 1;
     },
     ""},
    {"lines_0", [](Program& p) { row(p).lines_per_row = 0; },
     "lines_per_row is 0; for this fuse_row on 16 columns it must be from 1 to 2"},
    {"lines_beyond", [](Program& p) { row(p).lines_per_row = 3; },
     "lines_per_row is 3; for this fuse_row on 16 columns it must be from 1 to 2"},
    {"lines_gemm", [](Program& p) { conv(p).lines_per_row = 2; },
     "lines_per_row is 2; for this gemm on 16 columns it must be from 1 to 1"},
    {"pad_value_least", [](Program& p) { conv(p).pad_value = -128; }, ""},
    {"taps_beyond",
     [](Program& p) {
       row(p).geometry.kernel_width = max_wire_taps + 1;
       row(p).geometry.in_width = p.tensors[0].width = p.tensors[3].width = max_wire_taps + 1;
       row(p).geometry.pad_left = 0;
       row(p).geometry.pad_right = 6;
       p.instructions.erase(p.instructions.begin());
       p.instructions[0].wait_for.clear();
     },
     "instruction 0 (row): fuse_row allows 1048576 taps, but the kernel has 1048577"},
    {"feed_beyond",
     [](Program& p) {
       row(p).dataflow = Dataflow::depthwise_broadcast;
       row(p).lines_per_row = 1;
       row(p).geometry.kernel_height = 200000;
       row(p).geometry.stride_width = 6000;
       row(p).geometry.out_width = 1;
       row(p).geometry.in_height = 200004;
       p.tensors[0].height = 200004;
       p.tensors[2].width = 1;
       p.tensors[3].height = 200000;
       p.instructions.erase(p.instructions.begin());
       p.instructions[0].wait_for.clear();
     },
     "a fold of depthwise_broadcast would stream about 19200600000 positions of at most 1073741824"},
    // order
    {"wait_self", [](Program& p) { row(p).wait_for = {1}; },
     "wait_for names instruction 1, which does not come before this one"},
    {"wait_first", [](Program& p) { conv(p).wait_for = {0}; }, "instruction 0 (conv): wait_for names instruction 0"},
    {"wait_twice",
     [](Program& p) {
       row(p).wait_for = {0, 0};
     },
     "wait_for must ascend, but 0 follows 0"},
};

INSTANTIATE_TEST_SUITE_P(Rules, Validate, testing::ValuesIn(kCases),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(ValidateProgram, TellsThePlaceByNumber) {
  Program program = sample();
  program.instructions[1].lines_per_row = 0;
  try {
    validate(program);
    FAIL() << "accepted";
  } catch (const InvalidProgram& error) {
    EXPECT_EQ(error.part, InvalidProgram::Part::instruction);
    EXPECT_EQ(error.index, 1U);
  }
}

TEST(ValidateProgram, AcceptsTheEmptyProgramAndRandomOnes) {
  EXPECT_EQ(message_of(Program{}), "");
  for (std::uint32_t seed = 0; seed < 500; ++seed) EXPECT_EQ(message_of(test::random_program(seed)), "") << seed;
}

TEST(DescribeArray, TellsEveryOptionApart) {
  EXPECT_EQ(describe(ArrayConfig{}), "64x64 pingpong pipelined fuse stages=0");
  EXPECT_EQ(describe({.rows = 5,
                      .cols = 7,
                      .accumulators = Accumulators::single,
                      .folds = FoldOverlap::serial,
                      .fuse_links = false}),
            "5x7 single serial nofuse stages=0");
  EXPECT_EQ(describe({.rows = 5, .cols = 7, .broadcast_stages = 3}), "5x7 pingpong pipelined fuse stages=3");
}

TEST(DataflowNames, AreTheFields) {
  EXPECT_STREQ(name(Dataflow::gemm), "gemm");
  EXPECT_STREQ(name(Dataflow::depthwise_broadcast), "depthwise_broadcast");
  EXPECT_STREQ(name(Dataflow::fuse_column), "fuse_column");
}

}  // namespace
}  // namespace fusesim::isa
