// SPDX-License-Identifier: Apache-2.0
// What a DMA transfer moves, and how it is cut into bursts. Plain C++.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace fusesim::memory {

/// Elements of contiguous bytes on a grid of up to three dimensions, with strides of their own on either side: element
/// (i, j, k) moves from source + i s0 + j s1 + k s2 to destination + i d0 + j d1 + k d2. Dimension 0 is innermost; a
/// dimension that is not used has count 1. All in bytes; strides may be negative.
struct DmaDescriptor {
  std::uint64_t source = 0;
  std::uint64_t destination = 0;
  std::uint32_t element_bytes = 1;
  std::array<std::uint32_t, 3> counts{1, 1, 1};
  std::array<std::int64_t, 3> source_strides{};
  std::array<std::int64_t, 3> destination_strides{};

  [[nodiscard]] std::uint64_t bytes() const { return std::uint64_t{element_bytes} * counts[0] * counts[1] * counts[2]; }
};

/// Throws std::invalid_argument naming the field when an element or a count is zero, a dimension is so long that the
/// bytes cannot be counted in 48 bits, or bytes lie outside [0, source_size) or [0, destination_size).
void validate(const DmaDescriptor& descriptor, std::uint64_t source_size, std::uint64_t destination_size);

/// Bytes that are contiguous on both sides and lie in one burst of the memory.
struct DmaPiece {
  std::uint64_t memory = 0;  ///< Address on the side of the bursts.
  std::uint64_t local = 0;
  std::uint32_t bytes = 0;
  bool operator==(const DmaPiece&) const = default;
};

/// Cuts a valid descriptor into pieces, in order of its elements. Dimensions that are dense on both sides are joined
/// first; the runs are then cut where the memory address is a multiple of the burst size.
class DmaBursts {
 public:
  enum class Memory : std::uint8_t { source, destination };

  /// Whether pieces are contiguous on both sides, or on the memory's alone: then there are fewer of them, their local
  /// address has no meaning, and the requests are the same.
  enum class Sides : std::uint8_t { both, memory };

  /// `burst_bytes` must be a power of two; `memory` says which side is read or written in bursts.
  DmaBursts(const DmaDescriptor& descriptor, std::uint32_t burst_bytes, Memory memory, Sides sides = Sides::both);

  [[nodiscard]] bool done() const { return done_; }
  /// The next piece; done() must be false.
  DmaPiece next();
  /// The next request: all pieces that follow one another in the memory without a gap, within one burst. They may lie
  /// apart on the other side. Replaces what is in `pieces`; done() must be false.
  void next_request(std::vector<DmaPiece>& pieces);
  /// The same where pieces are contiguous on the memory's side alone; the local address has no meaning.
  DmaPiece next_request_of_memory();

 private:
  void next_run();
  /// Whether the next piece belongs to the request that so far ends before this byte of the memory.
  [[nodiscard]] bool goes_on_at(std::uint64_t end) const {
    return !done_ && memory_ + offset_ == end && end % burst_bytes_ != 0;
  }

  std::uint64_t memory_, local_;
  std::array<std::int64_t, 3> memory_strides_, local_strides_;
  std::array<std::uint32_t, 3> counts_;
  std::uint32_t burst_bytes_;
  std::uint64_t run_bytes_;      ///< Contiguous on both sides.
  std::size_t first_dimension_;  ///< Those below are joined into the run.
  std::array<std::uint32_t, 3> at_{};
  std::uint64_t offset_ = 0;  ///< In the run.
  bool done_ = false;
};

}  // namespace fusesim::memory
