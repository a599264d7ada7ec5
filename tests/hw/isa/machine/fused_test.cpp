// SPDX-License-Identifier: Apache-2.0
// The fused block in the instruction set: every field survives trace and text, every rule is kept.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "hw/isa/machine/fused_lists.h"
#include "hw/isa/machine/limits.h"
#include "hw/isa/machine/names.h"
#include "hw/isa/machine/program.h"
#include "hw/isa/machine/text.h"
#include "hw/isa/machine/trace.h"
#include "tests/hw/isa/machine/fused_sample.h"
#include "tests/hw/isa/machine/random_machine_program.h"
#include "tests/hw/isa/seal.h"

namespace fusesim::isa::machine {
namespace {

using test::fused_sample;
using testing::HasSubstr;
using testing::StartsWith;

TEST(FusedInstructions, GoToTheComputeQueueUnderNamesOfTheirOwn) {
  const Program p = fused_sample();
  const char* names[] = {"load", "load", "load", "load", "fused_tile", "fused_predict", "fused_accumulate"};
  for (std::size_t i = 0; i < p.instructions.size(); ++i) {
    EXPECT_STREQ(name(p.instructions[i]), names[i]);
    EXPECT_EQ(p.instructions[i].queue(), i < 4 ? Queue::load : Queue::compute);
    EXPECT_EQ(p.instructions[i].is_fused(), i >= 4);
  }
  EXPECT_STREQ(name(Instruction{Compute{}}), "compute");
  EXPECT_STREQ(name(Instruction{Vector{}}), "vector");
  EXPECT_STREQ(name(Instruction{Store{}}), "store");
}

TEST(FusedTrace, KeepsEveryField) {
  Program p = fused_sample();
  EXPECT_EQ(decode_trace(encode_trace(p), "t"), p);
  p.core.fused.mode = FusedMode::fixed;
  p.core.fused.adders = 5;
  p.core.fused.queue_depth = 0;
  auto& accumulate = std::get<FusedAccumulate>(p.instructions[6].work);
  accumulate.residual.reset();
  EXPECT_EQ(decode_trace(encode_trace(p), "t"), p);
  accumulate.next.reset();
  EXPECT_EQ(decode_trace(encode_trace(p), "t"), p);
}

TEST(FusedText, KeepsEveryField) {
  Program p = fused_sample();
  EXPECT_EQ(assemble(disassemble(p)), p);
  auto& accumulate = std::get<FusedAccumulate>(p.instructions[6].work);
  accumulate.residual.reset();
  EXPECT_EQ(assemble(disassemble(p)), p);
  accumulate.next.reset();
  accumulate.zero_out = 0, accumulate.lowest = -128, accumulate.highest = 127;
  accumulate.expand_bias_shift = accumulate.depthwise_bias_shift = 0;
  std::get<FusedTile>(p.instructions[4].work).zero_point = 0;
  EXPECT_EQ(assemble(disassemble(p)), p);
}

TEST(FusedText, IsWhatTheManualSays) {
  const std::string text = disassemble(fused_sample());
  EXPECT_THAT(text, HasSubstr("fused_unit tile=4x2 mode=elastic lanes=5 adders=3 queue_depth=7 adder_bits=19 ladders=2 "
                              "mask_channels=33 mask_positions=65 level_channels=6 tile_bytes=130 tile_port_bytes=9 "
                              "list_bytes_per_cycle=10 list_fifo_bytes=77 composer_terms_per_cycle=4 "
                              "output_lanes=8\n"));
  EXPECT_THAT(text, HasSubstr("fused_tile 4 layer=0 buffer=1 channels=2 middle=3 region=8x3 out=4x2 kernel=3 stride=2 "
                              "pad=1,2 input=0x15,200,20 zero_point=-17 "
                              "thresholds=-128,-112,-96,-80,-64,-48,-32,-16,0,16,32,48,64,80,128 wait=load:1\n"));
  EXPECT_THAT(text, HasSubstr("fused_predict 5 layer=0 buffer=1 channels=2 middle=3 region=8x3 out=4x2 kernel=3 "
                              "stride=2 pad=1,2 round=2 lists=0x2+66 dram=0x400 wait=load:2 release=weights:0x2+66\n"));
  EXPECT_THAT(
      text,
      HasSubstr("fused_accumulate 6 lists layer=0 buffer=1 channels=2 middle=3 region=8x3 out=4x2 kernel=3 stride=2 "
                "pad=1,2 outputs=2 lists=0x64+224 dram=0x500 bias_shifts=3,14 parameters=0x14d zero_out=4 "
                "lowest=-100 highest=101 output=0x5,50,7 residual=0x6,60,8 residual_zeros=9,10,11 "
                "residual_multipliers=-12,13 residual_shift=14 residual_bounds=-15,16 next_buffer=0 next_channels=2 "
                "next_middle=3 next_region=7x3 next_out=3x2 next_kernel=3 next_stride=2 next_pad=0,2 "
                "next_input=0x16,201,23 next_zero_point=99 "
                "next_thresholds=-128,-112,-96,-80,-64,-48,-32,-16,0,16,32,48,64,80,128 wait=load:4 "
                "release=weights:0x64+224\n"));
}

TEST(FusedText, ErrorsNameLineAndCure) {
  const auto message = [](const std::string& from, const std::string& to) -> std::string {
    std::string text = disassemble(fused_sample());
    const std::size_t at = text.find(from);
    if (at == std::string::npos) return "not found: " + from;
    try {
      static_cast<void>(assemble(text.replace(at, from.size(), to), "t"));
    } catch (const TextError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message("fused_predict 5", "fused_predikt 5").substr(0, 76),
            "t:38: keyword 'fused_predikt' is unknown; did you mean 'fused_predict'? (one");
  EXPECT_EQ(message("mode=elastic", "mode=elastik"),
            "t:9: mode 'elastik' is unknown; did you mean 'elastic'? (one of fixed, elastic)");
  EXPECT_EQ(message("fused_accumulate 6 lists", "fused_accumulate 6 list"),
            "t:39: source 'list' is unknown; did you mean 'lists'? (one of lists, factors)");
  EXPECT_EQ(message("lists=0x2+66", "lists=0x2"), "t:38: lists: must have the form ADDRESS+BYTES");
  EXPECT_EQ(message(" round=2", ""), "t:38: field round is missing");
  EXPECT_EQ(message(" next_region=7x3", ""), "t:39: field next_region is missing");
  EXPECT_EQ(message(" residual_zeros=9,10,11", ""), "t:39: field residual_zeros is missing");
  EXPECT_EQ(message(" residual=0x6,60,8", ""), "t:39: field residual is missing");
  EXPECT_THAT(message("thresholds=-128,", "thresholds="), HasSubstr("thresholds: must have the form N,N,..."));
  EXPECT_THAT(message("lanes=5", "lanes=65"), StartsWith("t:9: fused.lanes is 65; it must be from 1 to 64"));
}

TEST(FusedText, OfDamagedListsIsRefusedWithLineSectionAndByte) {
  const auto message = [](std::size_t section, std::size_t byte, std::int8_t value) -> std::string {
    Program p = fused_sample();
    p.sections[section].values.at(byte) = value;
    try {
      static_cast<void>(assemble(disassemble(p), "t"));
    } catch (const TextError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message(2, 2, 0), "");
  EXPECT_EQ(message(2, 2, 3),
            "t:39: instruction 6 (fused_accumulate, block): its lists at 0x500 in section 2 (terms): byte 0: list 0 "
            "(output channel 0, tap 0, input channel 0), term 0: middle channel 3 is not one of the group's 3; correct "
            "the bytes, or the sizes by which instruction and fused unit read them");
  EXPECT_THAT(message(1, 1, 0x70),
              StartsWith("t:38: instruction 5 (fused_predict, block): its lists at 0x400 in section 1 (records): byte "
                         "0: "));
}

TEST(FusedText, OfFactorsThatDoNotFitTheAddersIsRefused) {
  const FusedListShape shape{2, 3, 3, 2};
  FusedFactors factors;
  factors.expand.assign(6, 127);
  factors.depthwise.assign(27, 2);
  factors.project.assign(6, 127);
  factors.expand_bias.assign(3, 0);
  factors.depthwise_bias.assign(3, 0);
  const std::vector<std::uint8_t> bytes = encode_factors(factors, shape);
  Program p = fused_sample();
  auto& work = std::get<FusedAccumulate>(p.instructions[6].work);
  work.source = FusedSource::factors;
  work.lists_bytes = static_cast<std::uint32_t>(bytes.size());
  p.sections[2].bytes = bytes.size();
  p.sections[2].values.assign(bytes.begin(), bytes.end());
  std::get<Load>(p.instructions[2].work).run_bytes = work.lists_bytes;
  p.instructions[6].releases = {{Pad::weights, 100, work.lists_bytes}};
  EXPECT_EQ(assemble(disassemble(p)), p);
  p.core.fused.adder_bits = 16;
  try {
    static_cast<void>(assemble(disassemble(p), "t"));
    ADD_FAILURE() << "was taken";
  } catch (const TextError& error) {
    EXPECT_THAT(error.what(), HasSubstr("its magnitudes add up to"));
  }
}

TEST(FusedTrace, OfAnOlderVersionIsReadAsBefore) {
  const Program p = test::random_machine_program(2);
  std::string bytes = encode_trace(p);
  ASSERT_EQ(bytes[8], 3);
  bytes[8] = 2;
  isa::test::seal(bytes);
  EXPECT_EQ(decode_trace(bytes, "t"), p);
}

TEST(FusedConfig, IsDescribedWhereThereIsOne) {
  CoreConfig core;
  EXPECT_THAT(describe(core), testing::Not(HasSubstr("fused tile")));
  core = fused_sample().core;
  EXPECT_THAT(describe(core),
              testing::EndsWith(" | fused tile=4x2 mode=elastic lanes=5 adders=3 queue_depth=7 adder_bits=19 ladders=2 "
                                "mask_channels=33 mask_positions=65 level_channels=6 tile_bytes=130 tile_port_bytes=9 "
                                "list_bytes_per_cycle=10 list_fifo_bytes=77 composer_terms_per_cycle=4 "
                                "output_lanes=8"));
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
  std::function<void(Program&)> change;
  const char* message;  ///< How it begins. Empty: still valid.
};

void expect_messages(const std::vector<Case>& cases) {
  for (std::size_t i = 0; i < cases.size(); ++i) {
    Program p = fused_sample();
    cases[i].change(p);
    const std::string message = message_of([&] { validate(p); });
    if (*cases[i].message == 0) {
      EXPECT_EQ(message, "") << i;
    } else {
      EXPECT_THAT(message, StartsWith(cases[i].message)) << i;
      EXPECT_THAT(message, testing::Not(HasSubstr("\n"))) << i;
    }
  }
}

TEST(FusedConfig, SaysWhatIsWrong) {
  expect_messages({
      {[](Program& p) { p.core.fused.present = false; },
       "fused.present is not set, but other fields of the fused unit are; set it, or leave them at their defaults"},
      {[](Program& p) { p.core.fused.tile_rows = 2; },
       "fused.tile_rows x fused.tile_columns is 2x2, but the array has 2x4 PEs; give each PE one output"},
      {[](Program& p) { p.core.fused.tile_rows = 0; }, "fused.tile_rows is 0; it must be from 1 to 16384"},
      {[](Program& p) { p.core.fused.mode = static_cast<FusedMode>(2); }, "fused.mode 2 is unknown"},
      {[](Program& p) { p.core.fused.lanes = 0; }, "fused.lanes is 0; it must be from 1 to 64"},
      {[](Program& p) { p.core.fused.adders = 6; },
       "fused.adders is 6; it must be from 1 to 5 = fused.lanes, the terms of a word; lower it too, or raise "
       "fused.lanes"},
      {[](Program& p) { p.core.fused.adders = 0; }, "fused.adders is 0; it must be from 1 to 5"},
      {[](Program& p) { p.core.fused.adders = 5; }, ""},
      {[](Program& p) { p.core.fused.queue_depth = 4; },
       "fused.queue_depth is 4; it must be from 5 to 4096, as all lanes of a word may survive; raise it, or lower "
       "fused.lanes"},
      {[](Program& p) { p.core.fused.queue_depth = 4097; }, "fused.queue_depth is 4097; it must be from 5 to 4096"},
      {[](Program& p) { p.core.fused.queue_depth = 5; }, ""},
      {[](Program& p) { p.core.fused.mode = FusedMode::fixed; },
       "fused.adders is 3 and fused.queue_depth 7; in mode fixed every lane has its adder and nothing is queued: make "
       "them 5 and 0, or use mode elastic"},
      {[](Program& p) { p.core.fused.adder_bits = 7; }, "fused.adder_bits is 7; it must be from 8 to 32"},
      {[](Program& p) { p.core.fused.adder_bits = 33; }, "fused.adder_bits is 33"},
      {[](Program& p) { p.core.fused.ladders = 17; }, "fused.ladders is 17; it must be from 1 to 16"},
      {[](Program& p) { p.core.fused.mask_channels = 4097; }, "fused.mask_channels is 4097; it must be from 1 to 4096"},
      {[](Program& p) { p.core.fused.mask_positions = 7; }, "fused.mask_positions is 7; it must be from 8 to 16384"},
      {[](Program& p) { p.core.fused.level_channels = 0; }, "fused.level_channels is 0; it must be from 1 to 4096"},
      {[](Program& p) { p.core.fused.tile_bytes = 0; }, "fused.tile_bytes is 0; it must be from 1 to 16777216"},
      {[](Program& p) { p.core.fused.tile_port_bytes = 0; }, "fused.tile_port_bytes is 0; it must be from 1 to 4096"},
      {[](Program& p) { p.core.fused.list_bytes_per_cycle = 65537; }, "fused.list_bytes_per_cycle is 65537"},
      {[](Program& p) { p.core.fused.list_bytes_per_cycle = 0; }, ""},
      // Two expand records and five lanes.
      {[](Program& p) { p.core.fused.list_fifo_bytes = 45; },
       "fused.list_fifo_bytes is 45; it must be from 46 to 1048576, as it holds the widest word; raise it, or lower "
       "fused.lanes or fused.ladders"},
      {[](Program& p) { p.core.fused.list_fifo_bytes = 46; }, ""},
      {[](Program& p) { p.core.fused.lanes = p.core.fused.queue_depth = 20, p.core.fused.list_fifo_bytes = 79; },
       "fused.list_fifo_bytes is 79; it must be from 80 to"},
      {[](Program& p) { p.core.fused.composer_terms_per_cycle = 6; },
       "fused.composer_terms_per_cycle is 6; it must be from 1 to 5 = fused.lanes, the terms of a word; lower it too, "
       "or raise fused.lanes"},
      {[](Program& p) { p.core.fused.output_lanes = 9; }, "fused.output_lanes is 9; it must be from 1 to 8"},
  });
}

FusedTile& tile(Program& p) {
  return std::get<FusedTile>(p.instructions[4].work);
}
FusedPredict& predict(Program& p) {
  return std::get<FusedPredict>(p.instructions[5].work);
}
FusedAccumulate& accumulate(Program& p) {
  return std::get<FusedAccumulate>(p.instructions[6].work);
}

TEST(FusedGeometry, SaysWhatIsWrong) {
#define TILE "instruction 4 (fused_tile, block): "
  expect_messages({
      {[](Program& p) { p.core.fused = {}; },
       TILE "needs the fused unit, which the machine does not have; set fused.present, or compile it for the array"},
      {[](Program& p) { tile(p).buffer = 2; }, TILE "buffer is 2; it must be from 0 to 1"},
      {[](Program& p) { tile(p).geometry.channels = 0; }, TILE "channels is 0; it must be from 1 to 4096"},
      {[](Program& p) { tile(p).geometry.middle = 0; }, TILE "middle is 0; it must be from 1 to 4096"},
      {[](Program& p) { tile(p).geometry.middle = 33; },
       "instruction 5 (fused_predict, block): middle is 3, but 33 in the tile that instruction 4 loaded"},
      {[](Program& p) { tile(p).geometry.middle = 34; }, TILE
       "the block's middle exceeds the mask storage: it has 34 channels a group, but masks of only 33 are held; set "
       "fused.mask_channels to at least 34, or run the block unfused"},
      {[](Program& p) { tile(p).geometry.kernel = 8; }, TILE "kernel is 8; it must be from 1 to 7"},
      {[](Program& p) { tile(p).geometry.stride = 3; }, TILE "stride is 3; it must be from 1 to 2"},
      {[](Program& p) { tile(p).geometry.pad_top = 3; }, TILE "pad_top is 3; it must be from 0 to 2"},
      {[](Program& p) { tile(p).geometry.pad_left = 3; }, TILE "pad_left is 3; it must be from 0 to 2"},
      {[](Program& p) { tile(p).geometry.region_rows = 0; }, TILE "region_rows is 0; it must be from 1 to 16384"},
      {[](Program& p) { tile(p).geometry.out_columns = 0; }, TILE "out_columns is 0; it must be from 1 to 16384"},
      {[](Program& p) { tile(p).geometry.region_rows = 9; },
       TILE "the region has 9 rows after 1 of padding, but the taps of 4 outputs touch only 9; leave out the rest"},
      {[](Program& p) { tile(p).geometry.region_columns = 4; },
       TILE "the region has 4 columns after 2 of padding, but the taps of 2 outputs touch only 5"},
      {[](Program& p) { tile(p).geometry.out_rows = 5; },
       TILE "5x2 outputs are more than the tile of 4x2 (fused.tile_rows, fused.tile_columns); use smaller tiles"},
      {[](Program& p) { p.core.fused.mask_positions = 24; }, ""},
      {[](Program& p) { p.core.fused.mask_positions = 23; }, TILE
       "the region of 8x3 positions exceeds the mask storage of 23; set fused.mask_positions to at least 24, or use "
       "smaller tiles"},
      {[](Program& p) { p.core.fused.tile_bytes = 48; }, ""},
      {[](Program& p) { p.core.fused.tile_bytes = 47; },
       TILE "2 channels of 24 positions exceed the input tile of 47 bytes; set fused.tile_bytes to at least 48, or use "
            "smaller tiles"},
      {[](Program& p) { tile(p).input.line_pitch = 2; }, TILE "input lays 2x8 lines of 3 bytes over one another"},
      {[](Program& p) { tile(p).input.address = 681; }, ""},
      {[](Program& p) { tile(p).input.address = 682; },
       TILE "input needs 343 bytes from 0x2aa on, but the activations"},
      {[](Program& p) { tile(p).zero_point = 128; }, TILE "zero_point is 128; it must be from -128 to 127"},
      {[](Program& p) { tile(p).thresholds[14] = 129; }, TILE "a threshold is 129; it must be from -128 to 128"},
      {[](Program& p) { tile(p).thresholds[3] = tile(p).thresholds[2]; }, ""},
      {[](Program& p) { tile(p).thresholds[3] = -97; }, TILE "thresholds 2 and 3 are -96 and -97; they must ascend"},
  });
#undef TILE
}

TEST(FusedPredictRules, SayWhatIsWrong) {
#define PREDICT "instruction 5 (fused_predict, block): "
  expect_messages({
      {[](Program& p) { predict(p).geometry.kernel = 0; }, PREDICT "kernel is 0; it must be from 1 to 7"},
      {[](Program& p) { predict(p).geometry.middle = 34; }, PREDICT "lists has 66 bytes, but even empty lists of"},
      {[](Program& p) { predict(p).round_channels = 0; }, PREDICT "round is 0; it must be from 1 to 4096"},
      {[](Program& p) { predict(p).round_channels = 7; },
       PREDICT "round is 7, but the unit holds the levels of only 6 channels; set fused.level_channels to at least 7, "
               "or make rounds smaller"},
      {[](Program& p) { predict(p).lists = 3; }, PREDICT "lists is 0x3; it must be a multiple of 2"},
      {[](Program& p) { predict(p).lists = 448; }, PREDICT "lists needs 66 bytes from 0x1c0 on, but the weights"},
      {[](Program& p) { predict(p).lists_bytes = 67; }, PREDICT "lists has 67 bytes; it must be a multiple of 2"},
      {[](Program& p) { predict(p).lists_bytes = 64; },
       PREDICT "lists has 64 bytes, but even empty lists of this block "
               "take 66"},
      {[](Program& p) { predict(p).lists_dram = 0x402; },
       PREDICT "dram needs 66 bytes from 0x402 on, but section 1 (records) ends at 0x442"},
      {[](Program& p) { predict(p).lists_dram = 0x3ff; }, PREDICT "dram 0x3ff lies in no section"},
      {[](Program& p) { predict(p).lists_dram = 0x100; },
       PREDICT "dram 0x100 lies in section 0 (in), whose role is input; lists have a role of their own, lists"},
  });
#undef PREDICT
}

TEST(FusedAccumulateRules, SayWhatIsWrong) {
#define ACCUMULATE "instruction 6 (fused_accumulate, block): "
  expect_messages({
      {[](Program& p) { accumulate(p).source = static_cast<FusedSource>(2); }, ACCUMULATE "source 2 is unknown"},
      {[](Program& p) { accumulate(p).out_channels = 0; }, ACCUMULATE "outputs is 0; it must be from 1 to 65536"},
      {[](Program& p) { accumulate(p).out_channels = 3; },
       ACCUMULATE "lists has 224 bytes, but even empty lists of this block take 336"},
      {[](Program& p) {
         accumulate(p).source = FusedSource::factors;
         accumulate(p).out_channels = 65536;
         accumulate(p).geometry.middle = 4096;
       },
       ACCUMULATE
       "factors of 2 channels, 4096 middle and 65536 output channels may compose 7516192768 terms, more than "
       "the 268435456 allowed; give an instruction fewer output channels"},
      {[](Program& p) { accumulate(p).lists = 102; }, ACCUMULATE "lists is 0x66; it must be a multiple of 4"},
      {[](Program& p) { accumulate(p).lists_bytes = 222; },
       ACCUMULATE "lists has 222 bytes; it must be a multiple of 4"},
      {[](Program& p) { accumulate(p).lists_dram = 0x600; }, ACCUMULATE "dram needs 224 bytes from 0x600 on"},
      {[](Program& p) { accumulate(p).expand_bias_shift = 15; },
       ACCUMULATE "bias_shifts (expand) is 15; it must be from"},
      {[](Program& p) { accumulate(p).depthwise_bias_shift = 15; },
       ACCUMULATE "bias_shifts (depthwise) is 15; it must be"},
      {[](Program& p) { accumulate(p).parameters = 489; }, ACCUMULATE "parameters needs 24 bytes from 0x1e9 on"},
      {[](Program& p) { accumulate(p).zero_out = -129; }, ACCUMULATE "zero_out is -129; it must be from -128 to 127"},
      {[](Program& p) { accumulate(p).lowest = 102; }, ACCUMULATE "lowest is 102 and highest 101; lowest must not be"},
      {[](Program& p) { accumulate(p).output.line_pitch = 1; }, ACCUMULATE "output lays 2x4 lines of 2 bytes over one"},
      {[](Program& p) { accumulate(p).output.address = 184; }, ACCUMULATE "output needs 73 bytes from 0xb8 on, but the "
                                                                          "outputs scratchpad has 256"},
      {[](Program& p) { accumulate(p).output.address = 183; }, ""},
      {[](Program& p) { accumulate(p).residual->map.address = 1000; }, ACCUMULATE "residual needs 86 bytes from 0x3e8"},
      {[](Program& p) { accumulate(p).residual->zero_a = 128; },
       ACCUMULATE "residual_zeros (result) is 128; it must be from"},
      {[](Program& p) { accumulate(p).residual->zero_b = 128; },
       ACCUMULATE "residual_zeros (residual) is 128; it must be from"},
      {[](Program& p) { accumulate(p).residual->zero_out = 128; },
       ACCUMULATE "residual_zeros (out) is 128; it must be"},
      {[](Program& p) { accumulate(p).residual->shift = 0; },
       ACCUMULATE "residual_shift is 0; it must be from 1 to 62"},
      {[](Program& p) { accumulate(p).residual->lowest = 17; },
       ACCUMULATE "residual_bounds: lowest is 17 and highest 16; lowest must not be above highest"},
      {[](Program& p) { accumulate(p).next->buffer = 1; },
       ACCUMULATE "next is loaded into buffer 1, from which the instruction reads; use the other one"},
      {[](Program& p) { accumulate(p).next->geometry.stride = 0; }, ACCUMULATE "stride is 0; it must be from 1 to 2"},
      {[](Program& p) { accumulate(p).next->input.address = 1000; }, ACCUMULATE "input needs 342 bytes from 0x3e8 on"},
  });
#undef ACCUMULATE
}

// What an instruction relies on from those before it.

/// The sample with the tile that its accumulate loads predicted and summed as well: instructions 7 and 8.
Program two_tiles() {
  Program p = fused_sample();
  p.instructions[5].releases.clear();
  p.instructions[6].releases.clear();
  const FusedTile& next = *accumulate(p).next;
  FusedPredict predicted = predict(p);
  FusedAccumulate summed = accumulate(p);
  predicted.buffer = summed.buffer = next.buffer;
  predicted.geometry = summed.geometry = next.geometry;
  summed.next.reset();
  p.instructions.push_back({predicted});
  p.instructions.push_back({summed});
  return p;
}

std::string message_after(const std::function<void(Program&)>& change) {
  Program p = two_tiles();
  change(p);
  return message_of([&] { validate(p); });
}

template <typename Work>
Work& work(Program& p, std::size_t instruction) {
  return std::get<Work>(p.instructions[instruction].work);
}

struct FieldChange {
  const char* name;
  std::uint32_t FusedGeometry::*field;
  std::uint32_t value;
};
/// Geometries of the sample's second tile that differ in one field, and are sound.
const FieldChange kFieldChanges[] = {
    {"channels", &FusedGeometry::channels, 1},       {"middle", &FusedGeometry::middle, 2},
    {"kernel", &FusedGeometry::kernel, 2},           {"stride", &FusedGeometry::stride, 1},
    {"region_rows", &FusedGeometry::region_rows, 5}, {"region_columns", &FusedGeometry::region_columns, 2},
    {"pad_top", &FusedGeometry::pad_top, 1},         {"pad_left", &FusedGeometry::pad_left, 1},
    {"out_rows", &FusedGeometry::out_rows, 2},       {"out_columns", &FusedGeometry::out_columns, 1}};

/// Large and small enough for each of them to be sound.
Program roomy_tiles() {
  Program p = two_tiles();
  const auto shrink = [](FusedGeometry& g) { g.region_rows = 4, g.region_columns = 3, g.pad_left = 0, g.out_rows = 3; };
  shrink(work<FusedAccumulate>(p, 6).next->geometry);
  shrink(work<FusedPredict>(p, 7).geometry);
  shrink(work<FusedAccumulate>(p, 8).geometry);
  return p;
}

TEST(FusedOrder, ATileIsPredictedAndSummedInTheGeometryInWhichItWasLoaded) {
  EXPECT_EQ(message_of([] { validate(two_tiles()); }), "");
  EXPECT_EQ(message_of([] { validate(roomy_tiles()); }), "");
  for (const FieldChange& change : kFieldChanges) {
    Program p = roomy_tiles();
    FusedGeometry& loaded = work<FusedAccumulate>(p, 6).next->geometry;
    FusedGeometry& predicted = work<FusedPredict>(p, 7).geometry;
    FusedGeometry& summed = work<FusedAccumulate>(p, 8).geometry;
    const std::uint32_t before = loaded.*change.field;
    ASSERT_NE(change.value, before);
    summed.*change.field = change.value;
    EXPECT_EQ(message_of([&] { validate(p); }),
              fmt::format("instruction 8 (fused_accumulate, block): {} is {}, but {} in instruction 7, whose masks it "
                          "uses; give both the same geometry, or predict anew",
                          change.name, change.value, before));
    predicted.*change.field = change.value;
    EXPECT_EQ(message_of([&] { validate(p); }),
              fmt::format("instruction 7 (fused_predict, block): {} is {}, but {} in the tile that instruction 6 "
                          "loaded into buffer 0; give both the same geometry, or load the tile anew",
                          change.name, change.value, before));
    loaded.*change.field = change.value;
    EXPECT_EQ(message_of([&] { validate(p); }), "") << change.name;
  }
}

TEST(FusedOrder, AsManyPositionsInOtherRowsAndColumnsAreAnotherRegion) {
  const auto turn = [](FusedGeometry& g) {
    g.region_rows = 4, g.region_columns = 2;
    g.pad_top = g.pad_left = 0;
  };
  EXPECT_EQ(message_after([&](Program& p) {
              turn(work<FusedAccumulate>(p, 6).next->geometry);
              turn(work<FusedPredict>(p, 7).geometry);
              turn(work<FusedAccumulate>(p, 8).geometry);
              std::swap(work<FusedPredict>(p, 7).geometry.region_rows,
                        work<FusedPredict>(p, 7).geometry.region_columns);
            }),
            "instruction 7 (fused_predict, block): region_rows is 2, but 4 in the tile that instruction 6 loaded into "
            "buffer 0; give both the same geometry, or load the tile anew");
}

TEST(FusedOrder, NothingIsReadThatWasNeverLoadedOrPredicted) {
  const auto erase = [](std::size_t instruction) {
    return [=](Program& p) { p.instructions.erase(p.instructions.begin() + static_cast<std::ptrdiff_t>(instruction)); };
  };
  EXPECT_EQ(message_after(erase(4)),
            "instruction 4 (fused_predict, block): buffer 1 was never loaded; load its tile first, with a fused_tile "
            "or the `next` of a fused_accumulate");
  EXPECT_EQ(message_after(erase(5)),
            "instruction 5 (fused_accumulate, block): no fused_predict comes before it, so there are no masks; predict "
            "its tile first");
  EXPECT_EQ(message_after([](Program& p) { work<FusedAccumulate>(p, 6).next.reset(); }),
            "instruction 7 (fused_predict, block): buffer 0 was never loaded; load its tile first, with a fused_tile "
            "or the `next` of a fused_accumulate");
  EXPECT_EQ(message_after([](Program& p) { work<FusedPredict>(p, 5).buffer = 0; }),
            "instruction 5 (fused_predict, block): buffer 0 was never loaded; load its tile first, with a fused_tile "
            "or the `next` of a fused_accumulate");
}

TEST(FusedOrder, MasksAreOfTheBufferThatIsSummed) {
  // With tiles of one geometry in both buffers, only the masks tell them apart.
  const auto alike = [](Program& p) {
    work<FusedAccumulate>(p, 6).next->geometry = work<FusedTile>(p, 4).geometry;
    work<FusedPredict>(p, 7).geometry = work<FusedAccumulate>(p, 8).geometry = work<FusedTile>(p, 4).geometry;
  };
  EXPECT_EQ(message_after(alike), "");
  EXPECT_EQ(
      message_after([&](Program& p) {
        alike(p);
        work<FusedAccumulate>(p, 8).buffer = 1;
      }),
      "instruction 8 (fused_accumulate, block): buffer is 1, but the masks are those that instruction 7 predicted "
      "of buffer 0; read the same buffer, or predict this one first");
}

TEST(FusedOrder, ABufferLoadedAnewHoldsAnotherTileWhenItsGeometryIsAnother) {
  const auto load_between = [](std::uint8_t buffer, bool same) {
    return [=](Program& p) {
      FusedTile tile = work<FusedTile>(p, 4);
      tile.buffer = buffer;
      if (same) tile.geometry = work<FusedPredict>(p, 7).geometry;
      p.instructions.insert(p.instructions.begin() + 8, {tile});
    };
  };
  EXPECT_EQ(message_after(load_between(1, false)), "");
  EXPECT_EQ(message_after(load_between(0, true)), "");
  EXPECT_EQ(
      message_after(load_between(0, false)),
      "instruction 9 (fused_accumulate, block): region_rows is 7, but 8 in the tile that instruction 8 loaded "
      "into buffer 0 after the masks were predicted (by instruction 7); load it into the other buffer, or predict "
      "it first");
  // Before the masks are predicted it is they that do not fit.
  EXPECT_EQ(message_after([](Program& p) {
              p.instructions.insert(p.instructions.begin() + 7, {work<FusedTile>(p, 4)});
              work<FusedTile>(p, 7).buffer = 0;
            }),
            "instruction 8 (fused_predict, block): region_rows is 7, but 8 in the tile that instruction 7 loaded into "
            "buffer 0; give both the same geometry, or load the tile anew");
}

TEST(ListsSections, HaveTheirValuesAlwaysAndAreNotStoredTo) {
  Store store;
  store.dram = 0x500;
  store.pad = Pad::outputs;
  expect_messages({
      {[](Program& p) { p.sections[1].values.clear(); },
       "section 1: no values are given, but lists have theirs even in a program made for timing only"},
      {[](Program& p) { p.sections[1].values.pop_back(); }, "section 1: 65 values are given for 66 bytes; give all"},
      {[&](Program& p) { p.instructions.push_back({store}); },
       "instruction 7 (store, block): stores to section 2 (terms), which is constant; only intermediate and output"},
      {[](Program& p) { p.sections[4].values.resize(16); },
       "section 4: 16 values are given, but only input, constant and lists sections have values"},
  });
  Program p = fused_sample();
  EXPECT_FALSE(p.has_values());
  p.sections[0].values.resize(400);
  p.sections[3].values.resize(24);
  EXPECT_TRUE(p.has_values());
}

TEST(FusedProgram, RunsOnAnyMachineThatHoldsWhatItNeeds) {
  const Program p = fused_sample();
  CoreConfig core = p.core;
  const auto message = [&] { return message_of([&] { validate(p, core); }); };
  EXPECT_EQ(message(), "");
  core.fused.lanes = core.fused.adders = core.fused.composer_terms_per_cycle = 3;
  core.fused.mode = FusedMode::fixed;
  core.fused.queue_depth = 0;
  EXPECT_EQ(message(), "");
  core.fused.level_channels = 1;
  EXPECT_THAT(message(), StartsWith("instruction 5 (fused_predict, block): round is 2, but"));
  core.fused = p.core.fused;
  core.fused.tile_rows = 2, core.fused.tile_columns = 4;
  EXPECT_THAT(message(), StartsWith("instruction 4 (fused_tile, block): 4x2 outputs are more than the tile of 2x4"));
  core.fused = p.core.fused;
  core.fused.adder_bits = 18;
  EXPECT_EQ(
      message(),
      "the program was compiled for composed weights of 19 bits, but fused.adder_bits is 18; raise it, or compile "
      "the program anew");
  core.fused = {};
  EXPECT_THAT(message(), StartsWith("instruction 4 (fused_tile, block): needs the fused unit"));
}

}  // namespace
}  // namespace fusesim::isa::machine
