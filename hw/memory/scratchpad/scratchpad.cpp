// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/scratchpad/scratchpad.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace fusesim::memory {

namespace {

constexpr std::uint64_t kWord = 64;

/// Splits the bits [begin, end) of a bitmap into whole words and what sticks out of them: calls part(word index, mask)
/// for the latter and whole(first word, one past the last) for the former, in ascending order.
template <typename Part, typename Whole>
void for_words(std::uint64_t begin, std::uint64_t end, Part part, Whole whole) {
  if (begin >= end) return;
  const std::uint64_t first = begin / kWord, last = end / kWord;
  const std::uint64_t from = ~std::uint64_t{0} << begin % kWord, up_to = (std::uint64_t{1} << end % kWord) - 1;
  if (first == last) {
    part(first, from & up_to);
    return;
  }
  if (begin % kWord != 0) part(first, from);
  whole(first + (begin % kWord != 0 ? 1 : 0), last);
  if (end % kWord != 0) part(last, up_to);
}

/// Bits set in some words, most often the same in all: to see that takes a fraction of the time it takes to count.
std::uint64_t bits_set(std::span<const std::uint64_t> words) {
  if (words.empty()) return 0;
  std::uint64_t differ = 0;
  for (const std::uint64_t word : words) differ |= word ^ words.front();
  if (differ == 0) return words.size() * static_cast<std::uint64_t>(std::popcount(words.front()));
  std::uint64_t count = 0;
  for (const std::uint64_t word : words) count += static_cast<std::uint64_t>(std::popcount(word));
  return count;
}

}  // namespace

Scratchpad::Scratchpad(const isa::machine::ScratchpadConfig& config, bool values)
    : config_(config), has_values_(values), written_((config.bytes + kWord - 1) / kWord) {
  if (values) storage_.resize(config.bytes + kWord);
}

std::span<std::int8_t> Scratchpad::bytes(std::uint32_t address, std::size_t count) {
  // The vector's memory is aligned to 16 at least; start at its first multiple of 64.
  const auto begin = reinterpret_cast<std::uintptr_t>(storage_.data());
  return {storage_.data() + (kWord - begin % kWord) % kWord + address, count};
}

void Scratchpad::mark_written(std::uint32_t address, std::uint64_t count) {
  for_words(
      address, address + count,
      [&](std::uint64_t word, std::uint64_t mask) {
        occupied_ += static_cast<std::uint64_t>(std::popcount(mask & ~written_[word]));
        written_[word] |= mask;
      },
      [&](std::uint64_t begin, std::uint64_t end) {
        const std::span<std::uint64_t> words(written_.data() + begin, end - begin);
        occupied_ += words.size() * kWord - bits_set(words);
        std::fill(words.begin(), words.end(), ~std::uint64_t{0});
      });
  peak_ = std::max(peak_, occupied_);
}

void Scratchpad::release(std::uint32_t address, std::uint64_t count) {
  for_words(
      address, address + count,
      [&](std::uint64_t word, std::uint64_t mask) {
        occupied_ -= static_cast<std::uint64_t>(std::popcount(mask & written_[word]));
        written_[word] &= ~mask;
      },
      [&](std::uint64_t begin, std::uint64_t end) {
        const std::span<std::uint64_t> words(written_.data() + begin, end - begin);
        occupied_ -= bits_set(words);
        std::fill(words.begin(), words.end(), 0);
      });
}

std::optional<std::uint32_t> Scratchpad::first_unwritten(std::uint32_t address, std::uint64_t count) const {
  std::optional<std::uint32_t> first;
  auto look = [&](std::uint64_t word, std::uint64_t mask) {
    const std::uint64_t missing = mask & ~written_[word];
    if (missing == 0 || first) return;
    first = static_cast<std::uint32_t>(word * kWord + static_cast<std::uint64_t>(std::countr_zero(missing)));
  };
  for_words(address, address + count, look, [&](std::uint64_t begin, std::uint64_t end) {
    std::uint64_t all = ~std::uint64_t{0};
    for (std::uint64_t word = begin; word < end; ++word) all &= written_[word];
    if (all == ~std::uint64_t{0}) return;
    for (std::uint64_t word = begin; word < end && !first; ++word) look(word, ~std::uint64_t{0});
  });
  return first;
}

std::uint64_t Scratchpad::take_port(std::uint64_t cycle, std::uint64_t count) {
  const std::uint64_t cycles = (count + config_.row_bytes() - 1) / config_.row_bytes();
  if (cycles == 0) return taken_.empty() ? cycle : std::max(cycle, taken_.back().end);
  if (!taken_.empty() && cycle <= taken_.back().end) {
    taken_.back().end += cycles;
  } else {
    const std::uint64_t before = taken_.empty() ? 0 : taken_.back().before + (taken_.back().end - taken_.back().begin);
    taken_.push_back({cycle, cycle + cycles, before});
  }
  return taken_.back().end;
}

bool Scratchpad::taken(std::uint64_t cycle) const {
  return taken_before(cycle + 1) != taken_before(cycle);
}

std::uint64_t Scratchpad::taken_before(std::uint64_t cycle) const {
  const auto after = std::upper_bound(taken_.begin(), taken_.end(), cycle,
                                      [](std::uint64_t at, const Span& span) { return at < span.begin; });
  if (after == taken_.begin()) return 0;
  const Span& span = *std::prev(after);
  return span.before + std::min(cycle, span.end) - span.begin;
}

}  // namespace fusesim::memory
