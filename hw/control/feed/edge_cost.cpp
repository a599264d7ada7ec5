// SPDX-License-Identifier: Apache-2.0
#include "hw/control/feed/edge_cost.h"

#include <algorithm>

namespace fusesim::control {

CycleCost BankLoad::cost() {
  const auto begin = words_.begin();
  auto end = begin + static_cast<std::ptrdiff_t>(count_);
  if (!ascending_) {
    std::sort(begin, end);
    end = std::unique(begin, end);
  }
  CycleCost cost;
  cost.words = static_cast<std::uint32_t>(end - begin);
  // Words closer together than there are banks are in different ones.
  if (cost.words <= ports_ || *std::prev(end) - *begin < banks_) return cost;

  std::uint32_t most = 0;
  std::int64_t bank = 0, before = *begin;
  for (auto word = begin; word != end; ++word) {
    bank += *word - before;
    before = *word;
    if (bank >= banks_) bank = bank < 2 * std::int64_t{banks_} ? bank - banks_ : bank % banks_;
    *word = bank;
    most = std::max(most, ++load_[static_cast<std::size_t>(bank)]);
  }
  for (auto word = begin; word != end; ++word) load_[static_cast<std::size_t>(*word)] = 0;
  cost.extra = (most + ports_ - 1) / ports_ - 1;
  return cost;
}

}  // namespace fusesim::control
