// SPDX-License-Identifier: Apache-2.0
// The words that the library's sources hand to a core are those that the plain sequencer cuts from the bytes, and the
// list reader lets them go when it does.
#include "hw/fused/words.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include "hw/fused/list_reader.h"
#include "hw/fused/stepped_fused_core.h"
#include "hw/isa/machine/instruction_lists.h"
#include "tests/hw/fused/support/plain_sequencer.h"
#include "tests/hw/fused/support/random_case.h"

namespace fusesim::fused {
namespace {

using isa::machine::FusedSource;
using test::Random;
using test::random_case;
using test::RandomCase;

void expect_equal(const Word& word, const Word& wanted) {
  ASSERT_EQ(word.kind, wanted.kind);
  EXPECT_TRUE(std::vector(word.lanes.begin(), word.lanes.end()) ==
              std::vector(wanted.lanes.begin(), wanted.lanes.end()));
  EXPECT_TRUE(std::vector(word.endings.begin(), word.endings.end()) ==
              std::vector(wanted.endings.begin(), wanted.endings.end()));
  EXPECT_EQ(word.pass, wanted.pass);
  EXPECT_EQ(word.open_level, wanted.open_level);
  EXPECT_EQ(word.last, wanted.last);
  EXPECT_EQ(word.channel_end, wanted.channel_end);
  EXPECT_EQ(word.every_tap, wanted.every_tap);
  EXPECT_EQ(word.tap, wanted.tap);
  EXPECT_EQ(word.constant, wanted.constant);
  EXPECT_EQ(word.shift, wanted.shift);
  EXPECT_EQ(word.channel, wanted.channel);
}

TEST(Words, SourcesAndListReaderPresentWhatThePlainSequencerPresentsAndWhen) {
  Random random(11);
  for (int i = 0; i < 150; ++i) {
    SCOPED_TRACE(i);
    const RandomCase c = random_case(random);
    const Config& config = c.config;
    SteppedFusedCore core(config);
    test::PlainSequencer sequencer(core);
    sequencer.tile(c.tiles[0], c.activations);

    const isa::machine::FusedPredict predict = c.predict(0);
    const auto records = isa::machine::decode_predictor(c.predictor_bytes, list_shape(predict), predict.round_channels);
    PredictorSource predictor(records, predict, config);
    ListReader reader(config.list_bytes_per_cycle, config.list_fifo_bytes, predictor.total_bytes());
    std::uint64_t additions = 0;
    sequencer.watch = [&](std::uint64_t cycle, const CoreInputs& in) {
      SCOPED_TRACE(cycle);
      std::uint32_t taken = 0;
      if (predictor.done() || predictor.empty_cycle()) {
        expect_equal({}, in.word);
        if (!predictor.done()) predictor.advance();
      } else if (!reader.available(predictor.bytes())) {
        expect_equal({}, in.word);
      } else {
        expect_equal(predictor.word(), in.word);
        additions += std::uint64_t{predictor.working()} * predictor.word().lanes.size();
        taken = predictor.bytes();
        predictor.advance();
      }
      reader.clock(taken);
    };
    const Outcome predicted = sequencer.predict(predict, c.predictor_bytes);
    EXPECT_TRUE(predictor.done());
    EXPECT_EQ(additions, predicted.counters.predictor_additions);

    const isa::machine::FusedAccumulate accumulate = c.accumulate_tile(0);
    TermSource terms(isa::machine::decode_terms(c.term_bytes, list_shape(accumulate)), accumulate, config.lanes);
    const std::uint32_t rate =
        accumulate.source == FusedSource::factors ? 4 * config.composer_terms_per_cycle : config.list_bytes_per_cycle;
    reader = ListReader(rate, config.list_fifo_bytes, c.term_bytes.size());
    std::uint64_t null_terms = 0;
    sequencer.watch = [&](std::uint64_t cycle, const CoreInputs& in) {
      SCOPED_TRACE(cycle);
      const bool presented = !terms.done() && reader.available(terms.bytes());
      expect_equal(presented ? terms.word() : Word{}, in.word);
      const bool taken = presented && core.ready();
      reader.clock(taken ? terms.bytes() : 0);
      if (!taken) return;
      null_terms += terms.null() ? 1 : 0;
      terms.advance();
    };
    std::vector<std::int8_t> results(std::size_t{accumulate.out_channels} * accumulate.geometry.out_rows *
                                     accumulate.geometry.out_columns);
    sequencer.accumulate(accumulate, c.term_bytes, c.parameters, c.activations, results);
    EXPECT_TRUE(terms.done());
    std::uint64_t zero_weights = 0;
    for (const auto& term : terms.terms().terms) zero_weights += term.weight == 0 ? 1 : 0;
    EXPECT_EQ(null_terms, zero_weights);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace fusesim::fused
