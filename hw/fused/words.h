// SPDX-License-Identifier: Apache-2.0
// The words of an instruction in the form and order in which the sequencer presents them to a core. Lanes and endings
// are laid out once an instruction; going from word to word allocates nothing. Words point into their source.
#pragma once

#include <cstdint>
#include <vector>

#include "hw/fused/fused_core.h"
#include "hw/isa/machine/fused.h"
#include "hw/isa/machine/fused_lists.h"

namespace fusesim::fused {

/// Words of an accumulate instruction.
class TermSource {
 public:
  TermSource(isa::machine::FusedTerms terms, const isa::machine::FusedAccumulate& accumulate, std::uint32_t lanes);
  TermSource(const TermSource&) = delete;
  TermSource& operator=(const TermSource&) = delete;

  [[nodiscard]] bool done() const { return words_.done(); }
  // Of the current word; not when done().
  [[nodiscard]] const Word& word() const { return word_; }
  [[nodiscard]] std::uint32_t bytes() const { return fetched_.bytes(); }
  /// Whether it belongs to an empty list.
  [[nodiscard]] bool null() const;
  void advance();

  [[nodiscard]] const isa::machine::FusedTerms& terms() const { return terms_; }

 private:
  void fetch();

  isa::machine::FusedTerms terms_;
  isa::machine::FusedListShape shape_;
  std::uint8_t expand_shift_, depthwise_shift_;
  std::vector<Lane> lanes_;
  isa::machine::TermWords words_;
  isa::machine::TermWord fetched_;
  Word word_;
};

/// Words of a predict instruction, with the empty cycle between the stages of each round.
class PredictorSource {
 public:
  PredictorSource(const isa::machine::FusedPredictor& predictor, const isa::machine::FusedPredict& predict,
                  const Config& config);
  PredictorSource(const PredictorSource&) = delete;
  PredictorSource& operator=(const PredictorSource&) = delete;

  [[nodiscard]] bool done() const { return round_ == words_.rounds.size(); }
  /// Nothing is presented in this cycle; advance() leads to the word of the next.
  [[nodiscard]] bool empty_cycle() const { return empty_cycle_; }
  // Of the current word; neither when done() nor in an empty cycle.
  [[nodiscard]] const Word& word() const { return word_; }
  [[nodiscard]] std::uint32_t bytes() const { return words_.words[index_].bytes(); }
  void advance();
  /// PEs that work on the current word.
  [[nodiscard]] std::uint32_t working() const;
  /// Of all words, each as often as it is presented.
  [[nodiscard]] std::uint64_t total_bytes() const;

 private:
  void fetch();

  isa::machine::PredictorWords words_;
  std::vector<Lane> lanes_;
  std::vector<Ending> endings_;
  std::uint32_t pes_, positions_, outputs_, passes_;
  std::uint32_t round_channels_;
  std::uint32_t round_ = 0, pass_ = 0, index_ = 0;
  bool empty_cycle_ = false;
  Word word_;
};

}  // namespace fusesim::fused
