// SPDX-License-Identifier: Apache-2.0
// What the feeders of one edge cost a fold. The costs below it are worked out from structure, not by walking operands.
//
// Only where in a word an address lies matters, never which word: moving all of a cycle's addresses by a word renames
// the banks. So everything here is a function of addresses modulo the width of a word.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "hw/isa/machine/config.h"

namespace fusesim::control {

/// One cycle of one edge.
struct CycleCost {
  std::uint32_t words = 0;  ///< Read from the banks.
  std::uint32_t extra = 0;  ///< Cycles beyond the first.
};

/// One fold of one edge.
struct EdgeCost {
  std::uint64_t words = 0;
  std::vector<std::uint32_t> extra;  ///< [feed]: cycles beyond the first, or empty when there are none at all.
};

/// Where a byte lies: word number and place in the word.
class Words {
 public:
  explicit Words(std::uint32_t width) : shift_(std::countr_zero(width)), mask_(width - 1) {}
  [[nodiscard]] std::int64_t of(std::int64_t byte) const { return byte >> shift_; }
  [[nodiscard]] std::int64_t place(std::uint64_t byte) const { return static_cast<std::int64_t>(byte & mask_); }
  [[nodiscard]] std::uint32_t width() const { return mask_ + 1; }
  /// How many steps of so many bytes lead back to the same place.
  [[nodiscard]] std::uint32_t period(std::int64_t step) const {
    return width() / static_cast<std::uint32_t>(std::gcd(std::int64_t{width()}, step));
  }

 private:
  int shift_;
  std::uint32_t mask_;
};

/// No word: what an empty register holds. Word numbers count from the place in hand and may be negative.
inline constexpr std::int64_t no_word = std::numeric_limits<std::int64_t>::min();

/// Counts the words of one cycle bank by bank.
class BankLoad {
 public:
  BankLoad(const isa::machine::ScratchpadConfig& pad, std::uint32_t feeders)
      : banks_(pad.banks), ports_(pad.ports), words_(feeders), load_(pad.banks) {}

  void clear() {
    count_ = 0;
    ascending_ = true;
  }
  /// At most one a feeder; the same word may be requested several times.
  void request(std::int64_t word) {
    if (count_ > 0) {
      if (word == words_[count_ - 1]) return;
      ascending_ = ascending_ && word > words_[count_ - 1];
    }
    words_[count_++] = word;
  }
  [[nodiscard]] CycleCost cost();

  /// The cost of `words` words in sequence.
  [[nodiscard]] CycleCost sequence(std::uint32_t words) const {
    return {words, words == 0 ? 0 : ((words + banks_ - 1) / banks_ + ports_ - 1) / ports_ - 1};
  }

 private:
  std::uint32_t banks_, ports_;
  std::vector<std::int64_t> words_;
  std::size_t count_ = 0;
  bool ascending_ = true;
  std::vector<std::uint32_t> load_;  ///< All zero between calls.
};

}  // namespace fusesim::control
