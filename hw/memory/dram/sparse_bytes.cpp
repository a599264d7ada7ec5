// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/dram/sparse_bytes.h"

#include <algorithm>
#include <cstring>

namespace fusesim::memory {

std::uint8_t* SparseBytes::find(std::uint64_t block) const {
  if (block == last_block_) return last_bytes_;
  const auto at = blocks_.find(block);
  if (at == blocks_.end()) return nullptr;
  last_block_ = block;
  last_bytes_ = at->second.get();
  return last_bytes_;
}

void SparseBytes::read(std::uint64_t address, std::span<std::uint8_t> bytes) const {
  while (!bytes.empty()) {
    const std::size_t offset = address % kBlockBytes;
    const std::size_t count = std::min(bytes.size(), kBlockBytes - offset);
    if (const std::uint8_t* block = find(address / kBlockBytes)) {
      std::memcpy(bytes.data(), block + offset, count);
    } else {
      std::memset(bytes.data(), 0, count);
    }
    address += count;
    bytes = bytes.subspan(count);
  }
}

void SparseBytes::write(std::uint64_t address, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const std::uint64_t number = address / kBlockBytes;
    const std::size_t offset = address % kBlockBytes;
    const std::size_t count = std::min(bytes.size(), kBlockBytes - offset);
    std::uint8_t* block = find(number);
    if (block == nullptr) {
      block = blocks_.emplace(number, std::make_unique<std::uint8_t[]>(kBlockBytes)).first->second.get();
    }
    std::memcpy(block + offset, bytes.data(), count);
    address += count;
    bytes = bytes.subspan(count);
  }
}

}  // namespace fusesim::memory
