// SPDX-License-Identifier: Apache-2.0
#include "hw/fused/parsed_lists.h"

#include <algorithm>
#include <utility>

#include "hw/isa/machine/instruction_lists.h"

namespace fusesim::fused {

using isa::machine::FusedAccumulate;
using isa::machine::FusedListShape;
using isa::machine::FusedPredict;

ParsedTerms ParsedLists::parse(const FusedAccumulate& accumulate, std::span<const std::uint8_t> bytes) const {
  const FusedListShape shape = list_shape(accumulate);
  ParsedTerms parsed;
  parsed.terms = isa::machine::read_lists(accumulate, bytes, config_.adder_bits);
  parsed.words.reserve(isa::machine::count_words(parsed.terms, config_.lanes));
  parsed.channel_words.assign(shape.out_channels, 0);
  for (isa::machine::TermWords words(parsed.terms, config_.lanes); !words.done(); words.advance()) {
    const isa::machine::TermWord word = words.current();
    const std::uint32_t place = word.list % shape.lists_per_channel();
    const bool every_tap = place == shape.lists_per_channel() - 1;
    const isa::machine::FusedTerm& first = parsed.terms.terms[word.begin];
    const bool null = word.last && word.terms() == 1 && first == isa::machine::FusedTerm{};
    parsed.words.push_back({word.begin, static_cast<std::uint8_t>(word.terms()),
                            static_cast<std::uint8_t>(every_tap ? shape.taps() : place / (shape.channels + 1)),
                            word.last, word.last && every_tap, null});
    parsed.bytes += word.bytes();
    ++parsed.channel_words[word.list / shape.lists_per_channel()];
    if (word.last && !null) ++parsed.lists;
  }
  return parsed;
}

ParsedPredictor ParsedLists::parse(const FusedPredict& predict, std::span<const std::uint8_t> bytes) const {
  ParsedPredictor parsed;
  parsed.predictor = isa::machine::read_lists(predict, bytes);
  parsed.words = isa::machine::cut_predictor(parsed.predictor, predict.round_channels, config_.lanes, config_.ladders);
  for (const isa::machine::PredictorWord& word : parsed.words.words) {
    (word.depthwise ? parsed.depthwise_lanes : parsed.expand_lanes) += word.lanes();
  }
  return parsed;
}

template <class Parsed, class Instruction>
const Parsed& ParsedLists::find(Cache<Parsed>& cache, const Key& key, const Instruction& instruction,
                                std::span<const std::int8_t> bytes) {
  const std::span unsigned_bytes(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  std::unique_ptr<Entry<Parsed>>& entry = cache[key];
  if (!entry || !std::ranges::equal(entry->bytes, unsigned_bytes)) {
    entry.reset();
    Parsed parsed = parse(instruction, unsigned_bytes);
    entry = std::make_unique<Entry<Parsed>>(
        Entry<Parsed>{{unsigned_bytes.begin(), unsigned_bytes.end()}, std::move(parsed)});
  }
  return entry->parsed;
}

const ParsedTerms& ParsedLists::terms(const FusedAccumulate& accumulate, std::span<const std::int8_t> bytes) {
  const Geometry& g = accumulate.geometry;
  return find(terms_,
              {accumulate.lists_dram, g.channels, g.middle, g.kernel, accumulate.out_channels,
               static_cast<std::uint32_t>(accumulate.source)},
              accumulate, bytes);
}

const ParsedPredictor& ParsedLists::predictor(const FusedPredict& predict, std::span<const std::int8_t> bytes) {
  const Geometry& g = predict.geometry;
  return find(predictors_, {predict.lists_dram, g.channels, g.middle, g.kernel, predict.round_channels, 0}, predict,
              bytes);
}

}  // namespace fusesim::fused
