// SPDX-License-Identifier: Apache-2.0
// What DMA channels and arbiters count, whoever models them. Times in picoseconds.
#pragma once

#include <cstdint>
#include <vector>

#include "hw/memory/statistics/statistic.h"

namespace fusesim::memory {

struct DmaCounters {
  std::uint64_t descriptors = 0, bursts = 0, bytes = 0;
  std::uint64_t busy = 0, latency = 0;

  [[nodiscard]] std::vector<Statistic> statistics() const {
    return {
        {"descriptors", "descriptors", "completed", descriptors},
        {"bursts", "requests", "answered", bursts},
        {"bytes", "bytes", "moved by requests that were answered without error", bytes},
        {"busy", "ps", "with at least one request under way", busy},
        {"latency", "ps", "from each request to its response, summed over all", latency},
    };
  }
};

/// Of one input.
struct ArbiterCounters {
  std::uint64_t grants = 0, waited = 0;

  [[nodiscard]] std::vector<Statistic> statistics() const {
    return {
        {"grants", "requests", "of this input passed to the target", grants},
        {"waited", "ps", "from the effect of each request to its grant, summed over all", waited},
    };
  }
};

}  // namespace fusesim::memory
