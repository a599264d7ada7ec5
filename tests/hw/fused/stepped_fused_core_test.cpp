// SPDX-License-Identifier: Apache-2.0
// Small cases worked out by hand, to the cycle: docs/fused.md, "Pipeline". Cycle n is the time before edge n + 1; the
// first word is presented in cycle 0.
#include "hw/fused/stepped_fused_core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace fusesim::fused {
namespace {

using isa::machine::FusedMode;

Config one_pe(FusedMode mode, std::uint32_t lanes, std::uint32_t adders, std::uint32_t queue) {
  Config config;
  config.present = true;
  config.tile_rows = config.tile_columns = 1;
  config.mode = mode;
  config.lanes = lanes;
  config.adders = adders;
  config.queue_depth = queue;
  config.adder_bits = 20;
  config.ladders = 2;
  config.mask_channels = 8;
  config.mask_positions = 9;
  config.level_channels = 8;
  config.tile_bytes = 9;
  config.output_lanes = 1;
  return config;
}

/// One core, words given by hand; every word's channel is 0, its tap 0 and its operand 2^shift unless said otherwise.
class Bench {
 public:
  explicit Bench(const Config& config) : core(config) {
    in.geometry.middle = config.mask_channels;
    in.geometry.kernel = 1;
    in.parameters.multiplier = 1 << 30;
    in.parameters.shift = 30;
  }

  static Word list(const std::vector<Lane>& lanes, bool last = true) {
    Word word;
    word.kind = WordKind::terms;
    word.lanes = lanes;
    word.last = last;
    word.constant = true;
    return word;
  }
  static Word channel_end(const std::vector<Lane>& lanes) {
    Word word = list(lanes);
    word.channel_end = word.every_tap = true;
    return word;
  }

  /// Makes mask 1 of the position and mask 2 of the PE for `channels` middle channels pass, and returns to cycle 0.
  void open_masks(std::uint16_t channels) {
    for (const WordKind kind : {WordKind::expand, WordKind::depthwise}) {
      for (std::uint16_t m = 0; m < channels; ++m) {
        const Ending ending{0, m, m, false, 0, {}};
        in.word = {};
        in.word.kind = kind;
        in.word.endings = {&ending, 1};
        core.clock(in);
        in.word = {};
      }
      idle_clocks(2);
    }
    cycle = 0;
  }

  /// One clock with this word; whether it was taken.
  bool present(const Word& word) {
    const bool ready = core.ready();
    in.word = word;
    core.clock(in);
    in.word = {};
    ++cycle;
    return ready;
  }
  void idle_clocks(int count) {
    for (int i = 0; i < count; ++i) present({});
  }
  /// Presents until the word is taken; the cycle in which it is.
  std::uint64_t push(const Word& word) {
    while (!present(word)) {
    }
    return cycle - 1;
  }
  /// The first cycle from now on in which `condition` holds; nothing is presented meanwhile.
  template <class Condition>
  std::optional<std::uint64_t> when(Condition condition, std::uint64_t limit = 50) {
    while (!condition(core)) {
      if (cycle == limit) return std::nullopt;
      idle_clocks(1);
    }
    return cycle;
  }

