// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/scratchpad/bit_marks.h"

#include <algorithm>
#include <bit>

namespace fusesim::memory {
namespace {

/// Calls part(word, mask) for each 64-bit word of which bits lie in [from, from + count), until it returns false.
template <typename Part>
void for_words(std::uint64_t from, std::uint64_t count, Part part) {
  std::uint64_t word = from / 64;
  const std::uint64_t last = (from + count - 1) / 64;
  std::uint64_t mask = ~std::uint64_t{0} << from % 64;
  const std::uint64_t last_mask = ~std::uint64_t{0} >> (63 - (from + count - 1) % 64);
  for (; word != last; ++word, mask = ~std::uint64_t{0}) {
    if (!part(word, mask)) return;
  }
  part(word, mask & last_mask);
}

/// Calls part(block, from, count) for the ends of a range of bits that do not fill their blocks, and whole(block) for
/// the others, in ascending order, until one returns false.
template <typename Part, typename Whole>
void for_blocks(std::uint64_t block_bits, std::uint64_t begin, std::uint64_t end, Part part, Whole whole) {
  while (begin < end) {
    const std::uint64_t block = begin / block_bits, from = begin % block_bits;
    const std::uint64_t count = std::min(block_bits - from, end - begin);
    if (!(count == block_bits ? whole(block) : part(block, from, count))) return;
    begin += count;
  }
}

}  // namespace

BitMarks::BitMarks(std::uint64_t bytes)
    : counts_((bytes + kBlockBits - 1) / kBlockBits), words_(counts_.size() * kBlockWords) {}

void BitMarks::mark_part(std::uint64_t block, std::uint64_t from, std::uint64_t count) {
  if (counts_[block] == kBlockBits) return;
  Word* const words = words_.data() + block * kBlockWords;
  if (counts_[block] == 0) std::fill_n(words, kBlockWords, Word{0});
  // As a rule none of them is marked, and nothing need be counted.
  std::uint64_t gained = count;
  for_words(from, count, [&](std::uint64_t word, Word mask) {
    const Word old = words[word] & mask;
    words[word] |= mask;
    if (old != 0) gained -= static_cast<std::uint64_t>(std::popcount(old));
    return true;
  });
  counts_[block] = static_cast<std::uint16_t>(counts_[block] + gained);
  marked_ += gained;
}

void BitMarks::clear_part(std::uint64_t block, std::uint64_t from, std::uint64_t count) {
  if (counts_[block] == 0) return;
  Word* const words = words_.data() + block * kBlockWords;
  if (counts_[block] == kBlockBits) std::fill_n(words, kBlockWords, ~Word{0});
  std::uint64_t lost = count;
  for_words(from, count, [&](std::uint64_t word, Word mask) {
    const Word missing = ~words[word] & mask;
    words[word] &= ~mask;
    if (missing != 0) lost -= static_cast<std::uint64_t>(std::popcount(missing));
    return true;
  });
  counts_[block] = static_cast<std::uint16_t>(counts_[block] - lost);
  marked_ -= lost;
}

std::uint64_t BitMarks::first_clear_in(std::uint64_t block, std::uint64_t from, std::uint64_t count) const {
  if (counts_[block] == 0) return from;
  if (counts_[block] == kBlockBits) return kBlockBits;
  const Word* const words = words_.data() + block * kBlockWords;
  std::uint64_t first = kBlockBits;
  for_words(from, count, [&](std::uint64_t word, Word mask) {
    const Word missing = ~words[word] & mask;
    if (missing == 0) return true;
    first = word * kWordBits + static_cast<std::uint64_t>(std::countr_zero(missing));
    return false;
  });
  return first;
}

void BitMarks::mark_blocks(std::uint64_t address, std::uint64_t count) {
  for_blocks(
      kBlockBits, address, address + count,
      [&](std::uint64_t block, std::uint64_t from, std::uint64_t bits) {
        mark_part(block, from, bits);
        return true;
      },
      [&](std::uint64_t block) {
        marked_ += kBlockBits - counts_[block];
        counts_[block] = kBlockBits;
        return true;
      });
}

void BitMarks::clear_blocks(std::uint64_t address, std::uint64_t count) {
  for_blocks(
      kBlockBits, address, address + count,
      [&](std::uint64_t block, std::uint64_t from, std::uint64_t bits) {
        clear_part(block, from, bits);
        return true;
      },
      [&](std::uint64_t block) {
        marked_ -= counts_[block];
        counts_[block] = 0;
        return true;
      });
}

std::optional<std::uint64_t> BitMarks::first_clear(std::uint64_t address, std::uint64_t count) const {
  std::optional<std::uint64_t> found;
  const auto look = [&](std::uint64_t block, std::uint64_t from, std::uint64_t bits) {
    const std::uint64_t first = first_clear_in(block, from, bits);
    if (first == kBlockBits) return true;
    found = block * kBlockBits + first;
    return false;
  };
  for_blocks(kBlockBits, address, address + count, look,
             [&](std::uint64_t block) { return counts_[block] == kBlockBits || look(block, 0, kBlockBits); });
  return found;
}

bool BitMarks::blocks_clear(std::uint64_t address, std::uint64_t count) const {
  if (marked_ == 0 || count == 0) return true;
  const auto first = counts_.begin() + static_cast<std::ptrdiff_t>(address / kBlockBits);
  const auto last = counts_.begin() + static_cast<std::ptrdiff_t>((address + count - 1) / kBlockBits);
  return std::all_of(first, last + 1, [](std::uint16_t marked) { return marked == 0; });
}

}  // namespace fusesim::memory
