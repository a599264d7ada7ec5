// SPDX-License-Identifier: Apache-2.0
// Slots of a scratchpad for pieces of an operand, and who releases what they held.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "workloads/tile/emitter.h"
#include "workloads/tile/tiling.h"

namespace fusesim::tile {

/// Taken in turn. A piece stays until its slot is needed for another one.
class Slots {
 public:
  /// Pieces have numbers below `pieces`. The first slot is the one that has been idle longest.
  Slots(Emitter& emitter, isa::machine::Pad pad, std::uint32_t base, const Buffering& buffering, std::size_t pieces);

  [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(slots_.size()); }

  /// The piece's address when it is there.
  [[nodiscard]] std::optional<std::uint32_t> find(std::size_t piece) const;

  /// A slot for a piece; what was in it is released by its last readers.
  std::uint32_t take(std::size_t piece);

  /// Instruction `reader` reads bytes [begin, begin + bytes) of the piece; the last one will release them. A piece has
  /// up to two such parts, each told by where it begins.
  void read(std::size_t piece, std::uint32_t begin, std::uint32_t bytes, std::uint32_t reader);

  void release_all();

 private:
  static constexpr std::uint32_t none = ~0U;
  struct Part {
    std::uint32_t address = 0, bytes = 0, reader = 0;
  };
  struct Slot {
    std::optional<std::size_t> piece;
    std::array<Part, 2> parts{};  ///< Of a piece, with a reader each.
  };

  [[nodiscard]] std::uint32_t address(std::uint32_t slot) const { return base_ + slot * bytes_; }
  void release(Slot& slot);

  Emitter& emitter_;
  isa::machine::Pad pad_;
  std::uint32_t base_, bytes_;
  std::uint32_t next_ = 0;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> slot_of_;
};

}  // namespace fusesim::tile
