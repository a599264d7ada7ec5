// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/scratchpad/byte_marks.h"

#include <algorithm>

namespace fusesim::memory {
namespace {

bool is_run(const ByteGrid& grid) {
  return grid.axes[0].count == 1;
}

}  // namespace

std::size_t ByteMarks::ending_behind(std::uint64_t address) const {
  const auto found =
      std::partition_point(pieces_.begin(), pieces_.end(), [&](const Piece& piece) { return piece.end <= address; });
  return static_cast<std::size_t>(found - pieces_.begin());
}

void ByteMarks::insert(std::size_t index, const Piece& piece) {
  pieces_.insert(pieces_.begin() + static_cast<std::ptrdiff_t>(index), piece);
  in_pieces_ += piece.grid.bytes();
}

void ByteMarks::erase(std::size_t first, std::size_t last) {
  for (std::size_t i = first; i < last; ++i) in_pieces_ -= pieces_[i].grid.bytes();
  const auto begin = pieces_.begin();
  pieces_.erase(begin + static_cast<std::ptrdiff_t>(first), begin + static_cast<std::ptrdiff_t>(last));
}

void ByteMarks::spill(std::size_t first, std::size_t last) {
  for (std::size_t i = first; i < last; ++i) {
    for_runs(pieces_[i].grid, [&](std::uint64_t address, std::uint64_t count) { bits_.mark(address, count); });
  }
  erase(first, last);
}

std::size_t ByteMarks::cut(std::uint64_t address) {
  const std::size_t index = ending_behind(address);
  if (index == pieces_.size() || pieces_[index].grid.address >= address) return index;
  if (!is_run(pieces_[index].grid)) {
    spill(index, index + 1);
    return index;
  }
  Piece& piece = pieces_[index];
  const Piece behind({.address = address, .run = piece.end - address});
  in_pieces_ -= behind.grid.run;
  piece.grid.run -= behind.grid.run;
  piece.end = address;
  insert(index + 1, behind);
  return index + 1;
}

void ByteMarks::mark(const ByteGrid& given) {
  if (given.run == 0) return;
  const ByteGrid grid = given.packed();
  const Piece piece(grid);
  const std::size_t first = ending_behind(grid.address);
  std::size_t last = first;
  while (last < pieces_.size() && pieces_[last].grid.address < piece.end) ++last;
  if (first < last && pieces_[first].grid.shows(grid)) return;
  if (first < last || pieces_.size() == kMostPieces || !grid.ascends() ||
      !bits_.blocks_clear(grid.address, piece.end - grid.address)) {
    spill(first, last);
    for_runs(grid, [&](std::uint64_t address, std::uint64_t count) { bits_.mark(address, count); });
    return;
  }
  if (first > 0 && pieces_[first - 1].end == grid.address && is_run(pieces_[first - 1].grid) && is_run(grid)) {
    pieces_[first - 1].grid.run += grid.run;
    pieces_[first - 1].end = piece.end;
    in_pieces_ += grid.run;
  } else {
    insert(first, piece);
  }
}

void ByteMarks::clear(std::uint64_t address, std::uint64_t count) {
  if (count == 0) return;
  const std::size_t first = cut(address), last = cut(address + count);
  erase(first, last);
  if (bits_.marked() > 0) bits_.clear(address, count);
}

bool ByteMarks::all_marked(const ByteGrid& given) const {
  const ByteGrid grid = given.packed();
  const std::size_t index = ending_behind(grid.address);
  if (index < pieces_.size() && pieces_[index].grid.shows(grid)) return true;
  bool all = true;
  for_runs(grid, [&](std::uint64_t address, std::uint64_t count) { all = all && !first_clear(address, count); });
  return all;
}

std::optional<std::uint64_t> ByteMarks::first_clear(std::uint64_t address, std::uint64_t count) const {
  const std::uint64_t end = address + count;
  std::size_t index = ending_behind(address);
  while (address < end) {
    while (index < pieces_.size() && pieces_[index].end <= address) ++index;
    std::uint64_t marked_to = index < pieces_.size() ? std::min(end, pieces_[index].grid.address) : end;
    if (marked_to > address) {
      if (const auto found = bits_.first_clear(address, marked_to - address)) return found;
    } else {
      marked_to = pieces_[index].grid.run_end(address);
      if (marked_to == address) return address;
    }
    address = marked_to;
  }
  return std::nullopt;
}

}  // namespace fusesim::memory
