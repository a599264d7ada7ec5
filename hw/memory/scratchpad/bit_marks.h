// SPDX-License-Identifier: Apache-2.0
// Which bytes of a memory are marked, and how many, byte by byte. Plain C++.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace fusesim::memory {

/// A bit a byte, in blocks of 1 KiB that also know how many of their bytes are marked: of a long range only the ends
/// are looked at byte by byte. Short ranges, the lines of maps, are the most frequent by far.
class BitMarks {
 public:
  explicit BitMarks(std::uint64_t bytes);

  // Ranges [address, address + count) must lie inside.
  void mark(std::uint64_t address, std::uint64_t count) {
    if (in_part_of_block(address, count)) {
      mark_part(address / kBlockBits, address % kBlockBits, count);
    } else {
      mark_blocks(address, count);
    }
  }
  void clear(std::uint64_t address, std::uint64_t count) {
    if (in_part_of_block(address, count)) {
      clear_part(address / kBlockBits, address % kBlockBits, count);
    } else {
      clear_blocks(address, count);
    }
  }
  [[nodiscard]] bool all_marked(std::uint64_t address, std::uint64_t count) const {
    if (!in_part_of_block(address, count)) return !first_clear(address, count);
    const std::uint64_t block = address / kBlockBits;
    return counts_[block] == kBlockBits ||
           (counts_[block] >= count && first_clear_in(block, address % kBlockBits, count) == kBlockBits);
  }
  /// The first byte of the range that is not marked.
  [[nodiscard]] std::optional<std::uint64_t> first_clear(std::uint64_t address, std::uint64_t count) const;
  /// Whether none is marked in the blocks that the range has a part in.
  [[nodiscard]] bool blocks_clear(std::uint64_t address, std::uint64_t count) const;
  /// How many are marked.
  [[nodiscard]] std::uint64_t marked() const { return marked_; }

 private:
  using Word = std::uint64_t;
  static constexpr std::uint64_t kWordBits = 64, kBlockBits = 1024, kBlockWords = kBlockBits / kWordBits;

  /// Whether the range is a part of a block, neither empty nor all of it.
  static bool in_part_of_block(std::uint64_t address, std::uint64_t count) {
    return count - 1 < kBlockBits - 1 && address % kBlockBits + count <= kBlockBits;
  }
  // Of such a part: `from` its first bit in the block.
  void mark_part(std::uint64_t block, std::uint64_t from, std::uint64_t count);
  void clear_part(std::uint64_t block, std::uint64_t from, std::uint64_t count);
  /// kBlockBits when there is none.
  [[nodiscard]] std::uint64_t first_clear_in(std::uint64_t block, std::uint64_t from, std::uint64_t count) const;
  void mark_blocks(std::uint64_t address, std::uint64_t count);
  void clear_blocks(std::uint64_t address, std::uint64_t count);

  std::vector<std::uint16_t> counts_;  ///< Of each block.
  std::vector<Word> words_;            ///< Mean nothing in blocks of which all is marked, or nothing.
  std::uint64_t marked_ = 0;
};

}  // namespace fusesim::memory