  SteppedFusedCore core;
  CoreInputs in;
  std::uint64_t cycle = 0;
};

bool takes(const FusedCore& core) {
  return core.takes();
}
bool emits(const FusedCore& core) {
  return core.emitted().has_value();
}

TEST(SteppedFusedCore, FixedAListOfOneWordTakesFourCyclesToItsResult) {
  Bench bench(one_pe(FusedMode::fixed, 2, 2, 0));
  bench.open_masks(2);
  const std::vector<Lane> lanes{{0, 5}, {1, -2}};
  Word word = Bench::channel_end(lanes);
  word.shift = 3;
  EXPECT_EQ(bench.push(word), 0);  // In R0 in cycle 1, in the multiplier register in 2, valid in 3.
  EXPECT_FALSE(bench.core.pe(0).multiply);
  bench.idle_clocks(1);
  EXPECT_EQ(bench.cycle, 2);
  EXPECT_EQ(bench.core.pe(0), (FusedPeState{0, 0, true, 3, 8, true, 0, false, 0, 0, false}));
  bench.idle_clocks(1);
  EXPECT_EQ(bench.core.pe(0), (FusedPeState{0, 0, false, 0, 0, false, 0, true, 24, 0, false}));
  EXPECT_EQ(bench.when(takes), 3);  // q
  bench.idle_clocks(1);
  EXPECT_FALSE(bench.core.pe(0).result_valid);
  EXPECT_EQ(bench.core.output_group(), 0);  // q + 1
  EXPECT_EQ(bench.when(emits), 5);          // q + 2
  EXPECT_THAT(bench.core.emitted()->values, ::testing::ElementsAre(24));
  EXPECT_FALSE(bench.core.idle());
  bench.idle_clocks(1);
  EXPECT_TRUE(bench.core.idle());
}

TEST(SteppedFusedCore, ElasticAListOfOneWordTakesOneCycleMore) {
  Bench bench(one_pe(FusedMode::elastic, 2, 1, 2));
  bench.open_masks(2);
  const std::vector<Lane> lanes{{0, 5}};
  bench.push(Bench::channel_end(lanes));
  EXPECT_EQ(bench.core.pe(0).queued, 0);  // Cycle 1: in R0.
  bench.idle_clocks(1);
  EXPECT_EQ(bench.core.pe(0).queued, 1);  // Cycle 2: in the FIFO, taken at its end.
  bench.idle_clocks(1);
  EXPECT_EQ(bench.core.pe(0).factor, 5);  // Cycle 3.
  EXPECT_TRUE(bench.core.pe(0).multiply_end);
  EXPECT_EQ(bench.when(takes), 4);
}

TEST(SteppedFusedCore, ElasticEachTailEndsACycleOfTheAdders) {
  Bench bench(one_pe(FusedMode::elastic, 4, 2, 8));
  bench.open_masks(4);
  const std::vector<Lane> three{{0, 1}, {1, 2}, {2, 3}}, one{{3, 7}};
  bench.push(Bench::list(three));  // Cycle 0; in the FIFO in 2: 1 and 2 are taken in 2, 3 alone in 3, 7 in 4.
  bench.push(Bench::list(one));
  bench.push(Bench::channel_end(one));
  EXPECT_EQ(bench.cycle, 3);
  EXPECT_EQ(bench.core.pe(0).sum, 3);
  EXPECT_EQ(bench.core.pe(0).queued, 2);  // 3 and the first 7.
  bench.idle_clocks(1);
  EXPECT_EQ(bench.core.pe(0).factor, 6);
  EXPECT_EQ(bench.core.pe(0).sum, 0);
  bench.idle_clocks(1);
  EXPECT_EQ(bench.core.pe(0).factor, 7);
  EXPECT_EQ(bench.core.pe(0).acc, 6);
  EXPECT_EQ(bench.when(takes), 7);  // 7 of the channel's end taken in 5, multiplied in 6.
  EXPECT_EQ(bench.core.pe(0).result, 20);
}

TEST(SteppedFusedCore, ElasticAQueueFullByOneHoldsTheWord) {
  for (const std::uint32_t depth : {5U, 6U}) {
    Bench bench(one_pe(FusedMode::elastic, 3, 1, depth));
    bench.open_masks(3);
    const std::vector<Lane> three{{0, 1}, {1, 1}, {2, 1}};
    // Word 0 is in R0 in cycle 1 (0 + 3), word 1 in cycle 2: 3 entries at its start, one of them leaves in it.
    EXPECT_EQ(bench.push(Bench::list(three)), 0);
    EXPECT_EQ(bench.push(Bench::list(three)), 1);
    EXPECT_EQ(bench.core.pe(0).queued, 3);
    EXPECT_EQ(bench.core.ready(), depth == 6) << "depth " << depth;
    EXPECT_EQ(bench.core.held(), depth == 5);
    // Depth 5: it leaves in cycle 3, when 2 entries are left at its start.
    EXPECT_EQ(bench.push(Bench::list(three)), depth == 6 ? 2 : 3);
  }
}

TEST(SteppedFusedCore, ElasticAListWithoutSurvivorsLeavesNoTrace) {
  Bench bench(one_pe(FusedMode::elastic, 2, 2, 2));
  bench.open_masks(1);
  const std::vector<Lane> dead{{1, 5}, {2, 5}}, alive{{0, 4}};
  bench.push(Bench::list(dead));
  bench.idle_clocks(2);
  EXPECT_EQ(bench.core.pe(0), FusedPeState{});
  // Nor does a word without one in a list that has none so far; one behind a survivor ends the sum with a null entry.
  bench.push(Bench::list(dead, false));
  bench.push(Bench::list(alive, false));
  bench.idle_clocks(1);
  EXPECT_TRUE(bench.core.pe(0).started);
  bench.idle_clocks(1);
  EXPECT_EQ(bench.core.pe(0).sum, 4);
  bench.push(Bench::list(dead));
  bench.idle_clocks(1);
  EXPECT_EQ(bench.core.pe(0).queued, 1);
  EXPECT_FALSE(bench.core.pe(0).started);
  bench.idle_clocks(1);
  EXPECT_EQ(bench.core.pe(0).factor, 4);
  // A channel's end always arrives.
  bench.push(Bench::channel_end(dead));
  EXPECT_TRUE(bench.when(takes).has_value());
  EXPECT_EQ(bench.core.pe(0).result, 4);
}

TEST(SteppedFusedCore, AListOfSeveralWordsIsOneProduct) {
  for (const FusedMode mode : {FusedMode::fixed, FusedMode::elastic}) {
    Bench bench(one_pe(mode, 2, 2, mode == FusedMode::fixed ? 0 : 4));
    bench.open_masks(4);
    const std::vector<Lane> first{{0, 1}, {1, 2}}, second{{2, 3}, {5, 100}}, third{{3, 4}};
    bench.push(Bench::list(first, false));
    bench.push(Bench::list(second, false));
    Word last = Bench::channel_end(third);
    last.shift = 1;
    EXPECT_EQ(bench.push(last), 2);
    EXPECT_EQ(bench.when(takes), mode == FusedMode::fixed ? 5 : 6);
    EXPECT_EQ(bench.core.pe(0).result, 20);
  }
}

TEST(SteppedFusedCore, FixedAChannelsEndWaitsForTheResultBefore) {
  // Two PEs and one output lane: N = 2. Channels of one word each.
  Config config = one_pe(FusedMode::fixed, 1, 1, 0);
  config.tile_columns = 2;
  Bench bench(config);
  bench.open_masks(1);
  const std::vector<Lane> lanes{{0, 1}};
  const Word word = Bench::channel_end(lanes);
  EXPECT_EQ(bench.push(word), 0);  // Leaves R0 in 1, multiplies in 2, valid and taken in 3.
  EXPECT_EQ(bench.push(word),
            1);  // In R0 in 2 and held: multiplier register in 2, result in 3. Leaves in 4, valid in 6.
  EXPECT_EQ(bench.push(word), 4);  // In R0 in 5 and held: multiplier in 5; output works in 4 and 5, is idle in 6, takes
                                   // in 6 = q + 1 + N; hence leaves in 7.
  EXPECT_EQ(bench.cycle, 5);
  EXPECT_TRUE(bench.core.held());
  bench.idle_clocks(1);
  EXPECT_TRUE(bench.core.takes());
  EXPECT_TRUE(bench.core.held());
  bench.idle_clocks(1);
  EXPECT_FALSE(bench.core.held());
  EXPECT_EQ(bench.when(takes), 9);
}

TEST(SteppedFusedCore, AResultWaitsWhileTheOutputUnitIsBusy) {
  // Three PEs, one output lane: N = 3. The second channel has one word, its result is valid before the unit is idle.
  Config config = one_pe(FusedMode::elastic, 1, 1, 4);
  config.tile_columns = 3;
  Bench bench(config);
  bench.open_masks(1);
  const std::vector<Lane> lanes{{0, 1}};
  const Word word = Bench::channel_end(lanes);
  bench.push(word);
  bench.push(word);
  EXPECT_EQ(bench.when(takes), 4);
  // The second done tail was at the head in 3 (multiplier register holds the first) and 4 (its result is valid); it is
  // taken in 5 and valid in 7. The output unit works in 5, 6, 7 and is idle in 8.
  bench.idle_clocks(1);
  EXPECT_EQ(bench.core.pe(0).queued, 1);
  bench.idle_clocks(1);
  EXPECT_EQ(bench.core.pe(0).queued, 0);
  EXPECT_EQ(bench.when([](const FusedCore& core) { return core.pe(0).result_valid; }), 7);
  EXPECT_EQ(bench.when(takes), 8);
}

TEST(SteppedFusedCore, ExpandWritesMasksAndLevelsThreeCyclesAfterItsWord) {
  Bench bench(one_pe(FusedMode::fixed, 2, 2, 0));
  const std::vector<std::int16_t> x{0};
  const std::vector<std::int8_t> v{-3};
  bench.in.tile = TileWrite{0, 0, 0, 1, x, v};
  bench.idle_clocks(1);
  bench.in.tile.reset();
  bench.cycle = 0;
  // -1 * -3 = 3 for both; a rising and a falling channel.
  const std::vector<Lane> lanes{{0, -1}, {0, -1}};
  const std::vector<Ending> endings{{1, 2, 0, false, 3, {-5, 0, 3, 4, 5, 6, 7}},
                                    {2, 3, 1, true, 2, {9, 9, 3, 2, 1, 0, 0}}};
  Word word;
  word.kind = WordKind::expand;
  word.lanes = lanes;
  word.endings = endings;
  bench.push(word);
  bench.idle_clocks(1);
  EXPECT_FALSE(bench.core.mask1(2, 0));  // Cycle 2: on the ladders.
  EXPECT_FALSE(bench.core.idle());
  bench.idle_clocks(1);
  EXPECT_TRUE(bench.core.mask1(2, 0));   // 3 >= 3
  EXPECT_FALSE(bench.core.mask1(3, 0));  // not 3 <= 2
  EXPECT_EQ(bench.core.level(0, 0), 3);
  EXPECT_EQ(bench.core.level(1, 0), 3);
  EXPECT_TRUE(bench.core.idle());
}

TEST(SteppedFusedCore, DepthwiseMayFollowOneEmptyCycleAfterExpandAndReadsItsLevels) {
  for (const int empty_cycles : {0, 1}) {
    Bench bench(one_pe(FusedMode::fixed, 2, 2, 0));
    const std::vector<Ending> expand{{0, 0, 4, false, 0, {0, 0, 0, 0, 0, 1, 1}}};  // Sum 0: level 5.
    Word word;
    word.kind = WordKind::expand;
    word.endings = expand;
    bench.push(word);
    bench.idle_clocks(empty_cycles);
    const std::vector<Lane> lanes{{0, -1}};
    const std::vector<Ending> depthwise{{1, 0, 4, true, -5, {}}};
    word = {};
    word.kind = WordKind::depthwise;
    word.lanes = lanes;
    word.endings = depthwise;
    bench.push(word);
    bench.idle_clocks(2);
    EXPECT_EQ(bench.core.mask2(0, 0), empty_cycles == 1);  // -5 <= -5; too early it is 0.
  }
}

TEST(SteppedFusedCore, ASumGoesOnInTheNextWordAtItsOwnLevel) {
  Bench bench(one_pe(FusedMode::fixed, 2, 2, 0));
  const std::vector<Ending> expand{{0, 0, 0, false, 0, {0, 1, 1, 1, 1, 1, 1}},
                                   {0, 1, 1, false, 0, {0, 0, 0, 1, 1, 1, 1}}};
  Word word;
  word.kind = WordKind::expand;
  word.endings = expand;
  bench.push(word);  // Levels 1 and 3.
  bench.idle_clocks(1);
  const std::vector<Lane> first{{0, 1}, {0, 1}}, second{{0, 1}};
  const std::vector<Ending> one{{1, 0, 0, false, 1, {}}}, other{{1, 1, 1, false, 6, {}}};
  word = {};
  word.kind = WordKind::depthwise;
  word.lanes = first;
  word.endings = one;
  word.open_level = 1;
  bench.push(word);
  word.lanes = second;
  word.endings = other;
  word.open_level = 0;
  bench.push(word);
  EXPECT_EQ(bench.core.pe(0).ternary_sum, 3);
  bench.idle_clocks(2);
  EXPECT_TRUE(bench.core.mask2(0, 0));  // 1 >= 1
  EXPECT_TRUE(bench.core.mask2(1, 0));  // 3 + 3 >= 6
}

TEST(SteppedFusedCore, AMultiplicationIsModulo2To32AndTheAdderKeepsItsBits) {
  Config config = one_pe(FusedMode::fixed, 1, 1, 0);
  config.adder_bits = 16;
  Bench bench(config);
  bench.open_masks(1);
  const std::vector<Lane> most{{0, 32767}}, one{{0, 1}};
  bench.push(Bench::list(most, false));
  Word word = Bench::channel_end(one);
  word.shift = 14;
  bench.push(word);
  bench.when(takes);
  EXPECT_EQ(bench.core.pe(0).result, -32768 * 16384);
  EXPECT_EQ(bench.core.pe(0).acc, 0);
}

TEST(SteppedFusedCore, ResetForgetsEverything) {
  Bench bench(one_pe(FusedMode::elastic, 2, 1, 4));
  bench.open_masks(2);
  const std::vector<Lane> lanes{{0, 5}, {1, 6}};
  bench.push(Bench::list(lanes));
  bench.push(Bench::channel_end(lanes));
  bench.core.reset();
  EXPECT_TRUE(bench.core.idle());
  EXPECT_EQ(bench.core.pe(0), FusedPeState{});
  EXPECT_FALSE(bench.core.mask1(0, 0));
  EXPECT_FALSE(bench.core.mask2(0, 0));
  EXPECT_TRUE(bench.core.ready());
}

}  // namespace
}  // namespace fusesim::fused
