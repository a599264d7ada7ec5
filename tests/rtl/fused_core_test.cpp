// SPDX-License-Identifier: Apache-2.0
// The Verilated fused block on its own: pipelines counted by hand from docs/fused.md, reset, assertions, the loader.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>

#include "rtl/fused/verilated_fused_core.h"
#include "tests/lockstep/fused_configs.h"

namespace fusesim::rtl {
namespace {

using fused::CoreInputs;
using fused::FusedPeState;
using fused::Lane;
using fused::Word;
using fused::WordKind;
using test::fused_config;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* elastic_name = "1x1_elastic_l3_a1_q4_w20_f2_m16_p64_v8_t512_b5_o1";
constexpr const char* fixed_name = "1x1_fixed_l1_a1_q0_w32_f1_m8_p400_v3_t2048_b1_o1";

/// One PE, one input channel, one position, both masks of middle channel 0 set.
class OnePe {
 public:
  explicit OnePe(const char* name) : core(fused_config(name)) {
    in.geometry.kernel = 1;
    in.parameters = {10, 1 << 30, 30, 1, -128, 127};  // (result + 10) / 1 + 1
    const std::int16_t x[] = {-3};
    const std::int8_t v[] = {5};
    in.tile = fused::TileWrite{0, 0, 0, 1, x, v};
    core.clock(in);
    in.tile.reset();
    Lane lane{0, 1};
    fused::Ending ending;
    ending.lanes = 1;
    ending.mask = 5;
    std::fill(std::begin(ending.levels), std::end(ending.levels), std::int16_t{5});
    Word word;
    word.lanes = {&lane, 1};
    word.endings = {&ending, 1};
    word.kind = WordKind::expand;
    send(word);
    send({});
    word.kind = WordKind::depthwise;
    ending.mask = 7;
    send(word);
    send({});
    send({});
  }
  void send(const Word& word) {
    in.word = word;
    core.clock(in);
  }
  /// A list of one term of middle channel 0.
  void send_list(std::int16_t weight, bool channel_end, bool constant = false) {
    Lane lane{0, weight};
    Word word;
    word.kind = WordKind::terms;
    word.lanes = {&lane, 1};
    word.last = true;
    word.channel_end = channel_end;
    word.constant = word.every_tap = constant;
    word.shift = 2;
    send(word);
  }
  VerilatedFusedCore core;
  CoreInputs in;
};

TEST(FusedPipeline, MasksAndLevelsStandThreeCyclesAfterTheirWord) {
  VerilatedFusedCore core(fused_config(elastic_name));
  CoreInputs in;
  in.geometry.kernel = 1;
  Lane lane{0, -1};
  fused::Ending ending;
  ending.lanes = 1;
  ending.channel = 9;
  ending.level = 4;
  ending.falling = true;
  in.word.kind = WordKind::expand;
  in.word.lanes = {&lane, 1};
  in.word.endings = {&ending, 1};
  core.clock(in);  // In R0 from here on,
  in.word = {};
  EXPECT_FALSE(core.idle());
  core.clock(in);  // in the ending register,
  EXPECT_FALSE(core.mask1(9, 0));
  EXPECT_FALSE(core.idle());
  core.clock(in);  // in the masks.
  EXPECT_TRUE(core.mask1(9, 0));
  EXPECT_EQ(core.level(4, 0), 7);
  EXPECT_TRUE(core.idle());
}

TEST(FusedPipeline, FixedResultIsTakenThreeCyclesAfterItsWordAndEmittedTwoLater) {
  OnePe one(fixed_name);
  one.send_list(7, true);  // R0
  EXPECT_FALSE(one.core.pe(0).multiply);
  one.send({});
  FusedPeState pe = one.core.pe(0);
  EXPECT_TRUE(pe.multiply && pe.multiply_end);
  EXPECT_EQ(pe.factor, 7);
  EXPECT_EQ(pe.operand, -3);
  one.send({});
  pe = one.core.pe(0);
  EXPECT_TRUE(pe.result_valid);
  EXPECT_EQ(pe.result, -21);
  EXPECT_TRUE(one.core.takes());
  one.send({});
  EXPECT_FALSE(one.core.takes());
  EXPECT_EQ(one.core.output_group(), 0);
  one.send({});
  EXPECT_EQ(one.core.output_group(), std::nullopt);
  ASSERT_TRUE(one.core.emitted().has_value());
  EXPECT_THAT(one.core.emitted()->values, ElementsAre(-10));
  EXPECT_FALSE(one.core.idle());
  one.send({});
  EXPECT_TRUE(one.core.idle());
}

TEST(FusedPipeline, FixedHoldsTheNextChannelUntilTheResultIsTaken) {
  OnePe one(fixed_name);
  one.send_list(7, true);
  one.send_list(5, true, true);
  EXPECT_TRUE(one.core.held());  // The end is in the multiplier register,
  EXPECT_FALSE(one.core.ready());
  one.send({});
  EXPECT_TRUE(one.core.held());  // then the result is valid and taken,
  EXPECT_TRUE(one.core.takes());
  one.send({});
  EXPECT_TRUE(one.core.ready());  // then the word leaves.
  one.send({});
  EXPECT_EQ(one.core.pe(0).factor, 5);
  EXPECT_EQ(one.core.pe(0).operand, 4);
}

TEST(FusedPipeline, ElasticListTakesOneCycleMore) {
  OnePe one(elastic_name);
  one.send_list(7, true);
  EXPECT_EQ(one.core.pe(0).queued, 0);
  one.send({});
  EXPECT_EQ(one.core.pe(0).queued, 1);
  EXPECT_FALSE(one.core.pe(0).multiply);
  one.send({});
  EXPECT_EQ(one.core.pe(0).queued, 0);
  EXPECT_TRUE(one.core.pe(0).multiply);
  one.send({});
  EXPECT_TRUE(one.core.takes());
  EXPECT_EQ(one.core.pe(0).result, -21);
}

TEST(FusedPipeline, ElasticHoldsAWordThatIsOneEntryTooLong) {
  OnePe one(elastic_name);  // Four entries, one adder.
  const Lane lanes[3] = {{0, 1}, {0, 2}, {0, 3}};
  Word word;
  word.kind = WordKind::terms;
  word.lanes = lanes;
  one.send(word);
  EXPECT_TRUE(one.core.ready());
  word.lanes = std::span(lanes).first(2);
  one.send(word);
  EXPECT_EQ(one.core.pe(0).queued, 3);
  EXPECT_TRUE(one.core.held());  // 3 + 2 > 4, although an adder takes one in this cycle.
  one.send(word);
  EXPECT_EQ(one.core.pe(0).queued, 2);
  EXPECT_TRUE(one.core.ready());  // 2 + 2 = 4
  one.send(word);
  EXPECT_EQ(one.core.pe(0).queued, 3);
  EXPECT_EQ(one.core.pe(0).sum, 3);
  EXPECT_TRUE(one.core.pe(0).started);
}

TEST(FusedCoreReset, ClearsEveryRegisterAndMemory) {
  OnePe one(elastic_name);
  EXPECT_TRUE(one.core.mask1(0, 0));
  EXPECT_TRUE(one.core.mask2(0, 0));
  one.send_list(7, false);
  one.send({});
  one.core.reset();
  EXPECT_TRUE(one.core.idle());
  EXPECT_TRUE(one.core.ready());
  EXPECT_EQ(one.core.pe(0), FusedPeState{});
  EXPECT_FALSE(one.core.mask1(0, 0));
  EXPECT_FALSE(one.core.mask2(0, 0));
  EXPECT_EQ(one.core.level(0, 0), 0);
}

TEST(FusedCoreAssertions, WordsThatComeTooSoonAreNamed) {
  OnePe one(elastic_name);
  const Lane lane{0, 1};
  fused::Ending ending;
  Word word;
  word.kind = WordKind::expand;
  word.lanes = {&lane, 1};
  word.endings = {&ending, 1};
  one.send(word);
  word.kind = WordKind::depthwise;
  one.send(word);
  try {
    one.send({});
    FAIL() << "no empty cycle between the stages";
  } catch (const AssertionFailed& error) {
    EXPECT_THAT(error.what(), HasSubstr("a depthwise word reads levels that are being written"));
  }
  one.core.reset();
  one.core.check_assertions(false);
  word.kind = WordKind::expand;
  one.send(word);
  word.kind = WordKind::depthwise;
  one.send(word);
  EXPECT_NO_THROW(one.send({}));
}

TEST(FusedCoreLoader, NamesWhatIsThereAndTheCommandForWhatIsNot) {
  try {
    VerilatedFusedCore core(fused_config("1x1_fixed_l2_a2_q0_w9_f1_m8_p400_v3_t2048_b1_o1"));
    FAIL() << "not among the blocks of the default build";
  } catch (const NoSuchFusedCore& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("no Verilated fused block 1x1_fixed_l2_a2_q0_w9_f1_m8_p400_v3_t2048_b1_o1"),
                      HasSubstr(elastic_name), HasSubstr("tools/build-rtl -B "),
                      HasSubstr(" --fused 1x1_fixed_l2_a2_q0_w9_f1_m8_p400_v3_t2048_b1_o1")));
  }
}

