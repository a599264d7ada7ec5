// SPDX-License-Identifier: Apache-2.0
// The FIFO between the weights scratchpad and the broadcast: docs/fused.md, "Where words come from".
#pragma once

#include <algorithm>
#include <cstdint>

namespace fusesim::fused {

class ListReader {
 public:
  /// Rate 0: every word is always available. `total`: bytes of all words to come.
  ListReader(std::uint32_t bytes_per_cycle, std::uint32_t capacity, std::uint64_t total)
      : rate_(bytes_per_cycle), capacity_(capacity), left_(total) {}

  /// Whether a word of `bytes` can be presented in this cycle.
  [[nodiscard]] bool available(std::uint32_t bytes) const { return rate_ == 0 || held_ >= bytes; }

  /// Ends the cycle, in which a word of `bytes` was taken, or none (0).
  void clock(std::uint32_t bytes) {
    if (rate_ == 0) return;
    const auto arrived = static_cast<std::uint32_t>(std::min<std::uint64_t>(std::min(rate_, capacity_ - held_), left_));
    held_ = held_ - bytes + arrived;
    left_ -= arrived;
  }

 private:
  std::uint32_t rate_, capacity_;
  std::uint32_t held_ = 0;
  std::uint64_t left_;
};

}  // namespace fusesim::fused
