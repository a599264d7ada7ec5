// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/scratchpad/scratchpad.h"

#include <algorithm>

namespace fusesim::memory {

namespace {

/// Alignment of the bytes.
constexpr std::uint64_t kWord = 64;

}  // namespace

Scratchpad::Scratchpad(const isa::machine::ScratchpadConfig& config, bool values)
    : config_(config), has_values_(values), written_(config.bytes) {
  if (values) storage_.resize(config.bytes + kWord);
}

std::span<std::int8_t> Scratchpad::bytes(std::uint32_t address, std::size_t count) {
  // The vector's memory is aligned to 16 at least; start at its first multiple of 64.
  const auto begin = reinterpret_cast<std::uintptr_t>(storage_.data());
  return {storage_.data() + (kWord - begin % kWord) % kWord + address, count};
}

std::optional<std::uint32_t> Scratchpad::first_unwritten(std::uint32_t address, std::uint64_t count) const {
  const auto first = written_.first_clear(address, count);
  return first ? std::optional(static_cast<std::uint32_t>(*first)) : std::nullopt;
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
