// SPDX-License-Identifier: Apache-2.0
// DMA descriptors of all shapes, and the bytes they move by definition.
#pragma once

#include <cstdint>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "hw/memory/dma/dma_descriptor.h"

namespace fusesim::memory_test {

/// (source, destination) of every byte, element by element as the descriptor's definition says.
inline std::vector<std::pair<std::uint64_t, std::uint64_t>> moved_bytes(const memory::DmaDescriptor& d) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> bytes;
  for (std::int64_t k = 0; k < d.counts[2]; ++k) {
    for (std::int64_t j = 0; j < d.counts[1]; ++j) {
      for (std::int64_t i = 0; i < d.counts[0]; ++i) {
        for (std::uint64_t b = 0; b < d.element_bytes; ++b) {
          const auto offset = [&](const auto& s) {
            return static_cast<std::uint64_t>(i * s[0] + j * s[1] + k * s[2]) + b;
          };
          bytes.emplace_back(d.source + offset(d.source_strides), d.destination + offset(d.destination_strides));
        }
      }
    }
  }
  return bytes;
}

inline bool writes_a_byte_twice(const memory::DmaDescriptor& descriptor) {
  std::set<std::uint64_t> seen;
  for (const auto& [from, to] : moved_bytes(descriptor)) {
    if (!seen.insert(to).second) return true;
  }
  return false;
}

/// A descriptor within `size` bytes on both sides that writes no byte twice: dense, padded or reversed dimensions.
template <typename Random>
memory::DmaDescriptor random_descriptor(Random& random, std::uint64_t size) {
  const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  while (true) {
    memory::DmaDescriptor d;
    d.element_bytes = below(3) == 0 ? 1 : 1 + below(200);
    d.source = random() % size;
    d.destination = random() % size;
    std::int64_t source_extent = d.element_bytes, destination_extent = d.element_bytes;
    for (std::size_t i = 0; i < d.counts.size(); ++i) {
      d.counts[i] = below(3) == 0 ? 1 : 1 + below(7);
      const auto stride = [&](std::int64_t& extent) {
        const std::int64_t step = extent + (below(2) == 0 ? 0 : below(90));
        extent = step * d.counts[i];
        return below(6) == 0 ? -step : step;
      };
      d.source_strides[i] = below(8) == 0 ? 0 : stride(source_extent);
      d.destination_strides[i] = stride(destination_extent);
    }
    try {
      validate(d, size, size);
    } catch (const std::invalid_argument&) {
      continue;
    }
    if (!writes_a_byte_twice(d)) return d;
  }
}

}  // namespace fusesim::memory_test
