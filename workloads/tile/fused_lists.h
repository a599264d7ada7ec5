// SPDX-License-Identifier: Apache-2.0
// What the fused unit reads of a predicted block besides its maps: the predictor's records and the composed lists, or
// the factors they are composed of, group by group (docs/fused.md, "Lists").
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "hw/isa/machine/fused_lists.h"
#include "workloads/tile/tasks.h"

namespace fusesim::tile {

/// Of one group. `task` must outlive it.
class GroupLists {
 public:
  /// Throws CompileError naming the layer, and the channel where there is one, when the lists do not fit their format
  /// or the unit's adders.
  GroupLists(const PredictedTask& task, const std::string& layer, std::uint32_t group,
             const isa::machine::FusedConfig& unit, isa::machine::FusedSource source);

  [[nodiscard]] const std::vector<std::uint8_t>& predictor() const { return predictor_; }
  [[nodiscard]] std::uint32_t round_channels() const { return round_channels_; }
  /// Words that leave the list reader, for an input region of so many positions.
  [[nodiscard]] std::uint64_t predictor_words(std::uint32_t positions) const;
  /// From start to end of a predict instruction.
  [[nodiscard]] std::uint64_t predictor_cycles(std::uint32_t positions) const;

  // Of output channels [begin, begin + count) of the group, those of one accumulate instruction.
  [[nodiscard]] std::uint64_t bytes(std::uint32_t begin, std::uint32_t count) const;
  [[nodiscard]] std::vector<std::uint8_t> stream(std::uint32_t begin, std::uint32_t count) const;
  [[nodiscard]] std::uint64_t words(std::uint32_t begin, std::uint32_t count) const;
  /// Lists that are not empty: each is a product for each output.
  [[nodiscard]] std::uint64_t products(std::uint32_t begin, std::uint32_t count) const;
  /// From start to end of the instruction when every PE has its adders: what queues cost depends on values.
  [[nodiscard]] double cycles(std::uint32_t begin, std::uint32_t count) const;

 private:
  struct Channel {
    std::vector<std::uint8_t> stream;  ///< With source lists.
    std::uint64_t terms = 0, words = 0, products = 0;
    std::uint64_t magnitude = 0;  ///< The largest sum of magnitudes of a list: what an adder must hold.
  };

  void add_predictor();
  void add_channel(std::uint32_t channel);
  void check_adder_bits(const std::string& layer) const;
  [[nodiscard]] isa::machine::FusedListShape shape(std::uint32_t out_channels) const;
  [[nodiscard]] isa::machine::FusedFactors factors(std::uint32_t begin, std::uint32_t count) const;

  const PredictedTask& task_;
  std::uint32_t group_;
  const isa::machine::FusedConfig& unit_;
  isa::machine::FusedSource source_;
  std::uint32_t channels_, middle_, out_channels_;  ///< Of the group.
  std::uint32_t round_channels_;
  std::vector<std::uint8_t> predictor_;
  std::uint64_t expand_words_ = 0, depthwise_words_ = 0, rounds_ = 0;
  std::vector<Channel> channels_lists_;
  mutable std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> factor_bytes_;
};

}  // namespace fusesim::tile
