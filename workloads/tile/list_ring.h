// SPDX-License-Identifier: Apache-2.0
// Pieces of different sizes in a scratchpad, one behind the other and round again.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "workloads/tile/emitter.h"

namespace fusesim::tile {

/// Every piece is read whole. It stays until its bytes are needed for another one, and is released by its last reader.
class ListRing {
 public:
  /// Begins where the scratchpad has been idle longest; `first_bytes` is the size of the first piece.
  ListRing(Emitter& emitter, isa::machine::Pad pad, std::uint32_t capacity, std::uint32_t first_bytes);

  /// The next pieces, `bytes` together, will lie one behind the other, so that none of them displaces another.
  void keep_together(std::uint32_t bytes);

  /// The piece's address when it is there.
  [[nodiscard]] std::optional<std::uint32_t> find(std::uint64_t piece) const;
  /// A place for a piece, a multiple of 4; what was in it is released.
  std::uint32_t take(std::uint64_t piece, std::uint32_t bytes);
  /// Instruction `reader` reads the piece.
  void read(std::uint64_t piece, std::uint32_t reader);
  void release_all();

 private:
  struct Piece {
    std::uint64_t piece = 0;
    std::uint32_t address = 0, bytes = 0, reader = 0;
  };

  void release(const Piece& piece);

  Emitter& emitter_;
  isa::machine::Pad pad_;
  std::uint32_t capacity_;
  std::uint32_t next_ = 0;
  std::deque<Piece> pieces_;  ///< The oldest first.
};

}  // namespace fusesim::tile
