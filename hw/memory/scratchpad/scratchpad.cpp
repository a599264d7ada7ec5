// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/scratchpad/scratchpad.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace fusesim::memory {

namespace {

constexpr std::uint64_t kWord = 64;

/// Calls use(word index, mask) for the words of a bitmap that hold the bits [begin, end).
template <typename Use>
void for_words(std::uint64_t begin, std::uint64_t end, Use use) {
  while (begin < end) {
    const std::uint64_t bit = begin % kWord, count = std::min(kWord - bit, end - begin);
    const std::uint64_t mask = (count == kWord ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1) << bit;
    if (!use(begin / kWord, mask)) return;
    begin += count;
  }
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
  for_words(address, address + count, [&](std::uint64_t word, std::uint64_t mask) {
    occupied_ += static_cast<std::uint64_t>(std::popcount(mask & ~written_[word]));
    written_[word] |= mask;
    return true;
  });
  peak_ = std::max(peak_, occupied_);
}

void Scratchpad::release(std::uint32_t address, std::uint64_t count) {
  for_words(address, address + count, [&](std::uint64_t word, std::uint64_t mask) {
    occupied_ -= static_cast<std::uint64_t>(std::popcount(mask & written_[word]));
    written_[word] &= ~mask;
    return true;
  });
}

std::optional<std::uint32_t> Scratchpad::first_unwritten(std::uint32_t address, std::uint64_t count) const {
  std::optional<std::uint32_t> first;
  for_words(address, address + count, [&](std::uint64_t word, std::uint64_t mask) {
    const std::uint64_t missing = mask & ~written_[word];
    if (missing == 0) return true;
    first = static_cast<std::uint32_t>(word * kWord + static_cast<std::uint64_t>(std::countr_zero(missing)));
    return false;
  });
  return first;
}

std::uint64_t Scratchpad::take_port(std::uint64_t cycle, std::uint64_t count) {
  const std::uint64_t cycles = (count + config_.row_bytes() - 1) / config_.row_bytes();
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
