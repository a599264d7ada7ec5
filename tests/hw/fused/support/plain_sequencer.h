// SPDX-License-Identifier: Apache-2.0
// Drives a fused core through instructions cycle by cycle, as docs/fused.md says: lists are read from their bytes, cut
// into words and pass the list reader, tiles and residuals come from memory, results go there. Plainly written and
// without the library's lists, words and reader: it is what they are compared with.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "hw/fused/fused_core.h"
#include "hw/fused/law.h"
#include "hw/isa/machine/fused.h"
#include "hw/isa/machine/program.h"

namespace fusesim::fused::test {

class PlainSequencer {
 public:
  explicit PlainSequencer(FusedCore& core) : core_(core), config_(core.config()) {}

  /// Called before each clock, with the cycle within the instruction and what the core is about to be given.
  std::function<void(std::uint64_t, const CoreInputs&)> watch;

  Outcome tile(const isa::machine::FusedTile& tile, std::span<const std::int8_t> activations);
  Outcome predict(const isa::machine::FusedPredict& predict, std::span<const std::uint8_t> lists);
  /// `terms`: the composed lists, whatever the source. Results as those of Law. `composer_products` stays 0.
  Outcome accumulate(const isa::machine::FusedAccumulate& accumulate, std::span<const std::uint8_t> terms,
                     std::span<const isa::machine::ChannelParameters> parameters,
                     std::span<const std::int8_t> activations, std::span<std::int8_t> results);

 private:
  /// A word with what it consists of.
  struct PlainWord {
    Word word;
    std::vector<Lane> lanes;
    std::vector<Ending> endings;
    std::uint32_t bytes = 0;
    bool gap = false;   ///< The predictor's empty cycle instead of a word.
    bool null = false;  ///< Of an empty list.
  };
  void clock(std::uint64_t cycle, const CoreInputs& in);
  [[nodiscard]] std::vector<PlainWord> term_words(const isa::machine::FusedAccumulate& accumulate,
                                                  std::span<const std::uint8_t> bytes) const;
  [[nodiscard]] std::vector<PlainWord> predictor_words(const isa::machine::FusedPredict& predict,
                                                       std::span<const std::uint8_t> bytes) const;

  FusedCore& core_;
  Config config_;
};

}  // namespace fusesim::fused::test
