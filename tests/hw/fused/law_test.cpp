// SPDX-License-Identifier: Apache-2.0
// The law, the stepped core under a plain sequencer, and the definition of the block, on random machines and blocks.
#include "hw/fused/law.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <ostream>
#include <set>
#include <span>
#include <vector>

#include "hw/array/values/instruction_set.h"
#include "hw/fused/stepped_fused_core.h"
#include "tests/hw/fused/support/block_semantics.h"
#include "tests/hw/fused/support/plain_sequencer.h"
#include "tests/hw/fused/support/random_case.h"

namespace fusesim::fused {

void PrintTo(const Outcome& o, std::ostream* out) {
  const Counters& c = o.counters;
  *out << o.cycles << " cycles: compute " << o.causes.compute << " predict " << o.causes.predict << " stall "
       << o.causes.stall << " fill " << o.causes.fill << " drain " << o.causes.drain << "; words " << c.words
       << " terms " << c.terms << " list " << c.list_stalls << " queue " << c.queue_stalls << " output "
       << c.output_stalls << " survivors " << c.survivors << " products " << c.products << " live " << c.live_products
       << " additions " << c.predictor_additions << " composer " << c.composer_products;
}

namespace {

using isa::machine::FusedGeometry;
using isa::machine::FusedMode;
using isa::machine::FusedSource;
using test::block_tile;
using test::BlockTile;
using test::PlainSequencer;
using test::Random;
using test::random_case;
using test::RandomCase;

std::span<const std::int8_t> as_signed(const std::vector<std::uint8_t>& bytes) {
  return {reinterpret_cast<const std::int8_t*>(bytes.data()), bytes.size()};
}

LawOptions no_values(std::optional<SyntheticMasks> synthetic = {}) {
  LawOptions options;
  options.values = false;
  options.synthetic = synthetic;
  return options;
}

/// All instructions of a case, in order.
struct Ran {
  std::vector<Outcome> outcomes;
  std::vector<std::vector<std::int8_t>> results;  // Of each tile.
};

std::vector<std::int8_t> room_for_results(const RandomCase& c, std::size_t tile) {
  const FusedGeometry& g = c.tiles[tile].geometry;
  return std::vector<std::int8_t>(std::size_t{c.accumulate.out_channels} * g.out_rows * g.out_columns);
}

template <class AfterPredict>
Ran run_law(const RandomCase& c, Law& law, AfterPredict after_predict) {
  Ran run;
  run.outcomes.push_back(law.tile(c.tiles[0], c.activations));
  for (std::size_t t = 0; t < c.tiles.size(); ++t) {
    run.outcomes.push_back(law.predict(c.predict(t), as_signed(c.predictor_bytes)));
    after_predict(t);
    run.results.push_back(room_for_results(c, t));
    run.outcomes.push_back(law.accumulate(c.accumulate_tile(t), as_signed(c.list_bytes()),
                                          {c.parameters, c.activations}, run.results.back()));
  }
  return run;
}

template <class AfterPredict>
Ran run_core(const RandomCase& c, FusedCore& core, AfterPredict after_predict) {
  PlainSequencer sequencer(core);
  Ran run;
  run.outcomes.push_back(sequencer.tile(c.tiles[0], c.activations));
  for (std::size_t t = 0; t < c.tiles.size(); ++t) {
    run.outcomes.push_back(sequencer.predict(c.predict(t), c.predictor_bytes));
    after_predict(t);
    run.results.push_back(room_for_results(c, t));
    run.outcomes.push_back(
        sequencer.accumulate(c.accumulate_tile(t), c.term_bytes, c.parameters, c.activations, run.results.back()));
    EXPECT_TRUE(core.idle());
  }
  return run;
}

/// Multiplications of the composer by their definition, for each of the tiles.
std::uint64_t composer_products(const RandomCase& c) {
  if (c.accumulate.source == FusedSource::lists) return 0;
  const FusedGeometry& g = c.tiles[0].geometry;
  const std::uint32_t taps = g.kernel * g.kernel;
  std::uint64_t products = 0;
  for (std::uint32_t o = 0; o < c.accumulate.out_channels; ++o) {
    for (std::uint32_t m = 0; m < g.middle; ++m) {
      if (c.factors.project[o * g.middle + m] == 0) continue;
      for (std::uint32_t k = 0; k < taps; ++k) {
        if (c.factors.depthwise[m * taps + k] == 0) continue;
        ++products;
        for (std::uint32_t i = 0; i < g.channels; ++i) products += c.factors.expand[m * g.channels + i] != 0 ? 1 : 0;
        products += c.factors.expand_bias[m] != 0 ? 1 : 0;
      }
      products += c.factors.depthwise_bias[m] != 0 ? 1 : 0;
    }
  }
  return products;
}

/// Compares masks and levels that stand with the definition's. Levels: those of the last round.
template <class Holder>
void expect_masks(const RandomCase& c, const Holder& holder, std::size_t tile, const BlockTile& expected) {
  const FusedGeometry& g = c.tiles[tile].geometry;
  const std::uint32_t last_round = (g.middle - 1) / c.round_channels * c.round_channels;
  for (std::uint32_t m = 0; m < g.middle; ++m) {
    for (std::uint32_t r = 0; r < g.positions(); ++r) {
      ASSERT_EQ(holder.mask1(m, r), expected.mask1[m * g.positions() + r] != 0) << "channel " << m << " position " << r;
      if (m < last_round) continue;
      ASSERT_EQ(holder.level(m - last_round, r), expected.level[m * g.positions() + r])
          << "channel " << m << " position " << r;
    }
    for (std::uint32_t p = 0; p < c.config.tile_rows * c.config.tile_columns; ++p) {
      const std::uint32_t i = p / c.config.tile_columns, j = p % c.config.tile_columns;
      const bool valid = i < g.out_rows && j < g.out_columns;
      ASSERT_EQ(holder.mask2(m, p), valid && expected.mask2[(m * g.out_rows + i) * g.out_columns + j] != 0)
          << "channel " << m << " PE " << p;
    }
  }
}

TEST(FusedLaw, SteppedCoreAndDefinitionAgreeOnRandomBlocks) {
  Random random(1);
  const auto sets = array::values::available_instruction_sets();
  std::uint64_t queue_stalls = 0, output_stalls = 0, list_stalls = 0, fill_behind = 0, masked_out = 0,
                several_blocks = 0, deep = 0, sums = 0;
  for (int i = 0; i < 1000; ++i) {
    SCOPED_TRACE(i);
    const RandomCase c = random_case(random);
    std::vector<BlockTile> expected;
    for (std::size_t t = 0; t < c.tiles.size(); ++t) expected.push_back(block_tile(c, t));

    SteppedFusedCore core(c.config);
    const Ran stepped = run_core(c, core, [&](std::size_t t) { expect_masks(c, core, t, expected[t]); });
    for (std::size_t t = 0; t < c.tiles.size(); ++t) ASSERT_EQ(stepped.results[t], expected[t].results) << "tile " << t;

    LawOptions options;
    options.instruction_set = sets[static_cast<std::size_t>(i) % sets.size()];
    Law law(c.config, options);
    const Ran by_law = run_law(c, law, [&](std::size_t t) { expect_masks(c, law, t, expected[t]); });
    ASSERT_EQ(by_law.results, stepped.results);
    for (std::size_t n = 0; n < by_law.outcomes.size(); ++n) {
      Outcome wanted = stepped.outcomes[n];
      if (n != 0 && n % 2 == 0) wanted.counters.composer_products = composer_products(c);
      ASSERT_EQ(by_law.outcomes[n], wanted) << "instruction " << n;
      ASSERT_EQ(wanted.causes.total(), wanted.cycles);
      queue_stalls += wanted.counters.queue_stalls;
      output_stalls += wanted.counters.output_stalls;
      list_stalls += wanted.counters.list_stalls;
      fill_behind += n != 0 ? wanted.causes.fill : 0;
      masked_out += wanted.counters.products - wanted.counters.live_products;
    }
    several_blocks += c.config.tile_rows * c.config.tile_columns > 64 ? 1 : 0;
    deep += c.config.queue_depth > 64 ? 1 : 0;
    for (const BlockTile& tile : expected) {
      sums += static_cast<std::uint64_t>(std::ranges::count_if(tile.sums, [](std::int64_t sum) { return sum != 0; }));
    }
    if (HasFatalFailure()) return;
  }
  // The cases reach what they are meant to reach.
  EXPECT_GT(queue_stalls, 1000);
  EXPECT_GT(output_stalls, 1000);
  EXPECT_GT(list_stalls, 1000);
  EXPECT_GT(fill_behind, 10);
  EXPECT_GT(masked_out, 1000);
  EXPECT_GT(several_blocks, 20);
  EXPECT_GT(deep, 20);
  EXPECT_GT(sums, 10000);
}

TEST(FusedLaw, MasksThatStandServeAnotherGeometry) {
  Random random(8);
  for (int i = 0; i < 100; ++i) {
    SCOPED_TRACE(i);
    const RandomCase c = random_case(random);
    SteppedFusedCore core(c.config);
    PlainSequencer sequencer(core);
    Law law(c.config, {});
    sequencer.tile(c.tiles[0], c.activations);
    law.tile(c.tiles[0], c.activations);
    sequencer.predict(c.predict(0), c.predictor_bytes);
    law.predict(c.predict(0), as_signed(c.predictor_bytes));
    isa::machine::FusedAccumulate accumulate = c.accumulate_tile(0);
    accumulate.next.reset();
    // The taps move over the region, the masks do not.
    for (std::uint32_t pad = 0; pad < accumulate.geometry.kernel; ++pad) {
      accumulate.geometry.pad_top = pad;
      std::vector<std::int8_t> wanted = room_for_results(c, 0), found = wanted;
      Outcome stepped = sequencer.accumulate(accumulate, c.term_bytes, c.parameters, c.activations, wanted);
      stepped.counters.composer_products = composer_products(c);
      ASSERT_EQ(law.accumulate(accumulate, as_signed(c.list_bytes()), {c.parameters, c.activations}, found), stepped);
      ASSERT_EQ(found, wanted);
    }
  }
}

TEST(FusedLaw, NeedsNoValuesInModeFixed) {
  Random random(2);
  for (int i = 0; i < 100; ++i) {
    SCOPED_TRACE(i);
    RandomCase c = random_case(random);
    c.config.mode = FusedMode::fixed;
    c.config.adders = c.config.lanes;
    c.config.queue_depth = 0;
    Law with(c.config, {}), without(c.config, no_values());
    const auto nothing = [](std::size_t) {};
    Ran values = run_law(c, with, nothing);
    const Ran timing = run_law(c, without, nothing);
    for (Outcome& outcome : values.outcomes) outcome.counters.survivors = outcome.counters.live_products = 0;
    ASSERT_EQ(values.outcomes, timing.outcomes);
  }
}

TEST(FusedLaw, ListsThatChangeInPlaceAreReadAgain) {
  Random random(3);
  RandomCase first = random_case(random);
  while (std::ranges::count(block_tile(first, 0).sums, 0) != 0) first = random_case(random);
  RandomCase second = first;
  // The same block with other signs, at the same place in memory.
  for (std::int8_t& weight : second.factors.project) weight = static_cast<std::int8_t>(-weight);
  first.accumulate.source = second.accumulate.source = FusedSource::factors;
  const FusedGeometry& g = first.tiles[0].geometry;
  const isa::machine::FusedListShape shape{g.channels, g.middle, g.kernel, first.accumulate.out_channels};
  second.factor_bytes = isa::machine::encode_factors(second.factors, shape);
  Law law(first.config, {});
  const auto nothing = [](std::size_t) {};
  for (const RandomCase* c : {&first, &second, &first}) {
    const Ran run = run_law(*c, law, nothing);
    EXPECT_EQ(run.results[0], block_tile(*c, 0).results);
  }
}

TEST(FusedLaw, DamagedListsAreRefusedAndLeaveTheLawUsable) {
  Random random(4);
  RandomCase c = random_case(random);
  Law law(c.config, {});
  const auto nothing = [](std::size_t) {};
  const Ran before = run_law(c, law, nothing);
  std::vector<std::uint8_t> damaged = c.list_bytes();
  damaged.push_back(0);
  std::vector<std::int8_t> results = room_for_results(c, 0);
  EXPECT_THROW(law.accumulate(c.accumulate_tile(0), as_signed(damaged), {c.parameters, c.activations}, results),
               isa::machine::InvalidLists);
  damaged = c.predictor_bytes;
  damaged.pop_back();
  EXPECT_THROW(law.predict(c.predict(0), as_signed(damaged)), isa::machine::InvalidLists);
  EXPECT_EQ(run_law(c, law, nothing).results, before.results);
}

TEST(FusedLaw, ListsBeyondTheAddersAreRefused) {
  Random random(5);
  RandomCase c = random_case(random);
  while (c.config.adder_bits == 8) c = random_case(random);
  --c.config.adder_bits;
  Law law(c.config, {});
  std::vector<std::int8_t> results = room_for_results(c, 0);
  EXPECT_THROW(law.accumulate(c.accumulate_tile(0), as_signed(c.list_bytes()), {c.parameters, c.activations}, results),
               isa::machine::InvalidLists);
}

TEST(FusedLaw, ElasticTimingWithoutMasksIsRefused) {
  Random random(6);
  RandomCase c = random_case(random);
  while (c.config.mode == FusedMode::fixed) c = random_case(random);
  Law law(c.config, no_values());
  EXPECT_THROW(law.accumulate(c.accumulate_tile(0), as_signed(c.list_bytes()), {}, {}), std::logic_error);
}

TEST(FusedLaw, SyntheticMasksSurviveAsOftenAsAskedAndDependOnTheSeed) {
  RandomCase c;
  c.config.present = true;
  c.config.mask_channels = 1000;
  c.config.mask_positions = 100;
  FusedGeometry g;
  g.channels = 1;
  g.middle = 1000;
  g.kernel = 3;
  g.region_rows = g.region_columns = 10;
  g.out_rows = 8;
  g.out_columns = 5;
  c.predictor.expand.resize(g.middle);
  c.predictor.depthwise.resize(g.middle);
  isa::machine::FusedPredict predict;
  predict.geometry = g;
  predict.round_channels = 64;
  const auto bytes = isa::machine::encode_predictor(c.predictor, {g.channels, g.middle, g.kernel, 1}, 64);
  const auto masks = [&](const Law& law) {
    std::vector<bool> bits;
    for (std::uint32_t m = 0; m < g.middle; ++m) {
      for (std::uint32_t r = 0; r < g.positions(); ++r) bits.push_back(law.mask1(m, r));
      for (std::uint32_t p = 0; p < 64; ++p) bits.push_back(law.mask2(m, p));
    }
    return bits;
  };
  std::set<std::vector<bool>> seen;
  for (const double survival : {0.0, 0.09, 0.49, 1.0}) {
    Law law(c.config, no_values(SyntheticMasks{survival, 7}));
    law.predict(predict, as_signed(bytes));
    std::uint64_t first = 0, second = 0, without_output = 0, terms = 0;
    for (std::uint32_t m = 0; m < g.middle; ++m) {
      for (std::uint32_t r = 0; r < 100; ++r) first += law.mask1(m, r) ? 1 : 0;
      for (std::uint32_t p = 0; p < 64; ++p) {
        (p % 8 < 5 ? second : without_output) += law.mask2(m, p) ? 1 : 0;
        terms += law.mask2(m, p) && law.mask1(m, p / 8 * 10 + p % 8) ? 1 : 0;
      }
    }
    EXPECT_NEAR(static_cast<double>(first) / 100000, std::sqrt(survival), 0.01);
    EXPECT_NEAR(static_cast<double>(second) / 40000, std::sqrt(survival), 0.02);
    EXPECT_NEAR(static_cast<double>(terms) / 40000, survival, 0.02);
    EXPECT_EQ(without_output, 0);
  }
  for (const std::uint64_t seed : {7, 8, 7}) {
    Law law(c.config, no_values(SyntheticMasks{0.5, seed}));
    for (int tile = 0; tile < 2; ++tile) {
      law.predict(predict, as_signed(bytes));
      seen.insert(masks(law));
    }
  }
  EXPECT_EQ(seen.size(), 4);  // Two seeds, two tiles; the third law repeats the first.
}

}  // namespace
}  // namespace fusesim::fused
