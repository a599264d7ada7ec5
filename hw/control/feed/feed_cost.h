// SPDX-License-Identifier: Apache-2.0
// What reading a whole instruction's operands costs, without walking it: the closed side of the law in docs/machine.md,
// Scratchpads.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "hw/isa/machine/program.h"

namespace fusesim::control {

/// What one fold reads and how much longer it takes for it. Local cycles count from the fold's first operand.
class FoldFeed {
 public:
  /// `extra_before` has feed + 1 entries, or none when no cycle of the fold is held.
  FoldFeed(std::vector<std::uint32_t> extra_before, std::uint64_t activation_words, std::uint64_t weight_words)
      : extra_before_(std::move(extra_before)), activation_words_(activation_words), weight_words_(weight_words) {}

  /// Cycles for which the array is held in the local cycles [0, t); t at most the fold's feed.
  [[nodiscard]] std::uint64_t extra_before(std::uint32_t t) const {
    return extra_before_.empty() ? 0 : extra_before_[t];
  }
  /// In the whole fold.
  [[nodiscard]] std::uint64_t extra() const { return extra_before_.empty() ? 0 : extra_before_.back(); }
  [[nodiscard]] bool conflict_free() const { return extra_before_.empty(); }
  /// Words read from the banks.
  [[nodiscard]] std::uint64_t activation_words() const { return activation_words_; }
  [[nodiscard]] std::uint64_t weight_words() const { return weight_words_; }

 private:
  std::vector<std::uint32_t> extra_before_;
  std::uint64_t activation_words_, weight_words_;
};

class FeedCost {
 public:
  /// `compute` must be valid on `core` (hw/isa/machine/program.h). Of its addresses only the places in a word count.
  FeedCost(const isa::machine::Compute& compute, const isa::machine::CoreConfig& core);

  [[nodiscard]] std::uint64_t folds() const { return folds_; }
  /// Fold `index` of FoldPlan(array_instruction(compute), core.array). Folds that cost the same share an object; it
  /// lives as long as this one.
  [[nodiscard]] const FoldFeed& fold(std::uint64_t index) const {
    const std::uint64_t in_group = index % folds_per_group_, group = index / folds_per_group_;
    return feeds_[feed_of_[group % group_period_ * folds_per_group_ + in_group]];
  }

  /// Of the whole instruction.
  [[nodiscard]] bool conflict_free() const { return extra_ == 0; }
  [[nodiscard]] std::uint64_t extra() const { return extra_; }
  [[nodiscard]] std::uint64_t activation_words() const { return activation_words_; }
  [[nodiscard]] std::uint64_t weight_words() const { return weight_words_; }

 private:
  std::uint64_t folds_ = 0;
  std::uint64_t folds_per_group_ = 1;
  std::uint64_t group_period_ = 1;  ///< Groups this far apart cost the same.
  std::vector<FoldFeed> feeds_;     ///< The different ones.
  /// [group_period][folds of a group]: index into feeds_.
  std::vector<std::uint32_t> feed_of_;
  std::uint64_t extra_ = 0, activation_words_ = 0, weight_words_ = 0;
};

}  // namespace fusesim::control
