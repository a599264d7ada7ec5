// SPDX-License-Identifier: Apache-2.0
#include "hw/fused/words.h"

#include <algorithm>
#include <utility>

#include "hw/isa/machine/instruction_lists.h"

namespace fusesim::fused {

using isa::machine::FusedTerm;
using isa::machine::PredictorRound;
using isa::machine::PredictorWord;

// ---- Terms ----

TermSource::TermSource(isa::machine::FusedTerms terms, const isa::machine::FusedAccumulate& accumulate,
                       std::uint32_t lanes)
    : terms_(std::move(terms)),
      shape_(list_shape(accumulate)),
      expand_shift_(static_cast<std::uint8_t>(accumulate.expand_bias_shift)),
      depthwise_shift_(static_cast<std::uint8_t>(accumulate.depthwise_bias_shift)),
      words_(terms_, lanes) {
  lanes_.reserve(terms_.terms.size());
  for (const FusedTerm& term : terms_.terms) lanes_.push_back({term.middle, term.weight});
  fetch();
}

bool TermSource::null() const {
  const auto list = terms_.list(fetched_.list);
  return list.size() == 1 && list.front() == FusedTerm{};
}

void TermSource::advance() {
  words_.advance();
  fetch();
}

void TermSource::fetch() {
  if (done()) return;
  fetched_ = words_.current();
  word_.kind = WordKind::terms;
  word_.lanes = std::span(lanes_).subspan(fetched_.begin, fetched_.terms());
  word_.last = fetched_.last;
  const std::uint32_t place = fetched_.list % shape_.lists_per_channel();
  word_.every_tap = place == shape_.lists_per_channel() - 1;
  word_.channel_end = word_.last && word_.every_tap;
  word_.tap = static_cast<std::uint8_t>(word_.every_tap ? 0 : place / (shape_.channels + 1));
  const std::uint32_t channel = place % (shape_.channels + 1);
  word_.constant = word_.every_tap || channel == shape_.channels;
  word_.channel = static_cast<std::uint16_t>(word_.constant ? 0 : channel);
  word_.shift = word_.every_tap ? depthwise_shift_ : word_.constant ? expand_shift_ : std::uint8_t{0};
}

// ---- Predictor ----

PredictorSource::PredictorSource(const isa::machine::FusedPredictor& predictor,
                                 const isa::machine::FusedPredict& predict, const Config& config)
    : words_(isa::machine::cut_predictor(predictor, predict.round_channels, config.lanes, config.ladders)),
      pes_(config.tile_rows * config.tile_columns),
      positions_(predict.geometry.positions()),
      outputs_(predict.geometry.out_rows * predict.geometry.out_columns),
      passes_((positions_ + pes_ - 1) / pes_),
      round_channels_(predict.round_channels) {
  lanes_.reserve(words_.lanes.size());
  for (const isa::machine::FusedLane& lane : words_.lanes) {
    lanes_.push_back({lane.index, static_cast<std::int16_t>(lane.negative ? -1 : 1)});
  }
  endings_.resize(words_.endings.size());
  for (const PredictorWord& word : words_.words) {
    for (std::uint32_t i = word.ending_begin; i < word.ending_end; ++i) {
      const std::uint32_t m = words_.endings[i].channel;
      const isa::machine::FusedSum& sum = word.depthwise ? predictor.depthwise[m] : predictor.expand[m];
      Ending& ending = endings_[i];
      ending.lanes = static_cast<std::uint8_t>(words_.endings[i].lanes);
      ending.channel = static_cast<std::uint16_t>(m);
      ending.level = static_cast<std::uint16_t>(m % round_channels_);
      ending.falling = sum.falling;
      ending.mask = sum.mask;
      if (!word.depthwise) std::copy(sum.levels.begin(), sum.levels.end(), ending.levels);
    }
  }
  fetch();
}

void PredictorSource::advance() {
  if (empty_cycle_) {
    empty_cycle_ = false;
    return fetch();
  }
  const PredictorRound& round = words_.rounds[round_];
  ++index_;
  if (index_ == round.depthwise_begin && ++pass_ < passes_) {
    index_ = round.expand_begin;
  } else if (index_ == round.depthwise_begin) {
    empty_cycle_ = true;
    return;
  } else if (index_ == round.end) {
    ++round_;
    pass_ = 0;
  }
  fetch();
}

void PredictorSource::fetch() {
  if (done()) return;
  const PredictorWord& word = words_.words[index_];
  word_.kind = word.depthwise ? WordKind::depthwise : WordKind::expand;
  word_.lanes = std::span(lanes_).subspan(word.lane_begin, word.lanes());
  word_.endings = std::span(endings_).subspan(word.ending_begin, word.endings());
  word_.pass = static_cast<std::uint16_t>(word.depthwise ? 0 : pass_);
  word_.open_level = static_cast<std::uint16_t>(word.depthwise ? word.open % round_channels_ : 0);
}

std::uint32_t PredictorSource::working() const {
  return word_.kind == WordKind::depthwise ? outputs_ : std::min(pes_, positions_ - pass_ * pes_);
}

std::uint64_t PredictorSource::total_bytes() const {
  std::uint64_t bytes = 0;
  for (const PredictorWord& word : words_.words) {
    bytes += std::uint64_t{word.bytes()} * (word.depthwise ? 1 : passes_);
  }
  return bytes;
}

}  // namespace fusesim::fused
