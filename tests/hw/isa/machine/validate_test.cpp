// SPDX-License-Identifier: Apache-2.0
// Every rule of a machine program: the last value it allows, the first it refuses, and what it says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "hw/isa/invalid_program.h"
#include "hw/isa/machine/limits.h"
#include "hw/isa/machine/program.h"
#include "tests/hw/isa/machine/random_machine_program.h"

namespace fusesim::isa::machine {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// A 3x3 convolution of 2 channels of 5x6 into 3 on a 4x4 array, requantized, pooled and added to the input's first
/// channels, which also serve as a gate.
Program sample() {
  Program p;
  p.network = "sample";
  p.core.array = {.rows = 4, .cols = 4};
  p.core.activations = {.bytes = 1024, .banks = 4, .width = 2, .ports = 1};
  p.core.weights = {.bytes = 512, .banks = 4, .width = 1, .ports = 1};
  p.core.outputs = {.bytes = 1024, .banks = 4, .width = 4, .ports = 1};
  p.layers = {"conv", "pool"};
  p.sections = {
      {"in", Role::input, 0x100, 60, std::vector<std::int8_t>(60, 1)},
      {"w", Role::constant, 0x140, 54, std::vector<std::int8_t>(54, 2)},
      {"p", Role::constant, 0x180, 36, {}},
      {"mid", Role::intermediate, 0x200, 90, {}},
      {"out", Role::output, 0x300, 18, {}},
  };
  Load map;
  map.dram = 0x100;
  map.address = 16;
  map.run_bytes = 6;
  map.counts = {5, 2, 1};
  map.dram_strides = {6, 30, 0};
  map.pad_strides = {8, 40, 0};
  Load weights;
  weights.dram = 0x140;
  weights.pad = Pad::weights;
  weights.run_bytes = 54;
  Load parameters;
  parameters.dram = 0x180;
  parameters.pad = Pad::weights;
  parameters.address = 64;
  parameters.run_bytes = 36;
  Compute conv;
  conv.geometry = {.in_channels = 2,
                   .in_height = 5,
                   .in_width = 6,
                   .out_channels = 3,
                   .out_height = 5,
                   .out_width = 6,
                   .kernel_height = 3,
                   .kernel_width = 3,
                   .pad_top = 1,
                   .pad_left = 1,
                   .pad_bottom = 1,
                   .pad_right = 1};
  conv.input = {16, 40, 8};
  conv.weights_pitch = 3;
  Vector requantize;
  requantize.channels = 3;
  requantize.height = 5;
  requantize.width = 6;
  requantize.a = {Pad::outputs, 0, 120, 24};
  requantize.result = {Pad::activations, 200, 30, 6};
  requantize.parameters = 64;
  Vector pool;
  pool.kind = VectorKind::max_pool;
  pool.channels = 3;
  pool.height = 2;
  pool.width = 3;
  pool.a = {Pad::activations, 200, 30, 6};
  pool.result = {Pad::outputs, 512, 6, 3};
  pool.window = {.in_height = 5,
                 .in_width = 6,
                 .kernel_height = 3,
                 .kernel_width = 2,
                 .stride_height = 2,
                 .stride_width = 2,
                 .pad_top = 1};
  Vector sum;
  sum.kind = VectorKind::add;
  sum.channels = 2;
  sum.height = 3;
  sum.width = 4;
  sum.a = {Pad::activations, 16, 40, 8};
  sum.b = {Pad::activations, 200, 30, 6};
  sum.result = {Pad::outputs, 600, 12, 4};
  Store store;
  store.dram = 0x300;
  store.pad = Pad::outputs;
  store.address = 512;
  store.run_bytes = 6;
  store.counts = {1, 3, 1};
  store.dram_strides = {0, 6, 0};
  store.pad_strides = {0, 6, 0};
  p.instructions = {{map},
                    {weights},
                    {parameters},
                    {conv, {2, 0, 0, 0}},
                    {requantize, {3, 1, 0, 0}, 0, {{Pad::weights, 0, 512}}},
                    {pool, {0, 0, 1, 0}, 1},
                    {sum, {0, 0, 2, 0}, 1},
                    {store, {0, 0, 2, 0}, 1, {{Pad::outputs, 0, 1024}, {Pad::activations, 1023, 1}}}};
  return p;
}

template <typename Check>
std::string message_of(Check check) {
  try {
    check();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

struct Case {
  const char* name;
  std::function<void(Program&)> change;
  const char* message;  ///< How it begins. Empty: still valid.
};

class ValidateMachineProgram : public testing::TestWithParam<Case> {};

TEST_P(ValidateMachineProgram, SaysWhatIsWrong) {
  Program program = sample();
  GetParam().change(program);
  const std::string message = message_of([&] { validate(program); });
  if (*GetParam().message == 0) {
    EXPECT_EQ(message, "");
  } else {
    EXPECT_THAT(message, StartsWith(GetParam().message));
    EXPECT_THAT(message, testing::Not(HasSubstr("\n")));
  }
}

Load& load(Program& p, std::size_t index = 0) {
  return std::get<Load>(p.instructions[index].work);
}
Compute& conv(Program& p) {
  return std::get<Compute>(p.instructions[3].work);
}
Vector& requantize(Program& p) {
  return std::get<Vector>(p.instructions[4].work);
}
Vector& pool(Program& p) {
  return std::get<Vector>(p.instructions[5].work);
}
Vector& sum(Program& p) {
  return std::get<Vector>(p.instructions[6].work);
}
Store& store(Program& p) {
  return std::get<Store>(p.instructions[7].work);
}

/// Makes the convolution a 1x3 depthwise one on 2 channels.
Compute& depthwise(Program& p, Dataflow dataflow) {
  Compute& work = conv(p);
  work.dataflow = dataflow;
  work.geometry.out_channels = work.geometry.groups = 2;
  work.geometry.kernel_height = 1;
  work.geometry.pad_top = work.geometry.pad_bottom = 0;
  return work;
}

const Case kCases[] = {
    {"unchanged", [](Program&) {}, ""},
    {"core", [](Program& p) { p.core.outputs.banks = 2; },
     "outputs.banks is 2; it must be at least array.cols = 4, so that"},
    // names
    {"network_long", [](Program& p) { p.network.assign(257, 'x'); },
     "network: the name is 257 bytes long; at most 256"},
    {"layer_control", [](Program& p) { p.layers[1] = "a\n"; }, "layer 1: the name holds a control character"},
    {"section_long", [](Program& p) { p.sections[2].name.assign(257, 'x'); }, "section 2: the name is 257 bytes long"},
    // sections
    {"role", [](Program& p) { p.sections[3].role = static_cast<Role>(5); }, "section 3: role 5 is unknown"},
    {"no_bytes", [](Program& p) { p.sections[3].bytes = 0; }, "section 3: bytes is 0; it must be at least 1"},
    {"dram_most", [](Program& p) { p.sections[3].address = max_dram_bytes - 90; }, ""},
    {"dram_beyond", [](Program& p) { p.sections[3].address = max_dram_bytes - 89; },
     "section 3: 90 bytes from 0x3ffffffa7 on leave the 17179869184 bytes of DRAM a program may use"},
    {"dram_overflow", [](Program& p) { p.sections[3].address = 0xffffffffffffffff; },
     "section 3: 90 bytes from 0xffffffffffffffff on leave"},
    {"dram_huge", [](Program& p) { p.sections[3].bytes = 0xffffffffffffffff; },
     "section 3: 18446744073709551615 bytes from 0x200 on leave"},
    {"stray_values", [](Program& p) { p.sections[3].values.assign(90, 0); },
     "section 3: 90 values are given, but only input, constant and lists sections have values"},
    {"few_values", [](Program& p) { p.sections[1].values.pop_back(); },
     "section 1: 53 values are given for 54 bytes; give all or none"},
    {"many_values", [](Program& p) { p.sections[0].values.push_back(0); },
     "section 0: 61 values are given for 60 bytes; give all or none"},
    {"sections_meet", [](Program& p) { p.sections[3].address = 0x1a4; }, ""},
    {"sections_overlap", [](Program& p) { p.sections[3].address = 0x1a3; },
     "section 3: its bytes 0x1a3 to 0x1a3 overlap section 2; give every section DRAM of its own"},
    {"sections_overlap_early", [](Program& p) { p.sections[4].address = 0xf0; },
     "section 4: its bytes 0x100 to 0x101 overlap section 0; give every section DRAM of its own"},
    {"sections_inside",
     [](Program& p) {
       p.sections.push_back({"x", Role::intermediate, 0x210, 2, {}});
     },
     "section 5: its bytes 0x210 to 0x211 overlap section 3"},
    // tokens
    {"layer_beyond", [](Program& p) { p.instructions[5].layer = 2; },
     "instruction 5: layer is 2, but the program has 2 layers"},
    {"waits_most",
     [](Program& p) {
       p.instructions[7].waits = {3, 1, 3, 0};
     },
     ""},
    {"waits_load",
     [](Program& p) {
       p.instructions[7].waits = {4, 0, 0, 0};
     },
     "instruction 7 (store, pool): waits for 4 completed load instructions, but the program has only 3"},
    {"waits_store",
     [](Program& p) {
       p.instructions[0].waits = {0, 0, 0, 2};
     },
     "instruction 0 (load, conv): waits for 2 completed store instructions, but the program has only 1"},
    {"waits_own",
     [](Program& p) {
       p.instructions[2].waits = {2, 0, 0, 0};
     },
     ""},
    {"waits_itself",
     [](Program& p) {
       p.instructions[2].waits = {3, 0, 0, 0};
     },
     "instruction 2 (load, conv): waits for 3 completed load instructions, but only 2 come before it in its own queue"},
    {"waits_later",
     [](Program& p) {
       p.instructions[0].waits = {0, 1, 0, 0};
     },
     ""},
    // releases
    {"release_pad", [](Program& p) { p.instructions[7].releases[0].pad = static_cast<Pad>(3); },
     "instruction 7 (store, pool): release names scratchpad 3, which is unknown"},
    {"release_nothing", [](Program& p) { p.instructions[7].releases[1].bytes = 0; },
     "instruction 7 (store, pool): release of no bytes at 0x3ff; leave it out"},
    {"release_beyond", [](Program& p) { p.instructions[7].releases[1].bytes = 2; },
     "instruction 7 (store, pool): release needs 2 bytes from 0x3ff on, but the activations scratchpad has 1024; use "
     "smaller tiles or a larger one"},
    {"release_overflow",
     [](Program& p) {
       p.instructions[4].releases[0] = {Pad::weights, 0xffffffff, 0xffffffff};
     },
     "instruction 4 (vector, conv): release needs 4294967295 bytes from 0xffffffff on"},
    // transfers
    {"pad_unknown", [](Program& p) { load(p).pad = static_cast<Pad>(3); },
     "instruction 0 (load, conv): pad names scratchpad 3, which is unknown"},
    {"no_run", [](Program& p) { load(p).run_bytes = 0; },
     "instruction 0 (load, conv): run_bytes is 0; it must be at least 1"},
    {"no_count", [](Program& p) { load(p).counts[2] = 0; },
     "instruction 0 (load, conv): counts are 5, 2, 0; each must be at least 1"},
    {"load_last", [](Program& p) { load(p).address = 1024 - 78; }, ""},
    {"load_beyond", [](Program& p) { load(p).address = 1024 - 77; },
     "instruction 0 (load, conv): address needs 78 bytes from 0x3b3 on, but the activations scratchpad has 1024"},
    {"load_overflow", [](Program& p) { load(p).pad_strides[1] = 0xffffffff; },
     "instruction 0 (load, conv): address needs 4294967333 bytes from 0x10 on"},
    {"load_count_overflow",
     [](Program& p) {
       load(p).counts = {0xffffffff, 0xffffffff, 0xffffffff};
       load(p).pad_strides = {0xffffffff, 0xffffffff, 0xffffffff};
     },
     "instruction 0 (load, conv): address needs 18446744073709551615 bytes"},
    {"load_onto_itself", [](Program& p) { load(p).pad_strides[0] = 5; },
     "instruction 0 (load, conv): pad_strides 5, 40, 0 lay runs of 6 bytes over one another"},
    {"load_of_the_same",
     [](Program& p) {
       load(p).dram_strides = {0, 0, 0};
     },
     ""},
    {"load_channels_first",
     [](Program& p) {
       load(p).pad_strides = {12, 6, 0};
     },
     ""},
    {"load_endless",
     [](Program& p) {
       load(p).counts = {0xffffffff, 0xffffffff, 0xffffffff};
       load(p).pad_strides = {0, 0, 0};
       load(p).dram_strides = {0, 0, 0};
     },
     "instruction 0 (load, conv): pad_strides 0, 0, 0 lay runs of 6 bytes over one another"},
    {"dram_unknown", [](Program& p) { load(p).dram = 0xff; },
     "instruction 0 (load, conv): dram 0xff lies in no section; declare what it is"},
    {"dram_between", [](Program& p) { load(p).dram = 0x13c; }, "instruction 0 (load, conv): dram 0x13c lies in no"},
    {"dram_section_end", [](Program& p) { load(p).dram = 0x101; },
     "instruction 0 (load, conv): dram needs 60 bytes from 0x101 on, but section 0 (in) ends at 0x13c; a transfer "
     "stays "
     "in one"},
    {"dram_stride_overflow", [](Program& p) { load(p).dram_strides[1] = 0xffffffffffffffff; },
     "instruction 0 (load, conv): dram needs 18446744073709551615 bytes from 0x100 on"},
    {"load_from_output", [](Program& p) { load(p, 1).dram = 0x300, load(p, 1).run_bytes = 18; }, ""},
    {"store_beyond", [](Program& p) { store(p).address = 1007; },
     "instruction 7 (store, pool): address needs 18 bytes from 0x3ef on, but the outputs scratchpad has 1024"},
    {"store_constant", [](Program& p) { store(p).dram = 0x180; },
     "instruction 7 (store, pool): stores to section 2 (p), which is constant; only intermediate and output sections"},
    {"store_input", [](Program& p) { store(p).dram = 0x100; },
     "instruction 7 (store, pool): stores to section 0 (in), which is the input; only intermediate and output"},
    {"store_intermediate", [](Program& p) { store(p).dram = 0x200; }, ""},
    {"store_onto_itself", [](Program& p) { store(p).dram_strides[1] = 5; },
     "instruction 7 (store, pool): dram_strides 0, 5, 0 lay runs of 6 bytes over one another"},
    {"store_of_the_same",
     [](Program& p) {
       store(p).pad_strides = {0, 0, 0};
     },
     ""},
    // compute
    {"geometry", [](Program& p) { conv(p).geometry.out_height = 6; },
     "instruction 3 (compute, conv): out_height is 6, but kernel 3, stride 1, dilation 1 on a padded map of 7 give 5"},
    {"dataflow", [](Program& p) { conv(p).dataflow = static_cast<Dataflow>(6); },
     "instruction 3 (compute, conv): dataflow 6 is unknown"},
    {"dataflow_groups", [](Program& p) { conv(p).dataflow = Dataflow::depthwise_row; },
     "instruction 3 (compute, conv): depthwise_row needs groups = in_channels = out_channels, but they are 1, 2, 3"},
    {"fuse", [](Program& p) { depthwise(p, Dataflow::fuse_row); }, ""},
    {"no_links",
     [](Program& p) {
       depthwise(p, Dataflow::fuse_row);
       p.core.array.fuse_links = false;
     },
     "instruction 3 (compute, conv): fuse_row needs the array's FuSe links, which array '4x4 pingpong"},
    {"lines", [](Program& p) { conv(p).lines_per_row = 2; },
     "instruction 3 (compute, conv): lines_per_row is 2; for this gemm on 4 columns it must be from 1 to 1"},
    {"input_last", [](Program& p) { conv(p).input.address = 1024 - 78; }, ""},
    {"input_beyond", [](Program& p) { conv(p).input.address = 1024 - 77; },
     "instruction 3 (compute, conv): input needs 78 bytes from 0x3b3 on, but the activations scratchpad has 1024"},
    {"input_line_pitch", [](Program& p) { conv(p).input.line_pitch = 5; },
     "instruction 3 (compute, conv): input lays 2x5 lines of 6 bytes over one another with channel_pitch 40 and "
     "line_pitch 5"},
    {"input_channel_pitch", [](Program& p) { conv(p).input.channel_pitch = 37; },
     "instruction 3 (compute, conv): input lays 2x5 lines of 6 bytes over one another with channel_pitch 37"},
    {"input_channel_pitch_least", [](Program& p) { conv(p).input.channel_pitch = 38; }, ""},
    {"input_lines_of_channels",
     [](Program& p) {
       conv(p).input = {16, 6, 12};
     },
     ""},
    {"input_overflow",
     [](Program& p) {
       conv(p).input = {0xffffffff, 0xffffffff, 8};
     },
     "instruction 3 (compute, conv): input needs 4294967333 bytes from 0xffffffff on"},
    {"weights_pitch", [](Program& p) { conv(p).weights_pitch = 2; },
     "instruction 3 (compute, conv): weights_pitch is 2; it must be at least out_channels = 3"},
    {"weights_last", [](Program& p) { conv(p).weights = 512 - 54; }, ""},
    {"weights_beyond", [](Program& p) { conv(p).weights = 512 - 53; },
     "instruction 3 (compute, conv): weights needs 54 bytes from 0x1cb on, but the weights scratchpad has 512"},
    {"weights_last_pitch", [](Program& p) { conv(p).weights_pitch = 29; }, ""},
    {"weights_beyond_pitch", [](Program& p) { conv(p).weights_pitch = 30; },
     "instruction 3 (compute, conv): weights needs 513 bytes from 0x0 on"},
    {"weights_groups", [](Program& p) { depthwise(p, Dataflow::depthwise_row).weights = 512 - 8; }, ""},
    {"weights_overflow",
     [](Program& p) {
       ConvGeometry& g = conv(p).geometry;
       g.kernel_height = g.kernel_width = 60000;
       g.pad_top = g.pad_left = g.pad_bottom = g.pad_right = 60000;
       g.out_height = 5 + 120000 - 60000 + 1;
       g.out_width = 6 + 120000 - 60000 + 1;
       conv(p).weights_pitch = 0xffffffff;
     },
     "instruction 3 (compute, conv): weights needs 18446744073709551615 bytes"},
    {"output_last", [](Program& p) { conv(p).output = 1024 - 360; }, ""},
    {"output_beyond", [](Program& p) { conv(p).output = 1024 - 356; },
     "instruction 3 (compute, conv): output needs 360 bytes from 0x29c on, but the outputs scratchpad has 1024"},
    {"output_odd", [](Program& p) { conv(p).output = 6; },
     "instruction 3 (compute, conv): output is 0x6; it must be a multiple of 4"},
    {"output_overflow",
     [](Program& p) {
       p.core.weights.bytes = max_pad_bytes;
       ConvGeometry& g = conv(p).geometry;
       g.in_channels = g.in_height = g.in_width = 1;
       g.kernel_height = g.kernel_width = 1;
       g.pad_top = g.pad_left = g.pad_bottom = g.pad_right = 65535;
       g.out_height = g.out_width = 131071;
       g.out_channels = conv(p).weights_pitch = max_pad_bytes;
     },
     "instruction 3 (compute, conv): output needs 18446744073709551615 bytes"},
    {"output_huge",
     [](Program& p) {
       ConvGeometry& g = conv(p).geometry;
       g.in_height = g.in_width = 1;
       g.kernel_height = g.kernel_width = 1;
       g.pad_top = g.pad_left = g.pad_bottom = g.pad_right = 65535;
       g.out_height = g.out_width = 131071;
     },
     "instruction 3 (compute, conv): output needs 206155284492 bytes from 0x0 on"},
    // vector
    {"kind", [](Program& p) { sum(p).kind = static_cast<VectorKind>(6); },
     "instruction 6 (vector, pool): kind 6 is unknown"},
    {"shape", [](Program& p) { sum(p).height = 0; },
     "instruction 6 (vector, pool): shape 2x0x4 has a zero; every size must be at least 1"},
    {"a_pad", [](Program& p) { sum(p).a.pad = static_cast<Pad>(3); },
     "instruction 6 (vector, pool): a names scratchpad 3, which is unknown"},
    {"b_pad", [](Program& p) { sum(p).b.pad = static_cast<Pad>(3); },
     "instruction 6 (vector, pool): b names scratchpad 3, which is unknown"},
    {"result_pad", [](Program& p) { sum(p).result.pad = static_cast<Pad>(3); },
     "instruction 6 (vector, pool): result names scratchpad 3, which is unknown"},
    {"result_weights", [](Program& p) { sum(p).result.pad = Pad::weights; },
     "instruction 6 (vector, pool): result lies in the weights scratchpad, which only loads write; use activations or"},
    {"sums_address", [](Program& p) { requantize(p).a.address = 2; },
     "instruction 4 (vector, conv): a has address 0x2, channel_pitch 120 and line_pitch 24; for int32 sums each must "
     "be "
     "a multiple of 4"},
    {"sums_channel_pitch", [](Program& p) { requantize(p).a.channel_pitch = 121; },
     "instruction 4 (vector, conv): a has address 0x0, channel_pitch 121"},
    {"sums_line_pitch", [](Program& p) { requantize(p).a.line_pitch = 25; },
     "instruction 4 (vector, conv): a has address 0x0, channel_pitch 120 and line_pitch 25"},
    {"sums_last", [](Program& p) { requantize(p).a.address = 1024 - 360; }, ""},
    {"sums_beyond", [](Program& p) { requantize(p).a.address = 1024 - 356; },
     "instruction 4 (vector, conv): a needs 360 bytes from 0x29c on, but the outputs scratchpad has 1024"},
    {"sums_overlap", [](Program& p) { requantize(p).a.line_pitch = 20; },
     "instruction 4 (vector, conv): a lays 3x5 lines of 24 bytes over one another"},
    {"a_beyond", [](Program& p) { sum(p).a.address = 1024 - 59; },
     "instruction 6 (vector, pool): a needs 60 bytes from 0x3c5 on"},
    {"b_beyond", [](Program& p) { sum(p).b.address = 1024 - 45; },
     "instruction 6 (vector, pool): b needs 46 bytes from 0x3d3 on"},
    {"b_last", [](Program& p) { sum(p).b.address = 1024 - 46; }, ""},
    {"b_unread", [](Program& p) { pool(p).b.address = 1025; }, ""},
    {"gate_last",
     [](Program& p) {
       sum(p).kind = VectorKind::scale;
       sum(p).b = {Pad::activations, 1022, 1, 0};
     },
     ""},
    {"gate_beyond",
     [](Program& p) {
       sum(p).kind = VectorKind::scale;
       sum(p).b = {Pad::activations, 1022, 2, 0};
     },
     "instruction 6 (vector, pool): b needs 3 bytes from 0x3fe on"},
    {"gate_pitch",
     [](Program& p) {
       sum(p).kind = VectorKind::scale;
       sum(p).b = {Pad::activations, 0, 0, 0};
     },
     "instruction 6 (vector, pool): b lays 2x1 lines of 1 bytes over one another with channel_pitch 0"},
    {"result_last", [](Program& p) { sum(p).result.address = 1000; }, ""},
    {"result_beyond", [](Program& p) { sum(p).result.address = 1001; },
     "instruction 6 (vector, pool): result needs 24 bytes from 0x3e9 on, but the outputs scratchpad has 1024"},
    {"result_overlap", [](Program& p) { sum(p).result.line_pitch = 3; },
     "instruction 6 (vector, pool): result lays 2x3 lines of 4 bytes over one another"},
    {"shape_overflow",
     [](Program& p) {
       sum(p).channels = sum(p).height = sum(p).width = 0xffffffff;
       sum(p).result = sum(p).a = sum(p).b = {Pad::outputs, 0, 0xffffffff, 0xffffffff};
     },
     "instruction 6 (vector, pool): a lays 4294967295x4294967295 lines of 4294967295 bytes over one another"},
    {"parameters_last", [](Program& p) { requantize(p).parameters = 512 - 36; }, ""},
    {"parameters_beyond", [](Program& p) { requantize(p).parameters = 512 - 35; },
     "instruction 4 (vector, conv): parameters needs 36 bytes from 0x1dd on, but the weights scratchpad has 512"},
    {"table_last",
     [](Program& p) {
       sum(p).has_table = true;
       sum(p).table = 256;
     },
     ""},
    {"table_beyond",
     [](Program& p) {
       sum(p).has_table = true;
       sum(p).table = 257;
     },
     "instruction 6 (vector, pool): table needs 256 bytes from 0x101 on, but the weights scratchpad has 512"},
    {"table_stray", [](Program& p) { sum(p).table = 16; },
     "instruction 6 (vector, pool): table is 0x10, but has_table is not set; set it or make table 0"},
    {"zero_a_most", [](Program& p) { sum(p).zero_a = 127; }, ""},
    {"zero_a", [](Program& p) { sum(p).zero_a = 128; },
     "instruction 6 (vector, pool): zero_a is 128; it must be from -128 to 127"},
    {"zero_b", [](Program& p) { sum(p).zero_b = -129; }, "instruction 6 (vector, pool): zero_b is -129; it must be"},
    {"zero_out", [](Program& p) { sum(p).zero_out = -129; },
     "instruction 6 (vector, pool): zero_out is -129; it must be from"},
    {"shift_0", [](Program& p) { sum(p).shift = 0; },
     "instruction 6 (vector, pool): shift is 0; it must be from 1 to 62"},
    {"shift_most", [](Program& p) { sum(p).shift = 62; }, ""},
    {"shift_beyond", [](Program& p) { sum(p).shift = 63; }, "instruction 6 (vector, pool): shift is 63; it must be"},
    {"bounds_equal", [](Program& p) { sum(p).lowest = sum(p).highest = 5; }, ""},
    {"bounds",
     [](Program& p) {
       sum(p).lowest = 6;
       sum(p).highest = 5;
     },
     "instruction 6 (vector, pool): lowest is 6 and highest 5; lowest must not be above highest"},
    // windows
    {"window_in_0", [](Program& p) { pool(p).window.in_height = 0; },
     "instruction 5 (vector, pool): in, kernel and stride height of the window are 0, 3, 2; each must be at least 1"},
    {"window_kernel_0", [](Program& p) { pool(p).window.kernel_width = 0; },
     "instruction 5 (vector, pool): in, kernel and stride width of the window are 6, 0, 2; each must be at least 1"},
    {"window_stride_0", [](Program& p) { pool(p).window.stride_width = 0; },
     "instruction 5 (vector, pool): in, kernel and stride width of the window are 6, 2, 0"},
    {"window_pad_most", [](Program& p) { pool(p).window.pad_top = 2; }, ""},
    {"window_pad", [](Program& p) { pool(p).window.pad_top = 3; },
     "instruction 5 (vector, pool): the first window lies outside the map: its height is 3, and 3 of that are padding"},
    {"window_stride_most", [](Program& p) { pool(p).window.stride_height = 5; }, ""},
    {"window_stride", [](Program& p) { pool(p).window.stride_height = 6; },
     "instruction 5 (vector, pool): window 1 along the height begins at position 6, but map and padding before it have "
     "only 6"},
    {"window_map", [](Program& p) { pool(p).a.address = 1024 - 89; },
     "instruction 5 (vector, pool): a needs 90 bytes from 0x3a7 on"},
    {"window_map_last", [](Program& p) { pool(p).a.address = 1024 - 90; }, ""},
    {"window_most", [](Program& p) { pool(p).window.kernel_height = pool(p).window.kernel_width = 2048; }, ""},
    {"window_beyond",
     [](Program& p) {
       pool(p).window.kernel_height = 2048;
       pool(p).window.kernel_width = 2049;
     },
     "instruction 5 (vector, pool): the window of 2048x2049 has more than the 4194304 elements allowed"},
    {"window_of_another_kind", [](Program& p) { sum(p).window.kernel_height = 0; }, ""},
};

INSTANTIATE_TEST_SUITE_P(Rules, ValidateMachineProgram, testing::ValuesIn(kCases),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(ValidateMachine, LimitsTheStepsOfAllInstructions) {
  Program program = sample();
  program.core.outputs.bytes = program.core.activations.bytes = max_pad_bytes;
  program.core.weights.bytes = max_pad_bytes;
  // 2^14 x 2^14 pixels, 2^26 taps for each: 2^54 multiplications.
  Compute& work = conv(program);
  work.geometry = {.in_channels = 64,
                   .in_height = 1024,
                   .in_width = 1024,
                   .out_height = 16384,
                   .out_width = 16384,
                   .kernel_height = 1024,
                   .kernel_width = 1024,
                   .pad_top = 8191,
                   .pad_left = 8191,
                   .pad_bottom = 8192,
                   .pad_right = 8192};
  work.input = {0, 1024 * 1024, 1024};
  work.weights_pitch = 1;
  EXPECT_EQ(
      message_of([&] { validate(program); }),
      "instruction 3 (compute, conv): the instructions up to here take more than the 281474976710656 steps allowed");
  // Pools of 2^28 elements with windows of 2^19: 2^47 each, and two fit but not with the rest.
  program = sample();
  program.core.outputs.bytes = program.core.activations.bytes = max_pad_bytes;
  Vector& wide = pool(program);
  wide.channels = 1;
  wide.height = wide.width = 16384;
  wide.window = {.in_height = 16384, .in_width = 16384, .kernel_height = 512, .kernel_width = 1024};
  wide.a = {Pad::activations, 0, 0, 16384};
  wide.result = {Pad::outputs, 0, 0, 16384};
  EXPECT_EQ(message_of([&] { validate(program); }), "");
  program.instructions.push_back(program.instructions[5]);
  EXPECT_THAT(message_of([&] { validate(program); }), StartsWith("instruction 8 (vector, pool): the instructions up"));
}

TEST(ValidateMachine, TellsThePlaceByNumber) {
  const auto place = [](const std::function<void(Program&)>& change) {
    Program program = sample();
    change(program);
    try {
      validate(program);
    } catch (const InvalidProgram& error) {
      return std::pair(error.part, error.index);
    }
    return std::pair(InvalidProgram::Part::tensor, std::size_t{0});
  };
  using Part = InvalidProgram::Part;
  EXPECT_EQ(place([](Program& p) { p.core.vector.lanes = 0; }), std::pair(Part::array, std::size_t{0}));
  EXPECT_EQ(place([](Program& p) { p.network = "\n"; }), std::pair(Part::network, std::size_t{0}));
  EXPECT_EQ(place([](Program& p) { p.layers[1] = "\n"; }), std::pair(Part::layer, std::size_t{1}));
  EXPECT_EQ(place([](Program& p) { p.sections[3].bytes = 0; }), std::pair(Part::section, std::size_t{3}));
  EXPECT_EQ(place([](Program& p) { sum(p).shift = 0; }), std::pair(Part::instruction, std::size_t{6}));
}

TEST(ValidateOnMachine, AcceptsAnyMachineWithTheArrayAndRoomForTheAddresses) {
  const Program program = sample();
  CoreConfig core = program.core;
  const auto message = [&] { return message_of([&] { validate(program, core); }); };
  EXPECT_EQ(message(), "");
  core.activations = {.bytes = 4096, .banks = 1, .width = 16, .ports = 2};
  core.weights = {.bytes = 512, .banks = 2, .width = 2, .ports = 2};
  core.outputs = {.bytes = 1040, .banks = 5, .width = 4, .ports = 1};
  core.vector = {.lanes = 3, .latency = 1};
  core.control = {.fetch_cycles = 1, .decode_cycles = 1, .queue_depth = 1};
  EXPECT_EQ(message(), "");
  core.activations.bytes = 1008;  // smaller than what it was compiled for: instruction 7 releases byte 1023
  EXPECT_EQ(
      message(),
      "instruction 7 (store, pool): release needs 1 bytes from 0x3ff on, but the activations scratchpad has 1008; "
      "use smaller tiles or a larger one");
  core.activations.bytes = 1024;
  core.weights.bytes = 80;
  EXPECT_THAT(message(), StartsWith("instruction 2 (load, conv): address needs 36 bytes from 0x40 on, but the weights "
                                    "scratchpad has 80; use"));
  core.weights.bytes = 0;
  EXPECT_EQ(message(), "weights.bytes is 0; it must be from 1 to 1073741824");
}

TEST(ValidateOnMachine, RefusesAnotherArrayAndAnInvalidProgram) {
  Program program = sample();
  CoreConfig core = program.core;
  core.array.folds = FoldOverlap::serial;
  EXPECT_EQ(
      message_of([&] { validate(program, core); }),
      "the program was compiled for array '4x4 pingpong pipelined fuse stages=0', but the machine has '4x4 pingpong "
      "serial fuse stages=0'; compile it anew");
  program.sections[3].bytes = 0;
  EXPECT_EQ(message_of([&] { validate(program, program.core); }), "section 3: bytes is 0; it must be at least 1");
}

TEST(ValidateMachine, AcceptsTheEmptyProgramAndRandomOnes) {
  EXPECT_EQ(message_of([] { validate(Program{}); }), "");
  for (std::uint32_t seed = 0; seed < 500; ++seed) {
    const bool values = seed % 2 == 0;
    const Program program =
        seed % 4 < 2 ? test::random_machine_program(seed, values) : test::random_fused_program(seed, values);
    ASSERT_EQ(message_of([&] { validate(program, program.core); }), "") << seed;
    ASSERT_EQ(program.has_values(), values) << seed;
  }
}

}  // namespace
}  // namespace fusesim::isa::machine
