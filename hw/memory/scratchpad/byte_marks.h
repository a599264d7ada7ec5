// SPDX-License-Identifier: Apache-2.0
// Which bytes of a memory are marked, and how many. Plain C++.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "hw/memory/scratchpad/bit_marks.h"
#include "hw/memory/scratchpad/byte_grid.h"

namespace fusesim::memory {

/// Keeps what was marked in the pieces in which it was marked. A map is written as one grid, as a rule, is looked at as
/// that grid or a part of it, and is cleared as a whole: none of that asks for its bytes, or its lines. Grids that
/// reach in between one another, or are cut, are kept byte by byte instead; so is what comes when there are many
/// pieces.
class ByteMarks {
 public:
  explicit ByteMarks(std::uint64_t bytes) : bits_(bytes) {}

  // Grids and ranges [address, address + count) must lie inside.
  void mark(const ByteGrid& grid);
  void clear(std::uint64_t address, std::uint64_t count);
  [[nodiscard]] bool all_marked(const ByteGrid& grid) const;
  /// The first byte of the range that is not marked.
  [[nodiscard]] std::optional<std::uint64_t> first_clear(std::uint64_t address, std::uint64_t count) const;
  /// How many are marked.
  [[nodiscard]] std::uint64_t marked() const { return in_pieces_ + bits_.marked(); }

 private:
  static constexpr std::size_t kMostPieces = 64;
  struct Piece {
    ByteGrid grid;  ///< Packed, and ascends.
    std::uint64_t end;
    explicit Piece(const ByteGrid& of) : grid(of), end(of.end()) {}
  };

  /// The index of the first piece that ends behind `address`.
  [[nodiscard]] std::size_t ending_behind(std::uint64_t address) const;
  /// Sees to it that no piece lies on both sides of `address`: divides a run, keeps a grid byte by byte. Returns the
  /// index of the first piece behind.
  std::size_t cut(std::uint64_t address);
  void insert(std::size_t index, const Piece& piece);
  void erase(std::size_t first, std::size_t last);
  /// Keeps the pieces [first, last) byte by byte.
  void spill(std::size_t first, std::size_t last);

  /// Ascending: each begins at or behind the end of the one before it. Runs that were marked one after the other are
  /// one.
  std::vector<Piece> pieces_;
  std::uint64_t in_pieces_ = 0;  ///< Bytes.
  BitMarks bits_;                ///< Of no byte from the first to the last of a piece.
};

}  // namespace fusesim::memory
