// SPDX-License-Identifier: Apache-2.0
// The FIFO between the weights scratchpad and the broadcast: docs/fused.md, "Where words come from".
#pragma once

#include <cstdint>

namespace fusesim::fused {

template <class Local>  // A type local to a translation unit with flags of its own keeps the code there; void
                        // elsewhere.
class BasicListReader {
 public:
  /// Rate 0: every word is always available. `total`: bytes of all words to come.
  BasicListReader(std::uint32_t bytes_per_cycle, std::uint32_t capacity, std::uint64_t total)
      : rate_(bytes_per_cycle), capacity_(capacity), left_(total) {}

  /// Whether a word of `bytes` can be presented in this cycle.
  [[nodiscard]] bool available(std::uint32_t bytes) const { return rate_ == 0 || held_ >= bytes; }

  /// Ends the cycle, in which a word of `bytes` was taken, or none (0).
  void clock(std::uint32_t bytes) {
    if (rate_ == 0) return;
    const std::uint32_t free = capacity_ - held_;
    std::uint32_t arrives = rate_ < free ? rate_ : free;
    if (left_ < arrives) arrives = static_cast<std::uint32_t>(left_);
    held_ = held_ - bytes + arrives;
    left_ -= arrives;
  }

 private:
  std::uint32_t rate_, capacity_;
  std::uint32_t held_ = 0;
  std::uint64_t left_;
};

using ListReader = BasicListReader<void>;

}  // namespace fusesim::fused
