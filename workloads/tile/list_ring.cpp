// SPDX-License-Identifier: Apache-2.0
#include "workloads/tile/list_ring.h"

#include <algorithm>

namespace fusesim::tile {
namespace {

constexpr std::uint32_t alignment = 4;

std::uint32_t round_up(std::uint32_t bytes) {
  return (bytes + alignment - 1) / alignment * alignment;
}

}  // namespace

ListRing::ListRing(Emitter& emitter, isa::machine::Pad pad, std::uint32_t capacity, std::uint32_t first_bytes)
    : emitter_(emitter), pad_(pad), capacity_(capacity / alignment * alignment) {
  constexpr std::uint32_t choices = 16;
  std::uint32_t best = ~0U;
  for (std::uint32_t i = 0; i < choices && best > 0; ++i) {
    const std::uint32_t at = capacity_ / choices * i / alignment * alignment;
    if (i > 0 && first_bytes > capacity_ - at) break;
    const std::uint32_t last = emitter_.last_use(pad_, at, first_bytes);
    if (last < best) {
      best = last;
      next_ = at;
    }
  }
}

void ListRing::keep_together(std::uint32_t bytes) {
  if (bytes > capacity_ - next_) next_ = 0;
}

std::optional<std::uint32_t> ListRing::find(std::uint64_t piece) const {
  const auto found = std::find_if(pieces_.begin(), pieces_.end(), [&](const Piece& p) { return p.piece == piece; });
  if (found == pieces_.end()) return std::nullopt;
  return found->address;
}

std::uint32_t ListRing::take(std::uint64_t piece, std::uint32_t bytes) {
  keep_together(round_up(bytes));
  const std::uint32_t address = next_;
  next_ += round_up(bytes);
  const auto displaced = [&](const Piece& p) { return p.address < next_ && address < p.address + p.bytes; };
  for (const Piece& p : pieces_) {
    if (displaced(p)) release(p);
  }
  std::erase_if(pieces_, displaced);
  pieces_.push_back({piece, address, bytes, 0});
  return address;
}

void ListRing::read(std::uint64_t piece, std::uint32_t reader) {
  // The latest one: of lists that pass by an earlier copy may still be there.
  const auto found = std::find_if(pieces_.rbegin(), pieces_.rend(), [&](const Piece& p) { return p.piece == piece; });
  found->reader = reader;
}

void ListRing::release_all() {
  for (const Piece& piece : pieces_) release(piece);
  pieces_.clear();
}

void ListRing::release(const Piece& piece) {
  emitter_.release(piece.reader, pad_, piece.address, piece.bytes);
}

}  // namespace fusesim::tile
