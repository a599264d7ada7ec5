// SPDX-License-Identifier: Apache-2.0
#include "workloads/tile/slots.h"

#include <algorithm>

namespace fusesim::tile {

Slots::Slots(Emitter& emitter, isa::machine::Pad pad, std::uint32_t base, const Buffering& buffering,
             std::size_t pieces)
    : emitter_(emitter), pad_(pad), base_(base), bytes_(buffering.slot_bytes), slot_of_(pieces, none) {
  // More slots than pieces only give the first piece a choice.
  constexpr std::size_t choice = 64;
  slots_.resize(std::min<std::size_t>(buffering.slots, std::max(pieces, choice)));
  std::uint32_t best = ~0U;
  for (std::uint32_t slot = 0; slot < slots_.size() && best > 0; ++slot) {
    const std::uint32_t last = emitter_.last_use(pad_, address(slot), bytes_);
    if (last < best) {
      best = last;
      next_ = slot;
    }
  }
}

std::optional<std::uint32_t> Slots::find(std::size_t piece) const {
  if (slot_of_[piece] == none) return std::nullopt;
  return address(slot_of_[piece]);
}

std::uint32_t Slots::take(std::size_t piece) {
  const std::uint32_t slot = next_;
  next_ = (next_ + 1) % count();
  release(slots_[slot]);
  slots_[slot].piece = piece;
  slot_of_[piece] = slot;
  return address(slot);
}

void Slots::read(std::size_t piece, std::uint32_t begin, std::uint32_t bytes, std::uint32_t reader) {
  Slot& slot = slots_[slot_of_[piece]];
  const std::uint32_t at = address(slot_of_[piece]) + begin;
  for (Part& part : slot.parts) {
    if (part.bytes == 0 || part.address == at) {
      part = {at, bytes, reader};
      return;
    }
  }
}

void Slots::release_all() {
  for (Slot& slot : slots_) release(slot);
}

void Slots::release(Slot& slot) {
  if (!slot.piece) return;
  for (const Part& part : slot.parts) {
    if (part.bytes > 0) emitter_.release(part.reader, pad_, part.address, part.bytes);
  }
  slot_of_[*slot.piece] = none;
  slot = {};
}

}  // namespace fusesim::tile
