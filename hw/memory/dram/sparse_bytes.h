// SPDX-License-Identifier: Apache-2.0
// The contents of a large memory of which little is touched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>

namespace fusesim::memory {

/// Bytes that were never written read as zero. Blocks come into being when first written.
class SparseBytes {
 public:
  void read(std::uint64_t address, std::span<std::uint8_t> bytes) const;
  void write(std::uint64_t address, std::span<const std::uint8_t> bytes);

 private:
  static constexpr std::size_t kBlockBytes = std::size_t{1} << 16;
  [[nodiscard]] std::uint8_t* find(std::uint64_t block) const;

  std::unordered_map<std::uint64_t, std::unique_ptr<std::uint8_t[]>> blocks_;
  // Accesses come in streams: most go to the block of the one before.
  mutable std::uint64_t last_block_ = ~std::uint64_t{0};
  mutable std::uint8_t* last_bytes_ = nullptr;
};

}  // namespace fusesim::memory
