// SPDX-License-Identifier: Apache-2.0
#include "hw/control/feed/banked_reads.h"

#include <algorithm>

#include "hw/control/feed/fold_addresses.h"

namespace fusesim::control {

BankedReads::BankedReads(const isa::machine::ScratchpadConfig& pad, std::uint32_t feeders)
    : pad_(pad), held_(feeders, no_address), load_(pad.banks) {
  requested_.reserve(feeders);
}

void BankedReads::begin_fold() {
  std::fill(held_.begin(), held_.end(), no_address);
}

unsigned BankedReads::read(std::span<const std::int64_t> addresses) {
  requested_.clear();
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    if (addresses[i] == no_address) continue;
    const std::int64_t word = addresses[i] / pad_.width;
    if (word == held_[i]) continue;
    held_[i] = word;
    requested_.push_back(word);
  }
  // Feeders that want the same word share one access.
  std::sort(requested_.begin(), requested_.end());
  requested_.erase(std::unique(requested_.begin(), requested_.end()), requested_.end());
  words_ += requested_.size();

  std::fill(load_.begin(), load_.end(), 0);
  std::uint32_t most = 0;
  for (const std::int64_t word : requested_) most = std::max(most, ++load_[word % pad_.banks]);
  return std::max(1U, (most + pad_.ports - 1) / pad_.ports);
}

}  // namespace fusesim::control
