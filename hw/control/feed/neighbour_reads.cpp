// SPDX-License-Identifier: Apache-2.0
#include "hw/control/feed/neighbour_reads.h"

#include <algorithm>
#include <cstdlib>

namespace fusesim::control {

CycleCost NeighbourReads::cost(std::int64_t place, std::uint32_t count, std::int64_t step) {
  // Bytes a word or more apart are never in the same one.
  if (std::abs(step) >= words_.width()) return first_cost(place, count);
  load_.clear();
  for (std::int64_t byte = place; byte < place + count; ++byte) {
    if (words_.of(byte - step) != words_.of(byte)) load_.request(words_.of(byte));
  }
  return load_.cost();
}

EdgeCost NeighbourReads::every_cycle(std::uint64_t address, std::uint32_t count, std::uint32_t inner) {
  // A cycle costs what the one a period before cost, except the first.
  const std::uint32_t period = words_.period(pitch_);
  EdgeCost whole;
  for (std::uint32_t t = 0; t < std::min(inner, 1 + period); ++t) {
    const std::int64_t place = words_.place(address + std::uint64_t{t} * pitch_);
    const CycleCost now = t == 0 ? first_cost(place, count) : cost(place, count, pitch_);
    const std::uint64_t times = t == 0 ? 1 : 1 + (inner - 1 - t) / period;
    whole.words += times * now.words;
    if (now.extra == 0) continue;
    whole.extra.resize(inner);
    for (std::uint64_t i = 0; i < times; ++i) whole.extra[t + i * period] = now.extra;
  }
  return whole;
}

EdgeCost NeighbourReads::on_wires(std::uint64_t address, std::uint32_t count, std::span<const WireTap> taps,
                                  std::uint32_t feed) {
  EdgeCost whole;
  for (std::size_t i = 0; i < taps.size(); ++i) {
    const std::int64_t place = words_.place(address + std::uint64_t{taps[i].tap} * pitch_);
    const CycleCost now =
        i == 0 ? first_cost(place, count)
               : cost(place, count, (std::int64_t{taps[i].tap} - std::int64_t{taps[i - 1].tap}) * pitch_);
    whole.words += now.words;
    if (now.extra == 0) continue;
    whole.extra.resize(feed);
    whole.extra[taps[i].cycle] = now.extra;
  }
  return whole;
}

}  // namespace fusesim::control
