// SPDX-License-Identifier: Apache-2.0
#include "sim/timeline/timeline_collector.h"

#include <algorithm>

namespace fusesim::timeline {

control::machine::Observer TimelineCollector::observer(bool folds) {
  control::machine::Observer all;
  if (folds) {
    all.fold = [this](std::uint32_t instruction, std::uint64_t, std::uint64_t start, std::uint64_t end) {
      folds_.push_back({instruction, start, end});
    };
  }
  all.occupancy = [this](std::uint64_t cycle, isa::machine::Pad pad, std::uint64_t bytes) {
    std::vector<Level>& levels = occupancy_[static_cast<std::size_t>(pad)];
    if (!levels.empty() && levels.back().cycle == cycle) {
      levels.back().bytes = bytes;
    } else {
      levels.push_back({cycle, bytes});
    }
  };
  // Told are the first cycle boundaries not before the answers: the cycle that held the answer ends there. An answer
  // at time 0 cannot be.
  all.request = [this](std::uint64_t cycle, bool write, std::uint32_t bytes) {
    requests_[write ? 1 : 0].push_back({std::max<std::uint64_t>(cycle, 1) - 1, bytes});
  };
  return all;
}

}  // namespace fusesim::timeline