TEST(FusedCoreLoader, RejectsASharedObjectOfAnotherConfiguration) {
  const std::filesystem::path other = plugin_folder() / (std::string("fusesim_fused_") + fixed_name + ".so");
  try {
    static_cast<void>(VerilatedFusedCore::load(fused_config(elastic_name), other));
    FAIL();
  } catch (const NoSuchFusedCore& error) {
    EXPECT_THAT(error.what(), HasSubstr(std::string("holds a fused block ") + fixed_name + ", not " + elastic_name));
  }
}

TEST(FusedCoreLoader, RejectsAFileThatIsNoSharedObject) {
  EXPECT_THROW(static_cast<void>(VerilatedFusedCore::load(fused_config(elastic_name), "/dev/null")), NoSuchFusedCore);
}

TEST(FusedCoreLoader, ListsWhatThereIs) {
  for (const std::string& name : test::verilated_fused_configurations) {
    EXPECT_EQ(configuration_name(fused_config(name)), name);
    EXPECT_THAT(available_fused_cores(), Contains(name));
  }
}

TEST(FusedCoreLoader, WhatFeedsTheListsDoesNotChangeTheCore) {
  fused::Config config = fused_config(fixed_name);
  config.list_bytes_per_cycle = 3;
  config.list_fifo_bytes = 99;
  config.composer_terms_per_cycle = 7;
  EXPECT_EQ(configuration_name(config), fixed_name);
}

}  // namespace
}  // namespace fusesim::rtl
