// SPDX-License-Identifier: Apache-2.0
// The lists of an instruction, decoded and cut into words once however often they are used: every tile of a block reads
// the same ones.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

#include "hw/fused/fused_core.h"
#include "hw/fused/values/kernels.h"
#include "hw/isa/machine/fused.h"
#include "hw/isa/machine/fused_lists.h"

namespace fusesim::fused {

/// What depends on the lists alone.
struct ParsedTerms {
  isa::machine::FusedTerms terms;
  std::vector<values::BroadcastWord> words;
  std::vector<std::uint64_t> channel_words;  ///< Of each output channel.
  std::uint64_t bytes = 0;                   ///< Of all words.
  std::uint64_t lists = 0;                   ///< That are not null.
  /// Timing in mode fixed, the same for every tile: cycles to the last byte written, and those in which words wait.
  struct Fixed {
    std::uint64_t end = 0, list_stalls = 0, output_stalls = 0;
  };
  mutable std::optional<Fixed> fixed;  ///< Kept here by who computes it.
};

struct ParsedPredictor {
  isa::machine::FusedPredictor predictor;
  isa::machine::PredictorWords words;
  std::uint64_t expand_lanes = 0, depthwise_lanes = 0;
};

class ParsedLists {
 public:
  explicit ParsedLists(const Config& config) : config_(config) {}

  // What was decoded is found again by its place in DRAM and compared with the bytes at hand. Both throw InvalidLists.
  // References stay good until the same place is asked for with other bytes.
  [[nodiscard]] const ParsedTerms& terms(const isa::machine::FusedAccumulate& accumulate,
                                         std::span<const std::int8_t> bytes);
  [[nodiscard]] const ParsedPredictor& predictor(const isa::machine::FusedPredict& predict,
                                                 std::span<const std::int8_t> bytes);

 private:
  /// Address, channels, middle, kernel, then what else the bytes are decoded with.
  using Key = std::tuple<std::uint64_t, std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t>;
  template <class Parsed>
  struct Entry {
    std::vector<std::uint8_t> bytes;
    Parsed parsed;
  };
  template <class Parsed>
  using Cache = std::map<Key, std::unique_ptr<Entry<Parsed>>>;

  [[nodiscard]] ParsedTerms parse(const isa::machine::FusedAccumulate& accumulate,
                                  std::span<const std::uint8_t> bytes) const;
  [[nodiscard]] ParsedPredictor parse(const isa::machine::FusedPredict& predict,
                                      std::span<const std::uint8_t> bytes) const;
  template <class Parsed, class Instruction>
  const Parsed& find(Cache<Parsed>& cache, const Key& key, const Instruction& instruction,
                     std::span<const std::int8_t> bytes);

  Config config_;
  Cache<ParsedTerms> terms_;
  Cache<ParsedPredictor> predictors_;
};

}  // namespace fusesim::fused
